/** @file Kernel operators as JavaScript on numbers (booleans are JavaScript's), rounded to their type. */
import { unreachable } from "../../util/invariant.ts";
import type { BinaryOp, ScalarType, UnaryOp } from "../ir.ts";

export function unaryCode(op: UnaryOp, scalar: ScalarType, x: string): string {
  switch (op) {
    case "neg":
      return scalar === "f32" ? `-(${x})` : wrap(scalar, `-(${x})`);
    case "not":
      return `!${x}`;
    case "abs":
      return wrap(scalar, `Math.abs(${x})`);
    case "sign":
      return `Math.sign(${x})`;
    case "floor":
    case "ceil":
      return `Math.${op}(${x})`;
    case "round":
      return `roundEven(${x})`;
    case "exp":
    case "log":
    case "sqrt":
    case "sin":
    case "cos":
    case "tanh":
      return `fround(Math.${op}(${x}))`;
    case "rsqrt":
      return `fround(1 / Math.sqrt(${x}))`;
    case "erf":
      return `fround(erf(${x}))`;
    case "bf16":
      return `bf16(${x})`;
    case "finite":
      return `Number.isFinite(${x})`;
    default:
      return unreachable(op);
  }
}

export function binaryCode(op: BinaryOp, scalar: ScalarType, a: string, b: string): string {
  switch (op) {
    case "add":
      return wrap(scalar, `${a} + ${b}`);
    case "sub":
      return wrap(scalar, `${a} - (${b})`);
    case "mul":
      return scalar === "f32" ? `fround(${a} * ${b})` : wrap(scalar, `imul(${a}, ${b})`);
    case "div":
      // Devices give the dividend for a divisor of 0.
      return scalar === "f32" ? `fround(${a} / ${b})` : wrap(scalar, `${b} === 0 ? ${a} : ${a} / ${b}`);
    case "mod":
      return wrap(scalar, `${b} === 0 ? 0 : ${a} % ${b}`);
    case "idiv":
      return wrap(scalar, `${b} === 0 ? ${a} : Math.floor(${a} / ${b})`);
    case "imod":
      return wrap(scalar, `${b} === 0 ? 0 : ${a} - (${b}) * Math.floor(${a} / ${b})`);
    case "pow":
      return `fround(Math.pow(${a}, ${b}))`;
    case "pair":
      return `pair(${a}, ${b})`;
    case "min":
    case "max":
      return `Math.${op}(${a}, ${b})`;
    case "lt":
      return `${a} < ${b}`;
    case "le":
      return `${a} <= ${b}`;
    case "eq":
      return `${a} === ${b}`;
    case "ne":
      return `${a} !== ${b}`;
    case "and":
      return `${a} && ${b}`;
    case "or":
      return `${a} || ${b}`;
    default:
      return unreachable(op);
  }
}

/** Numeric conversion; floats outside an integer's range give its nearest value. */
export function convertCode(from: ScalarType, to: ScalarType, x: string): string {
  switch (to) {
    case "f32":
      return from === "bool" ? `${x} ? 1 : 0` : `fround(${x})`;
    case "bool":
      return `${x} !== 0`;
    case "i32":
    case "u32": {
      if (from === "bool") return `${x} ? 1 : 0`;
      if (from !== "f32") return wrap(to, x);
      const [low, high] = to === "i32" ? [-0x80000000, 0x7fffffff] : [0, 0xffffffff];
      return wrap(to, `Math.max(${low}, Math.min(${high}, ${x}))`);
    }
    default:
      return unreachable(to);
  }
}

function wrap(scalar: ScalarType, code: string): string {
  switch (scalar) {
    case "f32":
      return `fround(${code})`;
    case "i32":
      return `(${code}) | 0`;
    case "u32":
      return `(${code}) >>> 0`;
    case "bool":
      return code;
  }
}
