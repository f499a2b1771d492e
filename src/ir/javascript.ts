/**
 * @file A scalar as a JavaScript expression a person could have written: for what the host computes in f64, the schedule, hoisted step
 * scalars and initialisers. Needs `bf16`, `erf`, `roundEven`, `uniform` and `gaussian` of the runtime in scope where those occur.
 * The evaluator has its own printer (compile-body.ts), which hoists loops and guards reads instead of being read.
 */
import { invariant, unreachable } from "../diagnostics/invariant.ts";
import type { BinaryOp, Scalar, UnaryOp } from "./graph.ts";
import { operands, subexpressions } from "./scalar.ts";

export interface JavaScriptNames {
  /** What a read of a rank-0 leaf, or an axis value, is called. */
  readonly name: (s: Scalar & { readonly kind: "read" | "axis" }) => string;
  /** The stream of a random number, where the program passes it; else the number itself. */
  readonly stream?: (stream: Scalar) => string;
}

type Call = "bf16" | "erf" | "roundEven" | "uniform" | "gaussian";

export interface JavaScript {
  /** `const` lines for subexpressions used more than once. */
  readonly statements: readonly string[];
  readonly result: string;
  /** Runtime functions the text calls. */
  readonly calls: ReadonlySet<Call>;
}

// Binding strength, weakest first.
const strength = { conditional: 0, or: 1, and: 2, equality: 3, comparison: 4, sum: 5, product: 6, unary: 7, power: 8, atom: 9 } as const;
type Text = { readonly text: string; readonly strength: number };

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
    const shared = !inline && (uses.get(s) ?? 0) > 1 && operands(s).length > 0 && made.strength < strength.atom;
    if (!shared) return known.set(s, made), made;
    const name = `x${statements.length + 1}`;
    statements.push(`const ${name} = ${made.text};`);
    const reference = { text: name, strength: strength.atom };
    known.set(s, reference);
    return reference;
  };
  const at = (s: Scalar, least: number): string => {
    const made = print(s);
    return made.strength < least ? `(${made.text})` : made.text;
  };
  const call = (name: string, ...parts: readonly Scalar[]): Text => ({ text: `${name}(${parts.map((p) => at(p, 0)).join(", ")})`, strength: strength.atom });

  const expression = (s: Scalar): Text => {
    switch (s.kind) {
      case "literal": return s.dtype === "bool" ? { text: String(s.value !== 0), strength: strength.atom } : number(s.value);
      case "axis": case "read": return { text: names.name(s), strength: strength.atom };
      case "unary": return unary(s.op, s.of);
      case "binary": return binary(s.op, s.left, s.right);
      case "select": return { text: `${at(s.condition, 1)} ? ${at(s.then, 1)} : ${at(s.else, 0)}`, strength: strength.conditional };
      case "cast": return s.dtype === "i32" ? call("Math.trunc", s.of) : s.dtype === "bool" ? { text: `${at(s.of, strength.comparison)} !== 0`, strength: strength.equality } : print(s.of);
      case "random":
        invariant(s.law !== "bits", "random bits on the host");
        calls.add(s.law);
        return { text: `${s.law}(seed, step, ${names.stream?.(s.stream) ?? at(s.stream, 0)}, ${at(s.counter, 0)})`, strength: strength.atom };
      case "slot": throw new Error("internal: a kernel's slot on the host");
      default: return unreachable(s);
    }
  };

  const unary = (op: UnaryOp, of: Scalar): Text => {
    switch (op) {
      case "neg": return { text: `-${at(of, strength.power)}`, strength: strength.unary };
      case "not": return { text: `!${at(of, strength.unary)}`, strength: strength.unary };
      case "rsqrt": return { text: `1 / ${call("Math.sqrt", of).text}`, strength: strength.product };
      case "finite": return call("Number.isFinite", of);
      case "erf": case "bf16": calls.add(op); return call(op, of);
      case "round": calls.add("roundEven"); return call("roundEven", of);
      default: return call(`Math.${op}`, of);
    }
  };

  const infix = (sign: string, level: number, left: Scalar, right: Scalar, associative: boolean): Text => ({
    text: `${at(left, level)} ${sign} ${at(right, associative ? level : level + 1)}`, strength: level,
  });

  const binary = (op: BinaryOp, left: Scalar, right: Scalar): Text => {
    switch (op) {
      case "add": return infix("+", strength.sum, left, right, true);
      case "sub": return infix("-", strength.sum, left, right, false);
      case "mul": return infix("*", strength.product, left, right, true);
      case "div": return left.dtype === "i32" ? { text: `Math.trunc(${infix("/", strength.product, left, right, false).text})`, strength: strength.atom } : infix("/", strength.product, left, right, false);
      // A unary minus may not stand before `**`, so both sides are atoms.
      case "pow": return { text: `${at(left, strength.atom)} ** ${at(right, strength.atom)}`, strength: strength.power };
      case "min": return call("Math.min", left, right);
      case "max": return call("Math.max", left, right);
      case "idiv": return { text: `Math.floor(${infix("/", strength.product, left, right, false).text})`, strength: strength.atom };
      // Floored, as everywhere in the language; `%` would keep the sign of the left side.
      case "mod": return { text: `${at(left, strength.sum)} - ${at(right, strength.product)} * Math.floor(${infix("/", strength.product, left, right, false).text})`, strength: strength.sum };
      case "lt": return infix("<", strength.comparison, left, right, false);
      case "le": return infix("<=", strength.comparison, left, right, false);
      case "eq": return infix("===", strength.equality, left, right, false);
      case "ne": return infix("!==", strength.equality, left, right, false);
      case "and": return infix("&&", strength.and, left, right, true);
      case "or": return infix("||", strength.or, left, right, true);
      default: return unreachable(op);
    }
  };

  const result = print(root).text;
  return { statements, result, calls };
}

function number(value: number): Text {
  if (!Number.isFinite(value)) return { text: value > 0 ? "Infinity" : "-Infinity", strength: value > 0 ? strength.atom : strength.unary };
  if (value === Math.PI) return { text: "Math.PI", strength: strength.atom };
  if (value === 2 * Math.PI) return { text: "2 * Math.PI", strength: strength.product };
  return { text: String(value), strength: value < 0 ? strength.unary : strength.atom };
}
