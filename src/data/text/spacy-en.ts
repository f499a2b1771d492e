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

function chunkTokens(chunk: string): readonly string[] {
  let tokens = lately.get(chunk);
  if (tokens === undefined) {
    tokens = tokensOf(chunk);
    if (lately.size >= remembered) lately.clear();
    if (chunk.length <= 64) lately.set(chunk, tokens);
  }
  return tokens;
}

/** All tokens in order. White space between tokens is a token itself, as in spaCy, unless it is one space; `glued` tells which tokens follow the one before without that space. */
interface Tokens {
  readonly tokens: readonly string[];
  readonly glued: readonly boolean[];
}

function tokenise(text: string): Tokens {
  const sequences = affixSequences();
  const tokens: string[] = [];
  const glued: boolean[] = [];
  let candidates = false;
  const push = (chunk: string, joined: boolean): void => {
    for (const token of isSpace(chunk.charCodeAt(0)) ? [chunk] : chunkTokens(chunk)) {
      tokens.push(token);
      glued.push(joined);
      joined = true;
      candidates ||= sequences.has(token);
    }
  };
  let start = 0;
  let inSpace = isSpace(text.charCodeAt(0));
  let joined = true;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (isSpace(unit) === inSpace) continue;
    if (start < i) {
      push(text.slice(start, i), joined);
      joined = true;
    }
    if (unit === 0x20) {
      start = i + 1;
      joined = false;
    } else start = i;
    inSpace = !inSpace;
  }
  if (start < text.length) push(text.slice(start), joined);
  return candidates ? join({ tokens, glued }, sequences) : { tokens, glued };
}

/** Special cases made of several tokens: of overlapping matches the longest, then the first, wins, even if it turns out to be no special case. */
function join({ tokens, glued }: Tokens, sequences: ReadonlyMap<string, readonly (readonly string[])[]>): Tokens {
  const matches: { readonly start: number; readonly end: number }[] = [];
  for (const [start, token] of tokens.entries()) {
    for (const sequence of sequences.get(token) ?? []) {
      if (sequence.every((other, i) => tokens[start + i] === other)) matches.push({ start, end: start + sequence.length });
    }
  }
  if (matches.length === 0) return { tokens, glued };
  const taken = new Uint8Array(tokens.length);
  const chosen = new Map<number, number>();
  for (const { start, end } of matches.toSorted((a, b) => b.end - b.start - (a.end - a.start) || a.start - b.start)) {
    if (!taken[start] && !taken[end - 1]) chosen.set(start, end);
    taken.fill(1, start, end);
  }
  const out: { tokens: string[]; glued: boolean[] } = { tokens: [], glued: [] };
  for (let i = 0; i < tokens.length; i++) {
    const end = chosen.get(i);
    const special = end !== undefined && glued.slice(i + 1, end).every(Boolean) ? specials.get(tokens.slice(i, end).join("")) : undefined;
    for (const [k, token] of (special ?? [tokens[i] ?? ""]).entries()) {
      out.tokens.push(token);
      out.glued.push(k > 0 || (glued[i] ?? true));
    }
    if (special !== undefined && end !== undefined) i = end - 1;
  }
  return out;
}

const isWord = (token: string): boolean => !isSpace(token.charCodeAt(0));

/** The words of a text: its tokens but for white space. */
export const spacyWords = (text: string): readonly string[] => tokenise(text).tokens.filter(isWord);

/** All tokens of a text, white space included. */
export const spacyTokens = (text: string): readonly string[] => tokenise(text).tokens;
