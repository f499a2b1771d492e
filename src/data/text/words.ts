/** @file What a word is. Published thresholds mean the words of their own tool, so a rule is told how to split. */
import { splitSpaces } from "./python.ts";
import { spacyWords } from "./spacy-en.ts";

/** `spacy-en`: datatrove's (FineWeb); `whitespace`: the Gopher paper's, dolma's and NeMo's; `icu`: word boundaries of Unicode, for languages without spaces. */
export type WordKind = "spacy-en" | "whitespace" | "icu";
export type WordSplitter = (text: string) => readonly string[];

let segmenter: Intl.Segmenter | undefined;
function icuWords(text: string): readonly string[] {
  segmenter ??= new Intl.Segmenter(undefined, { granularity: "word" });
  const words: string[] = [];
  for (const { segment, isWordLike } of segmenter.segment(text)) if (isWordLike === true || segment.trim() !== "") words.push(segment);
  return words;
}

const splitters: Readonly<Record<WordKind, WordSplitter>> = { "spacy-en": remember(spacyWords), whitespace: remember(splitSpaces), icu: remember(icuWords) };

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
