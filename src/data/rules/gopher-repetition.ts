/** @file Gopher's repetition rules (Rae et al. 2021, table A1), as datatrove's GopherRepetitionFilter decides them; the first rule that fails is the reason. */
import { languagePresets } from "../text/language-presets.ts";
import { lengthIn, strip } from "../text/python.ts";
import { wordsBy, type WordKind } from "../text/words.ts";
import { repeated, Runs } from "./duplicates.ts";
import type { DocumentRule } from "./rule.ts";

/** Each limit is the largest share that passes. The n of runs ascends; a limit of zero on lines and paragraphs is no limit. */
export interface GopherRepetitionOptions {
  readonly words: WordKind;
  readonly paragraphs: number;
  readonly paragraphCharacters: number;
  readonly lines: number;
  readonly lineCharacters: number;
  readonly topRuns: readonly (readonly [n: number, limit: number])[];
  readonly duplicateRuns: readonly (readonly [n: number, limit: number])[];
}

export const gopherRepetitionDefaults: GopherRepetitionOptions = {
  words: "spacy-en",
  paragraphs: 0.3,
  paragraphCharacters: 0.2,
  lines: 0.3,
  lineCharacters: 0.2,
  topRuns: [
    [2, 0.2],
    [3, 0.18],
    [4, 0.16],
  ],
  duplicateRuns: [
    [5, 0.15],
    [6, 0.14],
    [7, 0.13],
    [8, 0.12],
    [9, 0.11],
    [10, 0.1],
  ],
};

/** The reason to drop a document with these words, or nothing. */
export function judgeGopherRepetition(
  text: string,
  words: () => readonly string[],
  o: GopherRepetitionOptions,
): string | undefined {
  if (text === "") return "empty";
  const lengthOf = lengthIn(text);
  const length = lengthOf(text);
  const stripped = strip(text);
  const paragraphs = stripped.includes("\n\n") ? stripped.split(/\n{2,}/) : [stripped];
  const again = repeated(paragraphs, lengthOf);
  if (o.paragraphs && again.count / paragraphs.length > o.paragraphs) return "dup_para_frac";
  if (o.paragraphCharacters && again.characters / length > o.paragraphCharacters) return "dup_para_char_frac";
  const lines = text.includes("\n\n") ? text.split(/\n+/) : text.split("\n");
  const twice = repeated(lines, lengthOf);
  if (o.lines && twice.count / lines.length > o.lines) return "dup_line_frac";
  if (o.lineCharacters && twice.characters / length > o.lineCharacters) return "dup_line_char_frac";

  const runs = new Runs(words());
  let n = 1;
  const growTo = (to: number): void => {
    for (; n < to; n++) runs.grow();
  };
  for (const [size, limit] of o.topRuns) {
    growTo(size);
    if (runs.top() / length > limit) return `top_${size}_gram`;
  }
  for (const [size, limit] of o.duplicateRuns) {
    growTo(size);
    if (runs.duplicated() / length > limit) return `duplicated_${size}_n_grams`;
  }
  return undefined;
}

/** `language` sets the words, if they are not set themselves. */
export type GopherRepetitionChoices = Partial<GopherRepetitionOptions> & { readonly language?: string };

/** All limits that some choices set. */
export const gopherRepetitionSettings = ({
  language = "en",
  ...options
}: GopherRepetitionChoices = {}): GopherRepetitionOptions => ({
  ...gopherRepetitionDefaults,
  words: languagePresets.get(language)?.words ?? gopherRepetitionDefaults.words,
  ...options,
});

export function gopherRepetition(choices: GopherRepetitionChoices = {}): DocumentRule {
  const settings = gopherRepetitionSettings(choices);
  const split = wordsBy(settings.words);
  return (text) => {
    const reason = judgeGopherRepetition(text, () => split(text), settings);
    return reason === undefined ? { kind: "keep", text } : { kind: "drop", reason };
  };
}
