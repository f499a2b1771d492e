/** @file JSON as Python's programs write it: `NaN`, `Infinity` and `-Infinity` stand where numbers do, and ids have more digits than a number of JavaScript holds. */
import { redact } from "../../redact/redact.ts";
import { documentOf, othersOf, type Fields, type Item } from "./item.ts";

/** The item of a JSON text. */
export function itemOfJson(text: string, fields: Fields, at: string): Item {
  let row: unknown;
  try {
    row = parseJson(text);
  } catch {
    return { kind: "damage", reason: "invalid_json", at, message: `this is no JSON: ${excerpt(text)}` };
  }
  if (typeof row !== "object" || row === null || Array.isArray(row))
    return { kind: "damage", reason: "invalid_json", at, message: "this is no object with fields" };
  return documentOf(
    row as Readonly<Record<string, unknown>>,
    fields,
    at,
    () => parseJson(outsideStrings(text, quoteNumbers)),
    (others) => {
      const json = JSON.stringify(others);
      // Only numbers of many digits come out otherwise than they were written.
      if (!/\d{16}|\de\+/.test(json) || text.includes(numberMark)) return json;
      return JSON.stringify(othersOf(parseMarked(text) as object, fields)).replace(markedNumbers, "$1");
    },
  );
}

const hidden = redact({ replacement: "tag" });

/** How a line begins, for a message: without personal data, which no step has looked for yet. */
function excerpt(text: string): string {
  const shown = hidden(text.slice(0, 1000), "").text;
  return shown.length > 60 ? `${shown.slice(0, 60)}…` : shown.trim();
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

/** The value of a JSON text with every number as a string of its digits behind a mark. */
const parseMarked = (text: string): unknown =>
  parseJson(outsideStrings(text, (part) => part.replace(numbers, `"${numberMark}$&"`)));

/** A value of a field: whole numbers that no number of JavaScript holds are bigints, lists and objects are JSON with the digits they have. */
export type FieldValue = null | boolean | number | bigint | string | { readonly json: string };

/** The fields of a JSON object in their order, without loss of digits of whole numbers. */
export function fieldsOf(text: string): readonly (readonly [name: string, value: FieldValue])[] {
  const exact = /\d{16}/.test(text) && !text.includes(numberMark);
  return Object.entries((exact ? parseMarked(text) : parseJson(text)) as object).map(
    ([name, value]: [string, unknown]) => [name, exact ? unmarked(value) : plain(value)],
  );
}

function plain(value: unknown): FieldValue {
  return typeof value === "object" && value !== null ? { json: JSON.stringify(value) } : (value as FieldValue);
}

function unmarked(value: unknown): FieldValue {
  const json = JSON.stringify(value).replace(markedNumbers, "$1");
  if (typeof value === "object" && value !== null) return { json };
  if (typeof value !== "string" || json.startsWith('"')) return value as FieldValue;
  return Number.isSafeInteger(Number(json)) || !/^-?\d+$/.test(json) ? Number(json) : BigInt(json);
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
