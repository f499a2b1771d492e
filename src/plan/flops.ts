/**
 * @file What a model costs: floating-point operations a token and numbers a tensor. Counted on the tensor IR, where every node says how many points it
 * computes: a multiplication, an addition or a comparison of floats is one operation, so is a transcendental function; indices are free.
 */
import { spaceOf } from "../ir/affine.ts";
import type { Leaf, Node } from "../ir/graph.ts";
import type { Model } from "../ir/model.ts";
import { elementCount, reachable } from "../ir/node.ts";
import { subexpressions } from "../ir/scalar.ts";

export interface NodeCost {
  readonly node: Node;
  /** Of the whole batch. */
  readonly flops: number;
}

export interface ModelCost {
  /** Nodes of the evaluation loss, dearest first. */
  readonly nodes: readonly NodeCost[];
  /** Forward. A training step takes about three times as much. */
  readonly flopsPerToken: number;
  readonly parameters: readonly { readonly leaf: Leaf; readonly count: number }[];
  readonly parameterCount: number;
}

/** The cost of a model's forward pass and the size of its parameters. */
export function costOf(model: Model): ModelCost {
  const nodes = reachable([model.evaluationLoss])
    .flatMap((node) => (node.kind === "leaf" ? [] : [{ node, flops: flopsOf(node) }]))
    .filter((c) => c.flops > 0);
  const parameters = model.parameters.map(({ leaf }) => ({ leaf, count: elementCount(leaf.axes) }));
  return {
    nodes: nodes.toSorted((a, b) => b.flops - a.flops || a.node.id - b.node.id),
    flopsPerToken: nodes.reduce((sum, c) => sum + c.flops, 0) / (model.batch * model.context),
    parameters,
    parameterCount: parameters.reduce((sum, p) => sum + p.count, 0),
  };
}

/** Operations to compute a node once. */
function flopsOf(node: Node): number {
  switch (node.kind) {
    case "leaf":
    case "update":
      return 0;
    case "region":
      return reachable([node.reference]).reduce((sum, n) => sum + (n.kind === "region" ? 0 : flopsOf(n)), 0);
    case "comp":
    case "scatter": {
      const operators = subexpressions(node.body).filter(
        (s) =>
          (s.kind === "unary" || s.kind === "binary") &&
          (s.dtype === "f32" || (s.kind === "binary" && s.left.dtype === "f32")),
      ).length;
      const combines = node.kind === "scatter" || node.reduce ? 1 : 0;
      return elementCount(spaceOf(node)) * (operators + combines);
    }
  }
}
