/** @file FineWeb's own rules (Penedo et al. 2024), as datatrove's FineWebQualityFilter decides them. */
import { languagePresets, lengthFor } from "../text/language-presets.ts";
import { endsWithTerminal, terminals } from "../text/punctuation.ts";
import { countOf, isSpace, lengthIn, strip } from "../text/python.ts";
import { wordsBy, type WordKind } from "../text/words.ts";
import { repeated } from "./duplicates.ts";
import type { DocumentRule } from "./rule.ts";

export interface FineWebOptions {
  readonly words: WordKind;
  /** The smallest share of lines that end a sentence. */
  readonly minTerminalLines: number;
  /** Whether a document without one such line passes. */
  readonly allowNoTerminalLine: boolean;
  /** The largest share of lines of at most `shortLine` characters. */
  readonly maxShortLines: number;
  readonly shortLine: number;
  readonly maxDuplicateCharacters: number;
  readonly maxLineEndsPerWord: number;
}

export const fineWebDefaults: FineWebOptions = {
  words: "spacy-en",
  minTerminalLines: 0.12,
  allowNoTerminalLine: false,
  maxShortLines: 0.67,
  shortLine: 30,
  maxDuplicateCharacters: 0.01,
  maxLineEndsPerWord: 0.3,
};

const isBlank = (line: string): boolean => line === "" || (isSpace(line.charCodeAt(0)) && strip(line) === "");

/** The reason to drop a document with these words, or nothing. */
export function judgeFineWeb(text: string, words: () => readonly string[], o: FineWebOptions): string | undefined {
  const lines = text.split("\n").filter((line) => !isBlank(line));
  if (lines.length === 0) return "empty";
  const lengthOf = lengthIn(text);
  let [ended, short] = [0, 0];
  for (const line of lines) {
    if (endsWithTerminal(line, terminals)) ended++;
    if (lengthOf(line) <= o.shortLine) short++;
  }
  const terminal = ended / lines.length;
  if (terminal < o.minTerminalLines && !(terminal === 0 && o.allowNoTerminalLine)) return "line_punct_ratio";
  if (short / lines.length > o.maxShortLines) return "short_line_ratio";
  const lineEnds = countOf(text, "\n");
  if (repeated(lines, lengthOf).characters / (lengthOf(text) - lineEnds) > o.maxDuplicateCharacters)
    return "char_dup_ratio";
  if (lineEnds / words().length > o.maxLineEndsPerWord) return "list_ratio";
  return undefined;
}

/** `language` sets the words and the length of a short line, if they are not set themselves. */
export type FineWebChoices = Partial<FineWebOptions> & { readonly language?: string };

/** All limits that some choices set. */
export function fineWebSettings({ language = "en", ...options }: FineWebChoices = {}): FineWebOptions {
  const preset = languagePresets.get(language);
  return {
    ...fineWebDefaults,
    ...(preset && { words: preset.words, shortLine: lengthFor(preset, fineWebDefaults.shortLine) }),
    ...options,
  };
}

export function fineWeb(choices: FineWebChoices = {}): DocumentRule {
  const settings = fineWebSettings(choices);
  const split = wordsBy(settings.words);
  return (text) => {
    const reason = judgeFineWeb(text, () => split(text), settings);
    return reason === undefined ? { kind: "keep", text } : { kind: "drop", reason };
  };
}
