/** @file Signals: numbers about a document that a user can bound, each with its own name and meaning. */
import { endsWithTerminal, kindsIn, terminals } from "../text/punctuation.ts";
import { codePoints, countOf, splitLines } from "../text/python.ts";
import { wordsBy, type WordKind } from "../text/words.ts";
import { repeated, Runs } from "./duplicates.ts";
import { endsInEllipsis, isBullet, share } from "./gopher-quality.ts";
import type { DocumentRule } from "./rule.ts";

/** What signals look at. */
export interface Seen {
  readonly text: string;
  readonly words: readonly string[];
  /** Lines that are not blank. */
  readonly lines: readonly string[];
}
const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);
const matching = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;
const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? 0;
const ofLines =
  (holds: (line: string) => boolean) =>
  ({ lines }: Seen): number =>
    lines.length === 0 ? 0 : share(lines, holds);
const repeatedRun =
  (n: number, by: "top" | "duplicated") =>
  ({ text, words }: Seen): number => {
    const runs = new Runs(words);
    for (let i = 1; i < n; i++) runs.grow();
    return ratio(runs[by](), codePoints(text));
  };

/** What each signal means, and how it is made. Shares are from 0 to 1. */
export const signals = {
  characters: { about: "code points of the text", of: ({ text }: Seen) => codePoints(text) },
  words: { about: "words", of: ({ words }: Seen) => words.length },
  lines: { about: "lines that are not blank", of: ({ lines }: Seen) => lines.length },
  mean_word_length: {
    about: "mean length of words in characters",
    of: ({ words }: Seen) => ratio(sum(words.map(codePoints)), words.length),
  },
  median_word_length: {
    about: "median length of words in characters",
    of: ({ words }: Seen) => median(words.map(codePoints)),
  },
  longest_word: {
    about: "length of the longest word in characters",
    of: ({ words }: Seen) => words.reduce((most, word) => Math.max(most, codePoints(word)), 0),
  },
  mean_line_length: {
    about: "mean length of lines in characters",
    of: ({ lines }: Seen) => ratio(sum(lines.map(codePoints)), lines.length),
  },
  symbol_ratio: {
    about: "number signs and ellipses to words",
    of: ({ text, words }: Seen) => ratio(countOf(text, "#") + countOf(text, "...") + countOf(text, "…"), words.length),
  },
  alphabetic_words: {
    about: "share of words with a letter",
    of: ({ words }: Seen) => ratio(words.filter((word) => (kindsIn(word) & 2) !== 0).length, words.length),
  },
  distinct_words: {
    about: "share of words that are the first of their kind",
    of: ({ words }: Seen) => ratio(new Set(words).size, words.length),
  },
  capital_words: {
    about: "share of words all in capitals",
    of: ({ words }: Seen) => ratio(words.filter((word) => /^\p{Lu}{2,}$/u.test(word)).length, words.length),
  },
  digits: {
    about: "share of characters that are digits",
    of: ({ text }: Seen) => ratio(matching(text, /\p{Nd}/gu), codePoints(text)),
  },
  capitals: {
    about: "share of characters that are capitals",
    of: ({ text }: Seen) => ratio(matching(text, /\p{Lu}/gu), codePoints(text)),
  },
  spaces: {
    about: "share of characters that are white space",
    of: ({ text }: Seen) => ratio(matching(text, /\s/g), codePoints(text)),
  },
  special_characters: {
    about: "share of characters that are neither letters, digits nor white space",
    of: ({ text }: Seen) => ratio(matching(text, /[^\p{L}\p{N}\s]/gu), codePoints(text)),
  },
  bullet_lines: { about: "share of lines that begin with a bullet", of: ofLines(isBullet) },
  ellipsis_lines: { about: "share of lines that end in an ellipsis", of: ofLines(endsInEllipsis) },
  terminal_lines: {
    about: "share of lines that end a sentence",
    of: ofLines((line) => endsWithTerminal(line, terminals)),
  },
  short_lines: { about: "share of lines of at most thirty characters", of: ofLines((line) => codePoints(line) <= 30) },
  duplicate_lines: {
    about: "share of lines that occurred before",
    of: ({ lines }: Seen) => ratio(repeated(lines).count, lines.length),
  },
  duplicate_line_characters: {
    about: "share of characters in lines that occurred before",
    of: ({ text, lines }: Seen) => ratio(repeated(lines).characters, codePoints(text)),
  },
  line_ends_per_word: {
    about: "line ends to words",
    of: ({ text, words }: Seen) => ratio(countOf(text, "\n"), words.length),
  },
  top_2_gram: { about: "share of characters in the most frequent pair of words", of: repeatedRun(2, "top") },
  top_3_gram: { about: "share of characters in the most frequent three words", of: repeatedRun(3, "top") },
  duplicate_5_grams: {
    about: "share of characters in five words that occurred before",
    of: repeatedRun(5, "duplicated"),
  },
  duplicate_10_grams: {
    about: "share of characters in ten words that occurred before",
    of: repeatedRun(10, "duplicated"),
  },
  curly_brackets: { about: "curly brackets", of: ({ text }: Seen) => countOf(text, "{") + countOf(text, "}") },
} as const satisfies Readonly<Record<string, { readonly about: string; readonly of: (seen: Seen) => number }>>;
export type Signal = keyof typeof signals;

export interface Bound {
  readonly signal: Signal;
  readonly min?: number;
  readonly max?: number;
}

/** Takes a text apart as signals want it. */
export function seenBy(words: WordKind): (text: string) => Seen {
  const split = wordsBy(words);
  return (text) => ({ text, words: split(text), lines: splitLines(text).filter((line) => line.trim() !== "") });
}

/** Drops documents with a signal out of bounds; the first bound that fails is the reason. */
export function boundedSignals(bounds: readonly Bound[], words: WordKind = "spacy-en"): DocumentRule {
  const see = seenBy(words);
  return (text) => {
    const seen = see(text);
    for (const { signal, min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } of bounds) {
      const value = signals[signal].of(seen);
      if (value < min) return { kind: "drop", reason: `${signal}_below`, detail: `${rounded(value)} < ${min}` };
      if (value > max) return { kind: "drop", reason: `${signal}_above`, detail: `${rounded(value)} > ${max}` };
    }
    return { kind: "keep", text };
  };
}

const rounded = (value: number): string => String(Number(value.toPrecision(4)));
