import { describe, expect, it } from "vitest";
import { gradients } from "../../src/grad/gradients.ts";
import { evaluate } from "../../src/ir/evaluate/evaluate.ts";
import type { Leaf, Node } from "../../src/ir/graph.ts";
import { comp, leaf, reachable } from "../../src/ir/node.ts";
import { axis, mul, read } from "../../src/ir/scalar.ts";
import { recogniseAttention } from "../../src/optimize/attention/recognise.ts";
import { substituteAttention } from "../../src/optimize/attention/gradient.ts";
import { attentionGraph, quadratic, valuesOf } from "../support/attention.ts";
import type { Options } from "../support/attention.ts";

const bind = (l: Leaf): Float64Array => valuesOf(l);

/** The gradients of Σ w · o, from the graph as written and from the one with regions. */
function differentiate(options: Options) {
  const { output, q, k, v, captured, shape } = attentionGraph(options);
  const w = leaf("input", "w", output.axes);
  const here = output.axes.map((_, i) => axis(i));
  const loss = comp({ name: "loss" }, [], mul(read(output, here), read(w, here)), { op: "sum", axes: output.axes });
  const wrt = [q, k, v, ...captured];
  const plain = gradients(loss, wrt);
  const recognised = recogniseAttention([loss]);
  const canonical = gradients(recognised.roots[0] as Node, wrt);
  const roots = [recognised.roots[0] as Node, ...wrt.map((l) => canonical.gradients.get(l) as Node)];
  const substituted = substituteAttention(roots, recognised.found, canonical);
  return { shape, expected: [loss, ...wrt.map((l) => plain.gradients.get(l) as Node)], ...substituted };
}

describe("attention and its gradients become regions", () => {
  const cases: readonly Options[] = [
    {},
    { mask: "causal" },
    { spelling: "divideAfter", mask: "window" },
    { spelling: "logsumexp" },
    { score: "softcap" },
    { score: "alibi", mask: "causal", shape: { S: 7 } },
    { score: "temperature", mask: "prefix" },
    { score: "buckets", shape: { S: 6 } },
    { score: "shaw", shape: { S: 6 } },
    { score: "shawCapped", shape: { S: 6 } },
    { score: "keyBias", mask: "document", shape: { S: 7 } },
    { score: "table", mask: "causal", shape: { S: 7 } },
    { dropout: true, mask: "causal", shape: { S: 7 } },
    { shape: { G: 1 } },
    { shape: { G: 4 } },
    { shape: { B: 1, H: 1, G: 1, T: 1, S: 1, E: 1, F: 1 } },
  ];
  it.each(cases.map((options) => [JSON.stringify(options), options] as const))("%s", (_, options) => {
    const { roots, expected, remarks, shape } = differentiate(options);
    expect(remarks).toEqual([]);
    if (shape.T > 1) {
      const whole = quadratic(reachable(roots), shape).filter((n) => n.kind === "comp" && n.name !== "d table");
      expect(whole.map((n) => n.name)).toEqual([]);
    }
    const [after, before] = [evaluate(roots, bind), evaluate(expected, bind)];
    roots.forEach((root, i) => {
      const [found, wanted] = [after.get(root) as Float64Array, before.get(expected[i] as Node) as Float64Array];
      found.forEach((x, j) => expect(x, `${root.name}[${j}]`).toBeCloseTo(wanted[j] as number, 10));
    });
  });

  it("keeps the plain adjoint of a bias that has more elements within a row than there are keys, and says so", () => {
    const { remarks, roots, expected } = differentiate({ score: "buckets", shape: { S: 3 } });
    expect(remarks.map((r) => r.reason).join()).toMatch(
      /each query would need 5 sums for the gradient of buckets, for 3 keys.*is computed whole/,
    );
    const [after, before] = [evaluate(roots, bind), evaluate(expected, bind)];
    expect(after.get(roots[4] as Node)?.map((x) => Math.fround(x))).toEqual(
      before.get(expected[4] as Node)?.map((x) => Math.fround(x)),
    );
  });
});
