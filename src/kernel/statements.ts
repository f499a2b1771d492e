/** @file Constructors of kernel statements, both levels. Loops that surely run never and branches on literals disappear. */
import { asExpr, literal } from "./expr.ts";
import type { Operand } from "./expr.ts";
import type { Array_, Binding, Expr, Statement, UniformStatement } from "./ir.ts";

/** `let name = value`: immutable, visible to the end of its block. */
export const define = (name: string, value: Expr): Statement => ({ kind: "let", name, value });

/** `var name = value`: can be assigned in this phase. */
export const declare = (name: string, value: Expr): Statement => ({ kind: "var", name, value });

/** Assigns a register of length 1 or a var. */
export const assign = (target: string | Array_, value: Expr): Statement => ({
  kind: "set",
  target: typeof target === "string" ? target : target.name,
  value,
});

/** Stores to a binding or shared array. */
export const store = (array: Binding | Array_, index: Operand, value: Operand): Statement => ({
  kind: "store",
  array: array.name,
  index: asExpr(index),
  value: typeof value === "number" ? literal(array.element, value) : value,
});

/** A loop within a phase; spread the result: a loop without iterations is nothing. */
export const loop = (
  variable: string,
  from: Operand,
  to: Operand,
  step: number,
  body: readonly Statement[],
): readonly Statement[] =>
  runs(from, to, body) ? [{ kind: "for", variable, from: asExpr(from), to: asExpr(to), step, body }] : [];

/** A loop over phases, with uniform bounds; spread the result. */
export const uniformLoop = (
  variable: string,
  from: Operand,
  to: Operand,
  step: number,
  body: readonly UniformStatement[],
): readonly UniformStatement[] =>
  runs(from, to, body) ? [{ kind: "for", variable, from: asExpr(from), to: asExpr(to), step, body }] : [];

/** A branch within a phase; spread the result: a literal condition leaves only the branch taken. */
export function branch(
  condition: Expr,
  then: readonly Statement[],
  otherwise: readonly Statement[] = [],
): readonly Statement[] {
  if (condition.kind === "literal") return condition.value === 1 ? then : otherwise;
  return then.length + otherwise.length === 0 ? [] : [{ kind: "if", condition, then, else: otherwise }];
}

/** A branch between phases, on a uniform condition; spread the result. */
export function uniformBranch(
  condition: Expr,
  then: readonly UniformStatement[],
  otherwise: readonly UniformStatement[] = [],
): readonly UniformStatement[] {
  if (condition.kind === "literal") return condition.value === 1 ? then : otherwise;
  return then.length + otherwise.length === 0 ? [] : [{ kind: "if", condition, then, else: otherwise }];
}

function runs(from: Operand, to: Operand, body: readonly unknown[]): boolean {
  const [first, last] = [asExpr(from), asExpr(to)];
  return body.length > 0 && !(first.kind === "literal" && last.kind === "literal" && first.value >= last.value);
}

/** Code that every lane runs by itself. */
export const phase = (body: readonly Statement[], name?: string): UniformStatement => ({
  kind: "phase",
  body,
  ...(name !== undefined && { name }),
});

/** Combines a register over the lanes of the workgroup, or of each run of `width` lanes. */
export const reduce = (
  op: "add" | "max" | "min",
  register: Array_,
  scratch: Array_,
  width?: number,
): UniformStatement => ({
  kind: "reduce",
  op,
  register: register.name,
  scratch: scratch.name,
  ...(width !== undefined && { width }),
});
