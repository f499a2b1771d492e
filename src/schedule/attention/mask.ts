/**
 * @file What a mask says about whole tiles of queries and keys, decided from its affine comparisons: which keys a tile of queries can see at all (loop
 * bounds), and when it sees all of a tile of keys (no mask to evaluate). What is not affine in query and key bounds nothing and is never full.
 */
import type { Scalar } from "../../ir/graph.ts";
import { affineOf, plus as plusAffine, scale } from "../../ir/affine.ts";
import { axis } from "../../ir/scalar.ts";
import { and, bool, le, max, min, or } from "../../kernel/expr.ts";
import type { Expr } from "../../kernel/ir.ts";
import { constant as constantLinear, linear, plus, times, toExpr } from "../build/linear.ts";
import type { Linear } from "../build/linear.ts";

/** A range of indices, both ends included. */
export interface Extent {
  readonly first: Expr;
  readonly last: Expr;
}

/** What is known of the indices that a mask admits: an absent end is not bounded. */
interface Bounds {
  readonly first?: Expr;
  readonly last?: Expr;
  /** Nothing else is asked: between the ends the mask holds, when the tile on the other side is a single index. */
  readonly exact: boolean;
}

const unbounded: Bounds = { exact: false };

/** Indices of one axis that the mask may admit somewhere in a tile of the other. */
export interface Visible {
  readonly first: Expr | undefined;
  readonly last: Expr | undefined;
  /** For a tile of one index: the mask holds exactly between the ends. */
  readonly exact: boolean;
}

/** The positions at which a mask speaks of the two axes. */
export interface MaskAxes {
  readonly query: number;
  readonly key: number;
}

/** The indices of `wanted` ("key" or "query") that a tile of the other axis sees. */
export function visible(mask: Scalar | undefined, axes: MaskAxes, wanted: "query" | "key", tile: Extent): Visible {
  if (!mask) return { first: undefined, last: undefined, exact: true };
  const own = axis(wanted === "key" ? axes.key : axes.query);
  const other = axis(wanted === "key" ? axes.query : axes.key);
  const { first, last, exact } = boundsOf(mask, own, other, tile, false);
  return { first, last, exact };
}

/** Whether the mask holds everywhere in a tile: an expression that is never true wrongly. */
export function full(mask: Scalar | undefined, axes: MaskAxes, query: Extent, key: Extent): Expr {
  return mask ? fullOf(mask, axes, query, key, false) : bool(true);
}

/** left ≥ 0 as `constant + ownFactor · own + otherFactor · other ≥ 0`; nothing when something else occurs in it. */
interface HalfPlane {
  readonly constant: number;
  readonly own: number;
  readonly other: number;
}

/** The half planes that must all contain a point for a comparison to hold; undefined when that is not known. */
function halfPlanes(s: Scalar, negated: boolean, own: Scalar, other: Scalar): readonly HalfPlane[] | undefined {
  if (s.kind !== "binary" || s.left.dtype !== "i32") return undefined;
  const difference = plusAffine(affineOf(s.right), scale(affineOf(s.left), -1));
  if ([...difference.terms.keys()].some((atom) => atom !== own && atom !== other)) return undefined;
  const plane: HalfPlane = {
    constant: difference.constant,
    own: difference.terms.get(own) ?? 0,
    other: difference.terms.get(other) ?? 0,
  };
  const reversed = (by: number): HalfPlane => ({
    constant: -plane.constant + by,
    own: -plane.own,
    other: -plane.other,
  });
  switch (s.op) {
    case "le":
      return negated ? [reversed(-1)] : [plane];
    case "lt":
      return negated ? [reversed(0)] : [{ ...plane, constant: plane.constant - 1 }];
    case "eq":
      return negated ? undefined : [plane, reversed(0)];
    case "ne":
      return negated ? [plane, reversed(0)] : undefined;
    default:
      return undefined;
  }
}

function boundsOf(mask: Scalar, own: Scalar, other: Scalar, tile: Extent, negated: boolean): Bounds {
  if (mask.kind === "unary" && mask.op === "not") return boundsOf(mask.of, own, other, tile, !negated);
  if (mask.kind !== "binary") return unbounded;
  if (mask.op === "and" || mask.op === "or") {
    const [a, b] = [boundsOf(mask.left, own, other, tile, negated), boundsOf(mask.right, own, other, tile, negated)];
    return (mask.op === "and") === !negated ? intersection(a, b) : hull(a, b);
  }
  const planes = halfPlanes(mask, negated, own, other);
  return planes ? planes.map((plane) => planeBounds(plane, tile)).reduce(intersection) : unbounded;
}

/** own ≥ … or own ≤ …, for some index of the tile. */
function planeBounds({ constant, own, other }: HalfPlane, tile: Extent): Bounds {
  if (Math.abs(own) !== 1) return unbounded;
  const rest = plus(times(linear(other > 0 ? tile.last : tile.first), other), constantLinear(constant));
  return own < 0 ? { last: toExpr(rest), exact: true } : { first: toExpr(times(rest, -1)), exact: true };
}

function intersection(a: Bounds, b: Bounds): Bounds {
  const first = a.first && b.first ? max(a.first, b.first) : (a.first ?? b.first);
  const last = a.last && b.last ? min(a.last, b.last) : (a.last ?? b.last);
  return { ...(first && { first }), ...(last && { last }), exact: a.exact && b.exact };
}

function hull(a: Bounds, b: Bounds): Bounds {
  return {
    ...(a.first && b.first && { first: min(a.first, b.first) }),
    ...(a.last && b.last && { last: max(a.last, b.last) }),
    exact: false,
  };
}

function fullOf(mask: Scalar, axes: MaskAxes, query: Extent, key: Extent, negated: boolean): Expr {
  if (mask.kind === "unary" && mask.op === "not") return fullOf(mask.of, axes, query, key, !negated);
  if (mask.kind !== "binary") return bool(false);
  if (mask.op === "and" || mask.op === "or") {
    const [a, b] = [fullOf(mask.left, axes, query, key, negated), fullOf(mask.right, axes, query, key, negated)];
    return (mask.op === "and") === !negated ? and(a, b) : or(a, b);
  }
  const planes = halfPlanes(mask, negated, axis(axes.key), axis(axes.query));
  if (!planes) return bool(false);
  return planes.map((plane) => le(0, least(plane, query, key))).reduce(and);
}

/** The least value of a half plane's expression over a tile. */
function least({ constant, own, other }: HalfPlane, query: Extent, key: Extent): Expr {
  const part = (factor: number, { first, last }: Extent): Linear => times(linear(factor > 0 ? first : last), factor);
  return toExpr(plus(plus(part(own, key), part(other, query)), constantLinear(constant)));
}
