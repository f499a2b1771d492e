/**
 * @file Rewriting scalars with what is known of their index space: integers become affine normal forms with divisions and
 * remainders resolved by range ((h * 4 + r) div 4 -> h), decided comparisons disappear, and so do the selects on them.
 * Floating-point arithmetic keeps its order and its operators.
 */
import { affineOf, constantForm, decide, formInterval, fromAffine, interval, isExact, plus, scale } from "./affine.ts";
import type { Affine, Space } from "./affine.ts";
import type { Binary, Scalar } from "./graph.ts";
import { binary, bool, int, rebuild, select } from "./scalar.ts";

/** A simplifier for one index space; keep it while working on one body, it remembers what it has seen. */
export function simplifier(space: Space): (s: Scalar) => Scalar {
  const memo = new Map<Scalar, Scalar>();
  const visit = (s: Scalar): Scalar => {
    const known = memo.get(s);
    if (known) return known;
    const made = finish(rebuild(s, visit), space, visit);
    memo.set(s, made);
    memo.set(made, made);
    return made;
  };
  return visit;
}

/** One scalar simplified over a space. */
export function simplifyScalar(s: Scalar, space: Space): Scalar {
  return simplifier(space)(s);
}

/** Rewrites a scalar whose operands are simplified already. */
function finish(s: Scalar, space: Space, visit: (s: Scalar) => Scalar): Scalar {
  if (s.kind === "select") {
    const known = decide(s.condition, space);
    if (known !== undefined) return known ? s.then : s.else;
    return mergeSelect(s.condition, s.then, s.else);
  }
  if (s.dtype === "bool") {
    const known = decide(s, space);
    return known === undefined ? withoutNot(s) : bool(known);
  }
  if (s.kind === "binary" && (s.op === "min" || s.op === "max")) {
    if (decide(binary("le", s.left, s.right), space)) return s.op === "min" ? s.left : s.right;
    if (decide(binary("le", s.right, s.left), space)) return s.op === "min" ? s.right : s.left;
    return s;
  }
  if (s.dtype !== "i32") return s;
  if (s.kind === "binary" && (s.op === "idiv" || s.op === "mod")) return divided(s, space, visit);
  if (s.kind === "binary" && (s.op === "add" || s.op === "sub" || s.op === "mul"))
    return fromAffine(recombined(affineOf(s)));
  if (s.kind === "unary" && s.op === "neg") return fromAffine(affineOf(s));
  return s;
}

/** The opposite of a comparison of integers is a comparison. */
function withoutNot(s: Scalar): Scalar {
  if (s.kind !== "unary" || s.op !== "not" || s.of.kind !== "binary" || s.of.left.dtype !== "i32") return s;
  const { op, left, right } = s.of;
  switch (op) {
    case "lt":
      return binary("le", right, left);
    case "le":
      return binary("lt", right, left);
    case "eq":
      return binary("ne", left, right);
    case "ne":
      return binary("eq", left, right);
    default:
      return s;
  }
}

/** Selects nested under the same condition fold into one. */
function mergeSelect(condition: Scalar, then: Scalar, otherwise: Scalar): Scalar {
  const inThen = then.kind === "select" && then.condition === condition ? then.then : then;
  const inElse = otherwise.kind === "select" && otherwise.condition === condition ? otherwise.else : otherwise;
  return select(condition, inThen, inElse);
}

/** `k·c·(x div c) + k·(x mod c)` is `k·x`. */
export function recombined(form: Affine): Affine {
  for (const [atom, k] of form.terms) {
    if (atom.kind !== "binary" || atom.op !== "mod" || atom.right.kind !== "literal") continue;
    const quotient = binary("idiv", atom.left, atom.right);
    const c = atom.right.value;
    if (form.terms.get(quotient) !== k * c) continue;
    const rest = new Map(form.terms);
    rest.delete(atom);
    rest.delete(quotient);
    return recombined(plus({ constant: form.constant, terms: rest }, scale(affineOf(atom.left), k)));
  }
  return form;
}

function divided(s: Binary, space: Space, visit: (s: Scalar) => Scalar): Scalar {
  if (s.right.kind !== "literal" || s.right.value <= 0) return s;
  const c = s.right.value;
  const isDiv = s.op === "idiv";
  const { whole, rest } = splitMultiples(affineOf(s.left), c);
  if (![affineOf(s.left), whole, rest].every((form) => isExact(form, space))) return s;
  const quotient = singleValue(rest, c, space);
  if (quotient !== undefined) {
    return fromAffine(
      isDiv ? recombined(plus(whole, constantForm(quotient))) : recombined(plus(rest, constantForm(-quotient * c))),
    );
  }
  const coarse = dropFine(rest, c, space);
  if (coarse) {
    const { form, fine, by } = coarse;
    const inner = visit(binary(s.op, fromAffine(form), int(c / by)));
    return fromAffine(
      isDiv ? recombined(plus(whole, affineOf(inner))) : recombined(plus(scale(affineOf(inner), by), fine)),
    );
  }
  const [only, ...others] = rest.terms.keys();
  if (
    only &&
    others.length === 0 &&
    rest.terms.get(only) === 1 &&
    rest.constant === 0 &&
    only.kind === "binary" &&
    only.right.kind === "literal"
  ) {
    if (isDiv && only.op === "idiv" && only.right.value * c < 2 ** 31)
      return fromAffine(plus(whole, affineOf(visit(binary("idiv", only.left, int(only.right.value * c))))));
    if (!isDiv && only.op === "mod" && only.right.value % c === 0) return visit(binary("mod", only.left, s.right));
  }
  const reduced = binary(s.op, fromAffine(rest), s.right);
  return isDiv ? fromAffine(recombined(plus(whole, affineOf(reduced)))) : reduced;
}

/** `form = c · whole + rest`, with the constant of `rest` in [0, c). */
function splitMultiples(form: Affine, c: number): { readonly whole: Affine; readonly rest: Affine } {
  const whole = new Map<Scalar, number>();
  const rest = new Map<Scalar, number>();
  for (const [atom, k] of form.terms) {
    if (k % c === 0) whole.set(atom, k / c);
    else rest.set(atom, k);
  }
  const carried = Math.floor(form.constant / c);
  return { whole: { constant: carried, terms: whole }, rest: { constant: form.constant - carried * c, terms: rest } };
}

/** The one value of `form div c`, if it has only one over the space. */
function singleValue(form: Affine, c: number, space: Space): number | undefined {
  const { low, high } = formInterval(form, space);
  const quotient = Math.floor(low / c);
  return Number.isFinite(low) && quotient === Math.floor(high / c) ? quotient : undefined;
}

/**
 * Terms too fine to matter: with g dividing c, form = g · coarse + fine and fine within [0, g), division by c sees only
 * coarse: (4h + 2g + r) div 8 = (2h + g) div 4 when r < 2.
 */
function dropFine(
  form: Affine,
  c: number,
  space: Space,
): { readonly form: Affine; readonly fine: Affine; readonly by: number } | undefined {
  const candidates = [...new Set([...form.terms.values()].map((k) => gcd(Math.abs(k), c)))]
    .filter((g) => g > 1)
    .toSorted((a, b) => b - a);
  for (const by of candidates) {
    const { whole, rest } = splitMultiples(form, by);
    if (whole.terms.size === 0) continue;
    const { low, high } = formInterval(rest, space);
    if (low >= 0 && high < by) return { form: whole, fine: rest, by };
  }
  return undefined;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

/** The value of a scalar if it is the same everywhere in the space. */
export function constantValue(s: Scalar, space: Space): number | undefined {
  const { low, high } = interval(s, space);
  return low === high ? low : undefined;
}
