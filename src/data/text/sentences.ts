/** @file Sentences as spaCy's sentencizer counts them: one ends where a token that is neither punctuation nor an end follows an end. */
import { sentenceEnds } from "./spacy-en.gen.ts";
import { spacyTokens } from "./spacy-en.ts";

const ends: ReadonlySet<string> = new Set(sentenceEnds);
const allPunctuation = /^\p{P}+$/u;

/** How many sentences a text has; an empty text has one, since it is a span like another. */
export function countSentences(text: string): number {
  let count = 1;
  let ended = false;
  for (const token of spacyTokens(text)) {
    if (ends.has(token)) ended = true;
    else if (ended && !allPunctuation.test(token)) {
      count++;
      ended = false;
    }
  }
  return count;
}
