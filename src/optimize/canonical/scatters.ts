/**
 * @file Scatters in normal form. An index that is an axis of the scattered points needs no scatter: the axis is the output's. What is left
 * either adds by the values of one input (then the host sorts that input and the bins archetype sums each bin in order), or is a sum
 * over all points masked by equality: slow, right for any index, and the same every time.
 */
import type { Axis, Leaf, Node, Scalar, Scatter } from "../../ir/graph.ts";
import { axis, binary, bool, int, literal, select, subexpressions, substitute } from "../../ir/scalar.ts";
import type { SumBuilder } from "../../ir/sums.ts";
import { labelOf } from "./rebuild.ts";

/** A scatter by an input's values. Positions in `value`: over, then rest. */
export interface BinsForm {
  readonly ids: Leaf;
  /** Which axis of the output the ids index; `rest` are the others, in order. */
  readonly bins: number;
  readonly over: readonly Axis[];
  readonly value: Scalar;
}

/** Scatter indices that are distinct axes of the points: output axis -> position in `over`. */
function plainIndices(node: Scatter): ReadonlyMap<number, number> {
  const plain = new Map<number, number>();
  node.at.forEach((index, i) => {
    const used = [...plain.values()];
    if (
      index.kind === "axis" &&
      !used.includes(index.position) &&
      node.over[index.position]?.size === node.axes[i]?.size
    )
      plain.set(i, index.position);
  });
  return plain;
}

/** The form of a scatter that adds by the values of a whole input, read in place: every id is a point, and every point an id. */
export function binsFormOf(node: Scatter): BinsForm | undefined {
  const plain = plainIndices(node);
  const others = node.at.flatMap((index, i) => (plain.has(i) ? [] : [{ index, i }]));
  const [only, ...more] = others;
  if (!only || more.length > 0 || only.index.kind !== "read") return undefined;
  const { of: ids, at } = only.index;
  if (ids.kind !== "leaf" || ids.role !== "input" || ids.below !== node.axes[only.i]?.size) return undefined;
  const summed = node.over.flatMap((_, p) => ([...plain.values()].includes(p) ? [] : [p]));
  // The axes must be the input's own, in its order, and as long: the host sorts all ids.
  const isWhole =
    at.length === summed.length &&
    at.every(
      (s, j) => s.kind === "axis" && s.position === summed[j] && node.over[s.position]?.size === ids.axes[j]?.size,
    );
  if (!isWhole) return undefined;
  const rest = node.axes.flatMap((_, i) => (i === only.i ? [] : [plain.get(i) ?? -1]));
  const place = new Map([...summed, ...rest].map((p, j) => [p, j]));
  const value = substitute(
    node.body,
    node.over.map((_, p) => axis(place.get(p) ?? 0)),
  );
  return { ids, bins: only.i, over: summed.flatMap((p) => node.over[p] ?? []), value };
}

/** The scatter as a sum masked by equality, over the axes that are not the output's own. */
export function scatterAsSum(node: Scatter, builder: SumBuilder): Node {
  const plain = plainIndices(node);
  const rank = node.axes.length;
  const resolved = new Map([...plain].map(([i, p]) => [p, i]));
  const free = node.over.flatMap((_, p) => (resolved.has(p) ? [] : [p]));
  const by = node.over.map((_, p) => axis(resolved.get(p) ?? rank + free.indexOf(p)));
  const conditions = node.at.flatMap((index, i) =>
    plain.has(i) ? [] : [binary("eq", substitute(index, by), axis(i))],
  );
  const body = select(
    conditions.reduce((a, b) => binary("and", a, b), bool(true)),
    substitute(node.body, by),
    literal(0),
  );
  const over = free.flatMap((p) => node.over[p] ?? []);
  return over.length === 0
    ? builder.pointwise(labelOf(node), node.axes, body)
    : builder.sum(labelOf(node), node.axes, over, body);
}

/**
 * Reads at an index that the reduced axis must equal, `Σ_v select(v == index, body(v), 0)`, are what a row computes in passing when it walks
 * the axis anyway.
 */
export function pickAlong(position: number, index: Scalar, element: Scalar): Scalar {
  return select(
    binary("eq", axis(position), index),
    element,
    element.dtype === "i32" ? int(0) : literal(0, element.dtype),
  );
}

/** Whether a scalar mentions an axis at or beyond a position. */
export function mentionsFrom(s: Scalar, position: number): boolean {
  return subexpressions(s).some((e) => e.kind === "axis" && e.position >= position);
}
