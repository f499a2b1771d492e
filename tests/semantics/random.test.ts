/** @file Random numbers while elaborating: what draws anew, and what stays the same. */
import { expect, test } from "vitest";
import { evaluateOne } from "../../src/ir/evaluate/evaluate.ts";
import { comp, elementCount, reachable } from "../../src/ir/node.ts";
import type { Leaf, Parameter } from "../../src/ir/graph.ts";
import { elaborated } from "../support/elaborated.ts";

const source = (layer: string): string => `
model M {
  dims { T = 16  L = 2  D = 32  H = 2  F = 64  V = 50 }
  embed: table
  layers: L * layer(${layer})
  head: tied
}`;

function initial({ leaf, init }: Parameter, seed = 1): Float64Array {
  return evaluateOne(comp({ name: leaf.name }, leaf.axes, init), () => 0, { seed, step: 0 });
}

function moments(values: Float64Array): readonly [number, number] {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return [mean, Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length)];
}

/** Parameters are one, tokens zero. */
function ones({ axes, role }: Leaf): Float64Array {
  return new Float64Array(elementCount(axes)).fill(role === "parameter" ? 1 : 0);
}

test("every parameter starts from numbers of its own, as its initialiser says", () => {
  const { model } = elaborated(source("ffn: mlp"), "M");
  const byName = new Map(model.parameters.map((p) => [p.leaf.name, p]));
  const values = new Map([...byName].map(([name, p]) => [name, initial(p)]));
  const [mean, deviation] = moments(values.get("layers.0.ffn.w1") ?? Float64Array.of());
  expect(Math.abs(mean)).toBeLessThan((0.02 * 4) / Math.sqrt(2048));
  expect(Math.abs(deviation / 0.02 - 1)).toBeLessThan(4 / Math.sqrt(2 * 2048));
  expect(moments(values.get("layers.0.ffn.w2") ?? Float64Array.of())[1] / deviation).toBeCloseTo(
    1 / Math.sqrt(2 * 2),
    1,
  );
  expect(values.get("layers.0.norm.gain")?.every((v) => v === 1)).toBe(true);
  expect(values.get("layers.0.ffn.b1")?.every((v) => v === 0)).toBe(true);
  // No two matrices begin alike, not even those of the same block in two layers.
  const drawn = [...values].filter(([name]) => /\.w/.test(name)).map(([, v]) => v.slice(0, 8).join());
  expect(new Set(drawn).size).toBe(drawn.length);
  // Another batch, another graph: the same start.
  const again = elaborated(source("ffn: mlp, drop: dropout"), "M", 7).model.parameters;
  for (const p of again) expect(initial(p)).toEqual(values.get(p.leaf.name));
});

test("every element of a square matrix starts from a number of its own", () => {
  const square =
    "block square(x: [T, D]) -> y: [T, D] {\n  learn w: [D, D] = normal\n  y[t, d] = sum[d'](x[t, d'] * w[d', d])\n}\n";
  const { model } = elaborated(square + source("ffn: square"), "M");
  const values = model.parameters.filter((p) => p.leaf.name.endsWith("ffn.w")).map(initial);
  expect(values.length).toBeGreaterThan(0);
  for (const v of values) expect(new Set(v).size).toBe(v.length);
});

test("dropout draws for every element of every place, and not while evaluating", () => {
  const { model } = elaborated(
    `
block probe(tokens: [T] of V, embed, layers, head) -> logits: [T, V] {
  x      = embed(tokens)
  logits = head(dropout(x, rate: 0.25) + dropout(x, rate: 0.25), table: embed.w)
}
block sums(x: [T, D], table: [V, D]) -> logits: [T, V] {
  h[t, v] = sum[d](if d == v then x[t, d] else 0)
  logits[t, v] = h[t, v] + 0 * table[v, 0]
}
model M: probe { dims { T = 64  D = 32  V = 32 }  embed: table  layers: none  head: sums }`,
    "M",
    8,
  );
  const picked = reachable([model.loss]).find((node) => node.name.startsWith("head.h"));
  expect(evaluateOne(model.logits, ones).every((v) => Math.abs(v - 2) < 1e-12)).toBe(true);
  if (!picked) throw new Error("no head");
  const found = evaluateOne(picked, ones, { seed: 3, step: 1 });
  // Each of two draws keeps with probability 3/4: 0, 4/3 or 8/3.
  const share = (value: number): number => found.filter((v) => Math.abs(v - value) < 1e-9).length / found.length;
  expect(share(0)).toBeCloseTo(1 / 16, 1);
  expect(share(4 / 3)).toBeCloseTo(6 / 16, 1);
  expect(share(8 / 3)).toBeCloseTo(9 / 16, 1);
  expect(share(0) + share(4 / 3) + share(8 / 3)).toBe(1);
  const rows = new Set(Array.from({ length: 8 * 64 }, (_, i) => found.slice(i * 32, (i + 1) * 32).join()));
  expect(rows.size).toBe(8 * 64);
});
