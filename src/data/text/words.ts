/** @file What a word is. Published thresholds mean the words of their own tool, so a rule is told how to split. */
import { splitSpaces } from "./python.ts";
import { spacyWords } from "./spacy-en.ts";

/**
 * `spacy-en`: datatrove's (FineWeb); `whitespace`: the Gopher paper's, dolma's and NeMo's; `icu`: word boundaries of Unicode (UAX #29, with ICU's
 * dictionaries); `auto`: between white space, and by those boundaries where a script writes no spaces between words.
 */
export type WordKind = "spacy-en" | "whitespace" | "icu" | "auto";
export type WordSplitter = (text: string) => readonly string[];

let segmenter: Intl.Segmenter | undefined;
function icuWords(text: string): readonly string[] {
  segmenter ??= new Intl.Segmenter(undefined, { granularity: "word" });
  const words: string[] = [];
  for (const { segment, isWordLike } of segmenter.segment(text))
    if (isWordLike === true || segment.trim() !== "") words.push(segment);
  return words;
}

/** Scripts that write no spaces between words (those that UAX #29 leaves to dictionaries). */
const unspaced = /[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}]/u;

/** A run of text without white space as words: itself, unless it is of a script that writes no spaces. */
export const cutUnspaced = (run: string): readonly string[] => (unspaced.test(run) ? icuWords(run) : [run]);

const splitters: Readonly<Record<WordKind, WordSplitter>> = {
  "spacy-en": remember(spacyWords),
  whitespace: remember(splitSpaces),
  icu: remember(icuWords),
  auto: remember((text) => splitSpaces(text).flatMap(cutUnspaced)),
};

/** The splitter of a kind. It remembers its last text, so that rules in a row split a document once. */
export const wordsBy = (kind: WordKind): WordSplitter => splitters[kind];

function remember(split: WordSplitter): WordSplitter {
  let last = "";
  let words: readonly string[] = [];
  return (text) => {
    if (text !== last) [last, words] = [text, split(text)];
    return words;
  };
}
