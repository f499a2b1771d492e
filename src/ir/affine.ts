/**
 * @file Affine forms of i32 scalars, `constant + Σ coefficient · atom`, and intervals of scalars over an index space.
 * Coefficients wrap to 32 bits, as index arithmetic does: a form and its scalar are equal modulo 2^32, and equal where the form is exact, that is,
 * cannot leave 32 bits (`isExact`). Bounds, quotients and comparisons follow from exact forms alone.
 * An atom is anything that is not itself affine: an axis, a division, a read. Purely structural; rewriting with these facts is
 * `simplify-scalar.ts`. A space lists the axis at each position, usually a comp's output axes followed by its reduced ones.
 */
import { invariant } from "../util/invariant.ts";
import type { Axis, Binary, Node, Read, Scalar } from "./graph.ts";
import { add, int, mul, sub, unary, wrapped, wrappedProduct } from "./scalar.ts";

export type Space = readonly Axis[];

export interface Affine {
  readonly constant: number;
  /** No coefficient is zero. */
  readonly terms: ReadonlyMap<Scalar, number>;
}

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Output axes followed by reduced axes: the positions that a node's scalars speak of. */
export function spaceOf(node: Node): Space {
  switch (node.kind) {
    case "comp":
      return node.reduce ? [...node.axes, ...node.reduce.axes] : node.axes;
    case "scatter":
      return node.over;
    default:
      return node.axes;
  }
}

/** The affine form of an i32 scalar; what is not affine becomes an atom. */
export function affineOf(s: Scalar): Affine {
  if (s.kind === "literal") return constantForm(s.value);
  if (s.kind === "unary" && s.op === "neg") return scale(affineOf(s.of), -1);
  if (s.kind === "binary") {
    if (s.op === "add") return plus(affineOf(s.left), affineOf(s.right));
    if (s.op === "sub") return plus(affineOf(s.left), scale(affineOf(s.right), -1));
    if (s.op === "mul") {
      const [left, right] = [affineOf(s.left), affineOf(s.right)];
      if (right.terms.size === 0) return scale(left, right.constant);
      if (left.terms.size === 0) return scale(right, left.constant);
    }
  }
  return { constant: 0, terms: new Map([[s, 1]]) };
}

export function constantForm(constant: number): Affine {
  return { constant, terms: new Map() };
}

export function plus(a: Affine, b: Affine): Affine {
  const terms = new Map(a.terms);
  for (const [atom, k] of b.terms) {
    const sum = wrapped((terms.get(atom) ?? 0) + k);
    if (sum === 0) terms.delete(atom);
    else terms.set(atom, sum);
  }
  return { constant: wrapped(a.constant + b.constant), terms };
}

export function scale(a: Affine, by: number): Affine {
  if (by === 0) return constantForm(0);
  const terms = [...a.terms].map(([atom, k]) => [atom, wrappedProduct(k, by)] as const);
  return { constant: wrappedProduct(a.constant, by), terms: new Map(terms.filter(([, k]) => k !== 0)) };
}

/** Whether a coefficient is written as the subtraction of its opposite. The least number has none. */
const subtracted = (k: number): boolean => k < 0 && k > least;

/** The one scalar that stands for a form: positive terms, then negative ones, each in order of age, the constant last. */
export function fromAffine(form: Affine): Scalar {
  const terms = [...form.terms].toSorted(([a], [b]) => a.id - b.id);
  let sum: Scalar | undefined;
  for (const [atom, k] of terms) if (!subtracted(k)) sum = sum ? add(sum, mul(atom, int(k))) : mul(atom, int(k));
  for (const [atom, k] of terms)
    if (subtracted(k)) sum = sum ? sub(sum, mul(atom, int(-k))) : unary("neg", mul(atom, int(-k)));
  if (!sum) return int(form.constant);
  return subtracted(form.constant) ? sub(sum, int(-form.constant)) : add(sum, int(form.constant));
}

const [least, most] = [-0x80000000, 0x7fffffff];
const everything: Interval = { low: -Infinity, high: Infinity };
const anyWhole: Interval = { low: least, high: most };
const leaves = ({ low, high }: Interval): boolean => low < least || high > most;
/** What an index value can be whose bounds without wrapping would be these. */
const wrappedInterval = (bounds: Interval): Interval => (leaves(bounds) ? anyWhole : bounds);
const truth: Interval = { low: 0, high: 1 };

/**
 * Bounds on the value of a scalar over a space, exact for affine forms. Sound for f32 as well because only integers are
 * followed through it (casts, minima and maxima); anything rounded has no bounds.
 */
export function interval(s: Scalar, space: Space): Interval {
  const bounds = boundsOf(s, space);
  return s.dtype === "i32" ? wrappedInterval(bounds) : bounds;
}

function boundsOf(s: Scalar, space: Space): Interval {
  switch (s.kind) {
    case "literal":
      return { low: s.value, high: s.value };
    case "axis": {
      const axis = space[s.position];
      invariant(axis, `axis ${s.position} is outside the space`);
      return { low: 0, high: axis.size - 1 };
    }
    case "read":
      return nodeInterval(s);
    case "random":
      return s.law === "uniform" ? truth : s.law === "bits" ? { low: 0, high: 2 ** 31 - 1 } : everything;
    case "select": {
      const known = decide(s.condition, space);
      if (known !== undefined) return interval(known ? s.then : s.else, space);
      return union(interval(s.then, space), interval(s.else, space));
    }
    case "cast": {
      const inner = interval(s.of, space);
      return s.dtype === "i32"
        ? { low: Math.trunc(inner.low), high: Math.trunc(inner.high) }
        : s.dtype === "bool"
          ? truth
          : inner;
    }
    case "unary": {
      if (s.dtype === "bool") return known(decide(s, space));
      if (s.op !== "neg" && s.op !== "abs") return everything;
      const { low, high } = interval(s.of, space);
      if (s.op === "neg") return { low: -high, high: -low };
      return { low: low > 0 ? low : high < 0 ? -high : 0, high: Math.max(Math.abs(low), Math.abs(high)) };
    }
    case "binary":
      return s.dtype === "bool" ? known(decide(s, space)) : binaryInterval(s, space);
    case "slot":
      return everything;
  }
}

/** Bounds of the index value of an affine form: its atoms are bounded one by one, so what cancels in the form cancels here. */
export const formInterval = (form: Affine, space: Space): Interval => wrappedInterval(unwrappedInterval(form, space));

/** Whether a form is its scalar, and not merely modulo 2^32. */
export const isExact = (form: Affine, space: Space): boolean => !leaves(unwrappedInterval(form, space));

/** Whether sums and differences of two such forms have coefficients that do not wrap. */
const isSmall = ({ constant, terms }: Affine): boolean =>
  [constant, ...terms.values()].every((k) => !(Math.abs(k) > 2 ** 30));

function unwrappedInterval(form: Affine, space: Space): Interval {
  let { constant: low, constant: high } = form;
  for (const [atom, k] of form.terms) {
    const bounds = interval(atom, space);
    low += k > 0 ? k * bounds.low : k * bounds.high;
    high += k > 0 ? k * bounds.high : k * bounds.low;
  }
  return { low, high };
}

function binaryInterval(s: Binary, space: Space): Interval {
  if (s.op === "min" || s.op === "max") {
    const [a, b] = [interval(s.left, space), interval(s.right, space)];
    const pick = s.op === "min" ? Math.min : Math.max;
    return { low: pick(a.low, b.low), high: pick(a.high, b.high) };
  }
  if (s.dtype !== "i32") return everything;
  switch (s.op) {
    case "add":
    case "sub":
      return formInterval(affineOf(s), space);
    case "mul": {
      const form = affineOf(s);
      if (!form.terms.has(s)) return formInterval(form, space);
      const [a, b] = [interval(s.left, space), interval(s.right, space)];
      const products = [a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high];
      return products.some(Number.isNaN) ? everything : { low: Math.min(...products), high: Math.max(...products) };
    }
    case "idiv": {
      if (s.right.kind !== "literal" || s.right.value <= 0) return everything;
      const a = interval(s.left, space);
      return { low: Math.floor(a.low / s.right.value), high: Math.floor(a.high / s.right.value) };
    }
    case "mod": {
      if (s.right.kind !== "literal" || s.right.value <= 0) return everything;
      const c = s.right.value;
      const { low, high } = interval(s.left, space);
      const shift = Math.floor(low / c) * c;
      return Number.isFinite(shift) && high < shift + c
        ? { low: low - shift, high: high - shift }
        : { low: 0, high: c - 1 };
    }
    default:
      return everything;
  }
}

const nodeIntervals = new WeakMap<Node, Interval>();

/** What any element of an integer node can be: the declared range of an input, the extremes of a constant, the bounds of a body. */
function nodeInterval({ of: node }: Read): Interval {
  const memo = nodeIntervals.get(node);
  if (memo) return memo;
  let bounds = everything;
  if (node.kind === "leaf" && node.below !== undefined) bounds = { low: 0, high: node.below - 1 };
  else if (node.kind === "leaf" && node.values && node.dtype === "i32") {
    bounds = node.values.reduce((b, v) => union(b, { low: v, high: v }), { low: Infinity, high: -Infinity });
  } else if (node.kind === "comp" && node.dtype === "i32" && node.reduce?.op !== "sum")
    bounds = interval(node.body, spaceOf(node));
  else if (node.dtype === "bool") bounds = truth;
  nodeIntervals.set(node, bounds);
  return bounds;
}

/** Whether a condition holds everywhere in the space (true), nowhere (false), or that is not known. */
export function decide(s: Scalar, space: Space): boolean | undefined {
  if (s.kind === "literal") return s.value !== 0;
  if (s.kind === "unary" && s.op === "not") {
    const inner = decide(s.of, space);
    return inner === undefined ? undefined : !inner;
  }
  if (s.kind !== "binary") return undefined;
  if (s.op === "and" || s.op === "or") {
    const absorbing = s.op === "or";
    const [a, b] = [decide(s.left, space), decide(s.right, space)];
    if (a === absorbing || b === absorbing) return absorbing;
    return a === undefined || b === undefined ? undefined : !absorbing;
  }
  const { low, high } = differenceInterval(s, space);
  switch (s.op) {
    case "lt":
      return high < 0 ? true : low >= 0 ? false : undefined;
    case "le":
      return high <= 0 ? true : low > 0 ? false : undefined;
    case "eq":
      return low > 0 || high < 0 ? false : low === 0 && high === 0 ? true : undefined;
    case "ne":
      return low > 0 || high < 0 ? true : low === 0 && high === 0 ? false : undefined;
    default:
      return undefined;
  }
}

function differenceInterval(s: Binary, space: Space): Interval {
  if (s.left.dtype === "i32") {
    const [left, right] = [affineOf(s.left), affineOf(s.right)];
    const difference = plus(left, scale(right, -1));
    if (difference.terms.size === 0 && difference.constant === 0) return { low: 0, high: 0 };
    if ([left, right].every((form) => isSmall(form) && isExact(form, space)))
      return unwrappedInterval(difference, space);
  }
  const [a, b] = [interval(s.left, space), interval(s.right, space)];
  const [low, high] = [a.low - b.high, a.high - b.low];
  // Infinity - Infinity: equal infinities say nothing about a difference.
  return Number.isNaN(low) || Number.isNaN(high) ? everything : { low, high };
}

/** Whether an index never leaves an axis of the given size. */
export function inRange(index: Scalar, size: number, space: Space): boolean {
  const { low, high } = formInterval(affineOf(index), space);
  return low >= 0 && high < size;
}

function known(decided: boolean | undefined): Interval {
  return decided === undefined ? truth : { low: Number(decided), high: Number(decided) };
}

function union(a: Interval, b: Interval): Interval {
  return { low: Math.min(a.low, b.low), high: Math.max(a.high, b.high) };
}
