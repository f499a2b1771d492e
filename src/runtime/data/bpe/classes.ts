/** @file Classes of characters in UTF-8 bytes, from a table pinned to one version of Unicode: token ids must not depend on the browser or the Node that makes them. */
import { categoryNames } from "../unicode/category-names.ts";
import { categoryOf, contains, whiteSpace } from "../unicode/sets.ts";

/** Bits, so that a run over several classes is one test. */
export const upper = 1;
export const lower = 2;
/** Letters without case, and those that modify others. */
export const uncased = 4;
export const mark = 8;
export const number = 16;
export const space = 32;
export const other = 64;
export const letter = upper | lower | uncased;
export const symbol = mark | other;

/** Of each general category; white space is a property of its own. */
const classOf = categoryNames.map((name) => {
  if (name === "Lu" || name === "Lt") return upper;
  if (name === "Ll") return lower;
  return name.startsWith("L") ? uncased : name.startsWith("M") ? mark : name.startsWith("N") ? number : other;
});

/** The class of each code point. */
const table = Uint8Array.from(categoryOf, (category) => classOf[category] as number);
for (let c = 0; c <= 0x3000; c++) if (contains(whiteSpace, c)) table[c] = space;

/** The bytes of the character that `classAt` looked at last: its caller needs both, and there are too many calls to make an object of them. */
export let width = 1;

/** The class of the character at `at`. A byte that is not UTF-8 there is a character of class `other`, so that any bytes can be cut into words. */
export function classAt(bytes: Uint8Array, at: number, end: number): number {
  const lead = bytes[at] as number;
  width = 1;
  if (lead < 0x80) return table[lead] as number;
  if (lead < 0xc2 || lead > 0xf4) return other;
  const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (at + length > end) return other;
  let codePoint = lead & (0x7f >> length);
  for (let i = 1; i < length; i++) {
    const next = bytes[at + i] as number;
    if ((next & 0xc0) !== 0x80) return other;
    codePoint = (codePoint << 6) | (next & 0x3f);
  }
  if (
    codePoint > 0x10ffff ||
    (codePoint >= 0xd800 && codePoint < 0xe000) ||
    (length > 2 && codePoint < (length === 3 ? 0x800 : 0x10000))
  )
    return other;
  width = length;
  return table[codePoint] as number;
}

/** Where the run of characters of these classes that begins at `at` ends. */
export function runOf(classes: number, bytes: Uint8Array, at: number, end: number): number {
  while (at < end) {
    const byte = bytes[at] as number;
    if (byte < 0x80) {
      if (((table[byte] as number) & classes) === 0) break;
      at++;
    } else {
      if ((classAt(bytes, at, end) & classes) === 0) break;
      at += width;
    }
  }
  return at;
}
