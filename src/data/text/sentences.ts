/** @file Sentences as spaCy's sentencizer counts them: one ends where a token that is neither punctuation nor an end follows an end. */
import { sentenceEnds } from "./spacy-en.gen.ts";
import { spacyTokens } from "./spacy-en.ts";

const ends: ReadonlySet<string> = new Set(sentenceEnds);
const allPunctuation = /^\p{P}+$/u;

/** How many sentences a text has; an empty text has one, since it is a span like another. White space that is a token begins a sentence, too. */
export function countSentences(text: string): number {
  const { words, apart } = spacyTokens(text);
  let count = 1;
  let ended = false;
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? "";
    const end = ends.has(word);
    if (ended && (apart(i) || (!end && !allPunctuation.test(word)))) {
      count++;
      ended = false;
    }
    ended ||= end;
  }
  return ended && /\s{2}$|[^\S ]$/.test(text) ? count + 1 : count;
}
