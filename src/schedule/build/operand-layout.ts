/** @file How the operands of a contraction lie in memory, which decides along which axis a lane loads four of their elements at once. */
import { affineOf } from "../../ir/affine.ts";
import { elementCount } from "../../ir/node.ts";
import { subexpressions } from "../../ir/scalar.ts";
import type { Axis, Scalar } from "../../ir/graph.ts";
import type { ContractCluster } from "../../cluster/cluster.ts";
import { stridesOf } from "./axis-mapping.ts";

/** Which axis the elements that lie side by side in memory differ in: the operand's own (m or n), k, or neither that four divides. */
export type Direction = "own" | "k" | "none";

/** A contraction with its axes flattened. */
export interface Shape {
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Positions of the first axis of each list. */
  readonly at: { readonly m: number; readonly n: number; readonly k: number };
}

export function shapeOf({ batch, m, n, k }: ContractCluster): Shape {
  const atM = batch.length;
  return {
    batch: elementCount(batch),
    m: elementCount(m),
    n: elementCount(n),
    k: elementCount(k),
    at: { m: atM, n: atM + m.length, k: atM + m.length + n.length },
  };
}

/** The direction of an operand whose own axes (m for `a`, n for `b`) start at a position. */
export function directionOf(
  s: Scalar,
  own: readonly Axis[],
  ownAt: number,
  k: readonly Axis[],
  kAt: number,
): Direction {
  if (divides(k) && isContiguous(s, kAt + k.length - 1)) return "k";
  return divides(own) && isContiguous(s, ownAt + own.length - 1) ? "own" : "none";
}

/** Whether vectors of four along the last axis of a list cover it. */
export const divides = (axes: readonly Axis[]): boolean => (axes.at(-1)?.size ?? 1) % 4 === 0;

/** Whether a read moves by one element when the axis at a position moves by one, and so much data hangs on it that nothing else does. */
export function isContiguous(s: Scalar, position: number): boolean {
  return subexpressions(s).some((part) => {
    if (part.kind !== "read") return false;
    const strides = stridesOf(part.of.axes);
    let step = 0;
    part.at.forEach((index, i) => {
      for (const [atom, by] of affineOf(index).terms)
        if (atom.kind === "axis" && atom.position === position) step += by * (strides[i] ?? 0);
    });
    return step === 1 && part.of.axes.length > 1;
  });
}
