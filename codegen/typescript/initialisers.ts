/**
 * @file Initialisers as functions of the element's row-major index. Parameters whose initial values follow the same formula share a
 * function: what differs between them, the streams of their random numbers, is passed in.
 */
import type { Leaf, Parameter, Scalar } from "../../src/ir/graph.ts";
import { javascript } from "../../src/ir/javascript.ts";
import { add, axis, int, mul, rewrite, subexpressions } from "../../src/ir/scalar.ts";

/** `(…streams) => (i) => value`. */
export interface Initialiser {
  readonly name: string;
  /** As declared: `normal(std: 0.02)`. */
  readonly declared?: string;
  readonly streams: readonly string[];
  readonly statements: readonly string[];
  readonly result: string;
  readonly calls: ReadonlySet<string>;
}

export interface Start {
  /** By what name the plan asks for it. */
  readonly name: string;
  readonly path: string;
  readonly function: string;
  readonly streams: readonly number[];
}

export interface Initialisation {
  readonly functions: readonly Initialiser[];
  /** One a parameter, in the plan's order. */
  readonly starts: readonly Start[];
}

export function initialisation(parameters: ReadonlyMap<string, Parameter>): Initialisation {
  const byText = new Map<string, Initialiser>();
  const starts: Start[] = [];
  for (const [name, { leaf, init, declared }] of parameters) {
    const { text, streams } = print(leaf, init);
    const key = JSON.stringify([text.statements, text.result]);
    let initialiser = byText.get(key);
    if (!initialiser) {
      initialiser = { name: nameOf(declared, [...byText.values()]), ...(declared === undefined ? {} : { declared }), ...text };
      byText.set(key, initialiser);
    }
    starts.push({ name, path: leaf.name, function: initialiser.name, streams });
  }
  return { functions: [...byText.values()], starts };
}

function print(leaf: Leaf, init: Scalar): { readonly text: Pick<Initialiser, "streams" | "statements" | "result" | "calls">; readonly streams: readonly number[] } {
  const streams: number[] = [];
  for (const s of subexpressions(init)) if (s.kind === "random" && !streams.includes(s.stream)) streams.push(s.stream);
  const streamNames = streams.map((_, n) => (streams.length === 1 ? "stream" : `stream${n + 1}`));
  const sizes = leaf.axes.map((a) => a.size);
  const strides = sizes.map((_, i) => sizes.slice(i + 1).reduce((n, size) => n * size, 1));
  // The counter of a random number is the row-major index, however it was built: it is what `i` is.
  const flat = flatForms(sizes, strides);
  const index = axis(0);
  const overIndex = rewrite(init, (s) => (flat.has(s) ? index : undefined));
  const position = (p: number): string => {
    if (sizes.length <= 1) return "i";
    const quotient = strides[p] === 1 ? "i" : `Math.floor(i / ${strides[p]})`;
    return p === 0 ? quotient : `(${quotient} % ${sizes[p]})`;
  };
  const usesPositions = overIndex !== init && subexpressions(overIndex).some((s) => s.kind === "axis" && s !== index);
  const text = javascript(usesPositions ? init : overIndex, {
    name: (s) => (s.kind === "axis" ? (overIndex === init || usesPositions ? position(s.position) : "i") : s.of.name),
    stream: (stream) => streamNames[streams.indexOf(stream)] ?? String(stream),
  });
  return { text: { ...text, streams: streamNames }, streams };
}

/** The scalars that equal the row-major index of an element. */
function flatForms(sizes: readonly number[], strides: readonly number[]): ReadonlySet<Scalar> {
  const sum = sizes.reduce<Scalar>((total, _, i) => add(total, mul(axis(i), int(strides[i] ?? 1))), int(0));
  const horner = sizes.reduce<Scalar>((total, size, i) => (i === 0 ? axis(0) : add(mul(total, int(size)), axis(i))), int(0));
  return new Set([sum, horner].filter((s) => s.kind !== "literal"));
}

/** `normal(std: 0.02)` → `normal`, made unique. */
function nameOf(source: string | undefined, taken: readonly Initialiser[]): string {
  const base = /^[A-Za-z_]\w*/.exec(source ?? "")?.[0] ?? "initial";
  const used = new Set(taken.map((t) => t.name));
  for (let n = 1; ; n++) {
    const name = n === 1 ? base : `${base}${n}`;
    if (!used.has(name)) return name;
  }
}
