/**
 * @file The words of spaCy's blank English pipeline, which datatrove's rules count: chunks between white space, each cut into tokens,
 * then a pass that puts special cases such as `:-)` together again.
 */
import { isSpace } from "./python.ts";
import { hasAffix, maybeSpecial, specials, tokensOf } from "./spacy-chunk.ts";
import { unitsOf } from "./units.ts";

export { maybeSpecial } from "./spacy-chunk.ts";

/** The tokens of a special case when it is not recognised, and whether they are the same as when it is. */
interface Sequence {
  readonly tokens: readonly string[];
  readonly same: boolean;
}
/** By first token. Only special cases that hold an affix can be missed where they stand in a longer chunk. */
const sequences = new Map<string, Sequence[]>();
/** Which first units of two tokens in a row can begin a sequence: a filter. Units beyond ASCII count as 0, and pass. */
const starts = new Uint8Array(128 * 128);
const pairOf = (first: number, second: number): number => (first < 128 ? first << 7 : 0) | (second < 128 ? second : 0);
for (const [text, recognised] of specials) {
  if (/^\s*$/.test(text) || !hasAffix(text)) continue;
  const tokens = tokensOf(text, false);
  const [first, second] = tokens;
  if (first === undefined || second === undefined) continue;
  const sequence = { tokens, same: tokens.join(" ") === recognised.join(" ") };
  const others = sequences.get(first);
  if (others) others.push(sequence);
  else sequences.set(first, [sequence]);
  starts[pairOf(first.charCodeAt(0), second.charCodeAt(0))] = 1;
}
starts.fill(1, 0, 128);
for (let first = 0; first < 128; first++) starts[first << 7] = 1;

/** Tokens of the chunks seen lately, by a hash of the chunk: text repeats itself, and patterns are slow. Memory is bounded, and the result does not depend on it. */
const slots = 1 << 16;
const lately: (string | undefined)[] = Array.from({ length: slots }, () => undefined);
const latelyTokens: (readonly string[])[] = Array.from({ length: slots }, () => []);

function tokensBetween(text: string, start: number, end: number, hash: number): readonly string[] {
  const slot = (hash ^ (hash >>> 15)) & (slots - 1);
  const held = lately[slot];
  if (held !== undefined && held.length === end - start && text.startsWith(held, start))
    return latelyTokens[slot] ?? [];
  // A copy, since a part of a string keeps the whole of it in memory.
  const chunk = ` ${text.slice(start, end)}`.slice(1);
  const tokens = tokensOf(chunk);
  if (chunk.length <= 64) [lately[slot], latelyTokens[slot]] = [chunk, tokens];
  return tokens;
}

/** The tokens of a run of text without white space. */
export function chunkTokens(chunk: string): readonly string[] {
  let hash = 0;
  for (let i = 0; i < chunk.length; i++) hash = Math.imul(hash ^ chunk.charCodeAt(i), 0x01000193) + 1;
  return tokensBetween(chunk, 0, chunk.length, hash);
}

/** What stands before a token. Other white space than one space is a token of spaCy's, so no special case reaches across it. */
const GLUED = 0;
const SPACED = 1;
const APART = 2;

interface Tokens {
  readonly tokens: readonly string[];
  /** Room that is used again: valid until the next text. */
  readonly before: Uint8Array;
}
let gaps = new Uint8Array(4096);
let firsts = new Uint16Array(4096);

const LETTER = 1;
const MARK = 2;
const SPACE = 4;
/** Per UTF-16 unit: an ASCII letter, a mark that always stands alone at the end of a word, or white space. */
const kinds = new Uint8Array(65536);
for (let unit = 0; unit < 65536; unit++) {
  const character = String.fromCharCode(unit);
  kinds[unit] = /[A-Za-z]/.test(character) ? LETTER : ',;:!?)]"'.includes(character) ? MARK : isSpace(unit) ? SPACE : 0;
}
const PERIOD = 0x2e;

function tokenise(text: string): Tokens {
  const tokens: string[] = [];
  if (text.length > gaps.length) [gaps, firsts] = [new Uint8Array(2 * text.length), new Uint16Array(2 * text.length)];
  const [before, initials] = [gaps, firsts];
  const push = (token: string, first: number, gap: number): void => {
    before[tokens.length] = gap;
    initials[tokens.length] = first;
    tokens.push(token);
  };
  const pushAll = (all: readonly string[], gap: number): void => {
    for (let i = 0; i < all.length; i++) {
      const token = all[i] ?? "";
      push(token, token.charCodeAt(0), i === 0 ? gap : GLUED);
    }
  };
  const pushWord = (word: string, first: number, last: number, gap: number): void => {
    const special = maybeSpecial(first, last, word.length) ? specials.get(word) : undefined;
    if (special === undefined) push(word, first, gap);
    else pushAll(special, gap);
  };
  const units = unitsOf(text);
  const end = text.length;
  for (let at = 0; at < end;) {
    const spaces = at;
    while (at < end && kinds[units[at] ?? 0] === SPACE) at++;
    if (at === end) break;
    const gap = at === spaces ? GLUED : at === spaces + 1 && units[spaces] === 0x20 && spaces > 0 ? SPACED : APART;
    const start = at;
    // Letters, then at most one mark or a period after a small letter, are most chunks of English. The text is followed by a space.
    while (kinds[units[at] ?? 0] === LETTER) at++;
    const unit = units[at] ?? 0;
    const kind = kinds[unit];
    const first = units[start] ?? 0;
    const last = units[at - 1] ?? 0;
    if (kind === SPACE) {
      pushWord(text.slice(start, at), first, last, gap);
      continue;
    }
    const closed = at > start && kinds[units[at + 1] ?? 0x20] === SPACE;
    if (
      closed &&
      (kind === MARK ||
        (unit === PERIOD &&
          last >= 0x61 &&
          !(maybeSpecial(first, PERIOD, at + 1 - start) && specials.has(text.slice(start, at + 1)))))
    ) {
      pushWord(text.slice(start, at), first, last, gap);
      push(text.charAt(at++), unit, GLUED);
      continue;
    }
    let hash = 0;
    for (at = start; kinds[units[at] ?? 0x20] !== SPACE; at++)
      hash = Math.imul(hash ^ (units[at] ?? 0), 0x01000193) + 1;
    pushAll(tokensBetween(text, start, at, hash), gap);
  }
  /** Where a special case of several tokens may begin. */
  const candidates: number[] = [];
  for (let i = 1; i < tokens.length; i++)
    if (starts[pairOf(initials[i - 1] ?? 0, initials[i] ?? 0)]) candidates.push(i - 1);
  return candidates.length === 0 ? { tokens, before } : join({ tokens, before }, candidates);
}

/** Special cases made of several tokens: of overlapping matches the longest, then the first, wins, even if a space inside makes it no special case. */
function join({ tokens, before }: Tokens, candidates: readonly number[]): Tokens {
  const matches: { readonly start: number; readonly end: number; readonly same: boolean }[] = [];
  for (const start of candidates) {
    for (const sequence of sequences.get(tokens[start] ?? "") ?? []) {
      if (!follows(tokens, before, start, sequence.tokens)) continue;
      matches.push({ start, end: start + sequence.tokens.length, same: sequence.same });
    }
  }
  if (matches.every(({ same }) => same)) return { tokens, before };
  const taken = new Uint8Array(tokens.length);
  const chosen: { readonly start: number; readonly end: number }[] = [];
  for (const match of matches.toSorted((a, b) => b.end - b.start - (a.end - a.start) || a.start - b.start)) {
    if (!taken[match.start] && !taken[match.end - 1] && !match.same) chosen.push(match);
    taken.fill(1, match.start, match.end);
  }
  const joined: string[] = [];
  const joinedBefore: number[] = [];
  let done = 0;
  const copyTo = (to: number): void => {
    for (; done < to; done++) {
      joined.push(tokens[done] ?? "");
      joinedBefore.push(before[done] ?? GLUED);
    }
  };
  for (const { start, end } of chosen.toSorted((a, b) => a.start - b.start)) {
    const special = before.subarray(start + 1, end).some((gap) => gap !== GLUED)
      ? undefined
      : specials.get(tokens.slice(start, end).join(""));
    if (special === undefined) continue;
    copyTo(start);
    for (const [i, token] of special.entries()) {
      joined.push(token);
      joinedBefore.push(i === 0 ? (before[start] ?? GLUED) : GLUED);
    }
    done = end;
  }
  copyTo(tokens.length);
  return { tokens: joined, before: Uint8Array.from(joinedBefore) };
}

/** Whether the tokens from `start` are these, with nothing but single spaces between them. */
function follows(tokens: readonly string[], before: Uint8Array, start: number, wanted: readonly string[]): boolean {
  for (let i = 1; i < wanted.length; i++)
    if (tokens[start + i] !== wanted[i] || before[start + i] === APART) return false;
  return true;
}

/** The words of a text: its tokens but for white space. */
export const spacyWords = (text: string): readonly string[] => tokenise(text).tokens;

/** The words of a text, and for each whether white space that is a token itself stands before it. */
export function spacyTokens(text: string): {
  readonly words: readonly string[];
  readonly apart: (index: number) => boolean;
} {
  const { tokens, before } = tokenise(text);
  return { words: tokens, apart: (index) => before[index] === APART };
}
