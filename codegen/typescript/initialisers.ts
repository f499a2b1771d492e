/**
 * @file Initialisers as functions of the element's row-major index. Parameters whose initial values follow the same formula share a
 * function: what differs between them, the streams of their random numbers, is passed in.
 */
import type { Leaf, Parameter, Scalar } from "../../src/ir/graph.ts";
import { javascript } from "../../src/ir/print/javascript.ts";
import { elementCount } from "../../src/ir/node.ts";
import { overIndex } from "../../src/ir/row-major.ts";
import { axis, subexpressions } from "../../src/ir/scalar.ts";
import { freshIdentifier } from "./names.ts";

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
      initialiser = {
        name: nameOf(declared, [...byText.values()]),
        ...(declared === undefined ? {} : { declared }),
        ...text,
      };
      byText.set(key, initialiser);
    }
    starts.push({ name, path: leaf.name, function: initialiser.name, streams });
  }
  return { functions: [...byText.values()], starts };
}

function print(
  { axes }: Leaf,
  init: Scalar,
): {
  readonly text: Pick<Initialiser, "streams" | "statements" | "result" | "calls">;
  readonly streams: readonly number[];
} {
  const streams = [...new Set(subexpressions(init).flatMap((s) => (s.kind === "random" ? [s.stream] : [])))];
  const streamNames = streams.map((_, n) => (streams.length === 1 ? "stream" : `stream${n + 1}`));
  const text = javascript(overIndex(init, axes, axis(0)), {
    name: (s) => (s.kind === "axis" ? "i" : s.of.name),
    space: [{ name: "i", size: elementCount(axes) }],
    stream: (stream) => streamNames[streams.indexOf(stream)] ?? "",
  });
  return {
    text: { ...text, streams: streamNames },
    streams: streams.map((s) => (s.kind === "literal" ? s.value >>> 0 : 0)),
  };
}

/** `normal(std: 0.02)` → `normal`, made unique. */
const nameOf = (source: string | undefined, taken: readonly Initialiser[]): string =>
  freshIdentifier(/^[A-Za-z_]\w*/.exec(source ?? "")?.[0] ?? "initial", new Set(taken.map((t) => t.name)));
