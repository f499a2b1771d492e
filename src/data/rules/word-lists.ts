/** @file Lists of words and phrases: a document that has one goes (C4's bad words), or one that has too many or too few of them. */
import { keyedUniform } from "../text/keyed.ts";
import { wordsBy, type WordKind } from "../text/words.ts";
import type { DocumentRule } from "./rule.ts";

export interface BannedPhrasesOptions {
  /** Words or phrases, in small letters. */
  readonly phrases: readonly string[];
  /** Whether a phrase must stand between characters that are no part of words; off for languages without spaces. */
  readonly whole: boolean;
  /** The share of documents with such a phrase that stay, chosen by their id. */
  readonly keepFraction: number;
}
export const bannedPhrasesDefaults: BannedPhrasesOptions = { phrases: [], whole: true, keepFraction: 0 };

/** C4's filter of pages with bad words (datatrove's C4BadWordsFilter; the list is the user's). */
export function bannedPhrases(options: Partial<BannedPhrasesOptions> = {}): DocumentRule {
  const { phrases, whole, keepFraction } = { ...bannedPhrasesDefaults, ...options };
  if (phrases.length === 0) return (text) => ({ kind: "keep", text });
  const any = phrases
    .map((phrase) => phrase.toLowerCase().replace(/[\\^$.*+?()[\]{}|/-]/g, (c) => (c === "-" ? "\\x2d" : `\\${c}`)))
    .join("|");
  const pattern = new RegExp(whole ? `(?:[^\\p{L}\\p{N}_]|^)(${any})(?:[^\\p{L}\\p{N}_]|$)` : `(${any})`, "u");
  return (text, id) => {
    const found = pattern.exec(text.toLowerCase())?.[1];
    if (found === undefined || (keepFraction > 0 && keyedUniform(id, "banned phrase") < keepFraction))
      return { kind: "keep", text };
    return { kind: "drop", reason: "banned_phrase", detail: found };
  };
}

export interface ListedWordsOptions {
  readonly words: WordKind;
  readonly list: readonly string[];
  /** Bounds of the share of words that are in the list, in small letters. */
  readonly min: number;
  readonly max: number;
}
export const listedWordsDefaults: ListedWordsOptions = { words: "spacy-en", list: [], min: 0, max: 1 };

/** BLOOM's filters of stop words (share at least 0.1) and flagged words (at most 0.1) are this one with two lists. */
export function listedWords(options: Partial<ListedWordsOptions> = {}): DocumentRule {
  const { words: kind, list, min, max } = { ...listedWordsDefaults, ...options };
  const split = wordsBy(kind);
  const listed = new Set(list.map((word) => word.toLowerCase()));
  return (text) => {
    const words = split(text);
    const share = words.length === 0 ? 0 : words.filter((word) => listed.has(word.toLowerCase())).length / words.length;
    if (share < min) return { kind: "drop", reason: "few_listed_words", detail: `${share.toFixed(3)} < ${min}` };
    if (share > max) return { kind: "drop", reason: "many_listed_words", detail: `${share.toFixed(3)} > ${max}` };
    return { kind: "keep", text };
  };
}
