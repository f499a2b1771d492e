/** @file Whether an index expression is known to stay inside an axis, from the ranges of its variables and the conditions that hold here. */
import { affineOf, constantForm, formInterval, plus, scale, type Affine } from "../ir/affine.ts";
import type { Scalar } from "../ir/graph.ts";
import type { Environment } from "./frame.ts";

/** Whether `index >= 0` is known. */
export function staysNonNegative(index: Scalar, env: Environment): boolean {
  return isNonNegative(affineOf(index), env);
}

/** Whether `index < size` is known. */
export function staysBelow(index: Scalar, size: number, env: Environment): boolean {
  return isNonNegative(plus(constantForm(size - 1), scale(affineOf(index), -1)), env);
}

/** A form is non-negative if its interval says so, or if what remains after taking away one or two known non-negative forms is. */
function isNonNegative(form: Affine, env: Environment): boolean {
  const { space } = env.frame.session;
  const proven = (f: Affine): boolean => formInterval(f, space).low >= 0;
  if (proven(form)) return true;
  const facts = env.guards.flatMap((g) => nonNegativeForms(g, true));
  const less = (f: Affine, fact: Affine): Affine => plus(f, scale(fact, -1));
  return facts.some((a) => proven(less(form, a)) || facts.some((b) => proven(less(less(form, a), b))));
}

/** The forms that a condition (or its negation) shows to be at least zero. */
export function nonNegativeForms(condition: Scalar, holds: boolean): readonly Affine[] {
  if (condition.kind === "unary" && condition.op === "not") return nonNegativeForms(condition.of, !holds);
  if (condition.kind !== "binary") return [];
  const { op, left, right } = condition;
  if (op === (holds ? "and" : "or")) return [...nonNegativeForms(left, holds), ...nonNegativeForms(right, holds)];
  if (left.dtype !== "i32") return [];
  const rightLessLeft = plus(affineOf(right), scale(affineOf(left), -1));
  const leftLessRight = scale(rightLessLeft, -1);
  const strictly = (f: Affine): Affine => plus(f, constantForm(-1));
  switch (op) {
    case "le": return [holds ? rightLessLeft : strictly(leftLessRight)];
    case "lt": return [holds ? strictly(rightLessLeft) : leftLessRight];
    case "eq": return holds ? [rightLessLeft, leftLessRight] : [];
    case "ne": return holds ? [] : [rightLessLeft, leftLessRight];
    default: return [];
  }
}
