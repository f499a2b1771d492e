/**
 * @file A scalar as a JavaScript expression a person could have written: for what the host computes in f64, the schedule, hoisted step
 * scalars and initialisers. Needs `bf16`, `erf`, `roundEven`, `uniform` and `gaussian` of the runtime in scope where those occur.
 * The evaluator has its own printer (compile-body.ts), which hoists loops and guards reads instead of being read.
 */
import { invariant, unreachable } from "../../util/invariant.ts";
import { affineOf, isExact } from "../affine.ts";
import type { Space } from "../affine.ts";
import type { BinaryOp, DType, Scalar, UnaryOp } from "../graph.ts";
import { infix as infixText, prefix, within } from "./precedence.ts";
import type { Text } from "./precedence.ts";
import { operands, subexpressions } from "../scalar.ts";

export interface JavaScriptNames {
  /** What a read of a rank-0 leaf, or an axis value, is called. */
  readonly name: (s: Scalar & { readonly kind: "read" | "axis" }) => string;
  /** The stream of a random number, where the program passes it; else the number itself. */
  readonly stream?: (stream: Scalar) => string;
  /** The axes, where there are any: their sizes say which index values must be wrapped to 32 bits. */
  readonly space?: Space;
}

type Call = "bf16" | "erf" | "roundEven" | "uniform" | "gaussian";

export interface JavaScript {
  /** `const` lines for subexpressions used more than once. */
  readonly statements: readonly string[];
  readonly result: string;
  /** Runtime functions the text calls. */
  readonly calls: ReadonlySet<Call>;
}

/** Weakest first. JavaScript lets neither side of `**` be a sign, nor a sign stand before it. */
const level = {
  conditional: 0,
  or: 1,
  and: 2,
  equality: 3,
  comparison: 4,
  sum: 5,
  product: 6,
  prefix: 7,
  power: 8,
  atom: 9,
} as const;

/** Prints with shared subexpressions as constants `a`, `b`, … unless `inline` asks for one expression. */
export function javascript(root: Scalar, names: JavaScriptNames, inline = false): JavaScript {
  const uses = new Map<Scalar, number>();
  for (const s of subexpressions(root)) for (const o of operands(s)) uses.set(o, (uses.get(o) ?? 0) + 1);
  const calls = new Set<Call>();
  const statements: string[] = [];
  const known = new Map<Scalar, Text>();

  const print = (s: Scalar): Text => {
    const before = known.get(s);
    if (before) return before;
    const made = expression(s);
    const shared = !inline && (uses.get(s) ?? 0) > 1 && operands(s).length > 0 && made.level < level.atom;
    if (!shared) return (known.set(s, made), made);
    const name = `x${statements.length + 1}`;
    statements.push(`const ${name} = ${made.text};`);
    const reference = { text: name, level: level.atom };
    known.set(s, reference);
    return reference;
  };
  const at = (s: Scalar, least: number): string => within(print(s), least);
  const call = (name: string, ...parts: readonly Scalar[]): Text => ({
    text: `${name}(${parts.map((p) => at(p, 0)).join(", ")})`,
    level: level.atom,
  });

  const expression = (s: Scalar): Text => {
    switch (s.kind) {
      case "literal":
        return s.dtype === "bool" ? { text: String(s.value !== 0), level: level.atom } : number(s.value);
      case "axis":
      case "read":
        return { text: names.name(s), level: level.atom };
      case "unary":
        return unary(s.op, s.of);
      case "binary":
        return wraps(s) ? wrappedText(s) : binary(s.op, s.left, s.right);
      case "select":
        return { text: `${at(s.condition, 1)} ? ${at(s.then, 1)} : ${at(s.else, 0)}`, level: level.conditional };
      case "cast":
        return castText(s.dtype, s.of);
      case "random":
        invariant(s.law !== "bits", "random bits on the host");
        calls.add(s.law);
        return {
          text: `${s.law}(seed, step, ${names.stream?.(s.stream) ?? at(s.stream, 0)}, ${at(s.counter, 0)})`,
          level: level.atom,
        };
      case "slot":
        throw new Error("internal: a kernel's slot on the host");
      default:
        return unreachable(s);
    }
  };

  const wraps = (s: Scalar): boolean =>
    s.dtype === "i32" && names.space !== undefined && !isExact(affineOf(s), names.space);
  const wrappedText = (s: Extract<Scalar, { kind: "binary" }>): Text =>
    s.op === "mul"
      ? call("Math.imul", s.left, s.right)
      : { text: `(${binary(s.op, s.left, s.right).text} | 0)`, level: level.atom };

  const castText = (to: DType, of: Scalar): Text => {
    if (to === "bool") return { text: `${at(of, level.comparison)} !== 0`, level: level.equality };
    if (of.dtype === "bool") return call("Number", of);
    return to === "i32" ? call("Math.trunc", of) : print(of);
  };

  const unary = (op: UnaryOp, of: Scalar): Text => {
    switch (op) {
      case "neg":
        return prefix("-", print(of), level.prefix, level.atom);
      case "stop":
        return print(of);
      case "not":
        return prefix("!", print(of), level.prefix);
      case "rsqrt":
        return { text: `1 / ${call("Math.sqrt", of).text}`, level: level.product };
      case "finite":
        return call("Number.isFinite", of);
      case "erf":
      case "bf16":
        calls.add(op);
        return call(op, of);
      case "round":
        calls.add("roundEven");
        return call("roundEven", of);
      default:
        return call(`Math.${op}`, of);
    }
  };

  const infix = (sign: string, binds: number, left: Scalar, right: Scalar, associative: boolean): Text =>
    infixText(print(left), sign, print(right), binds, binds, associative ? binds : binds + 1);

  const binary = (op: BinaryOp, left: Scalar, right: Scalar): Text => {
    switch (op) {
      case "add":
        return infix("+", level.sum, left, right, true);
      case "sub":
        return infix("-", level.sum, left, right, false);
      case "mul":
        return infix("*", level.product, left, right, true);
      case "div":
        return left.dtype === "i32"
          ? { text: `Math.trunc(${infix("/", level.product, left, right, false).text})`, level: level.atom }
          : infix("/", level.product, left, right, false);
      case "pow":
        return infixText(print(left), "**", print(right), level.power, level.atom, level.atom);
      case "min":
        return call("Math.min", left, right);
      case "max":
        return call("Math.max", left, right);
      case "idiv":
        return { text: `Math.floor(${infix("/", level.product, left, right, false).text})`, level: level.atom };
      // Floored, as everywhere in the language; `%` would keep the sign of the left side.
      case "mod":
        return {
          text: `${at(left, level.sum)} - ${at(right, level.product)} * Math.floor(${infix("/", level.product, left, right, false).text})`,
          level: level.sum,
        };
      case "lt":
        return infix("<", level.comparison, left, right, false);
      case "le":
        return infix("<=", level.comparison, left, right, false);
      case "eq":
        return infix("===", level.equality, left, right, false);
      case "ne":
        return infix("!==", level.equality, left, right, false);
      case "and":
        return infix("&&", level.and, left, right, true);
      case "or":
        return infix("||", level.or, left, right, true);
      default:
        return unreachable(op);
    }
  };

  const result = print(root).text;
  return { statements, result, calls };
}

function number(value: number): Text {
  if (Object.is(value, -0)) return { text: "-0", level: level.prefix };
  if (value === Math.PI) return { text: "Math.PI", level: level.atom };
  if (value === 2 * Math.PI) return { text: "2 * Math.PI", level: level.product };
  return { text: String(value), level: value < 0 ? level.prefix : level.atom };
}
