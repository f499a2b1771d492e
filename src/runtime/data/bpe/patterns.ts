/**
 * @file Pre-tokenizers: how text is cut into words before any merging. Each follows the regular expression that its model was published with, as a scanner over
 * UTF-8 bytes that answers where the word at a place ends. The expressions themselves stand here for `tokenizer.json`.
 */
import type { PatternName } from "../tokenizer/tokenizer.ts";
import { classAt, letter, lower, mark, number, runOf, space, symbol, uncased, upper, width } from "./classes.ts";

/** Where the word that begins at `at` ends; at least one byte later. */
export type Scanner = (bytes: Uint8Array, at: number, end: number) => number;

const contraction = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const rest = String.raw`\s*[\r\n]+|\s+(?!\S)|\s+`;
const caseless = (digits: string): string =>
  String.raw`${contraction}|[^\r\n\p{L}\p{N}]?\p{L}+|${digits}| ?[^\s\p{L}\p{N}]+[\r\n]*|${rest}`;
const [upperRun, lowerRun] = [String.raw`[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`, String.raw`[\p{Ll}\p{Lm}\p{Lo}\p{M}]`];
const prefix = String.raw`[^\r\n\p{L}\p{N}]?`;

/** The published regular expressions. */
export const regexes: Readonly<Record<PatternName, string>> = {
  gpt2: String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`,
  gpt4: caseless(String.raw`\p{N}{1,3}`),
  llama3: caseless(String.raw`\p{N}{1,3}`),
  qwen2: caseless(String.raw`\p{N}`),
  o200k: String.raw`${prefix}${upperRun}*${lowerRun}+${contraction}?|${prefix}${upperRun}+${lowerRun}*${contraction}?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|${rest}`,
};

export const scanners: Readonly<Record<PatternName, Scanner>> = {
  gpt2,
  gpt4: caselessScanner(3),
  llama3: caselessScanner(3),
  qwen2: caselessScanner(1),
  o200k,
};

const [lineFeed, carriageReturn, blank, apostrophe, slash] = [0x0a, 0x0d, 0x20, 0x27, 0x2f];

function gpt2(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at] as number;
  if (first === apostrophe) {
    const length = contractionAt(bytes, at, end, false);
    if (length > 0) return at + length;
  }
  const body = first === blank && at + 1 < end ? at + 1 : at;
  const kind = classAt(bytes, body, end);
  if (kind === space) return spaces(bytes, at, end);
  return runOf(kind === number ? number : (kind & letter) !== 0 ? letter : symbol, bytes, body + width, end);
}

function caselessScanner(digits: number): Scanner {
  return (bytes, at, end) => {
    const first = bytes[at] as number;
    if (first === apostrophe) {
      const length = contractionAt(bytes, at, end, true);
      if (length > 0) return at + length;
    }
    const kind = classAt(bytes, at, end);
    const next = at + width;
    if ((kind & letter) !== 0) return runOf(letter, bytes, next, end);
    if (kind === number) return numbers(digits, bytes, next, end);
    if (!isNewline(first) && next < end && (classAt(bytes, next, end) & letter) !== 0)
      return runOf(letter, bytes, next + width, end);
    return symbolsOrSpaces(false, bytes, at, end);
  };
}

function o200k(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at] as number;
  const kind = classAt(bytes, at, end);
  const next = at + width;
  if (kind === number) return numbers(3, bytes, next, end);
  const prefixed = (kind & letter) === 0 && !isNewline(first) && next < end;
  let word = prefixed ? endingLow(bytes, next, end) : -1;
  if (word < 0) word = endingLow(bytes, at, end);
  if (word < 0 && prefixed) word = startingHigh(bytes, next, end);
  if (word < 0) word = startingHigh(bytes, at, end);
  return word < 0 ? symbolsOrSpaces(true, bytes, at, end) : word + contractionAt(bytes, word, end, true);
}

const high = upper | uncased | mark;
const low = lower | uncased | mark;

/** `high* low+`; -1 where it does not match. */
function endingLow(bytes: Uint8Array, at: number, end: number): number {
  // Both sets hold letters without case and marks: the expression takes all it can as high, then goes back to the last of those, if no other low one follows.
  let back = -1;
  while (at < end) {
    const kind = classAt(bytes, at, end);
    if ((kind & high) === 0) break;
    at += width;
    if ((kind & low) !== 0) back = at;
  }
  const after = runOf(low, bytes, at, end);
  return after > at ? after : back;
}

/** `high+ low*`, where `high* low+` does not match: so no low one follows. */
function startingHigh(bytes: Uint8Array, at: number, end: number): number {
  const after = runOf(high, bytes, at, end);
  return after > at ? after : -1;
}

/** Numbers up to so many, of which the first was read. */
function numbers(most: number, bytes: Uint8Array, at: number, end: number): number {
  for (let count = 1; count < most && at < end && classAt(bytes, at, end) === number; count++) at += width;
  return at;
}

/** ` ?[^\s\p{L}\p{N}]+[\r\n]*` (with `/` as well, if `slashes`), else white space up to its last line break, else white space. */
function symbolsOrSpaces(slashes: boolean, bytes: Uint8Array, at: number, end: number): number {
  const body = bytes[at] === blank && at + 1 < end ? at + 1 : at;
  if ((classAt(bytes, body, end) & symbol) !== 0) {
    let after = runOf(symbol, bytes, body + width, end);
    const more = slashes ? slash : lineFeed;
    while (after < end && (isNewline(bytes[after] as number) || bytes[after] === more)) after++;
    return after;
  }
  const after = runOf(space, bytes, at, end);
  for (let last = after - 1; last >= at; last--) if (isNewline(bytes[last] as number)) return last + 1;
  return spaces(bytes, at, end);
}

/** `\s+(?!\S)|\s+`: the last white space before a word is left to the word. */
function spaces(bytes: Uint8Array, at: number, end: number): number {
  let last = at;
  let after = at;
  while (after < end && classAt(bytes, after, end) === space) {
    last = after;
    after += width;
  }
  return after < end && last > at ? last : after;
}

function isNewline(byte: number): boolean {
  return byte === lineFeed || byte === carriageReturn;
}

/** The length of `'s`, `'t`, `'re`, `'ve`, `'m`, `'ll` or `'d` at `at`, else 0. Without regard to case, the long s is an s. */
function contractionAt(bytes: Uint8Array, at: number, end: number, anyCase: boolean): number {
  if (at + 1 >= end || bytes[at] !== apostrophe) return 0;
  const fold = anyCase ? 0x20 : 0;
  const first = (bytes[at + 1] as number) | fold;
  switch (first) {
    case 0x73:
    case 0x74:
    case 0x6d:
    case 0x64:
      return 2;
    case 0x72:
    case 0x76:
      return at + 2 < end && ((bytes[at + 2] as number) | fold) === 0x65 ? 3 : 0;
    case 0x6c:
      return at + 2 < end && ((bytes[at + 2] as number) | fold) === 0x6c ? 3 : 0;
    default:
      return anyCase && bytes[at + 1] === 0xc5 && at + 2 < end && bytes[at + 2] === 0xbf ? 3 : 0;
  }
}
