/**
 * @file Kernel expressions as C. What is the same in all lanes is scalar C; what varies is a vector of the compiler's vector extension, whose operators look the same and
 * take a scalar on one side. Vectors of the kernel IR (widths 2 and 4) are printed component by component, each a variable of its own.
 *
 * An i32 value that is linear in the lane is known by its value in the first lane: `scalarText` gives that, `vectorText` adds the lanes.
 */
import { invariant, unreachable } from "../../src/util/invariant.ts";
import { add, binary, i32, largest, mul } from "../../src/kernel/expr.ts";
import type { BinaryOp, Expr, ScalarType, UnaryOp } from "../../src/kernel/ir.ts";
import { rewriteExpr } from "../../src/kernel/rewrite.ts";
import { visitExpr } from "../../src/kernel/walk.ts";
import { infix as infixText, prefix, within } from "../../src/ir/print/precedence.ts";
import type { Text } from "../../src/ir/print/precedence.ts";
import { floatText } from "../text/text.ts";
import { cName, componentName } from "./names.ts";
import type { Scope } from "./scope.ts";
import { suffix, typeName } from "./scope.ts";
import { shapeOf } from "./shape.ts";

const level = {
  choice: 0,
  or: 1,
  and: 2,
  bitOr: 3,
  bitAnd: 4,
  equality: 5,
  compare: 6,
  shift: 7,
  sum: 8,
  product: 9,
  prefix: 10,
  primary: 11,
} as const;

const primary = (text: string): Text => ({ text, level: level.primary });

/** How component `at` is wanted: as a scalar, as a vector, or as what it is where a vector operator takes either. */
type Want = "scalar" | "vector" | "either";

export const isUniform = (expr: Expr, scope: Scope): boolean => shapeOf(expr, scope).kind === "uniform";

/** A component of what does not vary, or of what is linear: the first lane's. */
export const scalarText = (expr: Expr, scope: Scope, component = 0): string =>
  print(atFirstLane(expr, scope), component, "scalar", scope).text;

export const vectorText = (expr: Expr, scope: Scope, component = 0): string =>
  print(expr, component, "vector", scope).text;

/** A condition as the mask of the lanes where it holds. */
export const maskText = (condition: Expr, scope: Scope): string => print(condition, 0, "vector", scope).text;

/** The operand of a vector operator: a scalar where the value is uniform. */
export const operandText = (expr: Expr, scope: Scope, component = 0): string =>
  print(expr, component, "either", scope).text;

/** As `operandText`, in parentheses unless it is a product or binds tighter. */
export const factorText = (expr: Expr, scope: Scope, component = 0): string =>
  within(print(expr, component, "either", scope), level.product);

/** With one vector to a workgroup its first lane is 0, and what that cancels is not printed. */
function atFirstLane(expr: Expr, scope: Scope): Expr {
  if (scope.parts > 1 || (scope.width === 1 && scope.lanes > 1)) return expr;
  let found = false;
  visitExpr(expr, (part) => (found ||= part.kind === "builtin" && part.name === "lane"));
  if (!found) return expr;
  return rewriteExpr(expr, {
    array: (name) => name,
    expr: (part) => {
      if (part.kind === "builtin") return part.name === "lane" ? i32(0) : part;
      return part.kind === "binary" ? binary(part.op, part.left, part.right) : part;
    },
  });
}

function print(expr: Expr, at: number, want: Want, scope: Scope): Text {
  const shape = shapeOf(expr, scope);
  if (scope.width === 1 || want === "scalar") {
    invariant(shape.kind !== "varying", "a scalar of what varies");
    return structure(expr, at, "scalar", scope);
  }
  if (shape.kind === "uniform") {
    const scalar = structure(atFirstLane(expr, scope), at, "scalar", scope);
    if (want === "either" && expr.type.scalar !== "bool") return scalar;
    return primary(
      `${expr.type.scalar === "bool" ? `splat_mask_x${scope.width}` : `splat_${suffix(expr.type.scalar, scope.width)}`}(${scalar.text})`,
    );
  }
  if (shape.kind === "varying") return structure(expr, at, "vector", scope);
  const lanes = shape.stride === 1 ? "lanes" : shape.stride === -1 ? "-lanes" : `lanes * ${shape.stride}`;
  const vector = lanes.replace("lanes", `lanes_x${scope.width}`);
  const first = structure(atFirstLane(expr, scope), 0, "scalar", scope);
  if (first.text === "0") return { text: vector, level: shape.stride === 1 ? level.primary : level.product };
  return { text: `${within(first, level.sum)} + ${vector}`, level: level.sum };
}

/** An expression by its operator; operands are scalars where this is one. */
function structure(expr: Expr, at: number, as: "scalar" | "vector", scope: Scope): Text {
  const width = as === "scalar" ? 1 : scope.width;
  const full = (part: Expr, component = at): Text => print(part, component, as, scope);
  const operand = (part: Expr): Text => print(part, at, as === "scalar" ? "scalar" : "either", scope);
  const call = (name: string, ...parts: readonly Expr[]): Text =>
    primary(`${name}_x${width}(${parts.map((part) => full(part).text).join(", ")})`);
  switch (expr.kind) {
    case "literal":
      return literalText(expr.type.scalar, expr.value);
    case "variable":
      return primary(`${componentName(expr.name, at, expr.type.width)}${registerPart(expr.name, scope)}`);
    case "element":
      return elementText(expr, at, scope);
    case "builtin":
      if (expr.name === "group") return primary("group");
      return primary(scope.width > 1 ? "first" : scope.lanes > 1 ? "lane" : "0");
    case "load":
      return loadText(expr, at, as, scope);
    case "unary":
      return unaryText(expr, width, operand(expr.of), full(expr.of));
    case "binary":
      return binaryText(expr, at, as, scope);
    case "select": {
      const condition = expr.condition.kind === "splat" ? expr.condition.of : expr.condition;
      const component = expr.condition.kind === "splat" ? 0 : at;
      if (as === "scalar") {
        const chosen = print(condition, component, "scalar", scope);
        return {
          text: `${within(chosen, level.or)} ? ${within(full(expr.then), level.or)} : ${within(full(expr.else), level.choice)}`,
          level: level.choice,
        };
      }
      // GCC 12 computes `condition ? vector : vector` wrongly where several such are multiplied: a mask it is, also for what is the same in all lanes.
      const mask = print(condition, component, "vector", scope).text;
      return primary(
        `select_${suffix(expr.type.scalar, width)}(${mask}, ${full(expr.then).text}, ${full(expr.else).text})`,
      );
    }
    case "fma": {
      const [a, b, c] = [operand(expr.a), operand(expr.b), operand(expr.c)];
      return {
        text: `${within(a, level.product)} * ${within(b, level.prefix)} + ${within(c, level.sum + 1)}`,
        level: level.sum,
      };
    }
    case "dot":
      return call("dot", expr.a, expr.b, expr.c);
    case "convert":
      return convertText(expr.of.type.scalar, expr.type.scalar, width, full(expr.of));
    case "bitcast":
      if (width > 1)
        return {
          text: `(${typeName(expr.type.scalar, width)})${within(full(expr.of), level.prefix)}`,
          level: level.prefix,
        };
      return primary(
        `${expr.type.scalar}_bits_x1(${expr.of.type.scalar === "f32" ? `bits_x1(${full(expr.of).text})` : full(expr.of).text})`,
      );
    case "splat":
      return full(expr.of, 0);
    case "vector":
      return full(expr.of[at] ?? unreachable(expr as never), 0);
    case "component":
      return full(expr.of, expr.index);
    case "random": {
      const keys = [expr.seed, expr.step, expr.stream];
      if (!keys.every((key) => isUniform(key, scope))) return call("random_of", ...keys, expr.counter);
      return primary(
        `random_x${width}(random_key(${keys.map((key) => scalarText(key, scope)).join(", ")}), ${full(expr.counter).text})`,
      );
    }
    default:
      return unreachable(expr);
  }
}

/** Registers have a value a vector of the workgroup. */
const registerPart = (name: string, scope: Scope): string =>
  scope.parts > 1 && scope.registers.has(name) ? "[part]" : "";

/** An element of a register array, whole or, where the index differs from lane to lane, gathered. */
function elementText(expr: Extract<Expr, { kind: "element" }>, at: number, scope: Scope): Text {
  if (scope.width > 1 && !isUniform(expr.index, scope)) {
    const index = print(
      add(mul(expr.index, scope.width), { kind: "builtin", type: i32(0).type, name: "lane" }),
      0,
      "vector",
      { ...scope, parts: 1, lanes: scope.width },
    );
    const { scalar } = expr.type;
    const of = `${componentName(expr.name, at, expr.type.width)}${registerPart(expr.name, scope)}`;
    return primary(
      `gather_${suffix(scalar, scope.width)}((const ${typeName(scalar, 1)} *)${of}, ${index.text}${scope.mask === undefined ? "" : `, ${scope.mask}`})`.replace(
        "gather_",
        scope.mask === undefined ? "gather_" : "gather_masked_",
      ),
    );
  }
  return primary(placeOfRegister(expr.name, expr.type.width, at, expr.index, scope));
}

/** The C variable or element that holds a component of a register (array). */
export function placeOfRegister(
  name: string,
  width: number,
  at: number,
  index: Expr | undefined,
  scope: Scope,
): string {
  if (index === undefined) return `${componentName(name, at, width)}${registerPart(name, scope)}`;
  if (scope.split.has(name) && index.kind === "literal")
    return `${componentName(`${cName(name)}_${index.value}`, at, width)}${registerPart(name, scope)}`;
  return `${componentName(name, at, width)}${registerPart(name, scope)}[${scalarText(index, scope)}]`;
}

/** An element of an array. A constant part of the index goes to the pointer, so that neighbours share the conversion of the rest to 64 bits. */
export function elementAt(array: string, index: Expr, scope: Scope): string {
  const first = atFirstLane(index, scope);
  const parted =
    first.kind === "binary" && first.op === "add" && first.right.kind === "literal" && first.right.value > 0;
  return parted
    ? `(${array} + ${first.right.value})[${scalarText(first.left, scope)}]`
    : `${array}[${scalarText(first, scope)}]`;
}

/** Component `at` of the elements of an array counts as an element of its own. */
export const flatIndex = (index: Expr, at: number, width: number): Expr =>
  width === 1 ? index : add(mul(index, width), at);

function loadText(expr: Extract<Expr, { kind: "load" }>, at: number, as: "scalar" | "vector", scope: Scope): Text {
  const { scalar, width } = expr.type;
  const index = flatIndex(expr.index, at, width);
  const array = cName(expr.array);
  if (as === "scalar") {
    const element = primary(elementAt(array, index, scope));
    return scalar === "bool" ? { text: `${element.text} != 0`, level: level.equality } : element;
  }
  const shape = shapeOf(index, scope);
  const masked = scope.mask === undefined ? ["", ""] : ["masked_", `, ${scope.mask}`];
  const together = shape.kind === "linear" && shape.stride === 1;
  const text = together
    ? `load_${masked[0]}${suffix(scalar, scope.width)}(&${elementAt(array, index, scope)}${masked[1]})`
    : `gather_${masked[0]}${suffix(scalar, scope.width)}(${array}, ${vectorText(index, scope)}${masked[1]})`;
  return scalar === "bool" ? { text: `${text} != 0`, level: level.equality } : primary(text);
}

function literalText(scalar: ScalarType, value: number): Text {
  const text =
    scalar === "f32"
      ? `${floatText(value)}f`
      : scalar === "u32"
        ? `${value}u`
        : value === -0x80000000
          ? "(-2147483647 - 1)"
          : `${value}`;
  return { text, level: text.startsWith("-") ? level.prefix : level.primary };
}

const functions: Readonly<Partial<Record<UnaryOp, string>>> = {
  exp: "exp",
  log: "log",
  sqrt: "sqrt",
  rsqrt: "rsqrt",
  sin: "sin",
  cos: "cos",
  tanh: "tanh",
  erf: "erf",
  floor: "floor",
  ceil: "ceil",
  round: "round",
  finite: "is_finite",
  bf16: "bf16",
};

function unaryText({ op, of }: Extract<Expr, { kind: "unary" }>, width: number, operand: Text, full: Text): Text {
  switch (op) {
    case "neg":
      return prefix("-", operand, level.prefix);
    case "not":
      return prefix(width === 1 ? "!" : "~", full, level.prefix);
    case "abs":
    case "sign":
      return primary(`${op}_${suffix(of.type.scalar, width)}(${full.text})`);
    default:
      return primary(`${functions[op] ?? unreachable(op as never)}_x${width}(${full.text})`);
  }
}

const operators: Readonly<Partial<Record<BinaryOp, readonly [text: string, level: number]>>> = {
  add: ["+", level.sum],
  sub: ["-", level.sum],
  mul: ["*", level.product],
  div: ["/", level.product],
  mod: ["%", level.product],
  lt: ["<", level.compare],
  le: ["<=", level.compare],
  eq: ["==", level.equality],
  ne: ["!=", level.equality],
};

function binaryText(expr: Extract<Expr, { kind: "binary" }>, at: number, as: "scalar" | "vector", scope: Scope): Text {
  const { op, left, right } = expr;
  const width = as === "scalar" ? 1 : scope.width;
  const { scalar } = left.type;
  const full = (part: Expr): string => print(part, at, as, scope).text;
  const call = (name: string): Text => primary(`${name}(${full(left)}, ${full(right)})`);
  const infix = (symbol: string, binds: number, leftLeast = binds, rightLeast = binds + 1): Text => {
    // One side at least must be a vector.
    const side = (part: Expr): Want =>
      as === "scalar"
        ? "scalar"
        : isUniform(part, scope) && isUniform(part === left ? right : left, scope)
          ? "vector"
          : "either";
    return infixText(
      print(left, at, side(left), scope),
      symbol,
      print(right, at, side(right), scope),
      binds,
      leftLeast,
      rightLeast,
    );
  };
  switch (op) {
    case "min":
    case "max": {
      // Of NaN and a number, processors take the second operand.
      const [first, second] = right.kind === "literal" ? [right, left] : [left, right];
      return primary(`${op}_${suffix(scalar, width)}(${full(first)}, ${full(second)})`);
    }
    case "pair":
      return call(`pair_x${width}`);
    case "pow":
      return powerText(expr, at, as, scope);
    case "and":
      return width === 1 ? infix("&&", level.and) : infix("&", level.bitAnd);
    case "or":
      // Compilers warn of `&&` within `||` without parentheses.
      return width === 1
        ? infix("||", level.or, level.bitOr, level.bitOr)
        : infix("|", level.bitOr, level.equality, level.equality);
    case "div":
    case "mod":
    case "idiv":
    case "imod": {
      if (scalar === "f32") return infix("/", level.product);
      const divisor = right.kind === "literal" ? right.value : 0;
      const quotient = op === "div" || op === "idiv";
      // Shifts and masks round down for any sign.
      if (divisor > 0 && Number.isInteger(Math.log2(divisor))) {
        const dividend = print(left, at, as, scope);
        const last = scalar === "u32" ? `${divisor - 1}u` : `${divisor - 1}`;
        return quotient
          ? { text: `${within(dividend, level.prefix)} >> ${Math.log2(divisor)}`, level: level.shift }
          : { text: `${within(dividend, level.prefix)} & ${last}`, level: level.bitAnd };
      }
      if (op === "idiv" || op === "imod") return call(`${op === "idiv" ? "floor_div" : "floor_mod"}_x${width}`);
      if (divisor <= 0) return call(`${op}_${suffix(scalar, width)}`);
      return infix(quotient ? "/" : "%", level.product);
    }
    default: {
      if (op === "add" && right.kind === "literal" && right.value < 0 && right.value > -largest) {
        const [l, r] = [
          print(left, at, as === "scalar" ? "scalar" : "either", scope),
          literalText(scalar, -right.value),
        ];
        if (as === "scalar" || !isUniform(left, scope))
          return { text: `${within(l, level.sum)} - ${r.text}`, level: level.sum };
      }
      const [symbol, binds] = operators[op] ?? unreachable(op as never);
      return infix(symbol, binds, op === "eq" || op === "ne" || op === "lt" || op === "le" ? binds + 1 : binds);
    }
  }
}

/** Powers that are a product, a root or a quotient are printed as such. */
function powerText(
  { left: base, right: exponent }: Extract<Expr, { kind: "binary" }>,
  at: number,
  as: "scalar" | "vector",
  scope: Scope,
): Text {
  const width = as === "scalar" ? 1 : scope.width;
  const text = (part: Expr): string => print(part, at, as, scope).text;
  if (exponent.kind === "literal") {
    if (Number.isInteger(exponent.value) && Math.abs(exponent.value) <= 64)
      return primary(`whole_power_x${width}(${text(base)}, ${exponent.value})`);
    if (exponent.value === 0.5) return primary(`sqrt_x${width}(${text(base)})`);
    if (exponent.value === -0.5) return primary(`rsqrt_x${width}(${text(base)})`);
  }
  return primary(`power_x${width}(${text(base)}, ${text(exponent)})`);
}

function convertText(from: ScalarType, to: ScalarType, width: number, of: Text): Text {
  if (to === "bool") return { text: `${within(of, level.compare)} != 0`, level: level.equality };
  if (from === "bool") {
    if (width === 1) return { text: `(${typeName(to, 1)})${within(of, level.prefix)}`, level: level.prefix };
    return primary(`${to}_of_mask_x${width}(${of.text})`);
  }
  if (to === "f32" || from === "f32") return primary(`${to}_of_${from}_x${width}(${of.text})`);
  return { text: `(${typeName(to, width)})${within(of, level.prefix)}`, level: level.prefix };
}
