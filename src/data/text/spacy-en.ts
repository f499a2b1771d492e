/**
 * @file The words of spaCy's blank English pipeline, which datatrove's rules count: chunks between white space, each cut into tokens
 * (kept in a bounded memory, since text repeats itself), then a pass that puts special cases such as `:-)` together again.
 */
import { isSpace } from "./python.ts";
import { hasAffix, specials, tokensOf } from "./spacy-chunk.ts";

/** Token sequences that special cases are cut into when they are not recognised: first token -> sequences, each with its length. */
let sequences: ReadonlyMap<string, readonly (readonly string[])[]> | undefined;
function affixSequences(): ReadonlyMap<string, readonly (readonly string[])[]> {
  if (sequences !== undefined) return sequences;
  const found = new Map<string, (readonly string[])[]>();
  for (const text of specials.keys()) {
    if (/^\s*$/.test(text) || !hasAffix(text)) continue;
    const tokens = tokensOf(text, false);
    const first = tokens[0];
    if (first === undefined || tokens.length === 1) continue;
    const others = found.get(first);
    if (others) others.push(tokens);
    else found.set(first, [tokens]);
  }
  return (sequences = found);
}

/** Tokens of the chunks seen lately; emptied when full, so that memory stays bounded and the result does not depend on it. */
const lately = new Map<string, readonly string[]>();
const remembered = 1 << 17;

/** The tokens of a run of text without white space. */
export function chunkTokens(chunk: string): readonly string[] {
  let tokens = lately.get(chunk);
  if (tokens === undefined) {
    tokens = tokensOf(chunk);
    if (lately.size >= remembered) lately.clear();
    if (chunk.length <= 64) lately.set(chunk, tokens);
  }
  return tokens;
}

/** What stands before a token. Other white space than one space is a token of spaCy's, so no special case reaches across it. */
const GLUED = 0;
const SPACED = 1;
const APART = 2;

interface Tokens {
  readonly tokens: readonly string[];
  readonly before: readonly number[];
}

const LETTER = 1;
const MARK = 2;
const SPACE = 4;
/** Per UTF-16 unit: an ASCII letter, a mark that always stands alone at the end of a word, or white space. */
const kinds = new Uint8Array(65536);
for (let unit = 0; unit < 65536; unit++) {
  const character = String.fromCharCode(unit);
  kinds[unit] = /[A-Za-z]/.test(character) ? LETTER : ",;:!?)]\"".includes(character) ? MARK : isSpace(unit) ? SPACE : 0;
}
const isSpaceAt = (text: string, at: number): boolean => kinds[text.charCodeAt(at)] === SPACE;

/** A filter before the look-up of a word among the special cases: by its first letter, its last and its length. */
const filterSlot = (first: number, last: number, length: number): number => (first * 31 + last * 7 + length * 61) & 4095;
const filter = new Uint8Array(4096);
for (const text of specials.keys()) filter[filterSlot(text.charCodeAt(0), text.charCodeAt(text.length - 1), text.length)] = 1;
export const maybeSpecial = (first: number, last: number, length: number): boolean => filter[filterSlot(first, last, length)] === 1;

function tokenise(text: string): Tokens {
  const sequences = affixSequences();
  const tokens: string[] = [];
  const before: number[] = [];
  const candidates: number[] = [];
  const pushAll = (all: readonly string[], gap: number): void => {
    for (let i = 0; i < all.length; i++) {
      const token = all[i] ?? "";
      if (token.length < 4 && sequences.has(token)) candidates.push(tokens.length);
      tokens.push(token);
      before.push(i === 0 ? gap : GLUED);
    }
  };
  const pushWord = (start: number, end: number, gap: number): void => {
    const word = text.slice(start, end);
    const special = maybeSpecial(text.charCodeAt(start), text.charCodeAt(end - 1), end - start) ? specials.get(word) : undefined;
    if (special !== undefined || end - start < 4) return pushAll(special ?? [word], gap);
    tokens.push(word);
    before.push(gap);
  };
  const end = text.length;
  let start = 0;
  for (let at = 0; at < end;) {
    const spaces = at;
    while (at < end && isSpaceAt(text, at)) at++;
    if (at === end) break;
    const gap = at === spaces ? GLUED : at === spaces + 1 && text.charCodeAt(spaces) === 0x20 && spaces > 0 ? SPACED : APART;
    start = at;
    // Letters, then at most one mark or a period after a small letter, are most chunks of English.
    while (at < end && kinds[text.charCodeAt(at)] === LETTER) at++;
    const unit = at < end ? text.charCodeAt(at) : 0x20;
    if (kinds[unit] === SPACE) {
      pushWord(start, at, gap);
      continue;
    }
    const last = at > start && (at + 1 === end || isSpaceAt(text, at + 1));
    if (last && (kinds[unit] === MARK || (unit === 0x2e && text.charCodeAt(at - 1) >= 0x61 && !specials.has(text.slice(start, at + 1))))) {
      pushWord(start, at, gap);
      pushAll([text.charAt(at++)], GLUED);
      continue;
    }
    while (at < end && !isSpaceAt(text, at)) at++;
    pushAll(chunkTokens(text.slice(start, at)), gap);
  }
  return candidates.length === 0 ? { tokens, before } : join({ tokens, before }, candidates, sequences);
}

/** Special cases made of several tokens: of overlapping matches the longest, then the first, wins, even if a space inside makes it no special case. */
function join({ tokens, before }: Tokens, candidates: readonly number[], sequences: ReadonlyMap<string, readonly (readonly string[])[]>): Tokens {
  const matches: { readonly start: number; readonly end: number }[] = [];
  for (const start of candidates) {
    for (const sequence of sequences.get(tokens[start] ?? "") ?? []) {
      if (sequence.every((other, i) => tokens[start + i] === other && (i === 0 || before[start + i] !== APART))) matches.push({ start, end: start + sequence.length });
    }
  }
  if (matches.length === 0) return { tokens, before };
  const taken = new Uint8Array(tokens.length);
  const chosen: { readonly start: number; readonly end: number }[] = [];
  for (const match of matches.toSorted((a, b) => b.end - b.start - (a.end - a.start) || a.start - b.start)) {
    if (!taken[match.start] && !taken[match.end - 1]) chosen.push(match);
    taken.fill(1, match.start, match.end);
  }
  const out: { tokens: string[]; before: number[] } = { tokens: [], before: [] };
  let done = 0;
  const copyTo = (to: number): void => {
    for (; done < to; done++) {
      out.tokens.push(tokens[done] ?? "");
      out.before.push(before[done] ?? GLUED);
    }
  };
  for (const { start, end } of chosen.toSorted((a, b) => a.start - b.start)) {
    const special = before.slice(start + 1, end).some((gap) => gap !== GLUED) ? undefined : specials.get(tokens.slice(start, end).join(""));
    if (special === undefined) continue;
    copyTo(start);
    for (const [i, token] of special.entries()) {
      out.tokens.push(token);
      out.before.push(i === 0 ? before[start] ?? GLUED : GLUED);
    }
    done = end;
  }
  copyTo(tokens.length);
  return out;
}

/** The words of a text: its tokens but for white space. */
export const spacyWords = (text: string): readonly string[] => tokenise(text).tokens;

/** The words of a text, and for each whether white space that is a token itself stands before it. */
export function spacyTokens(text: string): { readonly words: readonly string[]; readonly apart: (index: number) => boolean } {
  const { tokens, before } = tokenise(text);
  return { words: tokens, apart: (index) => before[index] === APART };
}
