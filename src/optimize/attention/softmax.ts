/**
 * @file The softmax inside a contraction, read off a product: exp(…) times other factors, over a sum of the same exponentials. The
 * spelling does not matter: subtracting anything that is the same for every key changes nothing, so the maximum need not be
 * proved to be one; a mask may stand inside or outside of the exponential; the sum may divide, or be subtracted as a logarithm.
 */
import type { Comp, Node, Scalar } from "../../ir/graph.ts";
import {
  axis,
  binary,
  bool,
  div,
  literal,
  read,
  rewrite,
  select,
  substitute,
  subexpressions,
  unary,
} from "../../ir/scalar.ts";
import { simplifier } from "../../ir/simplify-scalar.ts";

/** Where a contraction is being read: the position of its reduced axis, and how to see through nodes. */
export interface View {
  /** The position of the key axis, the one that the root reduces. */
  readonly key: number;
  /** Equal computations have one representative. */
  readonly representative: (node: Node) => Node;
  readonly simplify: (s: Scalar) => Scalar;
}

export function viewOf(root: Comp, representative: (node: Node) => Node): View {
  return { key: root.axes.length, representative, simplify: simplifier([...root.axes, ...(root.reduce?.axes ?? [])]) };
}

export function dependsOn(s: Scalar, position: number): boolean {
  return subexpressions(s).includes(axis(position));
}

/** A body as ∏ factors · exp(exponent), where every condition holds, else zero. */
export interface Exponential {
  readonly exponent: Scalar | undefined;
  readonly conditions: readonly Scalar[];
  readonly factors: readonly Scalar[];
  readonly divisors: readonly Scalar[];
}

/** The value at `at` of a pointwise node; nothing for any other node. */
function inlined(s: Scalar, { representative, simplify }: View): Scalar | undefined {
  if (s.kind !== "read") return undefined;
  const node = representative(s.of);
  if (node.kind !== "comp" || node.reduce) return undefined;
  const by = s.at;
  return simplify(substitute(node.body, by));
}

/** Splits a product; nodes are entered only where an exponential is found behind them. */
export function splitProduct(s: Scalar, view: View): Exponential {
  const atom: Exponential = { exponent: undefined, conditions: [], factors: [s], divisors: [] };
  if (s.kind === "binary" && s.op === "mul") return multiplied(splitProduct(s.left, view), splitProduct(s.right, view));
  if (s.kind === "binary" && s.op === "div")
    return multiplied(splitProduct(s.left, view), inverted(splitProduct(s.right, view), s.right));
  if (s.kind === "unary" && s.op === "neg")
    return multiplied({ ...atom, factors: [literal(-1)] }, splitProduct(s.of, view));
  if (s.kind === "unary" && s.op === "exp") return { ...atom, exponent: s.of, factors: [] };
  if (s.kind === "literal" && s.value === 1) return { ...atom, factors: [] };
  if (s.kind === "select") {
    const zeroElse = s.else.kind === "literal" && s.else.value === 0;
    const zeroThen = s.then.kind === "literal" && s.then.value === 0;
    if (!zeroElse && !zeroThen) return atom;
    const inner = splitProduct(zeroElse ? s.then : s.else, view);
    if (!inner.exponent) return atom;
    return { ...inner, conditions: [...inner.conditions, zeroElse ? s.condition : unary("not", s.condition)] };
  }
  const inside = inlined(s, view);
  const inner = inside && splitProduct(inside, view);
  return inner?.exponent ? inner : atom;
}

function multiplied(a: Exponential, b: Exponential): Exponential {
  const exponent = a.exponent && b.exponent ? binary("add", a.exponent, b.exponent) : (a.exponent ?? b.exponent);
  return {
    exponent,
    conditions: [...a.conditions, ...b.conditions],
    factors: [...a.factors, ...b.factors],
    divisors: [...a.divisors, ...b.divisors],
  };
}

/** One over a product; an exponential below the line, or a guarded one, stays a divisor as it is. */
function inverted(below: Exponential, whole: Scalar): Exponential {
  const plain = below.exponent === undefined && below.conditions.length === 0;
  return plain
    ? { exponent: undefined, conditions: [], factors: below.divisors, divisors: below.factors }
    : { exponent: undefined, conditions: [], factors: [], divisors: [whole] };
}

/** An exponent as core - Σ shifts where the mask holds, -∞ elsewhere. Shifts are the same for every key. */
export interface Exponent {
  readonly core: Scalar;
  readonly mask: readonly Scalar[];
  /** How often each shift is added. */
  readonly shifts: ReadonlyMap<Scalar, number>;
}

interface Additive {
  readonly terms: { value: Scalar; sign: number }[];
  readonly mask: Scalar[];
}

/**
 * Takes an exponent apart. `expandable` says which reads stand for values over queries and keys: those are entered, so that no
 * node of that size is left in the core.
 */
export function splitExponent(
  exponent: Scalar,
  conditions: readonly Scalar[],
  view: View,
  expandable: (s: Scalar) => boolean,
): Exponent {
  const parts: Additive = { terms: [], mask: [] };
  collect(expand(exponent, view, expandable), 1, view, parts);
  for (const c of conditions) parts.mask.push(...conjuncts(expand(c, view, expandable)));
  const shifts = new Map<Scalar, number>();
  let core: Scalar | undefined;
  for (const { value, sign } of parts.terms) {
    if (!dependsOn(value, view.key)) shifts.set(value, (shifts.get(value) ?? 0) + sign);
    else if (core) core = binary(sign > 0 ? "add" : "sub", core, value);
    else core = sign > 0 ? value : unary("neg", value);
  }
  for (const [shift, count] of shifts) if (count === 0) shifts.delete(shift);
  const mask = [...new Set(parts.mask)].toSorted((a, b) => a.id - b.id);
  return { core: core ?? literal(0), mask, shifts };
}

function collect(s: Scalar, sign: number, view: View, into: Additive): void {
  if (s.kind === "binary" && (s.op === "add" || s.op === "sub")) {
    collect(s.left, sign, view, into);
    collect(s.right, s.op === "add" ? sign : -sign, view, into);
  } else if (s.kind === "unary" && s.op === "neg") {
    collect(s.of, -sign, view, into);
  } else if (s.kind === "select" && sign > 0 && (isMinusInfinity(s.then) || isMinusInfinity(s.else))) {
    const kept = isMinusInfinity(s.else);
    into.mask.push(...conjuncts(kept ? s.condition : unary("not", s.condition)));
    collect(kept ? s.then : s.else, sign, view, into);
  } else if (!dependsOn(s, view.key)) {
    const inside = inlined(s, view);
    if (inside) collect(inside, sign, view, into);
    else into.terms.push({ value: s, sign });
  } else {
    into.terms.push({ value: s, sign });
  }
}

function isMinusInfinity(s: Scalar): boolean {
  return s.kind === "literal" && s.value === -Infinity;
}

function conjuncts(condition: Scalar): readonly Scalar[] {
  return condition.kind === "binary" && condition.op === "and"
    ? [...conjuncts(condition.left), ...conjuncts(condition.right)]
    : [condition];
}

/** Puts the bodies of pointwise nodes in the place of their reads, and representatives in the place of equal nodes. */
export function expand(s: Scalar, view: View, expandable: (s: Scalar) => boolean): Scalar {
  return view.simplify(
    rewrite(s, (e) => {
      if (e.kind !== "read") return undefined;
      const inside = expandable(e) ? inlined(e, view) : undefined;
      if (inside) return expand(inside, view, expandable);
      const node = view.representative(e.of);
      return node === e.of
        ? undefined
        : read(
            node,
            e.at.map((index) => expand(index, view, expandable)),
          );
    }),
  );
}

/** All conditions in one. */
export function conjunction(conditions: readonly Scalar[]): Scalar {
  return conditions.reduce((all, c) => binary("and", all, c), bool(true));
}

/** The sum that divides the exponentials of a row: a comp over the key axis, read at the row's place. */
export interface Normaliser {
  readonly node: Comp;
  readonly at: readonly Scalar[];
}

/** The sum a divisor reads, seen through guards against zero: `if z == 0 then 1 else z`, `max(z, tiny)`. */
export function normaliserOf(s: Scalar, view: View): Normaliser | undefined {
  if (s.kind === "read") {
    const node = view.representative(s.of);
    if (node.kind === "comp" && node.reduce?.op === "sum" && node.reduce.axes.length === 1) return { node, at: s.at };
    const inside = inlined(s, view);
    return inside && normaliserOf(inside, view);
  }
  if (s.kind === "select" && isZeroTest(s.condition, view))
    return normaliserOf(s.then, view) ?? normaliserOf(s.else, view);
  if (s.kind === "binary" && s.op === "max" && s.right.kind === "literal" && s.right.value < 1e-6)
    return normaliserOf(s.left, view);
  return undefined;
}

const tiny = (x: Scalar): boolean => x.kind === "literal" && x.value >= 0 && x.value < 1e-6;

/** A comparison of a row's sum with a number at most tiny: a guard for rows without a key. */
export function isZeroTest(s: Scalar, view: View): boolean {
  if (s.kind === "unary" && s.op === "not") return isZeroTest(s.of, view);
  if (s.kind !== "binary" || !["lt", "le", "eq", "ne"].includes(s.op)) return false;
  return (
    (tiny(s.left) && normaliserOf(s.right, view) !== undefined) ||
    (tiny(s.right) && normaliserOf(s.left, view) !== undefined)
  );
}

/** The body of a normaliser as it would stand in the root: its own reduced axis becomes the root's. */
export function normaliserBody({ node, at }: Normaliser, view: View): Scalar {
  return view.simplify(substitute(node.body, [...at, axis(view.key)]));
}

/** Whether two exponents are the same function of the key, row by row, shifts included. */
export function sameExponent(a: Exponent, b: Exponent): boolean {
  return (
    a.core === b.core &&
    a.mask.length === b.mask.length &&
    a.mask.every((m, i) => m === b.mask[i]) &&
    a.shifts.size === b.shifts.size &&
    [...a.shifts].every(([shift, count]) => b.shifts.get(shift) === count)
  );
}

/** Logarithms of sums among the shifts: exp(a - log z) is exp(a) / z. Gives the sums, and the exponent without them. */
export function logarithmicDivisors(exponent: Exponent): {
  readonly divisors: readonly Scalar[];
  readonly rest: Exponent;
} {
  const divisors = [...exponent.shifts].flatMap(([s, count]) =>
    count === -1 && s.kind === "unary" && s.op === "log" ? [s] : [],
  );
  const shifts = new Map([...exponent.shifts].filter(([s]) => !divisors.includes(s as (typeof divisors)[number])));
  return { divisors: divisors.map((s) => s.of), rest: { ...exponent, shifts } };
}

/** A divisor as a factor, for what does not normalise. */
export function reciprocal(s: Scalar): Scalar {
  return div(literal(1), s);
}

/** A condition as a factor: 1 where it holds, 0 elsewhere. */
export function indicator(condition: Scalar): Scalar {
  return select(condition, literal(1), literal(0));
}
