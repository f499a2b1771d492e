/**
 * @file Scalars as the language would write them: `x[b, t, d] * rsqrt(ms[b, t] + 1e-6)`, indices in lower case of their axes' names.
 * Large subexpressions used more than once become `let`s.
 */
import { unreachable } from "../../util/invariant.ts";
import type { Axis, Binary, Node, Scalar } from "../graph.ts";
import { operands, subexpressions } from "../scalar.ts";

export interface PrintedScalar {
  /** `name = text` pairs to be read before `text`. */
  readonly lets: readonly string[];
  readonly text: string;
}

/** The index variable of each position: the axis name in lower case, with primes where one name occurs twice. */
export function indexNames(space: readonly Axis[]): readonly string[] {
  const taken = new Set<string>();
  return space.map((a) => {
    let name = a.name.toLowerCase();
    while (taken.has(name)) name += "'";
    taken.add(name);
    return name;
  });
}

// Binding strength, weakest first.
const conditional = 0,
  disjunction = 1,
  conjunction = 2,
  comparison = 3,
  sum = 4,
  product = 5,
  prefix = 6,
  power = 7,
  atom = 8;

const infix: Readonly<Partial<Record<Binary["op"], readonly [sign: string, strength: number]>>> = {
  or: ["or", disjunction],
  and: ["and", conjunction],
  lt: ["<", comparison],
  le: ["<=", comparison],
  eq: ["==", comparison],
  ne: ["!=", comparison],
  add: ["+", sum],
  sub: ["-", sum],
  mul: ["*", product],
  div: ["/", product],
  idiv: ["div", product],
  mod: ["mod", product],
  pow: ["^", power],
};

/** Prints over a space; `nameOf` names the nodes that are read, `shareFrom` is the size from which a repeated part is a `let`. */
export function printScalar(
  root: Scalar,
  space: readonly Axis[],
  nameOf: (node: Node) => string = (n) => n.name,
  shareFrom = 4,
): PrintedScalar {
  const indices = indexNames(space);
  const shared = repeated(root, shareFrom);
  const lets: string[] = [];
  const names = new Map<Scalar, string>();

  const strengthOf = (s: Scalar): number => {
    if (names.has(s)) return atom;
    if (s.kind === "select") return conditional;
    if (s.kind === "unary") return s.op === "neg" || s.op === "not" ? prefix : atom;
    if (s.kind === "literal") return s.value < 0 ? prefix : atom;
    return s.kind === "binary" ? (infix[s.op]?.[1] ?? atom) : atom;
  };
  const at = (s: Scalar, least: number): string => {
    const text = print(s);
    return strengthOf(s) < least ? `(${text})` : text;
  };
  const print = (s: Scalar): string => {
    const known = names.get(s);
    if (known) return known;
    const text = expression(s);
    if (!shared.has(s)) return text;
    const name = letName(lets.length);
    lets.push(`${name} = ${text}`);
    names.set(s, name);
    return name;
  };
  const expression = (s: Scalar): string => {
    switch (s.kind) {
      case "literal":
        return s.dtype === "bool" ? String(s.value !== 0) : printNumber(s.value);
      case "axis":
        return indices[s.position] ?? `axis${s.position}`;
      case "slot":
        return `slot${s.index}`;
      case "read":
        return s.at.length === 0 ? nameOf(s.of) : `${nameOf(s.of)}[${s.at.map((i) => at(i, conditional)).join(", ")}]`;
      case "cast":
        return `${s.dtype}(${print(s.of)})`;
      case "random":
        return `${s.law}(${s.stream.kind === "literal" ? (s.stream.value >>> 0).toString(16) : print(s.stream)}, ${print(s.counter)})`;
      case "select":
        return `if ${at(s.condition, disjunction)} then ${at(s.then, disjunction)} else ${at(s.else, conditional)}`;
      case "unary":
        return s.op === "neg"
          ? `-${at(s.of, prefix)}`
          : s.op === "not"
            ? `not ${at(s.of, prefix)}`
            : `${s.op}(${print(s.of)})`;
      case "binary": {
        const sign = infix[s.op];
        if (!sign) return `${s.op}(${print(s.left)}, ${print(s.right)})`;
        const [text, strength] = sign;
        const rightFirst = strength === power;
        return `${at(s.left, rightFirst ? strength + 1 : strength)} ${text} ${at(s.right, rightFirst ? strength : strength + 1)}`;
      }
      default:
        return unreachable(s);
    }
  };
  const text = print(root);
  return { lets, text };
}

/** Subexpressions used more than once with at least `least` operators in them; the root is never one. */
function repeated(root: Scalar, least: number): ReadonlySet<Scalar> {
  const uses = new Map<Scalar, number>();
  const sizes = new Map<Scalar, number>();
  const all = subexpressions(root);
  for (const s of all) {
    for (const o of new Set(operands(s))) uses.set(o, (uses.get(o) ?? 0) + operands(s).filter((x) => x === o).length);
    const own = s.kind === "literal" || s.kind === "axis" ? 0 : 1;
    sizes.set(
      s,
      operands(s).reduce((n, o) => n + (sizes.get(o) ?? 0), own),
    );
  }
  return new Set(all.filter((s) => (uses.get(s) ?? 0) > 1 && (sizes.get(s) ?? 0) >= least));
}

function letName(index: number): string {
  return `u${index + 1}`;
}

function printNumber(value: number): string {
  if (value === Infinity) return "inf";
  if (value === -Infinity) return "-inf";
  const short = Number(value.toPrecision(7));
  return Math.abs(short) >= 1e7 ? short.toExponential().replace("+", "") : String(short);
}
