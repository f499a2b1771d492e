/** @file Whether an expression may be computed outside of the guards it stands behind: every read in it is in range at every point of a space. */
import { inRange } from "../../ir/affine.ts";
import type { Axis, Scalar } from "../../ir/graph.ts";
import { subexpressions } from "../../ir/scalar.ts";

export function readsInRange(s: Scalar, space: readonly Axis[]): boolean {
  return subexpressions(s).every(
    (e) => e.kind !== "read" || e.at.every((index, i) => inRange(index, e.of.axes[i]?.size ?? 0, space)),
  );
}
