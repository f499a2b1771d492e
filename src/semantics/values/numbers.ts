/**
 * @file Arithmetic. Numbers known while compiling fold in f64 and keep an exact form where they may be sizes; with a tensor involved the
 * result is an IR scalar. Index values (i32) stay integers with integers and become f32 beside floating point.
 */
import type { BinaryOperator } from "../../../grammar/syntax/ast.ts";
import type { BinaryOp, Scalar, UnaryOp } from "../../ir/graph.ts";
import * as ir from "../../ir/scalar.ts";
import { addSizes, divideSizes, multiplySizes, negateSize, type Polynomial } from "./size.ts";
import { number, type NumberValue } from "./value.ts";

export type Arithmetic = Exclude<BinaryOperator, "|>" | "->" | "..">;
/** An operand: a number known while compiling, or an open scalar. */
export type NumberOperand = number | Scalar;

/** Why two operands do not go together. */
export type Refusal = { readonly refused: string };

export function isRefusal(value: unknown): value is Refusal {
  return typeof value === "object" && value !== null && "refused" in value;
}

/** Folds two numbers. Comparisons give a boolean. */
export function foldNumbers(op: Arithmetic, a: NumberValue, b: NumberValue): NumberValue | boolean | Refusal {
  const [x, y] = [a.value, b.value];
  switch (op) {
    case "+":
      return number(x + y, exactly(addSizes, a, b));
    case "-":
      return number(
        x - y,
        exactly((p, q) => addSizes(p, negateSize(q)), a, b),
      );
    case "*":
      return number(x * y, exactly(multiplySizes, a, b));
    case "/":
      return quotient(a, b);
    case "^":
      return number(x ** y);
    case "div":
      return y === 0 ? { refused: "division by zero" } : number(Math.floor(x / y), wholeQuotient(a, b));
    case "mod":
      return y === 0 ? { refused: "division by zero" } : number(x - y * Math.floor(x / y));
    case "==":
      return x === y;
    case "!=":
      return x !== y;
    case "<":
      return x < y;
    case "<=":
      return x <= y;
    case ">":
      return x > y;
    case ">=":
      return x >= y;
    case "and":
    case "or":
      return { refused: `\`${op}\` joins conditions, not numbers` };
  }
}

function exactly(
  combine: (p: Polynomial, q: Polynomial) => Polynomial | undefined,
  a: NumberValue,
  b: NumberValue,
): Polynomial | undefined {
  return a.exact && b.exact ? combine(a.exact, b.exact) : undefined;
}

function quotient(a: NumberValue, b: NumberValue): NumberValue | Refusal {
  if (b.value === 0) return { refused: "division by zero" };
  return number(a.value / b.value, exactly(divideSizes, a, b));
}

/** `D div 2` is the polynomial D / 2 where that is known to be whole. */
function wholeQuotient(a: NumberValue, b: NumberValue): Polynomial | undefined {
  return Number.isInteger(a.value / b.value) ? exactly(divideSizes, a, b) : undefined;
}

const comparison: Partial<Record<Arithmetic, { readonly op: BinaryOp; readonly swap: boolean }>> = {
  "==": { op: "eq", swap: false },
  "!=": { op: "ne", swap: false },
  "<": { op: "lt", swap: false },
  "<=": { op: "le", swap: false },
  ">": { op: "lt", swap: true },
  ">=": { op: "le", swap: true },
};
const integerOps: Partial<Record<Arithmetic, BinaryOp>> = {
  "+": "add",
  "-": "sub",
  "*": "mul",
  div: "idiv",
  mod: "mod",
};
const floatOps: Partial<Record<Arithmetic, BinaryOp>> = { "+": "add", "-": "sub", "*": "mul", "/": "div" };

/** Combines two operands of which at least one is a scalar. */
export function combine(op: Arithmetic, a: NumberOperand, b: NumberOperand): Scalar | Refusal {
  if (op === "and" || op === "or") {
    if (!isBool(a) || !isBool(b)) return { refused: `\`${op}\` joins conditions` };
    return ir.binary(op, a, b);
  }
  if (isBool(a) || isBool(b)) {
    const same = isBool(a) && isBool(b) && (op === "==" || op === "!=");
    return same
      ? ir.binary(op === "==" ? "eq" : "ne", a, b)
      : { refused: `\`${op}\` needs numbers, and this is a condition` };
  }
  const whole = isWhole(a) && isWhole(b);
  const compared = comparison[op];
  if (compared) {
    const [x, y] = whole ? [asInt(a), asInt(b)] : [asFloat(a), asFloat(b)];
    return compared.swap ? ir.binary(compared.op, y, x) : ir.binary(compared.op, x, y);
  }
  if (op === "^") return typeof b === "number" ? powerOf(a, b) : ir.binary("pow", asFloat(a), asFloat(b));
  const integer = integerOps[op];
  if ((op === "div" || op === "mod") && b === 0) return { refused: "division by zero" };
  if (whole && integer) return ir.binary(integer, asInt(a), asInt(b));
  const float = floatOps[op];
  return float
    ? ir.binary(float, asFloat(a), asFloat(b))
    : { refused: `\`${op}\` needs index values or integers${[a, b].some(isTooLarge) ? " below 2^31" : ""}` };
}

/** Index arithmetic has 32 bits. */
const isTooLarge = (a: NumberOperand): boolean => typeof a === "number" && Number.isInteger(a) && !isWhole(a);

/** Small integer powers are products: exact, differentiable at zero, and defined for negative bases. */
function powerOf(base: NumberOperand, exponent: number): Scalar {
  const whole = typeof base !== "number" && base.dtype === "i32" && Number.isInteger(exponent) && exponent >= 0;
  const x = whole ? asInt(base) : asFloat(base);
  if (Number.isInteger(exponent) && Math.abs(exponent) <= 8) {
    if (exponent === 0) return whole ? ir.int(1) : ir.literal(1);
    let product = x;
    for (let n = 1; n < Math.abs(exponent); n++) product = ir.mul(product, x);
    return exponent > 0 ? product : ir.div(ir.literal(1), product);
  }
  if (exponent === 0.5) return ir.unary("sqrt", asFloat(x));
  if (exponent === -0.5) return ir.unary("rsqrt", asFloat(x));
  return ir.binary("pow", asFloat(x), ir.literal(exponent));
}

export function isBool(a: NumberOperand): a is Scalar {
  return typeof a !== "number" && a.dtype === "bool";
}

/** Whether an operand is an integer of 32 bits. A symbol (a size whose value is not known) counts as one. */
export function isWhole(a: NumberOperand): boolean {
  return typeof a === "number" ? (Number.isInteger(a) && Math.abs(a) < 2 ** 31) || Number.isNaN(a) : a.dtype === "i32";
}

export function asInt(a: NumberOperand): Scalar {
  return typeof a === "number" ? ir.int(a) : ir.cast(a, "i32");
}

export function asFloat(a: NumberOperand): Scalar {
  return typeof a === "number" ? ir.literal(a) : ir.cast(a, "f32");
}

/** The two sides of an `if`, in one type. */
export function unify(a: NumberOperand, b: NumberOperand): readonly [Scalar, Scalar] | undefined {
  if (isBool(a) !== isBool(b)) return undefined;
  if (isBool(a) && isBool(b)) return [a, b];
  // Integers beside nothing but integers mean numbers, unless one side is an index value.
  const integers = isWhole(a) && isWhole(b) && (typeof a !== "number" || typeof b !== "number");
  return integers ? [asInt(a), asInt(b)] : [asFloat(a), asFloat(b)];
}

export const unaryFunctions: ReadonlySet<string> = new Set<UnaryOp>([
  "exp",
  "log",
  "sqrt",
  "rsqrt",
  "sin",
  "cos",
  "tanh",
  "erf",
  "abs",
  "floor",
  "ceil",
  "round",
  "sign",
  "stop",
]);

/** Applies an intrinsic of one argument; integers stay integers where that means something. */
export function applyIntrinsic(op: UnaryOp, a: Scalar): Scalar | Refusal {
  if (a.dtype === "bool") return { refused: `\`${op}\` needs a number, and this is a condition` };
  if (a.dtype === "i32") {
    if (op === "floor" || op === "ceil" || op === "round" || op === "stop") return a;
    if (op === "abs" || op === "neg") return ir.unary(op, a);
  }
  return ir.unary(op, asFloat(a));
}

/** `min` and `max` of two operands of which one is a scalar. */
export function extreme(op: "min" | "max", a: NumberOperand, b: NumberOperand): Scalar | Refusal {
  if (isBool(a) || isBool(b)) return { refused: `\`${op}\` needs numbers, and this is a condition` };
  return isWhole(a) && isWhole(b) ? ir.binary(op, asInt(a), asInt(b)) : ir.binary(op, asFloat(a), asFloat(b));
}
