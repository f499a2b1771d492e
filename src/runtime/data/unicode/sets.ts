/**
 * @file Sets of code points as ascending ranges, from tables that are pinned to one version of Unicode: token ids must not depend on the browser or the Node that
 * makes them. Only scripts, which few tokenizers ask for, are those of the engine.
 */
import { categoryNames } from "./category-names.ts";
import { categories, sets } from "./tables.gen.ts";

/** First and last of each range, one after the other; ranges ascend and do not touch. */
export type CharSet = readonly number[];

export const lastCodePoint = 0x10ffff;
export const everything: CharSet = [0, lastCodePoint];

/** The place in `categoryNames` of every code point. */
export const categoryOf = new Uint8Array(lastCodePoint + 1);
eachRun(categories, (letter, from, to) => categoryOf.fill(letter.charCodeAt(0) - 63, from, to));

function eachRun(table: string, take: (letter: string, from: number, to: number) => void): void {
  let at = 0;
  for (const [, count = "", letter = ""] of table.matchAll(/([0-9a-z]+)(\D)/g)) {
    const from = at;
    at += Number.parseInt(count, 36);
    take(letter, from, at);
  }
}

/** Code points for which the test holds. */
export function setWhere(test: (codePoint: number) => boolean): CharSet {
  const ranges: number[] = [];
  for (let c = 0, inside = false; c <= lastCodePoint; c++) {
    const is = test(c);
    if (is === inside) continue;
    if (is) ranges.push(c);
    else ranges.push(c - 1);
    inside = is;
    if (c === lastCodePoint) break;
  }
  if (ranges.length % 2 === 1) ranges.push(lastCodePoint);
  return ranges;
}

export function union(...all: readonly CharSet[]): CharSet {
  const pairs = all
    .flatMap((set) =>
      Array.from({ length: set.length / 2 }, (_, i) => [set[2 * i] as number, set[2 * i + 1] as number] as const),
    )
    .toSorted((a, b) => a[0] - b[0]);
  const ranges: number[] = [];
  for (const [from, to] of pairs) {
    const end = ranges.at(-1);
    if (end === undefined || from > end + 1) ranges.push(from, to);
    else ranges[ranges.length - 1] = Math.max(end, to);
  }
  return ranges;
}

export function complement(set: CharSet): CharSet {
  const ranges: number[] = [];
  let from = 0;
  for (let i = 0; i < set.length; i += 2) {
    if ((set[i] as number) > from) ranges.push(from, (set[i] as number) - 1);
    from = (set[i + 1] as number) + 1;
  }
  if (from <= lastCodePoint) ranges.push(from, lastCodePoint);
  return ranges;
}

export function intersection(a: CharSet, b: CharSet): CharSet {
  return complement(union(complement(a), complement(b)));
}

export function contains(set: CharSet, codePoint: number): boolean {
  let low = 0;
  let high = set.length >> 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((set[2 * middle + 1] as number) < codePoint) low = middle + 1;
    else high = middle;
  }
  return 2 * low < set.length && (set[2 * low] as number) <= codePoint;
}

const made = new Map<string, CharSet>();

function once(name: string, make: () => CharSet): CharSet {
  const known = made.get(name) ?? make();
  made.set(name, known);
  return known;
}

/** Code points of a general category or a group of them, such as `Lu` or `L`. */
export function category(name: string): CharSet | undefined {
  const is = categoryNames.map((one) => one.startsWith(name));
  return name !== "" && is.includes(true)
    ? once(name, () => setWhere((c) => is[categoryOf[c] as number] as boolean))
    : undefined;
}

/** A set of the generated file. */
export function known(name: keyof typeof sets): CharSet {
  return once(`known ${name}`, () => {
    const ranges: number[] = [];
    eachRun(sets[name], (letter, from, to) => void (letter === "Y" && ranges.push(from, to - 1)));
    return ranges;
  });
}

export const whiteSpace: CharSet = [
  0x9, 0xd, 0x20, 0x20, 0x85, 0x85, 0xa0, 0xa0, 0x1680, 0x1680, 0x2000, 0x200a, 0x2028, 0x2029, 0x202f, 0x202f, 0x205f,
  0x205f, 0x3000, 0x3000,
];

/** A script or another property by the name that regular expressions have for it, as the engine knows it. */
export function property(name: string): CharSet | undefined {
  for (const expression of [`Script=${name}`, name]) {
    try {
      const regex = new RegExp(`^\\p{${expression}}$`, "u");
      return once(`property ${name}`, () => setWhere((c) => regex.test(String.fromCodePoint(c))));
    } catch {
      // Not a name of this kind.
    }
  }
  return undefined;
}

/** Characters of words outside of Oniguruma's expressions: without its numbers above and fractions, with the joiners. */
export function wordCharacters(): CharSet {
  return once("word characters", () =>
    union(intersection(known("word"), complement(category("No") ?? [])), [0x200c, 0x200d]),
  );
}
