/**
 * @file Python's view of text: the rules that the curation of web text is published with are Python programs, and where Python and
 * JavaScript differ (what is white space, what ends a line, how long a string is) a decision would differ. Lengths are code points.
 */

/** White space of `str.strip` and `str.split`: unlike JavaScript's it holds the separators U+001C..U+001F and U+0085, and not U+FEFF. */
const space = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const spaces = new RegExp(`[${space}]+`);
const otherLineEnds = "\\r\\v\\f\\x1c-\\x1e\\x85\\u2028\\u2029";
const otherLineEnd = new RegExp(`[${otherLineEnds}]`);
const lineEnd = new RegExp(`\\r\\n|[\\n${otherLineEnds}]`);

/** `re.sub(r"\\s+", " ", text)` */
const allSpaces = new RegExp(spaces, "g");
export const collapseSpaces = (text: string): string => text.replace(allSpaces, " ");

/** `str.isspace` of one UTF-16 unit. */
export function isSpace(unit: number): boolean {
  if (unit < 0x80) return unit === 0x20 || (unit >= 9 && unit <= 13) || (unit >= 0x1c && unit <= 0x1f);
  return (
    unit === 0x85 ||
    unit === 0xa0 ||
    unit === 0x1680 ||
    (unit >= 0x2000 && unit <= 0x200a) ||
    unit === 0x2028 ||
    unit === 0x2029 ||
    unit === 0x202f ||
    unit === 0x205f ||
    unit === 0x3000
  );
}

/** `str.lstrip()` */
export function stripStart(text: string): string {
  let start = 0;
  while (start < text.length && isSpace(text.charCodeAt(start))) start++;
  return start === 0 ? text : text.slice(start);
}

/** `str.rstrip()` */
export function stripEnd(text: string): string {
  let end = text.length;
  while (end > 0 && isSpace(text.charCodeAt(end - 1))) end--;
  return end === text.length ? text : text.slice(0, end);
}

/** `str.strip()` */
export const strip = (text: string): string => stripEnd(stripStart(text));

/** `str.split()` */
export function splitSpaces(text: string): readonly string[] {
  const stripped = strip(text);
  return stripped === "" ? [] : stripped.split(spaces);
}

/** `str.splitlines()` */
export function splitLines(text: string): readonly string[] {
  if (text === "") return [];
  const lines = otherLineEnd.test(text) ? text.split(lineEnd) : text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

const surrogate = /[\ud800-\udfff]/;

/** `len(str)`: code points. */
export function codePoints(text: string): number {
  if (text.length > 64 && !surrogate.test(text)) return text.length;
  let count = text.length;
  for (let i = 1; i < text.length; i++)
    if ((text.charCodeAt(i) & 0xfc00) === 0xdc00 && (text.charCodeAt(i - 1) & 0xfc00) === 0xd800) count--;
  return count;
}

/** `len` of the parts of a text: most texts have no characters beyond the first 65,536, and need no counting. */
export const lengthIn = (text: string): ((part: string) => number) =>
  surrogate.test(text) ? codePoints : (part) => part.length;

/** `str.count(part)`: occurrences that do not overlap. */
export function countOf(text: string, part: string): number {
  let count = 0;
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length)) count++;
  return count;
}
