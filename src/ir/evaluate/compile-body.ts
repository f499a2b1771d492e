/**
 * @file Compiles the body of a comp or scatter to a JavaScript function over f64 arrays. Each subexpression is computed once, in the
 * outermost loop where its axes are known. A subexpression that may read out of range is computed only where a taken `select`
 * asks for it, and then its indices are checked. Leaves out everything about speed that does not matter to an oracle.
 */
import { invariant, unreachable } from "../../util/invariant.ts";
import { inRange, spaceOf } from "../affine.ts";
import type { Space } from "../affine.ts";
import type { Binary, Comp, DType, Node, Read, Scalar, Scatter, Unary } from "../graph.ts";
import { nodesRead } from "../node.ts";
import { operands } from "../scalar.ts";
import { bf16, erf, roundEven, wholeOf } from "../../abi/numeric.ts";
import { gaussian } from "../../abi/gaussian.ts";
import { bitsOf, streamKey, uniform } from "../../abi/random.ts";

/** Fills `out` from the values of the nodes read, in the order of `nodesRead`. */
export type Kernel = (out: Float64Array, inputs: readonly Float64Array[], seed: number, step: number) => void;

interface Helpers {
  readonly bf16: typeof bf16;
  readonly erf: typeof erf;
  readonly uniform: typeof uniform;
  readonly gaussian: typeof gaussian;
  readonly bits: typeof uniform;
  readonly roundEven: typeof roundEven;
  readonly wholeOf: typeof wholeOf;
  /** Throws: the index `value` of axis `dimension` of the input `input` is out of range. */
  readonly outOfRange: (input: number, dimension: number, value: number) => never;
}

// Equal computations over different nodes (the layers of a model) have equal text.
const compiledText = new Map<string, (helpers: Helpers) => Kernel>();

export function compileBody(node: Comp | Scatter): Kernel {
  const roots = node.kind === "comp" ? [node.body] : [...node.at, node.body];
  const inputs = nodesRead(...roots);
  const text = new BodyCompiler(spaceOf(node), inputs).loops(node);
  let make = compiledText.get(text);
  if (!make) {
    make = new Function("helpers", text) as (helpers: Helpers) => Kernel;
    compiledText.set(text, make);
  }
  return make({
    bf16,
    erf,
    uniform,
    gaussian,
    roundEven,
    wholeOf,
    bits: (seed, step, stream, counter) => bitsOf(streamKey(seed, step, stream), counter),
    outOfRange(input, dimension, value) {
      const of = inputs[input];
      throw new Error(
        `internal: ${node.name} reads ${of?.name} at ${value} on axis ${of?.axes[dimension]?.name} of size ${of?.axes[dimension]?.size}`,
      );
    },
  });
}

/** A list of statements that can see the names of the lists around it. */
interface Block {
  readonly lines: string[];
  readonly names: Map<Scalar, string>;
}

class BodyCompiler {
  readonly #space: Space;
  readonly #inputs: readonly Node[];
  /** One block per loop depth: block i is inside the loops over axes 0…i-1. */
  readonly #levels: readonly Block[];
  readonly #depths = new Map<Scalar, number>();
  readonly #totals = new Map<Scalar, boolean>();
  #next = 0;

  constructor(space: Space, inputs: readonly Node[]) {
    this.#space = space;
    this.#inputs = inputs;
    this.#levels = [...space, undefined].map(() => ({ lines: [], names: new Map() }));
  }

  loops(node: Comp | Scatter): string {
    const innermost = this.#levels.length - 1;
    const rank = node.kind === "comp" ? node.axes.length : innermost;
    if (node.kind === "comp") {
      const value = this.#emit(node.body, []);
      this.#level(innermost).push(node.reduce ? accumulate(node.reduce.op, value, node.dtype) : `out[o++] = ${value};`);
    } else {
      const at = node.at.map((index) => this.#emit(index, []));
      const inside = at.map((index, i) => `${index} >= 0 && ${index} < ${node.axes[i]?.size}`).join(" && ") || "true";
      this.#level(innermost).push(`if (${inside}) out[${flatIndex(at, node.axes)}] += ${this.#emit(node.body, [])};`);
    }
    let text = "";
    for (let depth = innermost; depth >= 0; depth--) {
      text = [...this.#level(depth), text].join("\n");
      if (node.kind === "comp" && node.reduce && depth === rank) {
        text = `let acc = ${{ sum: "0", max: "-Infinity", min: "Infinity" }[node.reduce.op]};\n${text}\nout[o++] = acc;`;
      }
      if (depth > 0)
        text = `for (let a${depth - 1} = 0; a${depth - 1} < ${this.#space[depth - 1]?.size}; a${depth - 1}++) {\n${text}\n}`;
    }
    return `const { bf16, erf, uniform, gaussian, bits, roundEven, wholeOf, outOfRange } = helpers;
return (out, inputs, seed, step) => {
${this.#inputs.map((_, i) => `const i${i} = inputs[${i}];`).join("\n")}
let o = 0;
${text}
};`;
  }

  #level(depth: number): string[] {
    const block = this.#levels[depth];
    invariant(block, `no loop depth ${depth}`);
    return block.lines;
  }

  /** The name or text of a scalar's value. `branches` are the blocks of the taken selects around it, outermost first. */
  #emit(s: Scalar, branches: readonly Block[]): string {
    if (s.kind === "literal") return Object.is(s.value, -0) ? "(-0)" : s.value < 0 ? `(${s.value})` : String(s.value);
    if (s.kind === "axis") return `a${s.position}`;
    const level = this.#levels[this.#depth(s)];
    invariant(level, "a scalar has a loop depth");
    const visible = [level, ...branches];
    for (const block of visible) {
      const known = block.names.get(s);
      if (known) return known;
    }
    const home = (this.#total(s) ? undefined : branches.at(-1)) ?? level;
    const inner = home === level ? [] : branches;
    const name = `v${this.#next++}`;
    if (s.kind === "select") {
      const condition = this.#emit(s.condition, inner);
      const [then, otherwise] = [s.then, s.else].map((side) => {
        const block: Block = { lines: [], names: new Map() };
        const value = this.#emit(side, [...inner, block]);
        return [...block.lines, `${name} = ${value};`].join(" ");
      });
      home.lines.push(`let ${name}; if (${condition}) { ${then} } else { ${otherwise} }`);
    } else {
      const parts = operands(s).map((operand) => this.#emit(operand, inner));
      if (s.kind === "read") home.lines.push(...this.#checks(s, parts));
      home.lines.push(`const ${name} = ${this.#text(s, parts)};`);
    }
    home.names.set(s, name);
    return name;
  }

  #text(s: Scalar, parts: readonly string[]): string {
    const [a = "", b = ""] = parts;
    switch (s.kind) {
      case "read":
        return `i${this.#inputs.indexOf(s.of)}[${flatIndex(parts, s.of.axes)}]`;
      case "unary":
        return s.dtype === "i32" ? wrappedText(unaryText(s.op, a), "i32") : unaryText(s.op, a);
      case "binary":
        return binaryText(s, a, b);
      case "cast":
        return s.dtype === "i32" ? `wholeOf(${a})` : s.dtype === "bool" ? `(${a} !== 0 ? 1 : 0)` : a;
      case "random":
        return `${s.law}(seed, step, ${a}, ${b})`;
      case "literal":
      case "axis":
      case "select":
      case "slot":
        throw new Error(`internal: ${s.kind} in a body`);
      default:
        return unreachable(s);
    }
  }

  #checks(s: Read, parts: readonly string[]): string[] {
    const input = this.#inputs.indexOf(s.of);
    return s.at.flatMap((index, i) => {
      const size = s.of.axes[i]?.size ?? 0;
      return inRange(index, size, this.#space)
        ? []
        : [`if (!(${parts[i]} >= 0 && ${parts[i]} < ${size})) outOfRange(${input}, ${i}, ${parts[i]});`];
    });
  }

  /** How many loops a scalar is inside of: one more than the last axis it depends on. */
  #depth(s: Scalar): number {
    const known = this.#depths.get(s);
    if (known !== undefined) return known;
    const depth = s.kind === "axis" ? s.position + 1 : Math.max(0, ...operands(s).map((o) => this.#depth(o)));
    this.#depths.set(s, depth);
    return depth;
  }

  /** Whether a scalar has a value everywhere in the space, so that it may be computed where nobody asks for it. */
  #total(s: Scalar): boolean {
    const known = this.#totals.get(s);
    if (known !== undefined) return known;
    const inside = s.kind !== "read" || s.at.every((index, i) => inRange(index, s.of.axes[i]?.size ?? 0, this.#space));
    const total = inside && operands(s).every((o) => this.#total(o));
    this.#totals.set(s, total);
    return total;
  }
}

function accumulate(op: "sum" | "max" | "min", value: string, dtype: DType): string {
  return op === "sum" ? `acc = ${wrappedText(`acc + ${value}`, dtype)};` : `acc = Math.${op}(acc, ${value});`;
}

function flatIndex(at: readonly string[], axes: Space): string {
  return at.reduce((flat, index, i) => (i === 0 ? index : `(${flat}) * ${axes[i]?.size} + ${index}`), "0");
}

/** Index arithmetic wraps to 32 bits. */
const wrappedText = (text: string, dtype: DType): string => (dtype === "i32" ? `(${text} | 0)` : text);

function unaryText(op: Unary["op"], a: string): string {
  switch (op) {
    case "neg":
      return `-${a}`;
    case "stop":
      return a;
    case "rsqrt":
      return `1 / Math.sqrt(${a})`;
    case "erf":
    case "bf16":
      return `${op}(${a})`;
    case "round":
      return `roundEven(${a})`;
    case "not":
      return `(${a} ? 0 : 1)`;
    case "finite":
      return `(Number.isFinite(${a}) ? 1 : 0)`;
    case "exp":
    case "log":
    case "sqrt":
    case "sin":
    case "cos":
    case "tanh":
    case "abs":
    case "floor":
    case "ceil":
    case "sign":
      return `Math.${op}(${a})`;
    default:
      return unreachable(op);
  }
}

const comparisonSigns = { lt: "<", le: "<=", eq: "===", ne: "!==" } as const;

function binaryText(s: Binary, a: string, b: string): string {
  switch (s.op) {
    case "add":
      return wrappedText(`${a} + ${b}`, s.dtype);
    case "sub":
      return wrappedText(`${a} - ${b}`, s.dtype);
    case "mul":
      return s.dtype === "i32" ? `Math.imul(${a}, ${b})` : `${a} * ${b}`;
    case "div":
      return s.dtype === "i32" ? `(${b} === 0 ? ${a} : ${a} / ${b} | 0)` : `${a} / ${b}`;
    case "pow":
      return s.right.kind === "literal" && s.right.value === 2 ? `${a} * ${a}` : `${a} ** ${b}`;
    case "min":
    case "max":
      return `Math.${s.op}(${a}, ${b})`;
    case "idiv":
      return `(${b} === 0 ? ${a} : Math.floor(${a} / ${b}) | 0)`;
    case "mod":
      return `(${b} === 0 ? 0 : ${a} - ${b} * Math.floor(${a} / ${b}))`;
    case "lt":
    case "le":
    case "eq":
    case "ne":
      return `(${a} ${comparisonSigns[s.op]} ${b} ? 1 : 0)`;
    case "and":
      return `(${a} && ${b} ? 1 : 0)`;
    case "or":
      return `(${a} || ${b} ? 1 : 0)`;
    default:
      return unreachable(s.op);
  }
}
