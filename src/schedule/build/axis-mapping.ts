/**
 * @file Where a lane stands in a cluster's index space: every axis position belongs to a group of consecutive positions that one row-major index runs over.
 * An address that is affine in the positions becomes a linear form in the groups' indices, and axes whose strides fit each other are merged before anything is
 * divided: element [b, t, d] of a [B, T, D] tensor in a kernel over m = (b, t) and d is at `m · D + d`.
 */
import { invariant } from "../../util/invariant.ts";
import { elementCount } from "../../ir/node.ts";
import type { Axis } from "../../ir/graph.ts";
import type { Expr } from "../../kernel/ir.ts";
import { constant, divide, linear, plus, times, toExpr } from "./linear.ts";
import type { Linear } from "./linear.ts";

export interface AxisGroup {
  /** The position of the first axis. */
  readonly first: number;
  readonly sizes: readonly number[];
  /** In [0, product of the sizes). A multiple of 4 by its form when `vector`. */
  readonly index: Expr;
  /** The lane computes the values at index … index + 3 as one vector. The last axis is a multiple of 4. At most one group. */
  readonly vector?: boolean;
}

/** A group over axes that start at a position. */
export function axisGroup(first: number, axes: readonly Axis[], index: Expr, vector = false): AxisGroup {
  invariant(!vector || (axes.at(-1)?.size ?? 0) % 4 === 0, "a vector over an axis that four does not divide");
  return { first, sizes: axes.map((axis) => axis.size), index, ...(vector && { vector }) };
}

/** The group that covers a position. */
export function groupAt(groups: readonly AxisGroup[], position: number): AxisGroup {
  const group = groups.find(({ first, sizes }) => first <= position && position < first + sizes.length);
  invariant(group, `nothing says where axis ${position} is`);
  return group;
}

/** Σ over the group's axes of coefficient · axis, as a linear form in the group's index. */
export function spread(group: AxisGroup, coefficients: readonly number[], name: (expr: Expr) => Expr): Linear {
  const { sizes } = group;
  const index = linear(group.index);
  let sum = constant(0);
  // Axes of size 1 are always at 0 and part nothing.
  const axes = sizes.map((size, i) => ({ size, by: coefficients[i] ?? 0 })).filter((axis) => axis.size > 1);
  for (let last = axes.length - 1, inner = 1; last >= 0;) {
    const by = axes[last]?.by ?? 0;
    let from = last;
    let run = axes[last]?.size ?? 1;
    while (from > 0 && axes[from - 1]?.by === by * run) run *= axes[--from]?.size ?? 1;
    if (by !== 0) {
      const upward = divide(index, inner, name).quotient;
      sum = plus(sum, times(from === 0 ? upward : divide(upward, run, name).remainder, by));
    }
    inner *= run;
    last = from - 1;
  }
  return sum;
}

/** The value of one axis. */
export function axisIndex(groups: readonly AxisGroup[], position: number, name: (expr: Expr) => Expr): Expr {
  const group = groupAt(groups, position);
  return toExpr(
    spread(
      group,
      group.sizes.map((_, i) => Number(group.first + i === position)),
      name,
    ),
  );
}

/** Row-major strides of a node's axes. */
export function stridesOf(axes: readonly Axis[]): readonly number[] {
  return axes.map((_, i) => elementCount(axes.slice(i + 1)));
}
