/**
 * @file Constructors of kernel expressions: they infer types, copy scalars to vectors, turn plain numbers into literals of the other operand's type and
 * fold what is obvious (literals, + 0, · 1, nested constants), so that schedules read like arithmetic and kernels like a person's. Folding is exact:
 * f32 is never reassociated. What needs ranges (a div that cancels, a guard that always holds) is left to the schedules.
 */
import { invariant } from "../util/invariant.ts";
import { foldBinary, foldUnary } from "./fold.ts";
import type { Array_, BinaryOp, Binding, Expr, ScalarType, UnaryOp, ValueType, Width } from "./ir.ts";

export const f32Type: ValueType = { scalar: "f32", width: 1 };
export const i32Type: ValueType = { scalar: "i32", width: 1 };
export const u32Type: ValueType = { scalar: "u32", width: 1 };
const boolType: ValueType = { scalar: "bool", width: 1 };

/** `vectorOf(f32Type, 4)`; the type itself for width 1. */
export function vectorOf(type: ValueType, width: Width): ValueType {
  return type.width === width ? type : { scalar: type.scalar, width };
}

export function sameType(a: ValueType, b: ValueType): boolean {
  return a.scalar === b.scalar && a.width === b.width;
}

/** The largest finite f32: kernels have no infinities. */
export const largest = 3.4028234663852886e38;

/** A plain number is a literal of the type that the other operands have. */
export type Operand = Expr | number;

/** A literal of any type. Floats are rounded to f32 and infinities become the largest finite number of their sign. WGSL has no way to write NaN: it is computed. */
export function literal(type: ValueType, value: number): Expr {
  if (type.scalar === "f32") {
    if (Number.isNaN(value)) return { kind: "unary", type, op: "log", of: literal(type, -1) };
    return { kind: "literal", type, value: Math.max(-largest, Math.min(largest, Math.fround(value))) };
  }
  invariant(Number.isInteger(value), `${value} is not an integer`);
  const [low, high] =
    type.scalar === "i32" ? [-0x80000000, 0x7fffffff] : type.scalar === "u32" ? [0, 0xffffffff] : [0, 1];
  invariant(value >= low && value <= high, `${value} does not fit ${type.scalar}`);
  return { kind: "literal", type, value };
}

export const f32 = (value: number): Expr => literal(f32Type, value);
export const i32 = (value: number): Expr => literal(i32Type, value);
export const u32 = (value: number): Expr => literal(u32Type, value);
export const bool = (value: boolean): Expr => literal(boolType, value ? 1 : 0);

/** The lane in its workgroup, and the workgroup. */
export const lane: Expr = { kind: "builtin", type: i32Type, name: "lane" };
export const group: Expr = { kind: "builtin", type: i32Type, name: "group" };

/** A let, var, loop variable (i32, the default) or register of length 1. */
export const variable = (name: string, type: ValueType = i32Type): Expr => ({ kind: "variable", type, name });

/** A register of length 1, or with an index an element of a register array. An array of one element is no array. */
export function register(array: Array_, index?: Operand): Expr {
  if (index === undefined || array.length === 1) return variable(array.name, array.element);
  return { kind: "element", type: array.element, name: array.name, index: asExpr(index) };
}

/** Element `index` of a binding or shared array. */
export const load = (array: Binding | Array_, index: Operand): Expr => ({
  kind: "load",
  type: array.element,
  array: array.name,
  index: asExpr(index),
});

/** An operand as an expression; numbers become literals of `type`. */
export function asExpr(operand: Operand, type: ValueType = i32Type): Expr {
  return typeof operand === "number" ? literal(type, operand) : operand;
}

const isLiteral = (expr: Expr, value: number): boolean => expr.kind === "literal" && expr.value === value;

/** Brings operands to one type: numbers become literals, scalars are copied to the widest vector's components. */
function unify(operands: readonly Operand[]): Expr[] {
  const exprs = operands.filter((operand) => typeof operand !== "number");
  const first = exprs[0];
  invariant(
    first !== undefined || operands.every((operand) => Number.isInteger(operand)),
    "an operation on bare numbers: give one a type with f32(…)",
  );
  const scalar: ScalarType = first?.type.scalar ?? "i32";
  const width = exprs.reduce<Width>((most, expr) => (expr.type.width > most ? expr.type.width : most), 1);
  return operands.map((operand) => {
    const expr = asExpr(operand, { scalar, width: 1 });
    invariant(expr.type.scalar === scalar, `an operation on ${scalar} and ${expr.type.scalar}`);
    return splat(expr, width);
  });
}

export function unary(op: UnaryOp, operand: Expr): Expr {
  if (operand.kind === "literal") {
    const value = foldUnary(op, operand.type.scalar, operand.value);
    if (value !== undefined) return literal(unaryType(op, operand.type), value);
  }
  if (operand.kind === "unary" && operand.op === op && (op === "neg" || op === "not")) return operand.of;
  return { kind: "unary", type: unaryType(op, operand.type), op, of: operand };
}

export const unaryType = (op: UnaryOp, of: ValueType): ValueType =>
  op === "finite" ? { scalar: "bool", width: of.width } : of;

const comparisons: ReadonlySet<BinaryOp> = new Set<BinaryOp>(["lt", "le", "eq", "ne"]);

export function binaryType(op: BinaryOp, of: ValueType): ValueType {
  if (op === "pair") return { scalar: "u32", width: of.width };
  return comparisons.has(op) ? { scalar: "bool", width: of.width } : of;
}

export function binary(op: BinaryOp, leftOperand: Operand, rightOperand: Operand): Expr {
  const [left, right] = unify([leftOperand, rightOperand]) as [Expr, Expr];
  const type = binaryType(op, left.type);
  if (left.kind === "literal" && right.kind === "literal") {
    const value = foldBinary(op, left.type.scalar, left.value, right.value);
    if (value !== undefined) return literal(type, value);
  }
  if (left.kind === "literal" && left.type.scalar !== "f32" && (op === "add" || op === "mul"))
    return binary(op, right, left);
  return simplify(op, type, left, right) ?? { kind: "binary", type, op, left, right };
}

/** Identities that hold bit for bit (a sum that is -0 aside), and constants of nested i32 sums and products brought together. */
function simplify(op: BinaryOp, type: ValueType, left: Expr, right: Expr): Expr | undefined {
  const integer = left.type.scalar === "i32" || left.type.scalar === "u32";
  switch (op) {
    case "add":
      if (isLiteral(left, 0)) return right;
      if (isLiteral(right, 0)) return left;
      if (!integer || right.kind !== "literal") break;
      if (left.kind === "binary" && left.op === "add" && left.right.kind === "literal")
        return add(left.left, add(left.right, right));
      break;
    case "sub":
      if (isLiteral(right, 0)) return left;
      break;
    case "mul":
      if (isLiteral(left, 1)) return right;
      if (isLiteral(right, 1)) return left;
      if (integer && (isLiteral(left, 0) || isLiteral(right, 0))) return literal(type, 0);
      if (!integer || right.kind !== "literal") break;
      if (left.kind === "binary" && left.op === "mul" && left.right.kind === "literal")
        return mul(left.left, mul(left.right, right));
      break;
    case "div":
    case "idiv":
      if (isLiteral(right, 1)) return left;
      if (integer && isLiteral(left, 0)) return left;
      if (op !== "div" || !integer || right.kind !== "literal") break;
      if (left.kind === "binary" && left.op === "div" && left.right.kind === "literal")
        return div(left.left, mul(left.right, right));
      break;
    case "mod":
    case "imod":
      if (isLiteral(right, 1) || (integer && isLiteral(left, 0))) return literal(type, 0);
      break;
    case "and":
      if (isLiteral(left, 1) || isLiteral(right, 0)) return right;
      if (isLiteral(right, 1) || isLiteral(left, 0)) return left;
      break;
    case "or":
      if (isLiteral(left, 0) || isLiteral(right, 1)) return right;
      if (isLiteral(right, 0) || isLiteral(left, 1)) return left;
      break;
    default:
      break;
  }
  return undefined;
}

export const add = (left: Operand, right: Operand): Expr => binary("add", left, right);
export const sub = (left: Operand, right: Operand): Expr => binary("sub", left, right);
export const mul = (left: Operand, right: Operand): Expr => binary("mul", left, right);
/** On integers: for operands ≥ 0. */
export const div = (left: Operand, right: Operand): Expr => binary("div", left, right);
/** For operands ≥ 0. */
export const mod = (left: Operand, right: Operand): Expr => binary("mod", left, right);
export const min = (left: Operand, right: Operand): Expr => binary("min", left, right);
export const max = (left: Operand, right: Operand): Expr => binary("max", left, right);
/** Two floats as bfloat16 in a word, the first in its low half. */
export const pair = (low: Expr, high: Expr): Expr => binary("pair", low, high);
export const lt = (left: Operand, right: Operand): Expr => binary("lt", left, right);
export const le = (left: Operand, right: Operand): Expr => binary("le", left, right);
export const eq = (left: Operand, right: Operand): Expr => binary("eq", left, right);
export const ne = (left: Operand, right: Operand): Expr => binary("ne", left, right);
export const and = (left: Expr, right: Expr): Expr => binary("and", left, right);
export const or = (left: Expr, right: Expr): Expr => binary("or", left, right);
export const neg = (operand: Expr): Expr => unary("neg", operand);
export const not = (operand: Expr): Expr => unary("not", operand);

/** Σ of any number of operands; of none, the i32 0. */
export const sum = (operands: readonly Operand[]): Expr =>
  asExpr(operands.length === 0 ? 0 : operands.reduce((total, operand) => add(total, operand)));
/** True when all hold; true of none. */
export const all = (conditions: readonly Expr[]): Expr => conditions.reduce(and, bool(true));

/** Row-major index of `at` in an array of these sizes. */
export function flatten(at: readonly Operand[], sizes: readonly number[]): Expr {
  invariant(at.length === sizes.length, `${at.length} indices for ${sizes.length} axes`);
  return at.reduce<Expr>((index, coordinate, axis) => add(mul(index, sizes[axis] as number), coordinate), i32(0));
}

/** The indices whose row-major index is `index` ≥ 0: the inverse of `flatten`. */
export function unflatten(index: Expr, sizes: readonly number[]): Expr[] {
  let stride = 1;
  const at: Expr[] = [];
  for (let axis = sizes.length - 1; axis >= 0; axis--) {
    const size = sizes[axis] as number;
    const rest = div(index, stride);
    at.unshift(axis === 0 ? rest : mod(rest, size));
    stride *= size;
  }
  if (sizes[0] === 1) at[0] = i32(0);
  return at;
}

export function select(condition: Expr, thenOperand: Operand, elseOperand: Operand): Expr {
  const [then, otherwise] = unify([thenOperand, elseOperand]) as [Expr, Expr];
  if (condition.kind === "literal") return condition.value === 1 ? then : otherwise;
  return { kind: "select", type: then.type, condition: splat(condition, then.type.width), then, else: otherwise };
}

/** a · b + c. */
export function fma(aOperand: Operand, bOperand: Operand, cOperand: Operand): Expr {
  const [a, b, c] = unify([aOperand, bOperand, cOperand]) as [Expr, Expr, Expr];
  invariant(a.type.scalar === "f32", "fma is for floats");
  if (isLiteral(a, 1)) return add(b, c);
  if (isLiteral(b, 1)) return add(a, c);
  if (isLiteral(c, 0)) return mul(a, b);
  return { kind: "fma", type: a.type, a, b, c };
}

/** The products of the bfloat16 in two words, added to c. */
export function dot(a: Expr, b: Expr, c: Expr): Expr {
  invariant(
    sameType(a.type, u32Type) && sameType(b.type, u32Type) && sameType(c.type, f32Type),
    "dot is for words and a float",
  );
  return { kind: "dot", type: f32Type, a, b, c };
}

/** Numeric conversion, component by component. f32 to integers truncates. */
export function convert(of: Expr, scalar: ScalarType): Expr {
  const type: ValueType = { scalar, width: of.type.width };
  if (of.type.scalar === scalar) return of;
  if (of.kind === "literal") {
    if (scalar === "f32") return literal(type, of.value);
    if (scalar === "bool") return literal(type, of.value === 0 ? 0 : 1);
    const value = Math.trunc(of.value);
    if (value >= (scalar === "u32" ? 0 : -0x80000000) && value <= 0x7fffffff) return literal(type, value);
  }
  return { kind: "convert", type, of };
}

/** The same bits as another 32-bit type. */
export const bitcast = (of: Expr, scalar: Exclude<ScalarType, "bool">): Expr =>
  of.type.scalar === scalar
    ? of
    : of.kind === "literal" && of.type.scalar !== "f32" && scalar !== "f32"
      ? literal({ scalar, width: of.type.width }, scalar === "u32" ? of.value >>> 0 : of.value | 0)
      : { kind: "bitcast", type: { scalar, width: of.type.width }, of };

/** A scalar copied to all components; what has that width already stays as it is. */
export function splat(of: Expr, width: Width): Expr {
  if (of.type.width === width) return of;
  invariant(of.type.width === 1, `a vector of ${of.type.width} cannot become one of ${width}`);
  const type = vectorOf(of.type, width);
  return of.kind === "literal" ? { kind: "literal", type, value: of.value } : { kind: "splat", type, of };
}

/** A vector of scalars; of one scalar, that scalar. */
export function vector(of: readonly Expr[]): Expr {
  const first = of[0];
  invariant(first !== undefined && (of.length === 1 || of.length === 2 || of.length === 4), `a vector of ${of.length}`);
  invariant(
    of.every((part) => sameType(part.type, first.type)),
    "a vector of different types",
  );
  return of.length === 1 ? first : { kind: "vector", type: { scalar: first.type.scalar, width: of.length }, of };
}

/** Component `index` of a vector; of a scalar, the scalar. */
export function component(of: Expr, index: number): Expr {
  invariant(index >= 0 && index < of.type.width, `component ${index} of a vector of ${of.type.width}`);
  if (of.type.width === 1) return of;
  if (of.kind === "vector") return of.of[index] as Expr;
  if (of.kind === "splat") return of.of;
  if (of.kind === "literal") return literal(vectorOf(of.type, 1), of.value);
  return { kind: "component", type: vectorOf(of.type, 1), of, index };
}

/** The components of a vector in order; of a scalar, the scalar alone. */
export const components = (of: Expr): Expr[] =>
  Array.from({ length: of.type.width }, (_, index) => component(of, index));

/** 31 random bits: the generator of abi/random.ts. */
export const random = (seed: Expr, step: Expr, stream: Operand, counter: Expr): Expr => ({
  kind: "random",
  type: i32Type,
  seed,
  step,
  stream: asExpr(stream, u32Type),
  counter,
});
