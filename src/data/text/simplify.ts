/**
 * @file The text that near-duplicates are looked for in: small letters, numbers as 0, no punctuation, single spaces, no accents
 * (datatrove's simplify_text). `simplify` is the definition; `writeSimplifiedWords` gives its words as UTF-8, in one pass.
 */
import { punctuation } from "./punctuation.ts";
import { collapseSpaces, isSpace, strip } from "./python.ts";
import { unitsOf } from "./units.ts";

const number = /\p{Nd}+(?:[.,،٫⎖⎗⎘]\p{Nd}+)?/gu;
const mark = /\p{Mn}/gu;
const escaped = punctuation.replace(/[\\\]^-]/g, "\\$&");
const anyPunctuation = new RegExp(`[${escaped}]`, "g");
export function simplify(text: string): string {
  const lower = text.toLowerCase();
  return strip(
    collapseSpaces(strip(lower.replace(number, "0").replace(anyPunctuation, " ")))
      .normalize("NFD")
      .replace(mark, ""),
  );
}

const BLANK = 1;
const DIGIT = 2;
const OTHER = 3;
/** Per UTF-16 unit: 0 for what stands for itself in ASCII, then what becomes a space, digits of any script, and all else. */
const kinds = new Uint8Array(65536);
for (let unit = 0; unit < 65536; unit++) kinds[unit] = isSpace(unit) ? BLANK : unit < 0x80 ? 0 : OTHER;
for (const character of punctuation) kinds[character.charCodeAt(0)] = BLANK;
for (let unit = 0; unit < 65536; unit++) if (/\p{Nd}/u.test(String.fromCharCode(unit))) kinds[unit] = DIGIT;
const kindAt = (text: string, at: number): number => (at < text.length ? (kinds[text.charCodeAt(at)] ?? 0) : BLANK);
const separators: ReadonlySet<number> = new Set([...".,،٫⎖⎗⎘"].map((c) => c.charCodeAt(0)));
const farDigit = /(?![\0-\uffff])\p{Nd}/u;

/** Where the number that starts at `at` ends. */
function numberEnd(text: string, at: number): number {
  while (kindAt(text, at) === DIGIT) at++;
  if (kindAt(text, at + 1) !== DIGIT || !separators.has(text.charCodeAt(at))) return at;
  at++;
  while (kindAt(text, at) === DIGIT) at++;
  return at;
}

/** How words are cut further. */
export interface WordCutter {
  /** Whether a word of small ASCII letters, of this first and last unit and length, might be cut. */
  readonly mayCut: (first: number, last: number, length: number) => boolean;
  readonly cut: (word: string) => readonly string[];
}

const encoder = new TextEncoder();

/**
 * Writes the words of the simplified text to `out` from `at`, separated by one space each; gives where they end and how many they are.
 * `out` has room for six bytes a unit of the text: three of UTF-8, and as many for spaces where words are cut.
 */
export function writeSimplifiedWords(
  text: string,
  cutter: WordCutter,
  out: Uint8Array,
  at: number,
): { readonly end: number; readonly words: number } {
  let words = 0;
  const put = (word: string): void => {
    for (const token of cutter.cut(word)) {
      const from = at;
      for (let i = 0; i < token.length && token.charCodeAt(i) < 0x80; i++) out[at++] = token.charCodeAt(i);
      if (at - from < token.length) at = from + encoder.encodeInto(token, out.subarray(from)).written;
      out[at++] = 0x20;
      words++;
    }
  };
  const lower = text.toLowerCase();
  if (farDigit.test(lower)) {
    for (const word of simplify(text).split(" ")) if (word !== "") put(word);
    return { end: Math.max(0, at - 1), words };
  }
  const units = unitsOf(lower);
  const end = lower.length;
  for (let i = 0; i < end;) {
    let unit = units[i] ?? 0;
    let kind = kinds[unit];
    if (kind === BLANK) {
      i++;
      continue;
    }
    const start = i;
    const from = at;
    while (kind === 0) {
      out[at++] = unit;
      unit = units[++i] ?? 0x20;
      kind = kinds[unit];
    }
    if (kind === BLANK && !cutter.mayCut(out[from] ?? 0, out[at - 1] ?? 0, at - from)) {
      out[at++] = 0x20;
      words++;
      continue;
    }
    if (kind === DIGIT && i === start && kindAt(lower, numberEnd(lower, i)) === BLANK) {
      i = numberEnd(lower, i);
      out[at++] = 0x30;
      out[at++] = 0x20;
      words++;
      continue;
    }
    let word = "";
    let done = start;
    let plain = true;
    for (kind = kindAt(lower, i); kind !== BLANK; kind = kindAt(lower, i)) {
      if (kind === DIGIT) {
        word += `${lower.slice(done, i)}0`;
        done = i = numberEnd(lower, i);
      } else i++;
      plain &&= kind !== OTHER;
    }
    word += lower.slice(done, i);
    at = from;
    if (!plain) word = word.normalize("NFD").replace(mark, "");
    if (word !== "") put(word);
  }
  return { end: Math.max(0, at - 1), words };
}
