/**
 * @file Constructors of scalar expressions. Every scalar is interned, so equality is `===` and a shared
 * subexpression is stored once. Constructors fold literals and the identities that are exact in floating point
 * for finite values (x + 0, x · 1, select on a known condition); deeper rewriting is `simplify-scalar.ts`.
 */
import { invariant, unreachable } from "../util/invariant.ts";
import { bf16, erf, roundEven, wholeOf } from "../abi/numeric.ts";
import type { BinaryOp, DType, Law, Node, Scalar, UnaryOp } from "./graph.ts";

const interned = new Map<string, Scalar>();
let nextId = 0;

type Draft<S> = S extends Scalar ? Omit<S, "id"> : never;

function intern(key: string, draft: Draft<Scalar>): Scalar {
  const known = interned.get(key);
  if (known) return known;
  const made = { id: nextId++, ...draft } as Scalar;
  interned.set(key, made);
  return made;
}

export function literal(given: number, dtype: DType = "f32"): Scalar {
  // Integers have one zero.
  const value = dtype === "i32" ? given + 0 : given;
  return intern(`l${dtype}${Object.is(value, -0) ? "-0" : value}`, { kind: "literal", dtype, value });
}

export const int = (value: number): Scalar => literal(value, "i32");
export const bool = (value: boolean): Scalar => literal(value ? 1 : 0, "bool");

/** The index value of the axis at a position. */
export function axis(position: number): Scalar {
  return intern(`a${position}`, { kind: "axis", dtype: "i32", position });
}

export function slot(index: number, dtype: DType = "f32"): Scalar {
  return intern(`s${dtype}${index}`, { kind: "slot", dtype, index });
}

export function read(of: Node, at: readonly Scalar[]): Scalar {
  invariant(at.length === of.axes.length, `${of.name} has ${of.axes.length} axes, read at ${at.length}`);
  return intern(`r${of.id}:${at.map((s) => s.id).join()}`, { kind: "read", dtype: of.dtype, of, at });
}

export function random(stream: number | Scalar, counter: Scalar, law: Law = "uniform"): Scalar {
  if (typeof stream === "number") return random(int(stream | 0), counter, law);
  return intern(`${law}${stream.id}:${counter.id}`, {
    kind: "random",
    dtype: law === "bits" ? "i32" : "f32",
    law,
    stream,
    counter,
  });
}

export function cast(of: Scalar, dtype: DType): Scalar {
  if (of.dtype === dtype) return of;
  if (of.kind === "literal")
    return literal(
      dtype === "i32" && !Number.isNaN(of.value)
        ? wholeOf(of.value)
        : dtype === "bool"
          ? Number(of.value !== 0)
          : of.value,
      dtype,
    );
  return intern(`c${dtype}${of.id}`, { kind: "cast", dtype, of });
}

export function select(condition: Scalar, then: Scalar, otherwise: Scalar): Scalar {
  invariant(then.dtype === otherwise.dtype, `select of ${then.dtype} and ${otherwise.dtype}`);
  if (condition.kind === "literal") return condition.value !== 0 ? then : otherwise;
  if (then === otherwise) return then;
  return intern(`?${condition.id}:${then.id}:${otherwise.id}`, {
    kind: "select",
    dtype: then.dtype,
    condition,
    then,
    else: otherwise,
  });
}

export function unary(op: UnaryOp, of: Scalar): Scalar {
  if (of.kind === "literal")
    return literal(
      of.dtype === "i32" ? wrapped(applyUnary(op, of.value)) : applyUnary(op, of.value),
      op === "finite" ? "bool" : of.dtype,
    );
  if (of.kind === "unary" && op === of.op && (op === "neg" || op === "not")) return of.of;
  return intern(`${op}(${of.id}`, { kind: "unary", dtype: op === "finite" ? "bool" : of.dtype, op, of });
}

const comparisons: ReadonlySet<BinaryOp> = new Set(["lt", "le", "eq", "ne"]);
const commutative: ReadonlySet<BinaryOp> = new Set(["add", "mul", "min", "max", "eq", "ne", "and", "or"]);

export function binary(op: BinaryOp, left: Scalar, right: Scalar): Scalar {
  invariant(left.dtype === right.dtype, `${op} of ${left.dtype} and ${right.dtype}`);
  const dtype: DType = comparisons.has(op) ? "bool" : left.dtype;
  if (left.kind === "literal" && right.kind === "literal")
    return literal(applyBinary(op, left.value, right.value, left.dtype), dtype);
  // Literals stand on the right of commutative operators, otherwise older operands first: one form per value.
  if (commutative.has(op) && (left.kind === "literal" || (right.kind !== "literal" && right.id < left.id)))
    return binary(op, right, left);
  if (right.kind === "literal") {
    const value = right.value;
    if (value === 0 && (op === "add" || op === "sub")) return left;
    if (value === 1 && (op === "mul" || op === "div" || op === "pow" || op === "idiv")) return left;
    if (value === -1 && (op === "mul" || op === "div")) return unary("neg", left);
    if (value === 0 && op === "mul") return right;
    if (value === 0 && op === "pow") return literal(1, dtype);
    if (value === 1 && op === "mod") return int(0);
    if (op === "and") return value ? left : right;
    if (op === "or") return value ? right : left;
  }
  if (left.kind === "literal" && left.value === 0) {
    if (op === "sub") return unary("neg", right);
    if (op === "div" || op === "idiv" || op === "mod") return left;
  }
  if (left === right && dtype === "i32" && op === "sub") return int(0);
  return intern(`${op}(${left.id},${right.id}`, { kind: "binary", dtype, op, left, right });
}

export const add = (a: Scalar, b: Scalar): Scalar => binary("add", a, b);
export const sub = (a: Scalar, b: Scalar): Scalar => binary("sub", a, b);
export const mul = (a: Scalar, b: Scalar): Scalar => binary("mul", a, b);
export const div = (a: Scalar, b: Scalar): Scalar => binary("div", a, b);

/** Index arithmetic has 32 bits with a sign and wraps, on every device. What stands for an unknown size, NaN, stays unknown. */
export function wrapped(value: number): number {
  return (value >= -0x80000000 && value <= 0x7fffffff) || Number.isNaN(value) ? value : value | 0;
}

/** A product of index values, whose own digits may be more than f64 holds. */
export function wrappedProduct(a: number, b: number): number {
  const product = a * b;
  return Number.isSafeInteger(product) || Number.isNaN(product) ? wrapped(product) : Math.imul(a, b);
}

/** The exact meaning of each unary operator on numbers; the evaluator and constant folding share it. */
export function applyUnary(op: UnaryOp, x: number): number {
  switch (op) {
    case "neg":
      return -x;
    case "exp":
      return Math.exp(x);
    case "log":
      return Math.log(x);
    case "sqrt":
      return Math.sqrt(x);
    case "rsqrt":
      return 1 / Math.sqrt(x);
    case "sin":
      return Math.sin(x);
    case "cos":
      return Math.cos(x);
    case "tanh":
      return Math.tanh(x);
    case "erf":
      return erf(x);
    case "abs":
      return Math.abs(x);
    case "floor":
      return Math.floor(x);
    case "ceil":
      return Math.ceil(x);
    case "round":
      return roundEven(x);
    case "sign":
      return Math.sign(x);
    case "not":
      return x === 0 ? 1 : 0;
    case "bf16":
      return bf16(x);
    case "stop":
      return x;
    case "finite":
      return Number(Number.isFinite(x));
    default:
      return unreachable(op);
  }
}

/** The exact meaning of each binary operator on numbers. Of whole numbers, what is divided by zero stays as it is, and leaves no remainder. */
export function applyBinary(op: BinaryOp, a: number, b: number, dtype: DType): number {
  switch (op) {
    case "add":
      return dtype === "i32" ? wrapped(a + b) : a + b;
    case "sub":
      return dtype === "i32" ? wrapped(a - b) : a - b;
    case "mul":
      return dtype === "i32" ? wrappedProduct(a, b) : a * b;
    case "div":
      return dtype !== "i32" ? a / b : b === 0 ? a : wrapped(Math.trunc(a / b));
    case "pow":
      return a ** b;
    case "min":
      return Math.min(a, b);
    case "max":
      return Math.max(a, b);
    case "idiv":
      return b === 0 ? a : wrapped(Math.floor(a / b));
    case "mod":
      return b === 0 ? 0 : a - b * Math.floor(a / b);
    case "lt":
      return Number(a < b);
    case "le":
      return Number(a <= b);
    case "eq":
      return Number(a === b);
    case "ne":
      return Number(a !== b);
    case "and":
      return Number(a !== 0 && b !== 0);
    case "or":
      return Number(a !== 0 || b !== 0);
    default:
      return unreachable(op);
  }
}

/** The direct operands of a scalar. */
export function operands(s: Scalar): readonly Scalar[] {
  switch (s.kind) {
    case "literal":
    case "axis":
    case "slot":
      return [];
    case "read":
      return s.at;
    case "unary":
    case "cast":
      return [s.of];
    case "binary":
      return [s.left, s.right];
    case "select":
      return [s.condition, s.then, s.else];
    case "random":
      return [s.stream, s.counter];
    default:
      return unreachable(s);
  }
}

/** Rebuilds a scalar bottom-up, replacing each subexpression for which `replace` gives an answer (it is not entered). */
export function rewrite(
  root: Scalar,
  replace: (s: Scalar) => Scalar | undefined,
  memo = new Map<Scalar, Scalar>(),
): Scalar {
  const visit = (s: Scalar): Scalar => {
    const known = memo.get(s);
    if (known) return known;
    const made = replace(s) ?? rebuild(s, visit);
    memo.set(s, made);
    return made;
  };
  return visit(root);
}

/** The same operator on other operands. */
export function rebuild(s: Scalar, visit: (s: Scalar) => Scalar): Scalar {
  switch (s.kind) {
    case "literal":
    case "axis":
    case "slot":
      return s;
    case "read":
      return read(s.of, s.at.map(visit));
    case "unary":
      return unary(s.op, visit(s.of));
    case "cast":
      return cast(visit(s.of), s.dtype);
    case "binary":
      return binary(s.op, visit(s.left), visit(s.right));
    case "select":
      return select(visit(s.condition), visit(s.then), visit(s.else));
    case "random":
      return random(visit(s.stream), visit(s.counter), s.law);
    default:
      return unreachable(s);
  }
}

/** Replaces axis positions: position i becomes `by[i]`. This is how a producer is inlined into its reader. */
export function substitute(root: Scalar, by: readonly Scalar[]): Scalar {
  return rewrite(root, (s) => {
    if (s.kind !== "axis") return undefined;
    const replacement = by[s.position];
    invariant(replacement, `no index for axis ${s.position}`);
    return replacement;
  });
}

/** Every distinct subexpression, operands before users. */
export function subexpressions(...roots: readonly Scalar[]): readonly Scalar[] {
  const seen = new Set<Scalar>();
  const visit = (s: Scalar): void => {
    if (seen.has(s)) return;
    for (const o of operands(s)) visit(o);
    seen.add(s);
  };
  roots.forEach(visit);
  return [...seen];
}
