/**
 * @file Telephone numbers, as they are written with a country's code and as people of the thirty largest countries and economies write them at home.
 * Forms are after libphonenumber's national formats; what has such a form but stands in a list of numbers, or counts up, is none.
 */
import { isDigitAt, isWordAt, type Match } from "./matches.ts";

/** With a country: `+44 (0)20 7946 0958`, `0049 30 901820`. */
const abroad = /\+[1-9]\d{0,2}(?:[ .-]?\(\d{1,4}\))?(?:[ ./-]?\d{1,5}){2,6}|00[1-9]\d{0,2}(?:[ ./-]\d{2,8}){2,5}/y;

const domestic: readonly RegExp[] = [
  // North America, Mexico, Italian mobiles: three, three and four, parted alike or with the area in brackets.
  /(?:1[ .-])?(?:\([2-9]\d{2}\) ?\d{3}[ .-]\d{4}|[2-9]\d{2}([ .-]|\/)\d{3}[.-]\d{4}|[2-9]\d{2} \d{3} \d{4})/y,
  // A trunk zero and an area or network, then groups: most of Europe, Asia, Africa and Australia.
  /(?:\(0[1-9]\d{0,4}\)[ -]?|0[1-9]\d{0,4}[ /]|0[1-9]\d{0,3}-|0[1-9]\d{0,3} - )\d{2,8}(?:([ -])\d{2,4}(?:\1\d{2,4}){0,3})?/y,
  /0[1-9](?:\.\d{2}){4}/y,
  // The same without any mark: mobile networks only, ten digits or eleven.
  /0(?:[4-9]\d{8}|1\d{9}|[3789]\d{9})/y,
  // Brazil.
  /(?:\([1-9]\d\) ?(?:9 ?)?\d{4}|[1-9]\d 9 ?\d{4})[ -]\d{4}/y,
  // China's mobiles.
  /1[3-9]\d([ -]?)\d{4}\1\d{4}/y,
  // India's mobiles.
  /[6-9]\d{4}[ -]\d{5}/y,
  // Russia.
  /8(?: ?\(\d{3,5}\) ?\d{1,3}([ -])\d{2}\1\d{2}|([ -])\d{3}\2\d{3}[ -]\d{2}[ -]\d{2}|9\d{9})/y,
  // Spain, and Poland's areas.
  /[6-9]\d{2} \d{2} \d{2} \d{2}|[1-9]\d \d{3} \d{2} \d{2}|[5-9]\d{2}-\d{3}-\d{3}/y,
];

/** Telephone number whose first digit is at `digits`. */
export function phoneAt(text: string, digits: number): Match | undefined {
  const before = text[digits - 1];
  const start = before === "+" || before === "(" ? digits - 1 : digits;
  if (isWordAt(text, start - 1) || ".+$-/=#".includes(text[start - 1] ?? " ")) return undefined;
  const forms = before === "+" || text.startsWith("00", digits) ? [abroad] : domestic;
  for (const form of forms) {
    form.lastIndex = start;
    const found = form.exec(text)?.[0];
    if (found !== undefined && isWhole(text, start, start + found.length) && isNumberOfSomeone(found))
      return { kind: "phone", start, end: start + found.length };
  }
  return undefined;
}

/** Tells whether nothing before or after makes the digits part of something longer: a word, a version, a list of numbers parted as they are. */
function isWhole(text: string, start: number, end: number): boolean {
  if (isWordAt(text, end) || (".-".includes(text[end] ?? "x") && isDigitAt(text, end + 1))) return false;
  const mark = /[ /]/.exec(text.slice(start, end))?.[0];
  if (mark === undefined || text[start] === "(" || text[start] === "+") return true;
  return (
    !(text[start - 1] === mark && isDigitAt(text, start - 2)) &&
    !(text[end] === mark && isDigitAt(text, end + 1)) &&
    !/ISBN[-: ]*(?:10)?[: ]*$/i.test(text.slice(Math.max(0, start - 12), start))
  );
}

function isNumberOfSomeone(found: string): boolean {
  const groups = found.match(/\d+/g) ?? [];
  const digits = groups.join("");
  const [first = ""] = groups;
  // A day, a month and a year have eight digits.
  if (digits.length < (first.length > 2 ? 8 : 9) || digits.length > 15) return false;
  if (found.startsWith("+")) return true;
  // A date with a time, a postal code of the United States.
  if (/^\d\d([-/ ])\d\d\1(?:19|20)\d\d|^\d{5}-\d{4}$/.test(found)) return false;
  // Columns of a table are equally wide; groups of a number hardly ever are, but for pairs.
  if (groups.length > 2 && first.length > 2 && groups.every((group) => group.length === first.length)) return false;
  const steps = new Set(
    (groups.length > 1 ? groups.map(Number) : [...digits].map(Number)).map(
      (value, i, all) => value - (all[i - 1] ?? value - 1),
    ),
  );
  return steps.size > 1 || !steps.has(1);
}
