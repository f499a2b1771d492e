/** @file Whether an index expression is known to stay inside an axis, from the ranges of its variables and the conditions that hold here. */
import { affineOf, constantForm, formInterval, plus, scale, type Affine } from "../../ir/affine.ts";
import type { Scalar } from "../../ir/graph.ts";
import type { Environment } from "./frame.ts";

/** Whether `index >= 0` is known. */
export function staysNonNegative(index: Scalar, env: Environment): boolean {
  return isNonNegative(affineOf(index), env);
}

/** Whether `index < size` is known. */
export function staysBelow(index: Scalar, size: number, env: Environment): boolean {
  return isNonNegative(plus(constantForm(size - 1), scale(affineOf(index), -1)), env);
}

/** A form is non-negative if its interval says so, or if what remains after taking away one or two known non-negative forms, scaled as they need to be, is. */
function isNonNegative(form: Affine, env: Environment): boolean {
  const { space } = env.frame.session;
  const proven = (f: Affine): boolean => formInterval(f, space).low >= 0;
  if (proven(form)) return true;
  const facts = env.guards.flatMap((g) => nonNegativeForms(g, true));
  return facts.some((a) =>
    without(form, a).some((rest) => proven(rest) || facts.some((b) => without(rest, b).some(proven))),
  );
}

/** What is left to be shown of `form >= 0` where `fact >= 0` is known. */
function without(form: Affine, fact: Affine): readonly Affine[] {
  const rests = [minus(form, fact)];
  for (const [term, own] of form.terms) {
    const other = fact.terms.get(term);
    if (other === undefined || other === own || own * other <= 0) continue;
    // `c < n` bounds `k * c`; and `k * c < n` bounds `c`, which is an integer: more than -1 is at least 0.
    if (own % other === 0) rests.push(minus(form, scale(fact, own / other)));
    else if (other % own === 0) rests.push(plus(minus(scale(form, other / own), fact), constantForm(other / own - 1)));
  }
  return rests;
}

function minus(a: Affine, b: Affine): Affine {
  return plus(a, scale(b, -1));
}

/** Of integers, a positive form less one is still not negative. */
function strictly(positive: Affine): Affine {
  return plus(positive, constantForm(-1));
}

/** The forms that a condition (or its negation) shows to be at least zero. */
export function nonNegativeForms(condition: Scalar, holds: boolean): readonly Affine[] {
  if (condition.kind === "unary" && condition.op === "not") return nonNegativeForms(condition.of, !holds);
  // `if c then d else false` holds where both do.
  if (condition.kind === "select" && holds && condition.else.kind === "literal" && condition.else.value === 0) {
    return [...nonNegativeForms(condition.condition, true), ...nonNegativeForms(condition.then, true)];
  }
  if (condition.kind !== "binary") return [];
  const { op, left, right } = condition;
  if (op === (holds ? "and" : "or")) return [...nonNegativeForms(left, holds), ...nonNegativeForms(right, holds)];
  if (left.dtype !== "i32") return [];
  const rightLessLeft = minus(affineOf(right), affineOf(left));
  const leftLessRight = scale(rightLessLeft, -1);
  switch (op) {
    case "le":
      return [holds ? rightLessLeft : strictly(leftLessRight)];
    case "lt":
      return [holds ? strictly(rightLessLeft) : leftLessRight];
    case "eq":
      return holds ? [rightLessLeft, leftLessRight] : [];
    case "ne":
      return holds ? [] : [rightLessLeft, leftLessRight];
    default:
      return [];
  }
}

/** Conditions with more cases than these say nothing. */
const mostCases = 16;

/**
 * The ways in which a condition can hold: in each of them its forms are at least zero. One way without forms is a condition that says nothing; no way is one that
 * never holds.
 */
export function conditionCases(condition: Scalar, holds = true): readonly (readonly Affine[])[] {
  if (condition.kind === "literal") return (condition.value !== 0) === holds ? [[]] : [];
  if (condition.kind === "unary" && condition.op === "not") return conditionCases(condition.of, !holds);
  if (condition.kind === "select") {
    const { condition: chosen, then, else: otherwise } = condition;
    return few([
      ...conjunction(conditionCases(chosen), conditionCases(then, holds)),
      ...conjunction(conditionCases(chosen, false), conditionCases(otherwise, holds)),
    ]);
  }
  if (condition.kind !== "binary") return [[]];
  const { op, left, right } = condition;
  if (op === "and" || op === "or") {
    const [a, b] = [conditionCases(left, holds), conditionCases(right, holds)];
    return few((op === "and") === holds ? conjunction(a, b) : [...a, ...b]);
  }
  if (left.dtype === "i32" && op === (holds ? "ne" : "eq")) {
    const less = minus(affineOf(right), affineOf(left));
    return [[strictly(less)], [strictly(scale(less, -1))]];
  }
  return [nonNegativeForms(condition, holds)];
}

function conjunction(
  a: readonly (readonly Affine[])[],
  b: readonly (readonly Affine[])[],
): readonly (readonly Affine[])[] {
  return a.flatMap((x) => b.map((y) => [...x, ...y]));
}

function few(cases: readonly (readonly Affine[])[]): readonly (readonly Affine[])[] {
  return cases.length > mostCases ? [[]] : cases;
}
