/**
 * @file Constant folding of kernel operators. Only what every device computes alike is folded: integer arithmetic without overflow, comparisons, and the
 * basic f32 operations that IEEE rounds correctly. Transcendentals are left to the device.
 */
import type { BinaryOp, ScalarType, UnaryOp } from "./ir.ts";

/** The value, or nothing when it is not for the compiler to decide. */
export function foldUnary(op: UnaryOp, scalar: ScalarType, value: number): number | undefined {
  switch (op) {
    case "neg":
      return scalar === "i32" && value === -0x80000000 ? undefined : -value;
    case "not":
      return value === 0 ? 1 : 0;
    case "abs":
      return Math.abs(value);
    case "floor":
      return Math.floor(value);
    case "ceil":
      return Math.ceil(value);
    case "sign":
      return Math.sign(value);
    case "finite":
      return 1;
    default:
      return undefined;
  }
}

/** The value, or nothing when it is not for the compiler to decide. */
export function foldBinary(op: BinaryOp, scalar: ScalarType, left: number, right: number): number | undefined {
  const value = evaluate(op, scalar, left, right);
  if (value === undefined || !Number.isFinite(value)) return undefined;
  if (scalar === "f32") return value;
  const inRange = scalar === "u32" ? value >= 0 && value <= 0xffffffff : value >= -0x80000000 && value <= 0x7fffffff;
  return inRange ? value : undefined;
}

function evaluate(op: BinaryOp, scalar: ScalarType, left: number, right: number): number | undefined {
  const float = scalar === "f32";
  switch (op) {
    case "add":
      return rounded(float, left + right);
    case "sub":
      return rounded(float, left - right);
    case "mul":
      return rounded(float, left * right);
    case "div":
      if (right === 0) return undefined;
      return float ? Math.fround(left / right) : Math.trunc(left / right);
    case "mod":
      return float || right === 0 ? undefined : left % right;
    case "idiv":
      return right === 0 ? undefined : Math.floor(left / right);
    case "imod":
      return right === 0 ? undefined : left - right * Math.floor(left / right);
    case "min":
      return Math.min(left, right);
    case "max":
      return Math.max(left, right);
    case "lt":
      return left < right ? 1 : 0;
    case "le":
      return left <= right ? 1 : 0;
    case "eq":
      return left === right ? 1 : 0;
    case "ne":
      return left !== right ? 1 : 0;
    case "and":
      return left !== 0 && right !== 0 ? 1 : 0;
    case "or":
      return left !== 0 || right !== 0 ? 1 : 0;
    case "pow":
    case "pair":
      return undefined;
  }
}

const rounded = (float: boolean, value: number): number => (float ? Math.fround(value) : value);
