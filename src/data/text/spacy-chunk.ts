/**
 * @file How spaCy's English tokenizer cuts a chunk (a run of text without white space) into tokens: special cases, then prefixes and
 * suffixes taken off one at a time, then what is left by infixes. The patterns and special cases are spaCy's own (spacy-en.gen.ts).
 */
import { patterns, splitSpecials, wholeSpecials } from "./spacy-en.gen.ts";

/** Special cases: text -> its tokens. */
export const specials: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ...wholeSpecials.map((text) => [text, [text]] as const),
  ...splitSpecials.map((tokens) => [tokens.replaceAll(" ", ""), tokens.split(" ")] as const),
]);

const prefix = new RegExp(patterns.prefix, "u");
const suffix = new RegExp(patterns.suffix, "u");
const infix = new RegExp(patterns.infix, "u");
const infixes = new RegExp(patterns.infix, "gu");
const url = new RegExp(patterns.url, "u");
const length = (pattern: RegExp, text: string): number => pattern.exec(text)?.[0].length ?? 0;

/** Whether an affix of some kind is in the text: such special cases are looked for across tokens, too. */
export const hasAffix = (text: string): boolean => prefix.test(text) || infix.test(text) || suffix.test(text);

/** Letters of ASCII, then at most one mark that always stands alone: most chunks of English text. */
const simple = /^[A-Za-z]+[,;:!?)\]"]?$/;
const letters = /^[A-Za-z]+$/;
const none: ReadonlyMap<string, readonly string[]> = new Map();

/** The tokens of a chunk. `withSpecials` is off where special cases themselves are taken apart. */
export function tokensOf(chunk: string, withSpecials = true): readonly string[] {
  const known = withSpecials ? specials : none;
  const special = known.get(chunk);
  if (special !== undefined) return special;
  if (simple.test(chunk)) {
    if (letters.test(chunk)) return [chunk];
    const word = chunk.slice(0, -1);
    return [...(known.get(word) ?? [word]), chunk.slice(-1)];
  }
  return split(chunk, known);
}

function split(chunk: string, known: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const before: string[] = [];
  const after: string[] = [];
  let rest = chunk;
  for (let last = -1; rest !== "" && rest.length !== last && !known.has(rest);) {
    last = rest.length;
    const pre = length(prefix, rest);
    if (pre > 0 && known.has(rest.slice(pre))) {
      before.push(rest.slice(0, pre));
      rest = rest.slice(pre);
      break;
    }
    const suf = length(suffix, rest.slice(pre));
    if (suf > 0 && known.has(rest.slice(0, -suf))) {
      after.push(rest.slice(-suf));
      rest = rest.slice(0, -suf);
      break;
    }
    if (pre > 0) before.push(rest.slice(0, pre));
    if (suf > 0) after.push(rest.slice(rest.length - suf));
    rest = rest.slice(pre, rest.length - suf);
  }
  return [...before, ...(rest === "" ? [] : known.get(rest) ?? middle(rest)), ...after.reverse()];
}

function middle(rest: string): readonly string[] {
  if (rest.includes(".") && url.test(rest)) return [rest];
  const tokens: string[] = [];
  let start = 0;
  for (const match of rest.matchAll(infixes)) {
    if (match.index === 0) continue;
    if (match.index !== start) tokens.push(rest.slice(start, match.index));
    tokens.push(match[0]);
    start = match.index + match[0].length;
  }
  if (start < rest.length) tokens.push(rest.slice(start));
  return tokens;
}
