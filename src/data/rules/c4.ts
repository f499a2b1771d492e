/** @file C4's rules (Raffel et al. 2020), as datatrove's C4QualityFilter and C4ParagraphFilter decide them. They take lines out of a document, and drop it when too little is left. */
import { languagePresets } from "../text/language-presets.ts";
import { endsWithTerminal, terminals } from "../text/punctuation.ts";
import { codePoints, isSpace, splitLines, strip } from "../text/python.ts";
import { countSentences } from "../text/sentences.ts";
import { wordsBy } from "../text/words.ts";
import type { DocumentRule, Verdict } from "./rule.ts";

/** -1 turns a limit off. */
export interface C4Options {
  readonly removeCitations: boolean;
  /** Lines must end in one of . ? ! " ' and not in an ellipsis. FineWeb turns this off. */
  readonly needTerminalMark: boolean;
  readonly minSentences: number;
  readonly minWordsPerLine: number;
  readonly maxWordLength: number;
  readonly dropLoremIpsum: boolean;
  readonly dropJavascriptLines: boolean;
  readonly dropCurlyBracket: boolean;
  readonly dropPolicyLines: boolean;
}

export const c4Defaults: C4Options = {
  removeCitations: true,
  needTerminalMark: true,
  minSentences: 5,
  minWordsPerLine: 3,
  maxWordLength: 1000,
  dropLoremIpsum: true,
  dropJavascriptLines: true,
  dropCurlyBracket: true,
  dropPolicyLines: true,
};

const citation = /\[\p{Nd}*\]|\[edit\]|\[citation needed\]/gu;
/** Most documents have none of what lines are searched for. */
const suspicious = ["lorem ipsum", "javascript", "terms of use", "privacy policy", "cookie"];
const policies = ["terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies"];

/** Whether a line has `least` words between white space, and whether one of its words has more than `longest` characters. */
function measure(
  line: string,
  least: number,
  longest: number,
): { readonly enough: boolean; readonly tooLong: boolean } {
  const mayBeLong = longest !== -1 && line.length > longest;
  const counted = mayBeLong ? Number.POSITIVE_INFINITY : least;
  let words = 0;
  for (let at = 0; at < line.length && words < counted;) {
    while (at < line.length && isSpace(line.charCodeAt(at))) at++;
    if (at === line.length) break;
    const start = at;
    while (at < line.length && !isSpace(line.charCodeAt(at))) at++;
    words++;
    if (mayBeLong && at - start > longest && codePoints(line.slice(start, at)) > longest)
      return { enough: true, tooLong: true };
  }
  return { enough: words >= least, tooLong: false };
}

/** English's marks, with quotes; other languages have those of all scripts as well. */
const endsSentence = (line: string, anyScript: boolean): boolean =>
  ".?!\"'".includes(line.at(-1) ?? " ") ||
  (anyScript && (endsWithTerminal(line, terminals) || /[”’」』»]$/.test(line)));

/** `language` sets what ends a sentence, and what a word is where no spaces are written. */
export type C4Choices = Partial<C4Options> & { readonly language?: string };

export function c4({ language = "en", ...options }: C4Choices = {}): DocumentRule {
  const o = { ...c4Defaults, ...options };
  const preset = languagePresets.get(language);
  const hasWords = (line: string, spaced: boolean): boolean =>
    preset === undefined || preset.spaced ? spaced : wordsBy(preset.words)(line).length >= o.minWordsPerLine;
  return (text): Verdict => {
    const counts: Record<string, number> = {};
    const remove = (why: string): void => {
      counts[why] = (counts[why] ?? 0) + 1;
    };
    const kept: string[] = [];
    let sentences = 0;
    const whole = text.toLowerCase();
    const suspect = suspicious.some((part) => whole.includes(part));
    for (const raw of splitLines(text)) {
      let line = strip(raw);
      const { enough, tooLong } = measure(line, o.minWordsPerLine, o.maxWordLength);
      if (tooLong) {
        remove("line_long_word");
        continue;
      }
      const cited = o.removeCitations && line.includes("[");
      if (cited) line = line.replace(citation, "");
      if (o.needTerminalMark && (!endsSentence(line, preset !== undefined) || line.endsWith("..."))) {
        remove("line_no_terminal_mark");
        continue;
      }
      if (!hasWords(line, enough)) {
        remove("line_few_words");
        continue;
      }
      // What is taken out could have hidden something.
      const lower = suspect || cited ? line.toLowerCase() : "";
      if (o.dropLoremIpsum && lower.includes("lorem ipsum")) return { kind: "drop", reason: "lorem_ipsum" };
      if (o.dropJavascriptLines && lower.includes("javascript")) {
        remove("line_javascript");
        continue;
      }
      if (o.dropCurlyBracket && line.includes("{")) return { kind: "drop", reason: "curly_bracket" };
      if (o.dropPolicyLines && policies.some((policy) => lower.includes(policy))) {
        remove("line_policy");
        continue;
      }
      if (sentences < o.minSentences) sentences += countSentences(line);
      kept.push(line);
    }
    if (sentences < o.minSentences) return { kind: "drop", reason: "too_few_sentences" };
    return { kind: "keep", text: strip(kept.join("\n")), counts };
  };
}

export interface C4ParagraphOptions {
  readonly minParagraphs: number;
  readonly minCharacters: number;
}
export const c4ParagraphDefaults: C4ParagraphOptions = { minParagraphs: 3, minCharacters: 200 };

/** mC4: a document has at least three lines of at least two hundred characters. */
export function c4Paragraphs(options: Partial<C4ParagraphOptions> = {}): DocumentRule {
  const { minParagraphs, minCharacters } = { ...c4ParagraphDefaults, ...options };
  return (text) => {
    const long = text
      .split("\n")
      .filter((line) => line.length >= minCharacters && codePoints(line) >= minCharacters).length;
    return long >= minParagraphs
      ? { kind: "keep", text }
      : { kind: "drop", reason: "too_few_paragraphs", detail: `${long} of ${minParagraphs}` };
  };
}
