/**
 * @file Decides whether a contraction is attention, by its algebra alone: a softmax over the reduced axis, of a scalar function of
 * one product q · k, times values. Gives the form in its own positions, or the reason why not.
 */
import type { Axis, AttentionForm, Comp, Node, Scalar } from "../../ir/graph.ts";
import { axis, bool, literal, mul, rewrite, slot, subexpressions, substitute } from "../../ir/scalar.ts";
import { factorsOf, positionsOf } from "../../ir/sums.ts";
import {
  conjunction,
  dependsOn,
  expand,
  indicator,
  isZeroTest,
  logarithmicDivisors,
  normaliserBody,
  normaliserOf,
  reciprocal,
  sameExponent,
  splitExponent,
  splitProduct,
  viewOf,
} from "./softmax.ts";
import { capturedBindings, mostCaptured } from "./operands.ts";
import type { Exponent, Normaliser, View } from "./softmax.ts";

/** An attention, and how its contraction's axes are those of the form. */
export interface AttentionMatch {
  readonly form: AttentionForm;
  /** The contraction Σ_s P · v, or Σ_s exp(…) · v when the division comes later. */
  readonly root: Comp;
  /** The sum of exponentials that has yet to divide the root, over the root's output positions. */
  readonly pending: Normaliser | undefined;
}

/** A softmax found under a contraction, before anything is known of its axes' roles. */
interface Softmaxed {
  readonly exponent: Exponent;
  readonly factors: readonly Scalar[];
  readonly pending: Normaliser | undefined;
}

/** The attention a contraction computes; a reason when it has a softmax and yet is none; nothing when it has no softmax. */
export function matchAttention(
  root: Comp,
  representative: (node: Node) => Node,
  later: Normaliser | undefined,
): AttentionMatch | string | undefined {
  if (root.reduce?.op !== "sum" || root.reduce.axes.length !== 1) return undefined;
  const view = viewOf(root, representative);
  const softmaxed = matchSoftmax(root, view, later);
  if (softmaxed === undefined || typeof softmaxed === "string") return softmaxed;
  const form = assignRoles(root, softmaxed, view);
  if (typeof form === "string") return form;
  const captured = capturedBindings(form);
  if (captured > mostCaptured)
    return `its score, mask and weights read ${captured} buffers; the gradient kernels can bind ${mostCaptured}`;
  return { form, root, pending: softmaxed.pending };
}

function matchSoftmax(root: Comp, view: View, later: Normaliser | undefined): Softmaxed | string | undefined {
  const product = splitProduct(view.simplify(root.body), view);
  // A mere sum of exponentials weighs no values.
  if (!product.exponent || !product.factors.some((f) => dependsOn(f, view.key))) return undefined;
  const inExponent = positionsOf(product.exponent);
  const outside = product.factors
    .map(positionsOf)
    .filter((p) => [...p].some((i) => !inExponent.has(i)))
    .flatMap((p) => [...p]);
  // Numbers over queries and keys: read at the key's own index and at an axis that the values do not have.
  const expandable = (s: Scalar): boolean =>
    s.kind === "read" &&
    s.at.includes(axis(view.key)) &&
    s.at.some((i) => i.kind === "axis" && i.position < view.key && !outside.includes(i.position));
  const conditions = product.conditions.filter((c) => !isZeroTest(c, view));
  const bare = splitExponent(product.exponent, [], view, expandable);
  const { divisors: logarithmic, rest } = logarithmicDivisors(bare);

  const divisors = [...product.divisors, ...logarithmic];
  const sums = divisors.flatMap((d) => normaliserOf(d, view) ?? []);
  const normalisers = later ? [later] : sums.slice(0, 1);
  const [normaliser] = normalisers;
  if (!normaliser) return "its exponentials are not divided by their sum";
  const others = divisors.filter((d) => later !== undefined || normaliserOf(d, view)?.node !== normaliser.node);
  if (!later && sums.filter((n) => n.node === normaliser.node).length > 1)
    return "it divides by the sum of exponentials more than once";
  if (others.some((d) => dependsOn(d, view.key) && splitProduct(d, view).exponent))
    return "it divides by an exponential";

  const below = splitProduct(normaliserBody(normaliser, view), view);
  if (!below.exponent || below.factors.length > 0 || below.divisors.length > 0)
    return `${normaliser.node.name}, which divides it, is not a sum of exponentials`;
  const summed = splitExponent(below.exponent, below.conditions, view, expandable);
  const kept = conditions.map((c) => expand(c, view, expandable));
  // A condition on the normalised value alone is a factor; one that the sum shares is a mask.
  const extra = kept.filter((c) => !summed.mask.includes(c) && !rest.mask.includes(c));
  const exponent: Exponent = {
    ...rest,
    mask: [...new Set([...rest.mask, ...kept.filter((c) => summed.mask.includes(c))])].toSorted((a, b) => a.id - b.id),
  };
  if (!sameExponent(exponent, summed)) return `${normaliser.node.name}, which divides it, sums other exponentials`;
  return {
    exponent,
    factors: [...product.factors, ...others.map(reciprocal), ...extra.map(indicator)],
    pending: later,
  };
}

/** Names the axes: keys s, queries t, values f, features e, and what all share, z. */
function assignRoles(root: Comp, { exponent, factors }: Softmaxed, view: View): AttentionForm | string {
  const s = view.key;
  const mask = conjunction(exponent.mask);
  const contraction = scoreContraction(exponent.core, view);
  if (typeof contraction === "string") return contraction;
  const { dot, q, k, scale, feature } = contraction;
  const inScore = new Set([...positionsOf(exponent.core), ...positionsOf(mask), ...positionsOf(q), ...positionsOf(k)]);
  const outputs = root.axes.map((_, p) => p);

  const valuePositions = outputs.filter((p) => !inScore.has(p) && factors.some((x) => dependsOn(x, p)));
  const [f, ...moreValues] = valuePositions;
  if (f === undefined || moreValues.length > 0)
    return `its values have ${valuePositions.length} axes of their own; one is needed`;
  const values = factors.filter((x) => dependsOn(x, f));
  const weights = factors.filter((x) => !dependsOn(x, f));
  const queryAxes = outputs.filter(
    (p) => p !== f && dependsOn(q, p) && !dependsOn(k, p) && !values.some((x) => dependsOn(x, p)),
  );
  const t = chooseQueryAxis(queryAxes, mask, root.axes);
  if (t === undefined) return "no axis belongs to the queries alone";
  if (weights.some((x) => readsReal(x))) return "its probabilities are scaled by a value that may need a gradient";
  if (subexpressions(mask).includes(dot.read)) return "its mask depends on the score";

  const z = outputs.filter((p) => p !== f && p !== t);
  const place = (valued: boolean): readonly Scalar[] => {
    const by: Scalar[] = [];
    z.forEach((p, i) => {
      by[p] = axis(i);
    });
    by[t] = axis(z.length);
    by[s] = axis(z.length + 1);
    by[valued ? f : feature] = axis(z.length + 2);
    return by;
  };
  const positioned = (x: Scalar): Scalar => substitute(x, place(false));
  const axisAt = (p: number): Axis => root.axes[p] as Axis;
  const weight = weights.reduce<Scalar>((all, x) => mul(all, x), literal(1));
  const score = rewrite(exponent.core, (x) => (x === dot.read ? mul(slot(0), scale) : undefined));
  return {
    kind: "attention",
    z: z.map(axisAt),
    t: axisAt(t),
    s: root.reduce?.axes[0] as Axis,
    e: dot.axis,
    f: axisAt(f),
    q: positioned(q),
    k: positioned(k),
    v: substitute(
      values.reduce<Scalar>((all, x) => mul(all, x), literal(1)),
      place(true),
    ),
    score: positioned(score),
    ...(mask !== bool(true) && { mask: positioned(mask) }),
    ...(weight !== literal(1) && { weight: positioned(weight) }),
    outputAxes: outputs.map((p) => (p === f ? z.length + 2 : p === t ? z.length : z.indexOf(p))),
  };
}

interface ScoreContraction {
  readonly dot: { readonly read: Scalar; readonly axis: Axis };
  /** Over the root's positions, with the feature after the key. */
  readonly q: Scalar;
  readonly k: Scalar;
  readonly scale: Scalar;
  readonly feature: number;
}

/** The one contraction of queries with keys in a score. */
function scoreContraction(core: Scalar, view: View): ScoreContraction | string {
  const contractions = subexpressions(core)
    .flatMap((x) => {
      if (x.kind !== "read" || !x.at.includes(axis(view.key))) return [];
      const node = x.of;
      const sums = node.kind === "comp" && node.reduce?.op === "sum" ? node.reduce.axes : [];
      return node.kind === "comp" && sums.length > 0 ? [{ read: x, node, sums }] : [];
    })
    .map((c) => ({ ...c, split: splitContraction(c.node, c.read.at, view) }))
    .filter((c) => typeof c.split !== "string");
  const [first, ...more] = contractions;
  if (!first) return "no product of queries and keys feeds its score";
  if (more.length > 0) return "more than one product of queries and keys feeds its score";
  const { split, sums, read } = first;
  if (typeof split === "string") return split;
  return { ...split, dot: { read, axis: sums[0] as Axis }, feature: view.key + 1 };
}

function splitContraction(
  node: Comp,
  at: readonly Scalar[],
  view: View,
): { readonly q: Scalar; readonly k: Scalar; readonly scale: Scalar } | string {
  if (node.reduce?.axes.length !== 1) return `${node.name} sums over more than one axis`;
  const feature = axis(view.key + 1);
  const sides: Record<"q" | "k" | "scale", Scalar> = { q: literal(1), k: literal(1), scale: literal(1) };
  for (const { value, inverse } of factorsOf(substitute(node.body, [...at, feature]))) {
    const factor = inverse ? reciprocal(value) : value;
    const side = !dependsOn(factor, view.key + 1) ? "scale" : dependsOn(factor, view.key) ? "k" : "q";
    sides[side] = mul(sides[side], factor);
  }
  const queries = [...positionsOf(sides.q)].filter((p) => p < view.key);
  const separate = queries.some((p) => !dependsOn(sides.k, p));
  if (!dependsOn(sides.q, view.key + 1) || !dependsOn(sides.k, view.key + 1) || !separate)
    return `${node.name} is not a product of queries and keys`;
  return sides;
}

/** With one key head for all queries several axes would do: the one the mask compares with keys, else the longest, is the one to tile. */
function chooseQueryAxis(candidates: readonly number[], mask: Scalar, axes: readonly Axis[]): number | undefined {
  const size = (p: number): number => axes[p]?.size ?? 0;
  const masked = candidates.filter((p) => dependsOn(mask, p));
  return [...(masked.length > 0 ? masked : candidates)].toSorted((a, b) => size(b) - size(a) || b - a)[0];
}

/** Whether a scalar reads floating-point values that are not fixed for the step. */
function readsReal(s: Scalar): boolean {
  return subexpressions(s).some(
    (x) => x.kind === "read" && x.dtype === "f32" && !(x.of.kind === "leaf" && x.of.role !== "parameter"),
  );
}
