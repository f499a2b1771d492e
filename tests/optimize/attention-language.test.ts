import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { gradients } from "../../src/grad/gradients.ts";
import { evaluate } from "../../src/ir/evaluate/evaluate.ts";
import type { Leaf, Node } from "../../src/ir/graph.ts";
import type { Model } from "../../src/ir/model.ts";
import { reachable } from "../../src/ir/node.ts";
import { recogniseAttention } from "../../src/optimize/attention/recognise.ts";
import { substituteAttention } from "../../src/optimize/attention/gradient.ts";
import { valuesOf } from "../support/attention.ts";
import { elaborated } from "../support/elaborated.ts";

const source = (mix: string, extra = ""): string => `
${extra}
model Test${/full|prefix/.test(mix) ? ": encoder" : ""} {
  dims { T = 9  L = 1  D = 8  H = 4  G = 2  E = 2  F = 5  V = 7  R = 5 }
  embed: table
  layers: L * layer(mix: attention(${mix}), ffn: swiglu)
  head: tied(norm: rmsnorm)
}
train Test { budget: 10 steps  batch: 2 sequences  loss: cross_entropy }
`;

/** A training step's loss and gradients, as written and with regions. */
function step(model: Model) {
  const leaves = model.parameters.map((p) => p.leaf);
  const plain = gradients(model.loss, leaves);
  const recognised = recogniseAttention([model.loss]);
  const loss = recognised.roots[0] as Node;
  const canonical = gradients(loss, leaves);
  const { roots, remarks } = substituteAttention(
    [loss, ...leaves.map((l) => canonical.gradients.get(l) as Node)],
    recognised.found,
    canonical,
  );
  return {
    expected: [model.loss, ...leaves.map((l) => plain.gradients.get(l) as Node)],
    roots,
    found: recognised.found,
    reasons: [...recognised.rejected, ...remarks].map((r) => r.reason),
  };
}

const bind = (l: Leaf): Float64Array => valuesOf(l);

function expectSame(roots: readonly Node[], expected: readonly Node[]): void {
  const [after, before] = [evaluate(roots, bind), evaluate(expected, bind)];
  roots.forEach((root, i) => {
    const wanted = before.get(expected[i] as Node) as Float64Array;
    after
      .get(root)
      ?.forEach((x, j) =>
        expect(Math.abs(x - (wanted[j] as number)), `${root.name}[${j}]`).toBeLessThan(
          1e-10 * Math.max(1, Math.abs(wanted[j] as number)),
        ),
      );
  });
}

describe("attention of the library and of users' own ops becomes regions, gradients included", () => {
  const mixes = [
    "",
    "rotate: rope",
    "bias: alibi",
    "bias: shaw_keys",
    "bias: t5_bias(reach: 4)",
    "mask: window(size: 2)",
    "mask: prefix(length: 2)",
    "mask: full",
    "cap: softcap, norm_qk: rmsnorm, heads: add_heads, out: add_vector, drop: dropout",
    "G: 1",
    "G: 4, rotate: rope_interleaved",
  ];
  it.each(mixes)("attention(%s)", (mix) => {
    const { model } = elaborated(source(mix), "Test");
    const { roots, expected, found, reasons } = step(model);
    expect(reasons).toEqual([]);
    expect(found.map((f) => f.form.z.map((a) => a.name).join())).toEqual(["B,H"]);
    expect(
      reachable(roots)
        .filter((n) => n.kind === "comp" && n.axes.filter((a) => a.size === 9).length === 2)
        .map((n) => n.name),
    ).toEqual([]);
    expectSame(roots, expected);
  });

  it("written by hand, dividing after the contraction, for self and cross attention", () => {
    const own = `
block mine[H, G = H, E = D / H, L](x: [T, D]) -> y: [T, D] {
  learn wq: [D, H, E] = normal(std: 0.02)
  learn wk: [D, H, E] = normal(std: 0.02)
  q[t, h, e] = sum[d](x[t, d] * wq[d, h, e])
  k[t, h, e] = sum[d](x[t, d] * wk[d, h, e])
  w[t, h, t'] = if t' <= t then exp(sum[e](q[t, h, e] * k[t', h, e]) * 0.7) else 0
  n[t, h, e] = sum[t'](w[t, h, t'] * k[t', h, e])
  z[t, h]    = sum[t'](w[t, h, t'])
  y[t, d]    = sum[h, e](n[t, h, e] / z[t, h] * wq[d, h, e])
}`;
    const { model } = elaborated(source("", own).replace("attention()", "mine"), "Test");
    const { roots, expected, found, reasons } = step(model);
    expect(reasons).toEqual([]);
    expect(found).toHaveLength(1);
    expectSame(roots, expected);
  });

  it("in an encoder and a decoder", () => {
    const cases = readFileSync(new URL("../fixtures/language/hard-cases.llm", import.meta.url), "utf8");
    const small = "dims.S: 5, dims.T: 4, dims.D: 8, dims.H: 2, dims.L: 2, dims.F: 6, dims.V: 7";
    const { model } = elaborated(`${cases}\nvariant Small of Translator { ${small} }\n`, "Small");
    const { roots, expected, found, reasons } = step(model);
    expect(reasons).toEqual([]);
    const kinds = found.map(({ form }) => `${form.t.size}x${form.s.size}${form.mask ? " masked" : ""}`);
    expect(kinds.toSorted()).toEqual(["4x4 masked", "4x4 masked", "4x5", "4x5", "5x5", "5x5"]);
    expectSame(roots, expected);
  });
});
