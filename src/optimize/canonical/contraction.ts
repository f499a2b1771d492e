/**
 * @file Recognises contractions by algebra: a sum of a product whose factors fall into two groups, each with output axes of its own. Axes
 * are classed by membership alone: in both groups and in the output (batch), in one group (m, n), or in both and summed (k).
 */
import type { Axis, Comp, Scalar } from "../../ir/graph.ts";
import { div, literal, mul, select } from "../../ir/scalar.ts";
import { factorsOf, positionsOf } from "../../ir/sums.ts";

/** Positions in the comp's own space (output axes, then reduced axes) by class, and the two operands over that space. */
export interface Contraction {
  readonly batch: readonly number[];
  readonly m: readonly number[];
  readonly n: readonly number[];
  readonly k: readonly number[];
  readonly a: Scalar;
  readonly b: Scalar;
}

export interface Factor {
  readonly value: Scalar;
  readonly inverse: boolean;
  readonly axes: ReadonlySet<number>;
}

/** Both private extents must be at least this large: a thinner product is a reduction of rows. */
const leastExtent = 2;
/** Products of more factors are not searched; they do not occur. */
const mostFactors = 6;

const recognised = new WeakMap<Comp, Contraction | "none">();

/** The contraction that a sum computes, if it is one. */
export function contractionOf(node: Comp): Contraction | undefined {
  const known = recognised.get(node) ?? recognise(node) ?? "none";
  recognised.set(node, known);
  return known === "none" ? undefined : known;
}

function recognise(node: Comp): Contraction | undefined {
  if (node.reduce?.op !== "sum" || node.dtype !== "f32") return undefined;
  const space = [...node.axes, ...node.reduce.axes];
  return splitFactors(productFactors(node.body), space, node.axes.length);
}

/** The factors of a product with the axes each depends on. A guard around a product moves to a factor that has all of its axes. */
export function productFactors(body: Scalar): readonly Factor[] {
  if (body.kind === "select" && body.else.kind === "literal" && body.else.value === 0) {
    const guardAxes = [...positionsOf(body.condition)];
    const inner = productFactors(body.then);
    // A factor with some of the guard's axes may be readable only under the guard: then the product stays whole.
    const partly = inner.some(
      (f) => guardAxes.some((p) => f.axes.has(p)) && !guardAxes.every((p) => f.axes.has(p)) && !readsInPlace(f.value),
    );
    const owner = inner.findIndex((f) => !f.inverse && guardAxes.every((p) => f.axes.has(p)));
    if (inner.length > 1 && !partly && owner >= 0) {
      const guarded = (f: Factor): Factor => ({
        ...f,
        value: select(body.condition, f.value, literal(f.inverse ? 1 : 0)),
      });
      return inner.map((f, i) =>
        i === owner || (guardAxes.every((p) => f.axes.has(p)) && !readsInPlace(f.value)) ? guarded(f) : f,
      );
    }
  }
  return factorsOf(body).map((f) => ({ ...f, axes: positionsOf(f.value) }));
}

function readsInPlace(s: Scalar): boolean {
  return s.kind === "read" ? s.at.every((i) => i.kind === "axis") : s.kind === "literal";
}

/** The best division of factors into two operands. */
export function splitFactors(
  factors: readonly Factor[],
  space: readonly Axis[],
  rank: number,
): Contraction | undefined {
  if (factors.length < 2 || factors.length > mostFactors) return undefined;
  let best: { readonly contraction: Contraction; readonly score: number } | undefined;
  // Each subset that holds factor 0 against its complement.
  for (let mask = 1; mask < 2 ** factors.length - 1; mask += 2) {
    const left = factors.filter((_, i) => mask & (1 << i));
    const right = factors.filter((_, i) => !(mask & (1 << i)));
    const classes = classify(left, right, space, rank);
    if (!classes) continue;
    const extent = (positions: readonly number[]): number => positions.reduce((e, p) => e * (space[p]?.size ?? 1), 1);
    const [m, n] = [extent(classes.m), extent(classes.n)];
    if (m < leastExtent || n < leastExtent || inflates(left, space) || inflates(right, space)) continue;
    const score = m * n;
    if (best && best.score >= score) continue;
    best = { score, contraction: oriented({ ...classes, a: productOf(left), b: productOf(right) }) };
  }
  return best?.contraction;
}

/** The output's last axis belongs to n, so that neighbouring results are neighbours in memory. */
function oriented(c: Contraction): Contraction {
  return Math.max(...c.m) > Math.max(...c.n) ? { ...c, m: c.n, n: c.m, a: c.b, b: c.a } : c;
}

function classify(
  left: readonly Factor[],
  right: readonly Factor[],
  space: readonly Axis[],
  rank: number,
): Omit<Contraction, "a" | "b"> | undefined {
  const has = (group: readonly Factor[], p: number): boolean => group.some((f) => f.axes.has(p));
  const classes = { batch: [] as number[], m: [] as number[], n: [] as number[], k: [] as number[] };
  for (let p = 0; p < space.length; p++) {
    const [inLeft, inRight] = [has(left, p), has(right, p)];
    if (p >= rank) {
      if (!inLeft || !inRight) return undefined;
      classes.k.push(p);
    } else if (inLeft && inRight) classes.batch.push(p);
    else if (inLeft) classes.m.push(p);
    else if (inRight) classes.n.push(p);
    else if (space[p]?.size === 1) classes.batch.push(p);
    else return undefined;
  }
  return classes;
}

/** Whether a group's product ranges over more points than its largest factor: then it would be computed again and again. */
function inflates(group: readonly Factor[], space: readonly Axis[]): boolean {
  const points = (axes: Iterable<number>): number => [...axes].reduce((e, p) => e * (space[p]?.size ?? 1), 1);
  const whole = points(new Set(group.flatMap((f) => [...f.axes])));
  return group.every((f) => points(f.axes) < whole);
}

/** Factors multiplied in order, divisors last. */
export function productOf(factors: readonly Factor[]): Scalar {
  const above = factors.filter((f) => !f.inverse).map((f) => f.value);
  const below = factors.filter((f) => f.inverse).map((f) => f.value);
  const numerator = above.length > 0 ? above.reduce(mul) : literal(1);
  return below.length > 0 ? div(numerator, below.reduce(mul)) : numerator;
}
