/**
 * @file The definition of a model with every tensor rounded to f32 as it is made: how far that is from the exact values shows what any device must be
 * forgiven. Sums are still exact, and nothing is fused.
 */
import { compileBody } from "../../src/ir/evaluate/compile-body.ts";
import type { Kernel } from "../../src/ir/evaluate/compile-body.ts";
import type { Binding, RandomState } from "../../src/ir/evaluate/evaluate.ts";
import type { Node } from "../../src/ir/graph.ts";
import { elementCount, inputsOf, reachable } from "../../src/ir/node.ts";

const kernels = new WeakMap<Node, Kernel>();

/** Values of the roots and all they depend on. Graphs before attention was recognised: no regions. */
export function evaluateRounded(
  roots: readonly Node[],
  bind: Binding,
  { seed, step }: RandomState = { seed: 0, step: 0 },
): ReadonlyMap<Node, Float64Array> {
  const values = new Map<Node, Float64Array>();
  for (const node of [...reachable(roots)].toSorted((a, b) => a.id - b.id)) {
    if (node.kind === "region" || node.kind === "update") throw new Error(`${node.name} is not of a model as written`);
    if (node.kind === "leaf") {
      const bound = node.values ?? bind(node);
      values.set(node, typeof bound === "number" ? Float64Array.of(bound) : bound);
      continue;
    }
    const kernel = kernels.get(node) ?? compileBody(node);
    kernels.set(node, kernel);
    const out = new Float64Array(elementCount(node.axes));
    kernel(
      out,
      inputsOf(node).map((n) => values.get(n) ?? new Float64Array()),
      seed,
      step,
    );
    values.set(node, out.map(Math.fround));
  }
  return values;
}
