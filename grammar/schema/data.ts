/** @file Fields of `data`: sources with their weights, the split, how text becomes tokens. */
import { report } from "../../src/diagnostics/codes.ts";
import type { Diagnostic, Label } from "../../src/diagnostics/diagnostic.ts";
import type { Expression } from "../syntax/ast.ts";
import { curationStep } from "./curate.ts";
import type { StepConfig } from "./steps.ts";
import { percent } from "./describe.ts";
import {
  type CheckedGroup,
  closed,
  type ConfigOf,
  group,
  groups,
  optional,
  type ValueType,
  withDefault,
} from "./field.ts";
import { checkReading, conflict, readingFields } from "./files.ts";
import { listOf, number, ramp, reference, share, someText, wrongType } from "./types.ts";
import { tokenizerRef } from "./tokenizer.ts";

/** A share of the mix, constant or changing over the run, or an equal part of what the others leave. */
export type Weight = { readonly kind: "share"; readonly from: number; readonly to: number } | { readonly kind: "rest" };

const shares = ramp(share);
const weight: ValueType<Weight> = {
  what: "a share such as `70%`, a ramp such as `70% -> 50%`, or `rest`",
  unit: "%",
  range: "from 0% to 100%",
  words: ["rest"],
  read: (value, at) => {
    if (value.kind === "name" && value.text === "rest") return { kind: "rest" };
    const read = shares.read(value, at);
    return read && { kind: "share", ...read };
  },
};

/** What decides to which part of the split a document goes. */
export type SplitRule = "hash" | "position";

const splitRule: ValueType<SplitRule> = {
  what: "`hash(doc)` or `position`",
  words: ["hash(doc)", "position"],
  read: (value, at) => {
    if (value.kind === "name" && value.text === "position") return "position";
    return isCallOf(value, "hash", "doc") ? "hash" : wrongType(value, "`hash(doc)` or `position`", at);
  },
};

function isCallOf(value: Expression, callee: string, argument: string): boolean {
  if (value.kind !== "call" || value.of.kind !== "name" || value.of.text !== callee || value.arguments.length !== 1)
    return false;
  const only = value.arguments[0]?.value;
  return only?.kind === "name" && only.text === argument;
}

const sourceSchema = closed(
  {
    ...readingFields,
    from: optional(
      reference("the name of a data declaration"),
      "Another data declaration, whose documents are taken as it leaves them.",
    ),
    weight: withDefault(weight, { kind: "rest" }, "rest", "The share of this source in what is trained on."),
    epochs: optional(
      number({ min: 0, above: true }),
      "How often the source may be passed over at most while training. Weights that ask for more are an error.",
    ),
    licence: optional(someText, "The licence of the text; it reaches the manifest."),
    provenance: optional(someText, "Where the text comes from; it reaches the manifest."),
  },
  (source, problem) => {
    const name = source.label ? `source \`${source.label.text}\`` : "a source";
    if (source.files && source.from)
      conflict(
        source,
        "files",
        `${name} has both \`files\` and \`from\``,
        problem,
        source.spans["from"] ? [{ span: source.spans["from"], text: "the other one" }] : [],
      );
    if (!source.files && !source.from) return conflict(source, "files", `${name} needs \`files\` or \`from\``, problem);
    if (source.from && !source.files) {
      const reads = Object.keys(readingFields).find((field) => source.spans[field] !== undefined);
      if (reads !== undefined)
        return conflict(
          source,
          reads,
          `${name} has \`${reads}\`, which says how files are read, and takes its documents \`from: ${source.from.text}\``,
          problem,
        );
    }
    checkReading(source, name, problem);
  },
);

export type SourceConfig = ConfigOf<typeof sourceSchema>;

const splitSchema = closed(
  {
    train: optional(share, "The part that is trained on: what the other parts leave."),
    val: withDefault(share, 0.02, "2%", "The part that is kept for validation."),
    by: withDefault(
      splitRule,
      "hash",
      "hash(doc)",
      "`hash(doc)` sends every document to a part by its content; `position` cuts the text once, near its end.",
    ),
  },
  (split, problem) => {
    const sum = (split.train ?? 1 - split.val) + split.val;
    if (Math.abs(sum - 1) <= 1e-9) return;
    const primary = { span: split.spans["train"] ?? split.span, text: percent(split.train ?? 0) };
    const related = split.spans["val"] ? [{ span: split.spans["val"], text: percent(split.val) }] : [];
    const fixes = split.spans["train"]
      ? [
          {
            title: `write \`${percent(1 - split.val)}\``,
            edits: [{ span: split.spans["train"], text: percent(1 - split.val) }],
          },
        ]
      : [];
    problem(report("field/split", { sum: percent(sum) }, { primary, related, fixes }));
  },
);

export const dataSchema = closed(
  {
    tokenizer: withDefault(tokenizerRef, { kind: "bytes" }, "bytes", "How the text becomes tokens."),
    source: groups(
      "required",
      "a name for the source",
      sourceSchema,
      "Where text comes from, and how much of the mix it is.",
    ),
    mix: optional(
      reference("the name of a data declaration"),
      "Another data declaration, whose sources give those of the same name here what they do not say themselves: weight, epochs, licence and provenance.",
    ),
    curate: optional(
      listOf(curationStep, "a list of steps such as `[gopher_quality, near_duplicates(buckets: 14)]`"),
      "What documents go through before anything is trained on them, in this order.",
    ),
    split: group("defaults", splitSchema, "Which part of the documents is kept for validation."),
  },
  (data, problem) => {
    if (data.source.length === 0)
      problem(
        report(
          "field/missing",
          { owner: "data", field: "source" },
          { primary: { span: data.span, text: "" }, help: 'add `source text { files: "data/*.txt" }`' },
        ),
      );
    else if (!data.mix) checkWeights(data.source, problem);
    for (const step of data.curate ?? [])
      if (step.kind === "keep" || step.kind === "drop" || step.kind === "resample")
        checkHasFields(step, data.source, problem);
  },
);

/** Formats whose documents are a text and nothing else. */
const withoutFields: readonly SourceConfig["format"][] = ["text", "html", "warc"];

/** A step that looks at other fields than the text drops, by its own words, all documents of a source that has none; if no source has any, it cannot work at all. */
function checkHasFields(
  { kind, options }: Extract<StepConfig, { readonly kind: "keep" | "drop" | "resample" }>,
  sources: readonly SourceConfig[],
  problem: (diagnostic: Diagnostic) => void,
): void {
  const bare = sources.filter(({ from, format }) => !from && withoutFields.includes(format));
  const [first] = bare;
  if (!first || (options.missing === "keep" && bare.length < sources.length)) return;
  const label = { span: first.spans["format"] ?? first.span, text: "a text alone" };
  const message = `\`${kind}\` looks at fields of documents, and source \`${first.label?.text ?? ""}\` has none: its format is \`${first.format}\``;
  problem(
    report(
      "field/conflict",
      { problem: message },
      {
        primary: { span: options.spans["where"] ?? options.spans["by"] ?? options.span, text: "" },
        related: [label],
        ...(bare.length < sources.length && { help: "say `missing: keep` to keep documents without the fields" }),
      },
    ),
  );
}

export type DataConfig = ConfigOf<typeof dataSchema>;

/** At the start and at the end of the run the shares add up to 100%, or leave something for `rest`. */
export function checkWeights(sources: readonly SourceConfig[], problem: (diagnostic: Diagnostic) => void): void {
  const rests = sources.filter((source) => source.weight.kind === "rest").length;
  const sums = { from: 0, to: 0 };
  for (const { weight } of sources) {
    if (weight.kind === "rest") continue;
    sums.from += weight.from;
    sums.to += weight.to;
  }
  const bad = (sum: number): boolean => (rests > 0 ? sum > 1 + 1e-9 : Math.abs(sum - 1) > 1e-9);
  if (!bad(sums.from) && !bad(sums.to)) return;
  const constant = sources.every(({ weight }) => weight.kind === "rest" || weight.from === weight.to);
  const when = constant ? "" : bad(sums.from) ? " at the start of the run" : " at the end of the run";
  const sum = percent(bad(sums.from) ? sums.from : sums.to);
  const labels = sources
    .map((source): Label => ({ span: weightSpan(source), text: weightText(source.weight) }))
    .filter((label) => label.text !== "rest");
  const primary = labels.at(-1) ?? { span: weightSpan(sources[0] as SourceConfig), text: "" };
  const help =
    rests > 0
      ? "lower a share: what the shares leave goes to `rest`"
      : "give one source `weight: rest` to let it take what the others leave";
  problem(report("field/weights", { when, sum }, { primary, related: labels.slice(0, -1), help }));
}

function weightSpan(source: SourceConfig): CheckedGroup["span"] {
  return source.spans["weight"] ?? source.label?.span ?? source.span;
}

function weightText(weight: Weight): string {
  if (weight.kind === "rest") return "rest";
  return weight.from === weight.to ? percent(weight.from) : `${percent(weight.from)} -> ${percent(weight.to)}`;
}
