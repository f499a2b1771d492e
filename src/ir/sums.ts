/**
 * @file Sums of products, built in good order: factors that a reduced axis does not reach are pulled out of its sum, an axis
 * that only some factors share is summed over those first. So a product of three reads becomes contractions of two, and
 * a scale or a row statistic multiplies the result once instead of every term. Builds nothing twice.
 */
import type { Space } from "./affine.ts";
import type { Axis, Node, Scalar } from "./graph.ts";
import { comp } from "./node.ts";
import type { Label } from "./node.ts";
import { axis, div, int, literal, mul, read, subexpressions, substitute } from "./scalar.ts";
import { simplifyScalar } from "./simplify-scalar.ts";

/** Builds comps and remembers them, so that the same computation asked for twice is one node. */
export class SumBuilder {
  readonly #made = new Map<string, Node>();
  readonly #label: (label: Label) => Label;

  /** `label` may adapt the names of what is built. */
  constructor(label: (label: Label) => Label = (l) => l) {
    this.#label = label;
  }

  /** `out[axes] = body`. */
  pointwise(label: Label, axes: readonly Axis[], body: Scalar): Node {
    return this.#comp(label, axes, simplifyScalar(body, axes));
  }

  /** `out[axes] = sum[over](body)`; the body sees `axes` and then `over`. */
  sum(label: Label, axes: readonly Axis[], over: readonly Axis[], body: Scalar): Node {
    const rank = axes.length;
    const space = [...axes, ...over];
    const simple = simplifyScalar(body, space);
    const used = positionsOf(simple);
    const stays = over.map((a, i) => used.has(rank + i) && a.size !== 1);
    const kept = over.filter((_, i) => stays[i]);
    const repeats = over.reduce((n, a, i) => (used.has(rank + i) ? n : n * a.size), 1);
    let next = rank;
    const by = space.map((_, p) => (p < rank ? axis(p) : stays[p - rank] ? axis(next++) : int(0)));
    const whole = mul(simplifyScalar(substitute(simple, by), [...axes, ...kept]), literal(repeats));
    if (kept.length === 0) return this.#comp(label, axes, whole);
    return this.#factored(label, axes, kept, whole);
  }

  #factored(label: Label, axes: readonly Axis[], over: readonly Axis[], body: Scalar): Node {
    const rank = axes.length;
    const reduced = (s: Scalar): boolean => [...positionsOf(s)].some((p) => p >= rank);
    // The 1 of a reciprocal multiplies nothing: pulled out of the sum it would be there again.
    const factors = factorsOf(body).filter(({ value }) => value.kind !== "literal" || value.value !== 1);
    const inner = factors.filter((f) => reduced(f.value));
    const outer = factors.filter((f) => !reduced(f.value));
    if (outer.length > 0) {
      const part = this.#compact(label, axes, over, product(inner));
      return this.#comp(label, axes, simplifyScalar(product([{ value: part, inverse: false }, ...outer]), axes));
    }
    const split = cheapestSplit(factors, [...axes, ...over], rank);
    if (split) {
      const { position, part, rest } = split;
      // The axis summed now moves to the end; the others stay reduced axes of what remains.
      const space = [...axes, ...over];
      const outerAxes = space.filter((_, p) => p !== position);
      const by = space.map((_, p) => axis(p === position ? outerAxes.length : p > position ? p - 1 : p));
      const own = space[position];
      if (own) {
        const summed = this.#compact(label, outerAxes, [own], substitute(product(part), by));
        const remaining = mul(summed, substitute(product(rest), by));
        return this.#factored(
          label,
          axes,
          over.filter((_, i) => rank + i !== position),
          remaining,
        );
      }
    }
    return this.#comp(label, axes, body, over);
  }

  /** A sum over only those output axes that it depends on, as a scalar over `axes`. */
  #compact(label: Label, axes: readonly Axis[], over: readonly Axis[], body: Scalar): Scalar {
    const used = positionsOf(body);
    const kept = axes.map((_, p) => p).filter((p) => used.has(p));
    const place = new Map(kept.map((p, i) => [p, i]));
    const by = [...axes, ...over].map((_, p) =>
      axis(p >= axes.length ? kept.length + p - axes.length : (place.get(p) ?? 0)),
    );
    const node = this.#factored(
      label,
      kept.flatMap((p) => axes[p] ?? []),
      over,
      substitute(body, by),
    );
    return readNode(
      node,
      kept.map((p) => axis(p)),
    );
  }

  #comp(label: Label, axes: readonly Axis[], body: Scalar, over: readonly Axis[] = []): Node {
    const key = `${[axes, over].map((list) => list.map((a) => a.size).join()).join("|")}|${body.id}`;
    const known = this.#made.get(key);
    if (known) return known;
    // The sum of nothing but a read in place is the node itself.
    if (over.length === 0 && body.kind === "read" && sameSpace(body.of, axes) && body.at.every((s, i) => s === axis(i)))
      return body.of;
    const made = comp(this.#label(label), axes, body, over.length > 0 ? { op: "sum", axes: over } : undefined);
    this.#made.set(key, made);
    return made;
  }
}

/** A read, or the value itself when the node is one number throughout. */
export function readNode(node: Node, at: readonly Scalar[]): Scalar {
  return node.kind === "comp" && !node.reduce && node.body.kind === "literal" ? node.body : read(node, at);
}

/** The positions of the axes a scalar depends on. */
export function positionsOf(s: Scalar): ReadonlySet<number> {
  return new Set(subexpressions(s).flatMap((e) => (e.kind === "axis" ? [e.position] : [])));
}

interface Factor {
  readonly value: Scalar;
  readonly inverse: boolean;
}

/** A product's factors. A select is one factor: what it guards must stay behind its condition. */
export function factorsOf(s: Scalar, inverse = false): readonly Factor[] {
  if (s.kind === "binary" && s.op === "mul") return [...factorsOf(s.left, inverse), ...factorsOf(s.right, inverse)];
  if (s.kind === "binary" && s.op === "div") return [...factorsOf(s.left, inverse), ...factorsOf(s.right, !inverse)];
  if (s.kind === "unary" && s.op === "neg")
    return [{ value: literal(-1), inverse: false }, ...factorsOf(s.of, inverse)];
  return [{ value: s, inverse }];
}

/** The constants gather in one literal at the end; the rest keeps its order. */
function product(factors: readonly Factor[]): Scalar {
  let constant = 1;
  let above: Scalar | undefined;
  let below: Scalar | undefined;
  for (const { value, inverse } of factors) {
    if (value.kind === "literal") constant = inverse ? constant / value.value : constant * value.value;
    else if (inverse) below = below ? mul(below, value) : value;
    else above = above ? mul(above, value) : value;
  }
  if (below) above = above ? div(above, below) : div(literal(constant), below);
  else if (!above) return literal(constant);
  else return mul(above, literal(constant));
  return factors.some((f) => !f.inverse && f.value.kind !== "literal") ? mul(above, literal(constant)) : above;
}

/**
 * Summing one axis first, over the factors that have it: worth it when that and the smaller sum that remains are together
 * less work than the sum over everything at once.
 */
function cheapestSplit(
  factors: readonly Factor[],
  space: Space,
  rank: number,
): { readonly position: number; readonly part: readonly Factor[]; readonly rest: readonly Factor[] } | undefined {
  if (factors.length < 2) return undefined;
  const uses = factors.map((f) => positionsOf(f.value));
  const work = (positions: ReadonlySet<number>): number =>
    [...positions].reduce((n, p) => n * (space[p]?.size ?? 1), 1);
  const all = new Set(uses.flatMap((u) => [...u]));
  let best: { position: number; cost: number } | undefined;
  for (let position = rank; position < space.length; position++) {
    if (uses.every((u) => u.has(position))) continue;
    const part = new Set(uses.filter((u) => u.has(position)).flatMap((u) => [...u]));
    const cost = work(part) + work(new Set([...all].filter((p) => p !== position)));
    if (cost < (best?.cost ?? work(all))) best = { position, cost };
  }
  if (!best) return undefined;
  const { position } = best;
  return {
    position,
    part: factors.filter((_, i) => uses[i]?.has(position)),
    rest: factors.filter((_, i) => !uses[i]?.has(position)),
  };
}

function sameSpace(node: Node, axes: readonly Axis[]): boolean {
  return node.axes.length === axes.length && node.axes.every((a, i) => a.size === axes[i]?.size);
}
