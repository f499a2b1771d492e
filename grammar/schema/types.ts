/** @file The sorts of values that fields take, each with its reading and its messages. */
import { report } from "../../src/diagnostics/codes.ts";
import type { Fix } from "../../src/diagnostics/diagnostic.ts";
import { type Span, spanText } from "../../src/diagnostics/source.ts";
import { suggest } from "../../src/util/suggest.ts";
import type { Expression, Name, NumberLiteral } from "../syntax/ast.ts";
import { type Measure, type Noun, suffixes } from "../syntax/units.ts";
import { describe, oneOf } from "./describe.ts";
import type { ReadContext, ValueType } from "./field.ts";

interface Problem {
  readonly help?: string;
  readonly fixes?: readonly Fix[];
}

function replace(span: Span, text: string): readonly Fix[] {
  return [{ title: `write \`${text}\``, edits: [{ span, text }] }];
}

/** Says that the value is of the wrong sort; a value that is missing was reported by the parser. */
export function wrongType(value: Expression, expected: string, at: ReadContext, more: Problem = {}): undefined {
  if (value.kind === "missing") return undefined;
  const details = { primary: { span: value.span, text: "" }, ...more };
  at.problem(report("field/type", { field: at.field, expected, found: describe(value) }, details));
  return undefined;
}

function wrongUnit(value: NumberLiteral, problem: string, at: ReadContext, more: Problem = {}): undefined {
  at.problem(report("field/unit", { field: at.field, problem }, { primary: { span: value.span, text: "" }, ...more }));
  return undefined;
}

export function outOfRange(span: Span, range: string, at: ReadContext, fixes: readonly Fix[] = []): undefined {
  at.problem(
    report(
      "field/range",
      { field: at.field, range, found: `\`${spanText(span)}\`` },
      { primary: { span, text: "" }, fixes },
    ),
  );
  return undefined;
}

/** The number of `3`, `10%` or `-2`, with the literal that carries its unit. */
function literalOf(value: Expression): { readonly literal: NumberLiteral; readonly sign: 1 | -1 } | undefined {
  if (value.kind === "number") return { literal: value, sign: 1 };
  if (value.kind === "unary" && value.op === "-" && value.of.kind === "number") return { literal: value.of, sign: -1 };
  return undefined;
}

export interface Bounds {
  readonly min?: number;
  readonly max?: number;
  /** Whether `min` itself is too small. */
  readonly above?: boolean;
}

function boundsText({ min, max, above }: Bounds): string | undefined {
  if (min !== undefined && max !== undefined)
    return `${above ? "above" : "from"} ${min} ${above ? "and at most" : "to"} ${max}`;
  if (min !== undefined) return `${above ? "above" : "at least"} ${min}`;
  return max === undefined ? undefined : `at most ${max}`;
}

function within(value: number, { min = -Infinity, max = Infinity, above = false }: Bounds): boolean {
  return value <= max && (above ? value > min : value >= min);
}

function numeric(what: string, bounds: Bounds, integral: boolean, measures: readonly Measure[]): ValueType<number> {
  const range = boundsText(bounds);
  return {
    what,
    ...(range ? { range } : {}),
    read: (value, at) => {
      const found = literalOf(value);
      if (!found) return wrongType(value, what, at);
      const { literal, sign } = found;
      if (literal.noun) return wrongUnit(literal, `is a plain number and counts no ${literal.noun}`, at);
      const { measure } = suffixes[literal.suffix];
      if (!measures.includes(measure))
        return wrongUnit(literal, `is a plain number without the unit \`${literal.suffix}\``, at);
      const number = sign * literal.value;
      if (integral && !Number.isSafeInteger(number)) return outOfRange(value.span, "a whole number", at);
      if (!within(number, bounds)) return outOfRange(value.span, range ?? "in range", at);
      return number;
    },
  };
}

export function number(bounds: Bounds = {}): ValueType<number> {
  return numeric("a number", bounds, false, ["plain", "ratio"]);
}

export function integer(bounds: Bounds = {}): ValueType<number> {
  return numeric("a whole number", bounds, true, ["plain"]);
}

/** A share: `10%` or `0.1`. */
export const share: ValueType<number> = {
  what: "a share such as `10%`",
  unit: "%",
  range: "from 0% to 100%",
  read: (value, at) => {
    const found = literalOf(value);
    if (!found) return wrongType(value, "a share such as `10%`", at);
    const { literal, sign } = found;
    const { measure } = suffixes[literal.suffix];
    if (literal.noun || (measure !== "plain" && measure !== "ratio"))
      return wrongUnit(literal, "is a share such as `10%`", at);
    if (sign > 0 && literal.value <= 1) return literal.value;
    const percentage = sign > 0 && literal.suffix === "" && literal.value <= 100;
    return outOfRange(
      value.span,
      "from 0% to 100%",
      at,
      percentage ? replace(value.span, `${spanText(value.span)}%`) : [],
    );
  },
};

/** Bytes: `2GiB`. */
export const memory: ValueType<number> = measured("memory", "an amount of memory such as `2GiB`", "KiB, MiB, GiB");

function measured(measure: Measure, what: string, unit: string): ValueType<number> {
  return {
    what,
    unit,
    range: "above 0",
    read: (value, at) => {
      if (value.kind !== "number") return wrongType(value, what, at);
      if (value.noun || suffixes[value.suffix].measure !== measure)
        return wrongUnit(value, `is ${what}`, at, { help: `units are ${unit}` });
      return value.value > 0 ? value.value : outOfRange(value.span, "above 0", at);
    },
  };
}

/** So many of something. */
export interface Count<N extends string> {
  readonly unit: N;
  readonly amount: number;
}

/** `20M tokens` or `5000 steps`: which nouns are allowed decides what it may count. */
export function count<N extends Noun>(nouns: readonly N[]): ValueType<Count<N>> {
  const forms = nouns.map((noun) => `500 ${noun}`);
  const what = `a count such as ${oneOf(forms)}`;
  return {
    what,
    unit: nouns.join(", "),
    range: "above 0",
    words: nouns,
    read: (value, at) => {
      if (value.kind !== "number") return wrongType(value, what, at);
      const { measure } = suffixes[value.suffix];
      const noun = nouns.find((known) => known === value.noun);
      if (measure === "time" && !value.noun)
        return wrongUnit(value, `counts ${oneOf(nouns).replaceAll("`", "")}, not time`, at, {
          help: "a run is the same on every machine, whatever its speed",
        });
      if (measure !== "plain") return wrongUnit(value, `is ${what}`, at);
      if (!noun) {
        const bare = spanText(value.span).split(/\s/)[0] ?? "";
        const [only] = nouns;
        const single = nouns.length === 1 && only !== undefined;
        const problem = value.noun
          ? `does not count ${value.noun}`
          : single
            ? `counts ${only}, and must say so`
            : "does not say what is counted";
        const more =
          single && !value.noun
            ? { fixes: replace(value.span, `${bare} ${only}`) }
            : { help: `write ${oneOf(forms.map((form) => form.replace("500", bare)))}` };
        return wrongUnit(value, problem, at, more);
      }
      if (!Number.isSafeInteger(value.value)) return outOfRange(value.span, "a whole number", at);
      return value.value > 0 ? { unit: noun, amount: value.value } : outOfRange(value.span, "above 0", at);
    },
  };
}

/** One of a few words. */
export function choice<W extends string>(words: readonly W[]): ValueType<W> {
  return {
    what: oneOf(words),
    words,
    read: (value, at) => {
      if (value.kind === "missing") return undefined;
      const found = words.find((word) => value.kind === "name" && value.text === word);
      if (found !== undefined) return found;
      const near =
        value.kind === "name" || value.kind === "string"
          ? (words.find((word) => word === value.text) ?? suggest(value.text, words))
          : undefined;
      at.problem(
        report(
          "field/choice",
          { field: at.field, choices: oneOf(words), found: describe(value) },
          {
            primary: { span: value.span, text: "" },
            fixes: near ? replace(value.span, near) : [],
          },
        ),
      );
      return undefined;
    },
  };
}

/** `true` or `false`. */
export const boolean: ValueType<boolean> = {
  what: "`true` or `false`",
  words: ["true", "false"],
  read: (value, at) => {
    const word = choice(["true", "false"] as const).read(value, at);
    return word === undefined ? undefined : word === "true";
  },
};

/** A text with at least one character. */
export const someText: ValueType<string> = {
  what: 'a text in `"` quotes',
  range: "at least one character",
  read: (value, at) => {
    const read = text.read(value, at);
    return read === "" ? outOfRange(value.span, "at least one character", at) : read;
  },
};

/** A text of one character of ASCII. */
export const oneCharacter: ValueType<string> = {
  what: 'a character in `"` quotes, such as `";"` or `"\\t"`',
  range: "one character of ASCII",
  read: (value, at) => {
    const read = text.read(value, at);
    // oxlint-disable-next-line no-control-regex -- ASCII
    return read === undefined || /^[\u0001-\u007f]$/.test(read)
      ? read
      : outOfRange(value.span, "one character of ASCII", at);
  },
};

export const text: ValueType<string> = {
  what: 'a text in `"` quotes',
  read: (value, at) =>
    value.kind === "string"
      ? value.text
      : wrongType(
          value,
          'a text in `"` quotes',
          at,
          value.kind === "name" ? { fixes: replace(value.span, `"${value.text}"`) } : {},
        ),
};

/** The name of another declaration; whether it exists is for the semantics to say. */
export function reference(what: string): ValueType<Name> {
  return {
    what,
    read: (value, at) => (value.kind === "name" ? { text: value.text, span: value.span } : wrongType(value, what, at)),
  };
}

/** An expression that the semantics elaborates: an op, its arguments, a list of them. */
export function expression(what: string): ValueType<Expression> {
  return { what, read: (value) => (value.kind === "missing" ? undefined : value) };
}

/** `[a, b]`, or one item alone. */
export function listOf<T>(item: ValueType<T>, what = `a list of ${item.what}`): ValueType<readonly T[]> {
  return {
    what,
    ...(item.words ? { words: item.words } : {}),
    ...(item.calls ? { calls: item.calls } : {}),
    read: (value, at) => {
      const items = value.kind === "list" ? value.items : [value];
      const read = items.map((entry) => item.read(entry, at));
      return read.some((entry) => entry === undefined) ? undefined : (read as T[]);
    },
  };
}

/** Whole numbers: `7`, `1..3` or `[1, 5]`. */
export const integers: ValueType<readonly number[]> = {
  what: "whole numbers: `7`, `1..3` or `[1, 5]`",
  range: "at least 0",
  read: (value, at) => {
    const one = integer({ min: 0 });
    if (value.kind !== "binary" || value.op !== "..") return listOf(one).read(value, at);
    const [first, last] = [one.read(value.left, at), one.read(value.right, at)];
    if (first === undefined || last === undefined) return undefined;
    if (last < first || last - first >= 10_000) return outOfRange(value.span, "a range that goes up", at);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  },
};

/** A constant, or `a -> b` over the run. */
export interface Ramp {
  readonly from: number;
  readonly to: number;
}

export function ramp(of: ValueType<number>): ValueType<Ramp> {
  return {
    ...of,
    what: `${of.what}, or a ramp \`a -> b\` of them`,
    read: (value, at) => {
      if (value.kind === "binary" && value.op === "->") {
        const [from, to] = [of.read(value.left, at), of.read(value.right, at)];
        return from === undefined || to === undefined ? undefined : { from, to };
      }
      const constant = of.read(value, at);
      return constant === undefined ? undefined : { from: constant, to: constant };
    },
  };
}
