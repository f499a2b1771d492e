/** @file What sections refer to: data, tokenizers and tests that must be declared, and data that may not be made of itself. */
import type { Name, Section } from "../../../grammar/syntax/ast.ts";
import { checkFields } from "../../../grammar/schema/fields.ts";
import { schemas, type DataConfig, type EvalConfig, type StepConfig } from "../../../grammar/schema.ts";
import { report } from "../../diagnostics/codes.ts";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import { checkWeights } from "../../../grammar/schema/data.ts";
import { nearest } from "../../diagnostics/nearest-name.ts";
import type { Scope } from "../load/scope.ts";
import { dataText } from "../model/texts.ts";

/** Names of other sections in a section. */
export function checkReferences(section: Section, scope: Scope): readonly Diagnostic[] {
  switch (section.keyword) {
    case "model": {
      const data = checkFields(section, schemas.model).value?.data;
      return data ? unknownSection(data, "data", scope) : [];
    }
    case "tokenizer": {
      const from = checkFields(section, schemas.tokenizer).value?.from;
      return from ? unknownSection(from, "data", scope) : [];
    }
    case "data":
      return inData(section, scope);
    case "train":
    case "eval":
    case "prompt":
    case "compare":
      return [];
  }
}

function inData(section: Section, scope: Scope): readonly Diagnostic[] {
  const config = checkFields(section, schemas.data).value;
  if (!config) return [];
  const tokenizer =
    config.tokenizer.kind === "declared" ? unknownSection(config.tokenizer.name, "tokenizer", scope) : [];
  const data = dataNames(config).flatMap((name) => unknownSection(name, "data", scope));
  const tests = testNames(config).flatMap((name) => unknownTests(name, scope));
  const circle = cycle(section, config, scope);
  const rest = circle.length > 0 ? [] : [...mixOf(section, config, scope), ...undoneCopies(config, scope)];
  return [...tokenizer, ...data, ...tests, ...circle, ...rest];
}

/** The data declarations that a declaration takes documents or weights of, or learns from. */
function dataNames(config: DataConfig): readonly Name[] {
  const sources = config.source.flatMap(({ from }) => (from ? [from] : []));
  return [
    ...sources,
    ...(config.mix ? [config.mix] : []),
    ...(config.curate ?? []).flatMap((step) => (step.kind === "quality" ? [step.options.good, step.options.bad] : [])),
  ];
}

const duplicateSteps: readonly StepConfig["kind"][] = [
  "exact_duplicates",
  "duplicate_lines",
  "duplicate_paragraphs",
  "near_duplicates",
  "repeated_substrings",
];

/** Steps that look for duplicates after `resample`, here or in the data that documents come from: they would take its copies out again. */
function undoneCopies({ curate = [], source }: DataConfig, scope: Scope): readonly Diagnostic[] {
  let copied = source.map(({ from }) => from).find((from) => from && makesCopies(from, scope));
  let by = copied && `\`resample\` of \`${copied.text}\``;
  const found: Diagnostic[] = [];
  for (const { kind, options } of curate) {
    if (kind === "resample") [copied, by] = [{ text: kind, span: options.span }, "`resample`"];
    if (!copied || !duplicateSteps.includes(kind)) continue;
    const related = [{ span: copied.span, text: "copies come from here" }];
    const problem = `\`${kind}\` would take out again the copies that ${by} makes`;
    const help = "look for duplicates before documents are drawn more than once";
    found.push(report("field/conflict", { problem }, { primary: { span: options.span, text: "" }, related, help }));
  }
  return found;
}

/** `above`: the declarations that lead to it, which may form a circle; that is reported elsewhere. */
function makesCopies(name: Name, scope: Scope, above: readonly Section[] = []): boolean {
  const data = dataText(name, scope);
  if (!data || above.includes(data.section)) return false;
  const { curate = [], source } = data.config;
  return (
    curate.some(({ kind }) => kind === "resample") ||
    source.some(({ from }) => from && makesCopies(from, data.scope, [...above, data.section]))
  );
}

/** Every source must be one of the declared mix, and with its weights they must add up. */
function mixOf({ name }: Section, config: DataConfig, scope: Scope): readonly Diagnostic[] {
  const mix = config.mix && dataText(config.mix, scope)?.config;
  const mixed = mix && dataText(name, scope)?.config;
  if (!config.mix || !mixed || config.source.length === 0) return [];
  const known = mix.source.flatMap(({ label }) => (label ? [label.text] : []));
  const strange = config.source.flatMap(({ label }) => (label && !known.includes(label.text) ? [label] : []));
  if (strange.length > 0) {
    const related = [{ span: config.mix.span, text: `its sources are ${known.join(", ")}` }];
    return strange.map(({ text, span }) =>
      report(
        "data/mix",
        { mix: config.mix?.text ?? "", name: text },
        { primary: { span, text: "" }, related, ...nearest(text, known, span) },
      ),
    );
  }
  const found: Diagnostic[] = [];
  const left = known.filter((source) => !config.source.some(({ label }) => label?.text === source));
  checkWeights(
    mixed.source.map((source) => ({
      ...source,
      spans: { ...source.spans, weight: source.spans["weight"] ?? source.label?.span },
    })),
    (d) => found.push(d),
  );
  return found.map((d) =>
    left.length > 0
      ? {
          ...d,
          help: `\`${config.mix?.text ?? ""}\` also has ${left.map((source) => `\`${source}\``).join(", ")}; add it, or give one source \`weight: rest\``,
        }
      : d,
  );
}

function testNames(config: DataConfig): readonly Name[] {
  return (config.curate ?? []).flatMap((step) => (step.kind === "decontaminate" ? step.options.against : []));
}

/** The tests of the `eval` of a name, which stands in the file of the data. */
export function testsOf(name: string, scope: Scope): EvalConfig["test"] | undefined {
  const section = scope.sections("eval").find((s) => s.name.text === name);
  return section && checkFields(section, schemas.eval).value?.test;
}

function unknownTests(name: Name, scope: Scope): readonly Diagnostic[] {
  const evals = scope.sections("eval");
  const section = evals.find((s) => s.name.text === name.text);
  if (!section)
    return [
      report(
        "names/unknown",
        { name: name.text, where: "as an eval" },
        {
          primary: { span: name.span, text: "" },
          ...nearest(
            name.text,
            evals.map((s) => s.name.text),
            name.span,
          ),
        },
      ),
    ];
  if (testsOf(name.text, scope)?.length !== 0) return [];
  const related = [{ span: section.name.span, text: "declared here" }];
  return [
    report(
      "data/no-tests",
      { name: name.text },
      {
        primary: { span: name.span, text: "" },
        related,
        help: `add \`test name { files: "…" }\` to \`eval ${name.text}\``,
      },
    ),
  ];
}

/** Said once, at the declaration of the circle that comes first: files do not import each other in a circle, so they stand in one. */
function cycle(section: Section, config: DataConfig, scope: Scope): readonly Diagnostic[] {
  const circle = pathBack(config, scope, [section]);
  if (!circle || circle.some(({ section: s }) => s.span.start < section.span.start)) return [];
  const names = [section, ...circle.map((c) => c.section)].map((s) => `\`${s.name.text}\``).join(" → ");
  return [report("data/cycle", { names }, { primary: { span: circle[0]?.by.span ?? section.name.span, text: "" } })];
}

interface Link {
  readonly by: Name;
  readonly section: Section;
}

function pathBack(config: DataConfig, scope: Scope, seen: Section[]): readonly Link[] | undefined {
  const [start] = seen;
  for (const by of dataNames(config)) {
    const found = scope.lookup(by.text);
    if (found?.declaration.kind !== "section" || found.declaration.keyword !== "data") continue;
    const next = found.declaration;
    if (next === start) return [{ by, section: next }];
    const inner = seen.includes(next) ? undefined : checkFields(next, schemas.data).value;
    if (!inner) continue;
    seen.push(next);
    const rest = pathBack(inner, found.scope, seen);
    if (rest) return [{ by, section: next }, ...rest];
  }
  return undefined;
}

/** Whether an `eval` only names tests; it then needs no model of its name. */
export function isListOfTests(section: Section): boolean {
  return (
    section.keyword === "eval" &&
    section.body.fields.length > 0 &&
    section.body.fields.every(({ path }) => path[0]?.text === "test")
  );
}

function unknownSection(name: Name, keyword: Section["keyword"], scope: Scope): readonly Diagnostic[] {
  const isIt = (text: string): boolean => {
    const d = scope.lookup(text)?.declaration;
    return d?.kind === "section" && d.keyword === keyword;
  };
  if (isIt(name.text) || scope.failed.has(name.text)) return [];
  return [
    report(
      "names/unknown",
      { name: name.text, where: `as a ${keyword} declaration` },
      { primary: { span: name.span, text: "" }, ...nearest(name.text, scope.names().filter(isIt), name.span) },
    ),
  ];
}
