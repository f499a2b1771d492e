/** @file Kernel expressions as WGSL, with only the parentheses that WGSL's precedences ask for. */
import { unreachable } from "../../src/util/invariant.ts";
import { largest } from "../../src/kernel/expr.ts";
import type { BinaryOp, Expr, UnaryOp, ValueType } from "../../src/kernel/ir.ts";
import { infix, prefix, within } from "../../src/ir/print/precedence.ts";
import type { Text as PlainText } from "../../src/ir/print/precedence.ts";
import { floatText } from "../text/text.ts";
import type { HelperName } from "./names.ts";
import { wgslName } from "./names.ts";
import type { Scope } from "./scope.ts";
import { partName, typeName, useHelper } from "./scope.ts";

/** How tightly a text binds; an operand that binds less than its place asks for is put in parentheses. */
const level = { bits: 0, or: 1, and: 1, compare: 2, sum: 3, product: 4, prefix: 5, primary: 6 } as const;

interface Text extends PlainText {
  /** `&&` and `||` share a level but WGSL does not let them mix. */
  readonly operator?: string;
}

export const expression = (expr: Expr, scope: Scope): string => print(expr, scope).text;

const primary = (text: string): Text => ({ text, level: level.primary });

function print(expr: Expr, scope: Scope): Text {
  const text = (part: Expr): string => print(part, scope).text;
  const call = (name: string, ...args: readonly Expr[]): Text => primary(`${name}(${args.map(text).join(", ")})`);
  switch (expr.kind) {
    case "literal":
      return literalText(expr.type, expr.value, scope);
    case "variable":
      return primary(wgslName(expr.name));
    case "element":
      if (scope.split.has(expr.name) && expr.index.kind === "literal")
        return primary(partName(expr.name, expr.index.value));
      return primary(`${wgslName(expr.name)}[${text(expr.index)}]`);
    case "builtin":
      scope.uses.add(expr.name);
      return primary(expr.name);
    case "load":
      return primary(`${wgslName(expr.array)}[${text(expr.index)}]`);
    case "unary":
      return unaryText(expr.op, expr.of, scope);
    case "binary":
      return binaryText(expr, scope);
    case "select": {
      const condition = expr.condition.kind === "splat" ? expr.condition.of : expr.condition;
      return call("select", expr.else, expr.then, condition);
    }
    case "fma":
      return call("fma", expr.a, expr.b, expr.c);
    case "dot":
      return call(useHelper(scope, { name: "dot_of_halves", width: 1 }), expr.a, expr.b, expr.c);
    case "convert":
      if (expr.of.type.scalar === "f32" && expr.type.scalar === "i32")
        return call(useHelper(scope, { name: "whole_of", width: expr.type.width }), expr.of);
      return call(typeName(expr.type), expr.of);
    case "splat":
      return call(typeName(expr.type), expr.of);
    case "vector":
      return call(typeName(expr.type), ...expr.of);
    case "bitcast":
      return call(`bitcast<${typeName(expr.type)}>`, expr.of);
    case "component":
      return primary(`${operand(expr.of, level.primary, scope)}.${"xyzw"[expr.index] ?? ""}`);
    case "random":
      return call(useHelper(scope, { name: "random_bits", width: 1 }), expr.seed, expr.step, expr.stream, expr.counter);
    default:
      return unreachable(expr);
  }
}

const operand = (expr: Expr, least: number, scope: Scope): string => within(print(expr, scope), least);

function literalText(type: ValueType, value: number, scope: Scope): Text {
  const scalar = scalarLiteral(type.scalar, value, scope);
  if (type.width > 1) return primary(`${typeName(type)}(${scalar})`);
  return { text: scalar, level: scalar.startsWith("-") ? level.prefix : level.primary };
}

function scalarLiteral(scalar: ValueType["scalar"], value: number, scope: Scope): string {
  switch (scalar) {
    case "bool":
      return value === 0 ? "false" : "true";
    case "i32":
      return `${value}`;
    case "u32":
      return `${value}u`;
    case "f32":
      if (Math.abs(value) === largest) {
        scope.uses.add("largest");
        return value < 0 ? "-largest" : "largest";
      }
      return floatText(value);
    default:
      return unreachable(scalar);
  }
}

const functions: Readonly<Partial<Record<UnaryOp, string>>> = {
  exp: "exp",
  sqrt: "sqrt",
  rsqrt: "inverseSqrt",
  abs: "abs",
  floor: "floor",
  ceil: "ceil",
  round: "round",
  sign: "sign",
};
const ownFunctions: Readonly<Partial<Record<UnaryOp, HelperName>>> = {
  log: "accurate_log",
  sin: "accurate_sin",
  cos: "accurate_cos",
  tanh: "accurate_tanh",
  erf: "accurate_erf",
  finite: "is_finite",
  bf16: "bf16",
};

function unaryText(op: UnaryOp, of: Expr, scope: Scope): Text {
  if (op === "neg" || op === "not") return prefix(op === "neg" ? "-" : "!", print(of, scope), level.prefix);
  const own = ownFunctions[op];
  const name = own === undefined ? functions[op] : useHelper(scope, { name: own, width: of.type.width });
  return primary(`${name ?? unreachable(op as never)}(${print(of, scope).text})`);
}

const operators: Readonly<Partial<Record<BinaryOp, readonly [text: string, level: number]>>> = {
  add: ["+", level.sum],
  sub: ["-", level.sum],
  mul: ["*", level.product],
  div: ["/", level.product],
  mod: ["%", level.product],
  lt: ["<", level.compare],
  le: ["<=", level.compare],
  eq: ["==", level.compare],
  ne: ["!=", level.compare],
};

type Binary = Extract<Expr, { kind: "binary" }>;

function binaryText(expr: Binary, scope: Scope): Text {
  const { op, left, right } = expr;
  const call = (name: string): Text => primary(`${name}(${print(left, scope).text}, ${print(right, scope).text})`);
  const bits = bitsText(expr, scope);
  if (bits) return bits;
  switch (op) {
    case "min":
    case "max":
      return call(op);
    case "pair":
      return call(useHelper(scope, { name: "pair_of_halves", width: expr.type.width }));
    case "pow":
      return powerText(expr, scope);
    case "idiv":
      return call(useHelper(scope, { name: "floor_div", width: expr.type.width }));
    case "imod":
      return call(useHelper(scope, { name: "floor_mod", width: expr.type.width }));
    case "and":
    case "or":
      return logicalText(expr, scope);
    default: {
      const [symbol, binds] = operators[op] ?? unreachable(op as never);
      if (
        op === "add" &&
        right.kind === "literal" &&
        right.type.width === 1 &&
        right.value < 0 &&
        Math.abs(right.value) < largest
      ) {
        const positive = scalarLiteral(right.type.scalar, -right.value, scope);
        return { text: `${operand(left, binds, scope)} - ${positive}`, level: binds };
      }
      // WGSL combines a vector and a scalar by itself, which reads better than a splat.
      const mixes = binds >= level.sum && left.type.scalar === "f32" && left.type.width > 1;
      const [first, second] = mixes ? scalarSide(left, right) : [left, right];
      // Comparisons do not chain; the right operand of the others must bind tighter, since they group to the left.
      const firstLevel = binds === level.compare ? binds + 1 : binds;
      const secondLevel = associates(op, second) ? binds : binds + 1;
      return infix(print(first, scope), symbol, print(second, scope), binds, firstLevel, secondLevel);
    }
  }
}

/**
 * Quotients and remainders by powers of two as shifts and masks, which round down for any sign and are several times as fast where a device cannot know that
 * the dividend is not negative. WGSL wants parentheses around them wherever another operator follows.
 */
function bitsText({ op, left, right, type }: Binary, scope: Scope): Text | undefined {
  if (type.scalar !== "i32" || type.width !== 1 || right.kind !== "literal") return undefined;
  const exponent = Math.log2(right.value);
  if (!Number.isInteger(exponent)) return undefined;
  const dividend = operand(left, level.prefix, scope);
  if (op === "div" || op === "idiv") return { text: `${dividend} >> ${exponent}u`, level: level.bits };
  return op === "mod" || op === "imod" ? { text: `${dividend} & ${right.value - 1}`, level: level.bits } : undefined;
}

/** Whether a right operand may lose its parentheses: integer sums and products wrap, so their order does not matter. */
function associates(op: BinaryOp, right: Expr): boolean {
  if (right.kind !== "binary" || right.type.scalar === "f32") return false;
  return op === "add" ? right.op === "add" || right.op === "sub" : op === "mul" && right.op === "mul";
}

/** The operands, with one splat or vector literal replaced by its scalar. */
function scalarSide(left: Expr, right: Expr): readonly [Expr, Expr] {
  const scalarRight = unsplat(right);
  if (scalarRight) return [left, scalarRight];
  return [unsplat(left) ?? left, right];
}

function unsplat(expr: Expr): Expr | undefined {
  if (expr.kind === "splat") return expr.of;
  return expr.kind === "literal" ? { ...expr, type: { scalar: expr.type.scalar, width: 1 } } : undefined;
}

/** `&&` and `||`, on vectors `&` and `|`; neither mixes with the other, and `&` and `|` take only primaries without parentheses. */
function logicalText({ op, left, right, type }: Binary, scope: Scope): Text {
  const symbol = (op === "and" ? "&" : "|").repeat(type.width === 1 ? 2 : 1);
  const side = (expr: Expr): string => {
    const { text, level: binds, operator } = print(expr, scope);
    const least = type.width === 1 ? level.compare : level.prefix;
    return binds >= least || (operator === symbol && expr === left) ? text : `(${text})`;
  };
  return { text: `${side(left)} ${symbol} ${side(right)}`, level: level.and, operator: symbol };
}

/** Powers that are a product, a root or a quotient are printed as such: WGSL's pow is inexact, and undefined below 0. */
function powerText({ left: base, right: exponent, type }: Binary, scope: Scope): Text {
  const { width } = type;
  if (exponent.kind === "literal") {
    const whole = Math.abs(exponent.value);
    const one = width === 1 ? "1.0" : `${typeName(type)}(1.0)`;
    const powered =
      wholePower(base, whole, scope) ?? (whole === 0.5 ? primary(`sqrt(${print(base, scope).text})`) : undefined);
    if (exponent.value === -0.5) return primary(`inverseSqrt(${print(base, scope).text})`);
    if (powered && exponent.value >= 0) return powered;
    if (powered) return infix(primary(one), "/", powered, level.product);
  }
  return primary(
    `${useHelper(scope, { name: "power", width })}(${print(base, scope).text}, ${print(exponent, scope).text})`,
  );
}

function wholePower(base: Expr, exponent: number, scope: Scope): Text | undefined {
  if (!Number.isInteger(exponent) || exponent > 64) return undefined;
  if (exponent === 0) return literalText(base.type, 1, scope);
  if (exponent === 1) return print(base, scope);
  if (base.kind === "variable" && exponent <= 4) {
    return { text: Array.from({ length: exponent }, () => print(base, scope).text).join(" * "), level: level.product };
  }
  return primary(
    `${useHelper(scope, { name: "whole_power", width: base.type.width })}(${print(base, scope).text}, ${exponent}u)`,
  );
}
