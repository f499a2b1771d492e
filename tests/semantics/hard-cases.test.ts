/** @file Everything that the hard cases, the sample and the shipped models write is checked without a word, and elaborates. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { renderDiagnostics } from "../../src/diagnostics/render-terminal.ts";
import { evaluate } from "../../src/ir/evaluate/evaluate.ts";
import { elementCount, reachable } from "../../src/ir/node.ts";
import { modelsOf } from "../../src/semantics/check/check.ts";
import { elaborate } from "../../src/semantics/model/elaborate.ts";
import { loadProgram } from "../../src/semantics/load/program.ts";
import { checkGeneric } from "../../src/semantics/check/generic.ts";
import { checkNames } from "../../src/semantics/check/names.ts";
import type { Diagnostic } from "../../src/diagnostics/diagnostic.ts";
import { checkSource } from "../support/check-source.ts";
import { elaborated, stdlib } from "../support/elaborated.ts";

const root = new URL("../../", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), "utf8");
const hardCases = read("tests/fixtures/language/hard-cases.llm");
const shipped = readdirSync(new URL("models/", root))
  .filter((name) => name.endsWith(".llm"))
  .map((name) => `models/${name}`);

test.each(["tests/fixtures/language/hard-cases.llm", ...shipped])("%s is checked without a word", (path) => {
  expect(renderDiagnostics(checkSource({ path, text: read(path) }, [root.pathname]))).toBe("");
});

test("so is every file of the standard library", () => {
  const { std, diagnostics } = loadProgram("empty.llm", { readFile: () => "", stdlib });
  const found: Diagnostic[] = [...diagnostics];
  checkNames(std, (d) => found.push(d));
  for (const d of std.file.declarations) if (d.kind === "op" || d.kind === "block") found.push(...checkGeneric(d, std));
  expect(renderDiagnostics(found)).toBe("");
});

describe("the hard cases at tiny sizes", () => {
  const tiny = "dims.S: 5, dims.T: 4, dims.D: 8, dims.H: 2, dims.L: 2, dims.F: 6, dims.V: 7";
  // Each op and block of the file in a model of its own file's making.
  const using: Record<string, string> = {
    "rope, softcap, dropout and shift": `variant X of Translator { ${tiny}, embed: table |> sinusoidal |> shift |> dropout, encoder.mix.rotate: rope, encoder.ffn: softcap }`,
    "window and prefix": `variant X of Translator { ${tiny}, encoder.mix.mask: window(size: 2), decoder.mix.mask: prefix(length: 2) }`,
    alibi: `variant X of Translator { ${tiny}, encoder.mix.bias: alibi }`,
    "t5_bias, shared by all layers or not": `variant X of Translator { ${tiny}, encoder.mix.bias: t5_bias(R: 8, reach: 4) }`,
    moe: `variant X of Translator { ${tiny}, encoder.ffn: moe(N: 3) }`,
    norm_qk: `variant X of Translator { ${tiny}, encoder.mix.norm_qk: layernorm }`,
    Translator: `variant X of Translator { ${tiny} }`,
    Relative: `variant X of Relative { ${tiny} }`,
    "grouped heads by an argument": `variant X of Translator { ${tiny}, encoder.mix.G: 1 }`,
  };
  test.each(Object.entries(using))("%s", (_, variant) => {
    const { model } = elaborated(`${hardCases}\n${variant}\n`, "X", 2);
    const values = new Map(
      model.parameters.map(
        (p, k) =>
          [p.leaf, Float64Array.from({ length: elementCount(p.leaf.axes) }, (_v, i) => Math.sin(1.3 * i + k))] as const,
      ),
    );
    const found = evaluate(
      [model.loss, model.logits],
      (l) =>
        values.get(l) ?? Float64Array.from({ length: elementCount(l.axes) }, (_v, i) => (3 * i + 1) % (l.below ?? 1)),
    );
    expect(Number.isFinite(found.get(model.loss)?.[0])).toBe(true);
    expect(found.get(model.logits)?.every(Number.isFinite)).toBe(true);
    for (const node of reachable([model.loss]))
      for (const a of node.axes) expect(Number.isInteger(a.size) && a.size > 0, `${node.name} ${a.name}`).toBe(true);
  });

  test("a field that is called twice is one set of parameters, a block that is called twice is two", () => {
    const { model } = elaborated(`${hardCases}\nvariant X of Translator { ${tiny} }\n`, "X");
    const names = model.parameters.map((p) => p.leaf.name);
    expect(names.filter((n) => n.startsWith("embed"))).toEqual(["embed.table.w"]);
    expect(names.filter((n) => n.startsWith("decoder.0.") && n.endsWith("gain"))).toEqual([
      "decoder.0.norm.gain",
      "decoder.0.norm_2.gain",
      "decoder.0.norm_3.gain",
    ]);
    expect(names).toContain("encoder.1.mix.wq");
  });
});

const withBias = (bias: string): string => `
model M {
  dims { T = 4  L = 3  D = 8  H = 2  F = 8  V = 7 }
  embed: table
  relative: t5_bias(R: 8, bucket: t5_bucket_causal, reach: 4)
  layers: L * layer(mix: attention(bias: ${bias}))
  head: tied
}`;
const biasTables = (source: string): readonly string[] =>
  elaborated(source, "M")
    .model.parameters.map((p) => p.leaf.name)
    .filter((n) => /relative|bias/.test(n));

test("a field that only other fields refer to is shared by all who use it", () => {
  expect(biasTables(withBias("relative"))).toEqual(["relative.w"]);
  expect(biasTables(withBias("t5_bias(R: 8)").replace(/ {2}relative.*\n/, ""))).toEqual(
    [0, 1, 2].map((l) => `layers.${l}.mix.attend.bias.w`),
  );
  expect(() => biasTables(withBias("none"))).toThrow("model/unknown-field");
});

test("GPT-2 small has the parameters of the release, and dropout tells the training graph from the other", () => {
  const text = read("models/gpt2.llm");
  const { model, parameterCount } = elaborated(text, "GPT2", 1);
  expect(parameterCount).toBe(124_439_808);
  expect(model.loss).not.toBe(model.evaluationLoss);
  const plain = elaborated(text, "GPT2NoDropout", 1);
  expect(plain.parameterCount).toBe(124_439_808);
  expect(plain.model.loss).toBe(plain.model.evaluationLoss);
});

test("every model of the sample elaborates, with the sizes its variants say", () => {
  const text = read("tests/fixtures/language/sample.llm").replace(
    'import { Wiki } from "./sources.llm"',
    'data Wiki { source pages { files: "*.txt" } }',
  );
  const program = loadProgram("sample.llm", { readFile: () => text, stdlib });
  const counts = modelsOf(program).map((d) => [d.name.text, elaborated(text, d.name.text).parameterCount]);
  const brief = modelsOf(program).map((d) => [
    d.name.text,
    elaborate(program, d.name.text, { brief: true }).parameterCount,
  ]);
  expect(brief).toEqual(counts);
  expect(Object.fromEntries(counts)).toEqual({
    Tiny: 2_410_944,
    LayerNorm: 2_413_248,
    Alibi: 2_410_944,
    Wide: 3_245_952,
  });
});
