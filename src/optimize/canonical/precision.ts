/**
 * @file Half precision as a rewriting of the graph: the operands of every contraction are rounded to bfloat16, and their products added up in f32. Everything else, the
 * parameters and the optimizer's states above all, stays in f32. It comes after differentiation, so that gradients are those of the model as written.
 */
import type { Comp, Node, Scalar } from "../../ir/graph.ts";
import { comp } from "../../ir/node.ts";
import { mul, unary } from "../../ir/scalar.ts";
import { contractionOf } from "./contraction.ts";
import { labelOf, rebuildGraph } from "./rebuild.ts";

/** What the operands of contractions are rounded to. */
export type Precision = "f32" | "bf16";

export function roundOperands(roots: readonly Node[]): readonly Node[] {
  const renewed = rebuildGraph(roots, (old, renew) => {
    const operands = old.kind === "comp" ? contractionOf(old) : undefined;
    return operands && rounded(old as Comp, renew.scalar(operands.a), renew.scalar(operands.b));
  });
  return roots.map(renewed);
}

const rounded = (old: Comp, a: Scalar, b: Scalar): Node =>
  comp(labelOf(old), old.axes, mul(unary("bf16", a), unary("bf16", b)), old.reduce);
