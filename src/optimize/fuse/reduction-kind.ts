/** @file Whether a reduction that is no contraction runs along rows or folds columns: by what is contiguous in the largest tensor it reads. */
import type { Comp } from "../../ir/graph.ts";
import { elementCount } from "../../ir/node.ts";
import { positionsOf } from "../../ir/sums.ts";
import { readsOf } from "./axis-mapping.ts";

/** With fewer rows than this, long rows are folded in two stages instead of one workgroup each. */
const fewRows = 64;
const longRow = 16384;

export function reductionKind(node: Comp): "row" | "fold" {
  const rank = node.axes.length;
  const rows = elementCount(node.axes);
  const length = elementCount(node.reduce?.axes ?? []);
  if (rows < fewRows && length > longRow) return "fold";
  const largest = [...readsOf(node)]
    .filter((r) => r.at.length > 0)
    .toSorted((a, b) => elementCount(b.of.axes) - elementCount(a.of.axes))[0];
  const last = largest?.at.findLast((_, i) => largest.of.axes[i]?.size !== 1);
  if (!last) return rows === 1 ? "row" : "fold";
  return [...positionsOf(last)].some((p) => p >= rank) ? "row" : "fold";
}
