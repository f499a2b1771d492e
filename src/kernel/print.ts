/** @file Kernel IR as text, for `explain --stage=kernels` and for messages. Close to the IR: no barriers, reductions as one line. */
import { unreachable } from "../util/invariant.ts";
import type { Array_, BinaryOp, Expr, Kernel, Statement, UniformStatement, ValueType } from "./ir.ts";

export function printKernel(kernel: Kernel): string {
  const declarations = [
    ...kernel.bindings.map(
      ({ name, access, element, length }) => `${access.replace("_", "/")} ${name}: ${printType(element)}[${length}]`,
    ),
    ...kernel.shared.map((array) => `shared ${printArray(array)}`),
    ...kernel.registers.map((array) => `register ${printArray(array)}`),
  ];
  return [
    `kernel ${kernel.name}: ${kernel.groups} groups of ${kernel.lanes} lanes`,
    ...indent([...kernel.comment.map((line) => `// ${line}`), ...declarations, ...printStatements(kernel.body)]),
    "",
  ].join("\n");
}

/** `f32`, `vec4 f32`. */
export const printType = ({ scalar, width }: ValueType): string => (width === 1 ? scalar : `vec${width} ${scalar}`);

const printArray = ({ name, element, length }: Array_): string =>
  `${name}: ${printType(element)}${length === 1 ? "" : `[${length}]`}`;

/** Lines of statements of either level. */
export function printStatements(body: readonly (Statement | UniformStatement)[]): string[] {
  return body.flatMap((statement): string[] => {
    switch (statement.kind) {
      case "let":
      case "var":
        return [`${statement.kind} ${statement.name} = ${printExpr(statement.value)}`];
      case "set":
        return [
          `${statement.target}${statement.index ? `[${printExpr(statement.index)}]` : ""} := ${printExpr(statement.value)}`,
        ];
      case "store":
        return [`${statement.array}[${printExpr(statement.index)}] = ${printExpr(statement.value)}`];
      case "for": {
        const step = statement.step === 1 ? "" : ` by ${statement.step}`;
        return [
          `for ${statement.variable} in ${printExpr(statement.from)} .. ${printExpr(statement.to)}${step}`,
          ...indent(printStatements(statement.body)),
        ];
      }
      case "if": {
        const otherwise = statement.else.length === 0 ? [] : ["else", ...indent(printStatements(statement.else))];
        return [`if ${printExpr(statement.condition)}`, ...indent(printStatements(statement.then)), ...otherwise];
      }
      case "phase":
        return [
          statement.name === undefined ? "phase" : `phase ${statement.name}`,
          ...indent(printStatements(statement.body)),
        ];
      case "reduce": {
        const over = statement.width === undefined ? "all lanes" : `runs of ${statement.width} lanes`;
        return [`reduce ${statement.op} ${statement.register} over ${over} by ${statement.scratch}`];
      }
      default:
        return unreachable(statement);
    }
  });
}

const infix: Readonly<Partial<Record<BinaryOp, readonly [symbol: string, level: number]>>> = {
  or: ["or", 1],
  and: ["and", 2],
  lt: ["<", 3],
  le: ["<=", 3],
  eq: ["=", 3],
  ne: ["≠", 3],
  add: ["+", 4],
  sub: ["-", 4],
  mul: ["·", 5],
  div: ["/", 5],
  mod: ["%", 5],
  idiv: ["div", 5],
  imod: ["mod", 5],
  pow: ["^", 6],
};

/** An expression with the parentheses it needs where operators bind at least as tightly as `least`. */
export function printExpr(expr: Expr, least = 0): string {
  const call = (name: string, ...args: readonly Expr[]): string =>
    `${name}(${args.map((arg) => printExpr(arg)).join(", ")})`;
  const paren = (text: string, level: number): string => (level < least ? `(${text})` : text);
  switch (expr.kind) {
    case "literal":
      return expr.type.scalar === "bool" ? `${expr.value !== 0}` : shortest(expr.value);
    case "variable":
    case "builtin":
      return expr.name;
    case "element":
      return `${expr.name}[${printExpr(expr.index)}]`;
    case "load":
      return `${expr.array}[${printExpr(expr.index)}]`;
    case "unary":
      if (expr.op === "neg") return paren(`-${printExpr(expr.of, 7)}`, 6);
      return expr.op === "not" ? paren(`not ${printExpr(expr.of, 7)}`, 6) : call(expr.op, expr.of);
    case "binary": {
      const known = infix[expr.op];
      if (!known) return call(expr.op, expr.left, expr.right);
      const [symbol, level] = known;
      return paren(`${printExpr(expr.left, level)} ${symbol} ${printExpr(expr.right, level + 1)}`, level);
    }
    case "select":
      return paren(
        `if ${printExpr(expr.condition, 1)} then ${printExpr(expr.then, 1)} else ${printExpr(expr.else, 1)}`,
        0,
      );
    case "fma":
      return paren(`${printExpr(expr.a, 5)} · ${printExpr(expr.b, 6)} + ${printExpr(expr.c, 5)}`, 4);
    case "dot":
      return paren(`${call("dot", expr.a, expr.b)} + ${printExpr(expr.c, 5)}`, 4);
    case "convert":
      return call(expr.type.scalar, expr.of);
    case "bitcast":
      return call(`bits_${expr.type.scalar}`, expr.of);
    case "splat":
      return call(`vec${expr.type.width}`, expr.of);
    case "vector":
      return `[${expr.of.map((part) => printExpr(part)).join(", ")}]`;
    case "component":
      return `${printExpr(expr.of, 7)}.${"xyzw"[expr.index] ?? expr.index}`;
    case "random":
      return call("random", expr.seed, expr.step, expr.stream, expr.counter);
    default:
      return unreachable(expr);
  }
}

/** The shortest decimal that rounds to the same f32; integers as they are. */
export function shortest(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 2 ** 32) return `${value}`;
  for (let digits = 1; digits <= 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return `${short}`;
  }
  return `${value}`;
}

const indent = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);
