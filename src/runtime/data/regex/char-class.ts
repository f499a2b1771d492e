/** @file Sets of characters in regular expressions: `[…]`, what stands behind a backslash, names of properties, and letters without regard to case. */
import {
  category,
  type CharSet,
  complement,
  contains,
  everything,
  intersection,
  known,
  lastCodePoint,
  property,
  union,
  whiteSpace,
} from "../unicode/sets.ts";
import type { Cursor } from "./cursor.ts";
import { RegexProblem } from "./syntax.ts";

export function single(codePoint: number): CharSet {
  return [codePoint, codePoint];
}

/** A class whose `[` was read. */
export function classSet(at: Cursor, anyCase: boolean, depth = 0): CharSet {
  if (depth > 100) throw new RegexProblem("its classes are nested too deep");
  const negative = at.take("^");
  let whole: CharSet | undefined;
  let set: CharSet = [];
  for (let first = true; ; first = false) {
    if (at.done) throw new RegexProblem("a class has no `]`");
    if (!first && at.take("]")) break;
    if (at.take("&&")) {
      whole = whole ? intersection(whole, set) : set;
      set = [];
    } else if (at.take("[:")) set = union(set, posixSet(at.until(":]")), at.take("]") ? [] : []);
    else if (at.take("[")) set = union(set, classSet(at, anyCase, depth + 1));
    else set = union(set, member(at));
  }
  const all = whole ? intersection(whole, set) : set;
  const cased = anyCase ? folded(all) : all;
  return negative ? complement(cased) : cased;
}

/** A character, a range of them, or a set behind a backslash. */
function member(at: Cursor): CharSet {
  const from = at.take("\\") ? escapedSet(at, true) : single(at.next());
  const isOne = from.length === 2 && from[0] === from[1];
  if (!isOne || !at.sees("-") || at.sees("-]") || at.sees("-[") || at.sees("-&&")) return from;
  at.take("-");
  const to = at.take("\\") ? escapedSet(at, true) : single(at.next());
  if (to.length !== 2 || to[0] !== to[1]) return union(from, single(0x2d), to);
  if ((to[0] as number) < (from[0] as number))
    throw new RegexProblem("a range of its characters ends before it begins");
  return [from[0] as number, to[0] as number];
}

const digits = (): CharSet => category("Nd") ?? [];
const hex: CharSet = [0x30, 0x39, 0x41, 0x46, 0x61, 0x66];
const controls: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13, a: 7, e: 27, 0: 0 };

/** What stands behind a backslash. In a class, `\b` is a backspace. */
export function escapedSet(at: Cursor, inClass = false): CharSet {
  const [code, braced, two] =
    at.match(/x\{([0-9A-Fa-f]{1,8})\}|x([0-9A-Fa-f]{1,2})/y) ?? at.match(/u()([0-9A-Fa-f]{4})/y) ?? [];
  if (code !== undefined) {
    at.skip(code.length);
    const codePoint = Number.parseInt(braced || (two ?? ""), 16);
    if (codePoint > lastCodePoint) throw new RegexProblem(`it has \`\\${code}\`, which is no character`);
    return single(codePoint);
  }
  const character = at.next();
  const letter = String.fromCodePoint(character);
  switch (letter) {
    case "d":
      return digits();
    case "D":
      return complement(digits());
    case "w":
      return known("word");
    case "W":
      return complement(known("word"));
    case "s":
      return whiteSpace;
    case "S":
      return complement(whiteSpace);
    case "h":
      return hex;
    case "H":
      return complement(hex);
    case "N":
      return complement(single(0x0a));
    case "O":
      return everything;
    case "p":
    case "P":
      return propertySet(at, letter === "P");
    case "b":
      if (inClass) return single(8);
  }
  const control = controls[letter];
  if (control !== undefined) return single(control);
  if (/[A-Za-z1-9]/.test(letter)) throw new RegexProblem(`it has \`\\${letter}\`, which is not known`);
  return single(character);
}

function propertySet(at: Cursor, negative: boolean): CharSet {
  if (!at.take("{")) throw new RegexProblem("a property has no `{`");
  const inverted = at.take("^");
  const name = at.until("}");
  const set = propertyNamed(name);
  if (!set) throw new RegexProblem(`it has the property \`${name}\`, which is not known`);
  return negative === inverted ? set : complement(set);
}

/** Names are compared without regard to case, blanks, strokes and underscores. */
function propertyNamed(name: string): CharSet | undefined {
  const plain = name.replaceAll(/[\s_-]/g, "").toLowerCase();
  const long = longCategories[plain] ?? plain;
  return (
    posix(plain) ??
    category(long.charAt(0).toUpperCase() + long.slice(1)) ??
    property(name) ??
    property(name.charAt(0).toUpperCase() + name.slice(1).toLowerCase())
  );
}

const longCategories: Readonly<Record<string, string>> = {
  letter: "l",
  mark: "m",
  number: "n",
  separator: "z",
  symbol: "s",
  other: "c",
  uppercaseletter: "lu",
  lowercaseletter: "ll",
  titlecaseletter: "lt",
  modifierletter: "lm",
  otherletter: "lo",
  nonspacingmark: "mn",
  decimalnumber: "nd",
  letternumber: "nl",
  othernumber: "no",
  mathsymbol: "sm",
  currencysymbol: "sc",
  control: "cc",
  format: "cf",
  unassigned: "cn",
  privateuse: "co",
};

function posixSet(given: string): CharSet {
  const negative = given.startsWith("^");
  const set = posix(negative ? given.slice(1) : given);
  if (!set) throw new RegexProblem(`it has the class \`[:${given}:]\`, which is not known`);
  return negative ? complement(set) : set;
}

function posix(name: string): CharSet | undefined {
  switch (name) {
    case "any":
      return everything;
    case "ascii":
      return [0, 0x7f];
    case "digit":
      return digits();
    case "xdigit":
      return hex;
    case "space":
      return whiteSpace;
    case "word":
      return known("word");
    case "punct":
      return union(
        category("P") ?? [],
        single(0x24),
        single(0x2b),
        [0x3c, 0x3e],
        single(0x5e),
        single(0x60),
        single(0x7c),
        single(0x7e),
      );
    case "alpha":
      return property("Alphabetic");
    case "alnum":
      return union(property("Alphabetic") ?? [], digits());
    case "upper":
      return property("Uppercase");
    case "lower":
      return property("Lowercase");
    case "cntrl":
      return category("Cc");
    case "blank":
      return union(category("Zs") ?? [], single(9));
    default:
      return undefined;
  }
}

/** Characters that differ in case alone, each group ascending. */
let groups: readonly (readonly number[])[] | undefined;

function caseGroups(): readonly (readonly number[])[] {
  const byFold = new Map<string, number[]>();
  for (let c = 0; c <= 0x1e943; c++) {
    if (c >= 0xd800 && c < 0xe000) continue;
    const upper = String.fromCodePoint(c).toUpperCase();
    const fold = upper.toLowerCase();
    if ([...fold].length !== 1 || (upper === fold && fold === String.fromCodePoint(c))) continue;
    const group = byFold.get(fold) ?? [];
    group.push(c);
    byFold.set(fold, group);
  }
  return [...byFold.values()].filter((group) => group.length > 1);
}

/** With everything that differs from its members in case alone. */
export function folded(set: CharSet): CharSet {
  groups ??= caseGroups();
  return union(
    set,
    ...groups.filter((group) => group.some((c) => contains(set, c))).flatMap((group) => group.map(single)),
  );
}
