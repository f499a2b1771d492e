/** @file Types of kernel expressions: every operator gets operands it is defined for, and every node has the type that follows from them. */
import { unreachable } from "../../util/invariant.ts";
import { binaryType, f32Type, i32Type, sameType, u32Type, unaryType, vectorOf } from "../expr.ts";
import type { BinaryOp, Expr, ScalarType, UnaryOp, ValueType } from "../ir.ts";
import { printExpr, printType } from "../print.ts";
import { operands } from "../walk.ts";

/** Types of names; nothing where there is no such name or it may not be used so. */
export interface Scope {
  readonly variable: (name: string) => ValueType | undefined;
  readonly register: (name: string) => ValueType | undefined;
  readonly loaded: (name: string) => ValueType | undefined;
}

/** What is wrong with the expression, if anything. */
export function checkExpr(expr: Expr, scope: Scope): string | undefined {
  for (const operand of operands(expr)) {
    const problem = checkExpr(operand, scope);
    if (problem !== undefined) return problem;
  }
  const found = typeOf(expr, scope);
  if (typeof found === "string") return `${found}: ${printExpr(expr)}`;
  return sameType(found, expr.type)
    ? undefined
    : `${printExpr(expr)} has type ${printType(expr.type)} and should have ${printType(found)}`;
}

/** The type that follows from the operands', or what is wrong. */
function typeOf(expr: Expr, scope: Scope): ValueType | string {
  const { scalar, width } = expr.type;
  switch (expr.kind) {
    case "literal":
      return validLiteral(scalar, expr.value) ? expr.type : `no literal of type ${scalar}`;
    case "variable":
      return scope.variable(expr.name) ?? `there is no variable ${expr.name}`;
    case "builtin":
      return i32Type;
    case "element":
    case "load":
      if (!sameType(expr.index.type, i32Type)) return `an index of type ${printType(expr.index.type)}`;
      return (
        (expr.kind === "element" ? scope.register(expr.name) : scope.loaded(expr.array)) ??
        "there is no such array to read"
      );
    case "unary":
      return unaryOperands[expr.op].includes(expr.of.type.scalar)
        ? unaryType(expr.op, expr.of.type)
        : `${expr.op} of ${printType(expr.of.type)}`;
    case "binary": {
      const { left, right } = expr;
      if (!sameType(left.type, right.type)) return `${expr.op} of ${printType(left.type)} and ${printType(right.type)}`;
      return binaryOperands[expr.op].includes(left.type.scalar)
        ? binaryType(expr.op, left.type)
        : `${expr.op} of ${printType(left.type)}`;
    }
    case "select":
      if (!sameType(expr.then.type, expr.else.type)) return "a select of two types";
      return sameType(expr.condition.type, { scalar: "bool", width })
        ? expr.then.type
        : "a select whose condition does not match";
    case "fma":
      return [expr.a, expr.b, expr.c].every((part) => part.type.scalar === "f32" && sameType(part.type, expr.a.type))
        ? expr.a.type
        : "an fma of what is not f32";
    case "dot":
      return sameType(expr.a.type, u32Type) && sameType(expr.b.type, u32Type) && sameType(expr.c.type, f32Type)
        ? f32Type
        : "a dot of what is not words and a float";
    case "convert":
      return { scalar, width: expr.of.type.width };
    case "bitcast":
      return scalar === "bool" || expr.of.type.scalar === "bool"
        ? "a bitcast of booleans"
        : { scalar, width: expr.of.type.width };
    case "splat":
      return expr.of.type.width === 1 && width > 1 ? vectorOf(expr.of.type, width) : "a splat of what is no scalar";
    case "vector":
      return expr.of.length === width && width > 1 && expr.of.every((part) => sameType(part.type, { scalar, width: 1 }))
        ? expr.type
        : "a vector of other parts";
    case "component":
      return expr.index >= 0 && expr.index < expr.of.type.width && expr.of.type.width > 1
        ? vectorOf(expr.of.type, 1)
        : "no such component";
    case "random": {
      const keys = [expr.seed, expr.step, expr.stream].every((part) => sameType(part.type, u32Type));
      return keys && sameType(expr.counter.type, i32Type) ? i32Type : "arguments of another type";
    }
    default:
      return unreachable(expr);
  }
}

function validLiteral(scalar: ScalarType, value: number): boolean {
  switch (scalar) {
    case "f32":
      return Number.isFinite(value) && Math.fround(value) === value;
    case "i32":
      return (value | 0) === value;
    case "u32":
      return value >>> 0 === value;
    case "bool":
      return value === 0 || value === 1;
  }
}

const float: readonly ScalarType[] = ["f32"];
const signed: readonly ScalarType[] = ["f32", "i32"];
const integer: readonly ScalarType[] = ["i32", "u32"];
const numeric: readonly ScalarType[] = ["f32", "i32", "u32"];
const bool: readonly ScalarType[] = ["bool"];

const unaryOperands: Readonly<Record<UnaryOp, readonly ScalarType[]>> = {
  neg: signed,
  abs: signed,
  sign: signed,
  not: bool,
  finite: float,
  exp: float,
  log: float,
  sqrt: float,
  rsqrt: float,
  sin: float,
  cos: float,
  tanh: float,
  erf: float,
  floor: float,
  ceil: float,
  round: float,
  bf16: float,
};

const binaryOperands: Readonly<Record<BinaryOp, readonly ScalarType[]>> = {
  add: numeric,
  sub: numeric,
  mul: numeric,
  div: numeric,
  min: numeric,
  max: numeric,
  mod: integer,
  idiv: ["i32"],
  imod: ["i32"],
  pow: float,
  pair: float,
  lt: numeric,
  le: numeric,
  eq: [...numeric, "bool"],
  ne: [...numeric, "bool"],
  and: bool,
  or: bool,
};
