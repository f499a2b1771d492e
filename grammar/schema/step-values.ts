/** @file Values that only steps of curation take: bounds, limits of runs of words, and what a classifier keeps. */
import type { Expression } from "../syntax/ast.ts";
import { oneOf } from "./describe.ts";
import type { ReadContext, ValueType } from "./field.ts";
import { integer, number, outOfRange, share, wrongType } from "./types.ts";

/** From `min` to `max`, which may be infinite. */
export interface Bounds {
  readonly min: number;
  readonly max: number;
}

const boundWhat = "a range such as `0..20%` or `50..inf`";
const end = number({ min: 0 });

export const bound: ValueType<Bounds> = {
  what: boundWhat,
  range: "at least 0",
  read: (value, at) => {
    if (value.kind !== "binary" || value.op !== "..") return wrongType(value, boundWhat, at);
    const [min, max] = [end.read(value.left, at), isInfinity(value.right) ? Infinity : end.read(value.right, at)];
    if (min === undefined || max === undefined) return undefined;
    return min <= max ? { min, max } : outOfRange(value.span, "a range that goes up", at);
  },
};

function isInfinity(value: Expression): boolean {
  return value.kind === "name" && value.text === "inf";
}

const runsWhat = "a list of limits such as `[(2, 20%), (3, 18%)]`";
const runLength = integer({ min: 1 });

/** How many words a run has, and the largest share of the text that such runs may be. */
export const runs: ValueType<readonly (readonly [words: number, limit: number])[]> = {
  what: runsWhat,
  read: (value, at) => {
    if (value.kind !== "list") return wrongType(value, runsWhat, at);
    const read: (readonly [number, number])[] = [];
    for (const item of value.items) {
      const [words, limit, ...more] = item.kind === "tuple" ? item.items : [];
      if (!words || !limit || more.length > 0)
        return wrongType(item, "a number of words and a share such as `(2, 20%)`", at);
      const [length, most] = [runLength.read(words, at), share.read(limit, at)];
      if (length === undefined || most === undefined) return undefined;
      if (length <= (read.at(-1)?.[0] ?? 0)) return outOfRange(words.span, "longer than the run before", at);
      read.push([length, most]);
    }
    return read;
  },
};

/** What stays of the documents that a classifier scored. */
export type QualityKept =
  | { readonly kind: "above"; readonly threshold: number }
  | { readonly kind: "best"; readonly share: number }
  | { readonly kind: "pareto"; readonly alpha: number };

const keepWhat = oneOf(["above(0.5)", "best(10%)", "pareto(9)"]);
const shape = number({ min: 0, above: true });

export const keep: ValueType<QualityKept> = {
  what: keepWhat,
  words: ["above", "best", "pareto"],
  read: (value, at) => {
    const [argument, ...more] = value.kind === "call" ? value.arguments : [];
    if (value.kind !== "call" || value.of.kind !== "name" || !argument || argument.name || more.length > 0)
      return wrongType(value, keepWhat, at);
    return readKept(value.of.text, argument.value, value, at);
  },
};

function readKept(name: string, argument: Expression, whole: Expression, at: ReadContext): QualityKept | undefined {
  switch (name) {
    case "above": {
      const threshold = share.read(argument, at);
      return threshold === undefined ? undefined : { kind: "above", threshold };
    }
    case "best": {
      const best = share.read(argument, at);
      return best === undefined ? undefined : { kind: "best", share: best };
    }
    case "pareto": {
      const alpha = shape.read(argument, at);
      return alpha === undefined ? undefined : { kind: "pareto", alpha };
    }
    default:
      return wrongType(whole, keepWhat, at);
  }
}
