/**
 * @file Index arithmetic on kernel expressions as linear forms, `constant + Σ coefficient · atom`: what makes `(8 · tile + 3) mod 64 + 64 · batch` come out as
 * short as a person would write it, and what proves that an address is a multiple of four. Division and remainder assume values ≥ 0.
 */
import { div, i32, add, mod, mul, sub } from "../../kernel/expr.ts";
import { wrapped } from "../../ir/scalar.ts";
import type { Expr } from "../../kernel/ir.ts";

export interface Linear {
  readonly constant: number;
  /** By key of the atom; no coefficient is zero. */
  readonly terms: ReadonlyMap<string, Term>;
}

interface Term {
  readonly atom: Expr;
  readonly by: number;
}

const keys = new WeakMap<Expr, string>();

/** Equal for structurally equal expressions. */
export function keyOf(expr: Expr): string {
  let key = keys.get(expr);
  if (key === undefined) keys.set(expr, (key = JSON.stringify(expr)));
  return key;
}

export const constant = (value: number): Linear => ({ constant: value, terms: new Map() });

const atomic = (atom: Expr): Linear => ({ constant: 0, terms: new Map([[keyOf(atom), { atom, by: 1 }]]) });

/** The form of an i32 expression. */
export function linear(expr: Expr): Linear {
  if (expr.kind === "literal") return constant(expr.value);
  if (expr.kind === "binary") {
    const { op, left, right } = expr;
    if (op === "add") return plus(linear(left), linear(right));
    if (op === "sub") return plus(linear(left), times(linear(right), -1));
    if (op === "mul" && right.kind === "literal") return times(linear(left), right.value);
    if (op === "mul" && left.kind === "literal") return times(linear(right), left.value);
  }
  return atomic(expr);
}

export function plus(a: Linear, b: Linear): Linear {
  const terms = new Map(a.terms);
  for (const [key, { atom, by }] of b.terms) {
    const sum = (terms.get(key)?.by ?? 0) + by;
    if (sum === 0) terms.delete(key);
    else terms.set(key, { atom, by: sum });
  }
  return { constant: a.constant + b.constant, terms };
}

export function times(a: Linear, by: number): Linear {
  if (by === 0) return constant(0);
  return {
    constant: a.constant * by,
    terms: new Map([...a.terms].map(([key, term]) => [key, { atom: term.atom, by: term.by * by }])),
  };
}

/** The form as an expression: positive terms, then negative ones, then the constant. */
export function toExpr(form: Linear): Expr {
  // Index arithmetic wraps, and so may coefficients.
  const terms = [...form.terms.values()].map(({ atom, by }) => ({ atom, by: wrapped(by) }));
  let sum: Expr = i32(0);
  for (const { atom, by } of terms) if (by > 0) sum = add(sum, mul(atom, by));
  for (const { atom, by } of terms) if (by < 0) sum = sub(sum, mul(atom, -by));
  return form.constant < 0 ? sub(sum, -form.constant) : add(sum, form.constant);
}

/** Whether every value of the form is a multiple of `by`, as far as coefficients tell. */
export function isMultiple(form: Linear, by: number): boolean {
  return form.constant % by === 0 && [...form.terms.values()].every((term) => term.by % by === 0);
}

/** form / by, for a form that is a multiple. */
export function divideExactly(form: Linear, by: number): Linear {
  return {
    constant: form.constant / by,
    terms: new Map([...form.terms].map(([key, term]) => [key, { atom: term.atom, by: term.by / by }])),
  };
}

/** Quotient and remainder of a form ≥ 0. `name` may give a name to the divisions that remain. */
export function divide(
  form: Linear,
  by: number,
  name: (expr: Expr) => Expr,
): { readonly quotient: Linear; readonly remainder: Linear } {
  if (by === 1) return { quotient: form, remainder: constant(0) };
  // Terms that are multiples of the divisor come out whole: (64 · a + b) div 64 = a + b div 64.
  const whole = new Map<string, Term>();
  const rest = new Map<string, Term>();
  for (const [key, term] of form.terms) (term.by % by === 0 ? whole : rest).set(key, term);
  const wholeConstant = Math.floor(form.constant / by) * by;
  const out = divideExactly({ constant: wholeConstant, terms: whole }, by);
  // A factor common to the others cancels, and what is smaller than the factor stays behind: (8 · a + 3) mod 64 = 8 · (a mod 8) + 3.
  const factor = [...rest.values()].reduce((g, term) => gcd(g, term.by), by);
  const left = (form.constant - wholeConstant) % factor;
  const inner = divideExactly({ constant: form.constant - wholeConstant - left, terms: rest }, factor);
  const divisor = by / factor;
  if (divisor === 1) return { quotient: plus(out, inner), remainder: constant(left) };
  if (inner.terms.size === 0) {
    const quotient = Math.floor(inner.constant / divisor);
    return {
      quotient: plus(out, constant(quotient)),
      remainder: constant((inner.constant - quotient * divisor) * factor + left),
    };
  }
  const dividend = toExpr(inner);
  const quotient = linear(name(div(dividend, divisor)));
  const remainder = linear(name(mod(dividend, divisor)));
  return { quotient: plus(out, quotient), remainder: plus(times(remainder, factor), constant(left)) };
}

function gcd(a: number, b: number): number {
  return b === 0 ? Math.abs(a) : gcd(b, a % b);
}
