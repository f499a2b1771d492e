/** @file JSON as Python's programs write it: `NaN`, `Infinity` and `-Infinity` stand where numbers do, and ids have more digits than a number of JavaScript holds. */
import { documentOf, othersOf, type Fields, type Item } from "./item.ts";

/** The item of a JSON text. */
export function itemOfJson(text: string, fields: Fields, at: string): Item {
  let row: unknown;
  try {
    row = parseJson(text);
  } catch {
    return { kind: "damage", reason: "invalid_json", at, message: `this is no JSON: ${text.length > 60 ? `${text.slice(0, 60)}…` : text.trim()}` };
  }
  if (typeof row !== "object" || row === null || Array.isArray(row)) return { kind: "damage", reason: "invalid_json", at, message: "this is no object with fields" };
  return documentOf(row as Readonly<Record<string, unknown>>, fields, at, () => parseJson(outsideStrings(text, quoteNumbers)), (others) => {
    const json = JSON.stringify(others);
    // Only numbers of many digits come out otherwise than they were written.
    if (!/\d{16}|\de\+/.test(json) || text.includes(numberMark)) return json;
    const marked = parseJson(outsideStrings(text, (part) => part.replace(numbers, `"${numberMark}$&"`))) as object;
    return JSON.stringify(othersOf(marked, fields)).replace(markedNumbers, "$1");
  });
}

/** Throws where the text is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!/NaN|Infinity/.test(text)) throw error;
    return JSON.parse(outsideStrings(text, (part) => part.replace(/-?\b(?:NaN|Infinity)\b/g, "null")));
  }
}

const numbers = /-?\d[\d.eE+-]*/g;
const quoteNumbers = (part: string): string => part.replace(numbers, '"$&"');
/** Stands before a number in a string while the row is taken apart. */
const numberMark = "\\u0000#";
const markedNumbers = /"\\u0000#([^"]*)"/g;

/** The text with what is not in strings replaced. */
function outsideStrings(text: string, replace: (part: string) => string): string {
  let made = "";
  for (let at = 0; at < text.length;) {
    const open = text.indexOf('"', at);
    if (open < 0) return made + replace(text.slice(at));
    const close = stringEnd(text, open);
    made += replace(text.slice(at, open)) + text.slice(open, close);
    at = close;
  }
  return made;
}

/** Where the string that begins at `open` has ended. */
function stringEnd(text: string, open: number): number {
  for (let quote = text.indexOf('"', open + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let slashes = 0;
    while (text[quote - 1 - slashes] === "\\") slashes++;
    if (slashes % 2 === 0) return quote + 1;
  }
  return text.length;
}
