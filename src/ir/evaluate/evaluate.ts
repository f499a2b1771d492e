/**
 * @file The f64 evaluator of the tensor IR: the meaning of every node, plainly. Gradients, clusters and kernels are checked against it.
 * A region is evaluated by its reference; an update gives the new value and writes nothing.
 */
import { invariant, unreachable } from "../../util/invariant.ts";
import { compileBody } from "./compile-body.ts";
import type { Kernel } from "./compile-body.ts";
import type { Leaf, Node } from "../graph.ts";
import { elementCount, inputsOf } from "../node.ts";

/** The values of a leaf, row-major; a number for a rank-0 leaf. Constants know theirs and are not asked for. */
export type Binding = (leaf: Leaf) => Float64Array | number;

export interface RandomState {
  readonly seed: number;
  readonly step: number;
}

const kernels = new WeakMap<Node, Kernel>();

/** Evaluates the roots and all they depend on. Booleans are 0 and 1. */
export function evaluate(
  roots: readonly Node[],
  bind: Binding,
  { seed, step }: RandomState = { seed: 0, step: 0 },
): Map<Node, Float64Array> {
  const values = new Map<Node, Float64Array>();
  const valueOf = (node: Node): Float64Array => {
    const value = values.get(node);
    invariant(value, `${node.name} is used before it is computed`);
    return value;
  };
  for (const node of evaluationOrder(roots)) values.set(node, compute(node));
  return values;

  function compute(node: Node): Float64Array {
    switch (node.kind) {
      case "leaf":
        return leafValue(node, bind);
      case "region":
        return valueOf(node.reference);
      case "update":
        return valueOf(node.value);
      case "comp":
      case "scatter": {
        const kernel = kernels.get(node) ?? compileBody(node);
        kernels.set(node, kernel);
        const out = new Float64Array(elementCount(node.axes));
        kernel(out, inputsOf(node).map(valueOf), seed, step);
        return out;
      }
      default:
        return unreachable(node);
    }
  }
}

/** The value of one node. */
export function evaluateOne(root: Node, bind: Binding, random?: RandomState): Float64Array {
  const value = evaluate([root], bind, random).get(root);
  invariant(value, `${root.name} was evaluated`);
  return value;
}

function leafValue(leaf: Leaf, bind: Binding): Float64Array {
  const bound = leaf.values ?? bind(leaf);
  const value = typeof bound === "number" ? Float64Array.of(bound) : bound;
  const expected = elementCount(leaf.axes);
  invariant(value.length === expected, `${leaf.name} has ${expected} elements, was given ${value.length}`);
  return value;
}

/** Operands first. Differs from `reachable` in that a region needs its reference, not its form. */
function evaluationOrder(roots: readonly Node[]): readonly Node[] {
  const seen = new Set<Node>();
  const stack = [...roots];
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    stack.push(...(node.kind === "region" ? [node.reference] : inputsOf(node)));
  }
  return [...seen].toSorted((a, b) => a.id - b.id);
}
