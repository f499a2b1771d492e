/** @file Gopher's quality rules (Rae et al. 2021, appendix A.1.1), as datatrove's GopherQualityFilter decides them; the first rule that fails is the reason. */
import { languagePresets, lengthFor } from "../text/language-presets.ts";
import { kindsIn } from "../text/punctuation.ts";
import { countOf, lengthIn, splitLines, stripEnd, stripStart } from "../text/python.ts";
import { wordsBy, type WordKind } from "../text/words.ts";
import type { DocumentRule } from "./rule.ts";

/** A limit of zero is no limit. */
export interface GopherQualityOptions {
  readonly words: WordKind;
  readonly minWords: number;
  readonly maxWords: number;
  readonly minMeanWordLength: number;
  readonly maxMeanWordLength: number;
  readonly maxSymbolsPerWord: number;
  readonly maxBulletLines: number;
  readonly maxEllipsisLines: number;
  readonly minAlphabeticWords: number;
  readonly minStopWords: number;
  readonly stopWords: readonly string[];
}
/** `language` sets the words, their lengths and the stop words that are not set themselves. */
export type GopherQualityChoices = Partial<GopherQualityOptions> & { readonly language?: string };

export const gopherQualityDefaults: GopherQualityOptions = {
  words: "spacy-en",
  minWords: 50,
  maxWords: 100_000,
  minMeanWordLength: 3,
  maxMeanWordLength: 10,
  maxSymbolsPerWord: 0.1,
  maxBulletLines: 0.9,
  maxEllipsisLines: 0.3,
  minAlphabeticWords: 0.8,
  minStopWords: 2,
  stopWords: ["the", "be", "to", "of", "and", "that", "have", "with"],
};

export function isBullet(line: string): boolean {
  const stripped = stripStart(line);
  return stripped.startsWith("-") || stripped.startsWith("•");
}
export function endsInEllipsis(line: string): boolean {
  const stripped = stripEnd(line);
  return stripped.endsWith("...") || stripped.endsWith("…");
}
export const share = (lines: readonly string[], holds: (line: string) => boolean): number =>
  lines.filter(holds).length / lines.length;

/** The reason to drop a document with these words, or nothing. */
export function judgeGopherQuality(
  text: string,
  words: readonly string[],
  o: GopherQualityOptions,
): string | undefined {
  const lengthOf = lengthIn(text);
  let real = 0;
  let characters = 0;
  let alphabetic = 0;
  for (const word of words) {
    const kinds = kindsIn(word);
    if (kinds & 1) {
      real++;
      characters += lengthOf(word);
    }
    if (kinds & 2) alphabetic++;
  }
  if (o.minWords && real < o.minWords) return "gopher_short_doc";
  if (o.maxWords && real > o.maxWords) return "gopher_long_doc";
  const mean = characters / real;
  if (o.minMeanWordLength && mean < o.minMeanWordLength) return "gopher_below_avg_threshold";
  if (o.maxMeanWordLength && mean > o.maxMeanWordLength) return "gopher_above_avg_threshold";
  if (o.maxSymbolsPerWord && countOf(text, "#") / words.length > o.maxSymbolsPerWord) return "gopher_too_many_hashes";
  if (o.maxSymbolsPerWord && (countOf(text, "...") + countOf(text, "…")) / words.length > o.maxSymbolsPerWord)
    return "gopher_too_many_ellipsis";
  const lines = splitLines(text);
  if (o.maxBulletLines && share(lines, isBullet) > o.maxBulletLines) return "gopher_too_many_bullets";
  if (o.maxEllipsisLines && share(lines, endsInEllipsis) > o.maxEllipsisLines) return "gopher_too_many_end_ellipsis";
  if (o.minAlphabeticWords && alphabetic / words.length < o.minAlphabeticWords) return "gopher_below_alpha_threshold";
  if (o.minStopWords && distinct(words, o.stopWords, o.minStopWords) < o.minStopWords)
    return "gopher_enough_stop_words";
  return undefined;
}

/** How many of the wanted words occur, counted no further than `enough`. */
function distinct(words: readonly string[], wanted: readonly string[], enough: number): number {
  const missing = new Set(wanted);
  const start = missing.size;
  for (let i = 0; i < words.length && start - missing.size < enough; i++) missing.delete(words[i] ?? "");
  return start - missing.size;
}

function defaultsFor(language: string): GopherQualityOptions {
  const preset = languagePresets.get(language);
  if (preset === undefined) return gopherQualityDefaults;
  const { minMeanWordLength, maxMeanWordLength } = gopherQualityDefaults;
  return {
    ...gopherQualityDefaults,
    words: preset.words,
    stopWords: preset.stopWords,
    minMeanWordLength: lengthFor(preset, minMeanWordLength),
    maxMeanWordLength: lengthFor(preset, maxMeanWordLength),
  };
}

/** All limits that some choices set. */
export const gopherQualitySettings = ({
  language = "en",
  ...options
}: GopherQualityChoices = {}): GopherQualityOptions => ({ ...defaultsFor(language), ...options });

export function gopherQuality(choices: GopherQualityChoices = {}): DocumentRule {
  const settings = gopherQualitySettings(choices);
  const split = wordsBy(settings.words);
  return (text) => {
    const reason = judgeGopherQuality(text, split(text), settings);
    return reason === undefined ? { kind: "keep", text } : { kind: "drop", reason };
  };
}
