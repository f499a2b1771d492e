/** @file The numbers that steps bound, for histograms: what is measured of a document, and the limits between which it stays. */
import { languageDefaults, languageIdentifier } from "../classify/language.ts";
import { scoreQuality } from "../classify/train.ts";
import { fineWebSettings } from "../rules/fineweb.ts";
import { gopherQualitySettings } from "../rules/gopher-quality.ts";
import { gopherRepetitionSettings } from "../rules/gopher-repetition.ts";
import { seenBy, signals, type Seen, type Signal } from "../rules/signals.ts";
import { kindsIn } from "../text/punctuation.ts";
import { codePoints, countOf } from "../text/python.ts";
import type { WordKind } from "../text/words.ts";
import { qualityModelOf, type ReadyStep } from "../steps/rules.ts";

export interface Measure {
  readonly name: string;
  readonly about: string;
  readonly min?: number;
  readonly max?: number;
}

/** Measures with what gives their values of a text, in the same order. */
export interface Measured {
  readonly measures: readonly Measure[];
  readonly of: (text: string) => readonly number[];
}

type Limits = Pick<Measure, "min" | "max">;
/** A signal, or a number that a rule counts in a way of its own. */
type CountedNumber = Signal | { readonly name: string; readonly about: string; readonly of: (seen: Seen) => number };
type BoundNumber = readonly [of: CountedNumber, limits: Limits];

const realWords = ({ words }: Seen): readonly string[] => words.filter((word) => (kindsIn(word) & 1) !== 0);
const perWord =
  (mark: string) =>
  ({ text, words }: Seen): number =>
    countOf(text, mark) / Math.max(1, words.length);
/** As Gopher counts: words without punctuation, and each kind of symbol by itself. */
const gopher = {
  words: { name: "words", about: "words that are not punctuation", of: (seen: Seen) => realWords(seen).length },
  length: {
    name: "mean_word_length",
    about: "mean length of these words in characters",
    of: (seen: Seen) =>
      realWords(seen).reduce((sum, word) => sum + codePoints(word), 0) / Math.max(1, realWords(seen).length),
  },
  hashes: { name: "hashes", about: "number signs to words", of: perWord("#") },
  ellipses: {
    name: "ellipses",
    about: "ellipses to words",
    of: (seen: Seen) => perWord("...")(seen) + perWord("…")(seen),
  },
} as const;

/** What a step measures; nothing of a step that bounds no number. */
export async function measuresOf(ready: ReadyStep): Promise<Measured | undefined> {
  const { step } = ready;
  switch (step.kind) {
    case "signals":
      return ofSignals(
        step.words,
        step.bounds.map(({ signal, min, max }) => [signal, { ...limit("min", min), ...limit("max", max) }]),
      );
    case "gopher_quality": {
      const o = gopherQualitySettings(step.options);
      return ofSignals(o.words, [
        [gopher.words, { ...limit("min", o.minWords), ...limit("max", o.maxWords) }],
        [gopher.length, { ...limit("min", o.minMeanWordLength), ...limit("max", o.maxMeanWordLength) }],
        [gopher.hashes, limit("max", o.maxSymbolsPerWord)],
        [gopher.ellipses, limit("max", o.maxSymbolsPerWord)],
        ["alphabetic_words", limit("min", o.minAlphabeticWords)],
        ["bullet_lines", limit("max", o.maxBulletLines)],
        ["ellipsis_lines", limit("max", o.maxEllipsisLines)],
      ]);
    }
    case "gopher_repetition": {
      const o = gopherRepetitionSettings(step.options);
      const run = (runs: typeof o.topRuns, n: number): { readonly max?: number } =>
        limit("max", runs.find(([size]) => size === n)?.[1]);
      return ofSignals(o.words, [
        ["duplicate_lines", limit("max", o.lines)],
        ["duplicate_line_characters", limit("max", o.lineCharacters)],
        ["top_2_gram", run(o.topRuns, 2)],
        ["top_3_gram", run(o.topRuns, 3)],
        ["duplicate_5_grams", run(o.duplicateRuns, 5)],
        ["duplicate_10_grams", run(o.duplicateRuns, 10)],
      ]);
    }
    case "fineweb": {
      const o = fineWebSettings(step.options);
      return ofSignals(o.words, [
        ["terminal_lines", limit("min", o.minTerminalLines)],
        ...(o.shortLine === 30 ? [["short_lines", limit("max", o.maxShortLines)] as const] : []),
        ["duplicate_line_characters", limit("max", o.maxDuplicateCharacters)],
        ["line_ends_per_word", limit("max", o.maxLineEndsPerWord)],
      ]);
    }
    case "quality": {
      const model = await qualityModelOf(ready);
      const about = "how much a document is like the good ones";
      return {
        measures: [{ name: "score", about, ...(step.keep.kind === "above" ? { min: step.keep.threshold } : {}) }],
        of: (text) => [scoreQuality(model, text)],
      };
    }
    case "language": {
      const { languages, minScore } = { ...languageDefaults, ...step.options };
      const identify = await languageIdentifier();
      const score = (text: string): number =>
        Math.max(
          0,
          ...identify(text, 0.01)
            .filter(({ language }) => languages.includes(language))
            .map((one) => one.score),
        );
      return {
        measures: [{ name: "score", about: `the best score of ${languages.join(", ")}`, min: minScore }],
        of: (text) => [score(text)],
      };
    }
    default:
      return undefined;
  }
}

/** A limit of zero is none where rules say so; one at infinity is none either. */
function limit<K extends "min" | "max">(key: K, value: number | undefined): { readonly [P in K]?: number } {
  return (value === undefined || value === 0 || !Number.isFinite(value) ? {} : { [key]: value }) as {
    readonly [P in K]?: number;
  };
}

function ofSignals(words: WordKind, bounds: readonly BoundNumber[]): Measured | undefined {
  const wanted = bounds
    .filter(([, { min, max }]) => min !== undefined || max !== undefined)
    .map(([of, limits]) => ({ ...(typeof of === "string" ? { name: of, ...signals[of] } : of), limits }));
  if (wanted.length === 0) return undefined;
  const see = seenBy(words);
  return {
    measures: wanted.map(({ name, about, limits }) => ({ name, about, ...limits })),
    of: (text) => {
      const seen = see(text);
      return wanted.map(({ of }) => of(seen));
    },
  };
}
