/** @file Fields of `eval`, `prompt` and `compare`. */
import { report } from "../../src/diagnostics/codes.ts";
import { suggest } from "../../src/util/suggest.ts";
import type { Argument, Expression, Name } from "../syntax/ast.ts";
import { describe, oneOf } from "./describe.ts";
import { checkReading, conflict, readingFields } from "./files.ts";
import {
  closed,
  type ConfigOf,
  groups,
  optional,
  type ReadContext,
  required,
  type ValueType,
  withDefault,
} from "./field.ts";
import {
  choice,
  count,
  integer,
  integers,
  listOf,
  number,
  reference,
  share,
  someText,
  text,
  wrongType,
} from "./types.ts";

const metricNames = ["loss", "perplexity", "bits_per_byte"] as const;

/** What is measured, and the data of which the part kept for validation is used. */
export interface Metric {
  readonly name: (typeof metricNames)[number];
  readonly data: Name;
}

const metricWhat = "a metric such as `loss(on: Stories.val)`";
const metric: ValueType<Metric> = {
  what: metricWhat,
  words: metricNames,
  read: (value, at) => {
    if (value.kind === "missing") return undefined;
    const called = value.kind === "call" ? value.of : value;
    if (called.kind !== "name") return wrongType(value, metricWhat, at);
    const name = choice(metricNames).read(called, at);
    if (!name) return undefined;
    const [on, ...more] = value.kind === "call" ? value.arguments : [];
    if (!on || more.length > 0 || on.name?.text !== "on")
      return wrongType(value, `what it is measured on: \`${name}(on: Stories.val)\``, at);
    const { value: part } = on;
    if (part.kind !== "member" || part.of.kind !== "name" || part.name.text !== "val") {
      const data =
        part.kind === "name" ? part : part.kind === "member" && part.of.kind === "name" ? part.of : undefined;
      const fixes = data
        ? [{ title: `write \`${data.text}.val\``, edits: [{ span: part.span, text: `${data.text}.val` }] }]
        : [];
      return wrongType(part, "the part kept for validation, such as `Stories.val`", at, { fixes });
    }
    return { name, data: { text: part.of.text, span: part.of.span } };
  },
};

const sampleSchema = closed({
  prompt: withDefault(someText, "\n", '"\\n"', "The text to continue; a line break lets the model start as it likes."),
  length: withDefault(count(["tokens"]), { unit: "tokens", amount: 128 }, "128 tokens", "How much is written."),
  temperature: withDefault(
    number({ min: 0 }),
    1,
    "1",
    "Above 1 flattens the distribution, below 1 sharpens it, 0 takes the likeliest token.",
  ),
  top_k: optional(integer({ min: 1 }), "Only the likeliest tokens, so many of them, are drawn from."),
  top_p: optional(share, "Only the likeliest tokens that together have this probability are drawn from."),
  seed: withDefault(integer({ min: 0 }), 0, "0", "Decides what is drawn."),
});

export type SampleConfig = ConfigOf<typeof sampleSchema>;

const testSchema = closed(readingFields, (test, problem) => {
  const name = test.label ? `test \`${test.label.text}\`` : "a test";
  if (!test.files && test.package === undefined) conflict(test, "files", `${name} needs \`files\``, problem);
  checkReading(test, name, problem);
});

export const evalSchema = closed({
  every: optional(count(["steps", "tokens"]), "How often to evaluate while training; without it, only at the end."),
  size: withDefault(
    count(["sequences"]),
    { unit: "sequences", amount: 128 },
    "128 sequences",
    "How much of the validation text is measured each time, in windows spread evenly over it.",
  ),
  metrics: optional(
    listOf(metric, "a list of metrics such as `loss(on: Stories.val)`"),
    "What is measured and shown, and on what; without it, all of them.",
  ),
  sample: groups("optional", "a name for the sample", sampleSchema, "Text that the model writes at every evaluation."),
  test: groups(
    "required",
    "a name for the test",
    testSchema,
    "The texts of a test, which `decontaminate` keeps out of the data.",
  ),
});

export type EvalConfig = ConfigOf<typeof evalSchema>;

export const promptSchema = closed({
  template: required(text, 'template: """…"""', "The text, with `{field}` where a field of the example goes."),
});

export type PromptConfig = ConfigOf<typeof promptSchema>;

const matchKinds = ["params", "flops", "tokens", "time"] as const;

/** What must agree between the models of a comparison, and how far it may differ. */
export interface MatchCriterion {
  readonly measure: (typeof matchKinds)[number];
  /** A share: 0.02 allows 2%. */
  readonly within: number;
}

const matchWhat = "what must agree, such as `params(within: 2%)`";
const match: ValueType<MatchCriterion> = {
  what: matchWhat,
  words: matchKinds,
  read: (value, at) => {
    if (value.kind === "call") return readMatch(value.of, value.arguments, at);
    return value.kind === "name" ? readMatch(value, [], at) : wrongType(value, matchWhat, at);
  },
};

function readMatch(of: Expression, given: readonly Argument[], at: ReadContext): MatchCriterion | undefined {
  const measure = matchKinds.find((kind) => of.kind === "name" && of.text === kind);
  if (!measure) {
    const near = of.kind === "name" ? suggest(of.text, matchKinds) : undefined;
    const fixes = near ? [{ title: `write \`${near}\``, edits: [{ span: of.span, text: near }] }] : [];
    at.problem(
      report(
        "field/choice",
        { field: at.field, choices: oneOf(matchKinds), found: describe(of) },
        { primary: { span: of.span, text: "" }, fixes },
      ),
    );
    return undefined;
  }
  const [argument, ...more] = given;
  if (!argument) return { measure, within: 0 };
  if (argument.name?.text !== "within" || more.length > 0) {
    at.problem(
      report(
        "field/type",
        { field: at.field, expected: `\`${measure}(within: 2%)\``, found: "other arguments" },
        { primary: { span: argument.span, text: "" } },
      ),
    );
    return undefined;
  }
  const within = share.read(argument.value, at);
  return within === undefined ? undefined : { measure, within };
}

export const compareSchema = closed({
  models: required(
    listOf(reference("the name of a model or variant"), "a list of models and variants"),
    "models: [Tiny, Wide]",
    "The models and variants to train under the same conditions.",
  ),
  seeds: withDefault(
    integers,
    [0],
    "0",
    "The seeds with which each of them is trained; the differences between seeds show what is noise.",
  ),
  match: optional(
    listOf(match, `${matchWhat}, or a list of such`),
    "What must agree for the comparison to be fair: parameters, floating-point operations, tokens or time.",
  ),
});

export type CompareConfig = ConfigOf<typeof compareSchema>;
