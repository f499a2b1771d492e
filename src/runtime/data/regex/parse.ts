/** @file Reads regular expressions in the syntax of Oniguruma, which `tokenizer.json` is written in. What it has and this has not is refused by name. */
import { complement, everything, union, type CharSet } from "../unicode/sets.ts";
import { classSet, escapedSet, folded, single } from "./char-class.ts";
import { Cursor } from "./cursor.ts";
import { type Node, type Assertion, RegexProblem } from "./syntax.ts";

interface Flags {
  readonly anyCase: boolean;
  readonly dotAll: boolean;
  readonly extended: boolean;
}

/** Longer counts would make programs that are larger than any real expression needs. */
const mostCount = 1000;
const mostDepth = 100;

export function parseRegex(text: string): Node {
  const parser = new Parser(text);
  return parser.whole();
}

class Parser {
  readonly #at: Cursor;
  #depth = 0;

  constructor(text: string) {
    this.#at = new Cursor(text);
  }

  whole(): Node {
    const node = this.#either({ anyCase: false, dotAll: false, extended: false });
    if (!this.#at.done) throw new RegexProblem("it has a `)` too many");
    return node;
  }

  #either(given: Flags): Node {
    if (++this.#depth > mostDepth) throw new RegexProblem(`its groups are nested deeper than ${mostDepth}`);
    const parts: Node[] = [];
    const flags = { now: given };
    do parts.push(this.#sequence(flags));
    while (this.#at.take("|"));
    this.#depth--;
    return parts.length === 1 ? (parts[0] as Node) : { kind: "either", parts };
  }

  #sequence(flags: { now: Flags }): Node {
    const parts: Node[] = [];
    while (!this.#at.done && !this.#at.sees("|") && !this.#at.sees(")")) {
      if (flags.now.extended && this.#at.skipBlank()) continue;
      const part = this.#atom(flags);
      if (part) parts.push(this.#repeated(part));
    }
    return parts.length === 1 ? (parts[0] as Node) : { kind: "sequence", parts };
  }

  /** Nothing for what only sets flags or comments. */
  #atom(flags: { now: Flags }): Node | undefined {
    const at = this.#at;
    const { anyCase, dotAll } = flags.now;
    if (at.take("(?#")) return void at.until(")");
    if (at.take("(")) return this.#group(flags);
    if (at.take("[")) return setNode(classSet(at, anyCase));
    if (at.take(".")) return setNode(dotAll ? everything : complement(single(0x0a)));
    if (at.take("^")) return position("line start");
    if (at.take("$")) return position("line end");
    if (at.take("\\")) return this.#escaped(anyCase);
    const character = at.next();
    if (character === 0x2a || character === 0x2b || character === 0x3f) throw new RegexProblem("it repeats nothing");
    return setNode(anyCase ? folded(single(character)) : single(character));
  }

  #escaped(anyCase: boolean): Node {
    const at = this.#at;
    for (const [letter, where] of positions) if (at.take(letter)) return position(where);
    if (at.take("R"))
      return {
        kind: "atomic",
        part: {
          kind: "either",
          parts: [{ kind: "sequence", parts: [setNode(single(0x0d)), setNode(single(0x0a))] }, setNode(lineBreaks)],
        },
      };
    const refused = [..."XKGkgyY123456789"].find((letter) => at.sees(letter));
    if (refused !== undefined) throw new RegexProblem(`it has \`\\${refused}\`, which is not known`);
    const set = escapedSet(at);
    return setNode(anyCase ? folded(set) : set);
  }

  #group(flags: { now: Flags }): Node | undefined {
    const at = this.#at;
    const inside = (now: Flags): Node => {
      const node = this.#either(now);
      if (!at.take(")")) throw new RegexProblem("a group has no `)`");
      return node;
    };
    if (!at.take("?")) return inside(flags.now);
    if (at.take(":")) return inside(flags.now);
    if (at.take("=")) return { kind: "look", part: inside(flags.now), negative: false };
    if (at.take("!")) return { kind: "look", part: inside(flags.now), negative: true };
    if (at.take(">")) return { kind: "atomic", part: inside(flags.now) };
    if (at.take("<=")) return behind(inside(flags.now), false);
    if (at.take("<!")) return behind(inside(flags.now), true);
    if (at.take("<") || at.take("'")) {
      at.until(">", "'");
      return inside(flags.now);
    }
    const now = this.#flags(flags.now);
    if (at.take(":")) return inside(now);
    if (!at.take(")")) throw new RegexProblem(`it has a group \`(?${at.rest(3)}\`, which is not known`);
    // They hold to the end of the group that they stand in, other branches included.
    const rest = this.#either(now);
    return rest;
  }

  #flags(before: Flags): Flags {
    let now = before;
    let on = true;
    for (;;) {
      if (this.#at.take("-")) on = false;
      else if (this.#at.take("i")) now = { ...now, anyCase: on };
      else if (this.#at.take("m")) now = { ...now, dotAll: on };
      else if (this.#at.take("x")) now = { ...now, extended: on };
      else return now;
    }
  }

  #repeated(part: Node): Node {
    let node = part;
    for (;;) {
      const count = this.#count();
      if (!count) return node;
      if (node.kind === "position" || node.kind === "look")
        throw new RegexProblem("it repeats a place, which has no width");
      const { least, most, interval } = count;
      // `{2}?` is no lazy one, but may be left out; and `+` behind an interval repeats it.
      if (interval && least === most && this.#at.take("?"))
        node = {
          kind: "repeat",
          part: { kind: "repeat", part: node, least, most, lazy: false },
          least: 0,
          most: 1,
          lazy: false,
        };
      else if (this.#at.take("?")) node = { kind: "repeat", part: node, least, most, lazy: true };
      else if (!interval && this.#at.take("+"))
        node = { kind: "atomic", part: { kind: "repeat", part: node, least, most, lazy: false } };
      else node = { kind: "repeat", part: node, least, most, lazy: false };
    }
  }

  #count(): { readonly least: number; readonly most: number; readonly interval: boolean } | undefined {
    const at = this.#at;
    if (at.take("*")) return { least: 0, most: Infinity, interval: false };
    if (at.take("+")) return { least: 1, most: Infinity, interval: false };
    if (at.take("?")) return { least: 0, most: 1, interval: false };
    const [all, least = "", comma = "", most = ""] = at.match(/\{(\d*)(,?)(\d*)\}/y) ?? [];
    if (all === undefined || (least === "" && most === "")) return undefined;
    at.skip(all.length);
    const from = Number(least);
    const to = comma === "" ? from : most === "" ? Infinity : Number(most);
    if (from > mostCount || (to !== Infinity && to > mostCount))
      throw new RegexProblem(`it repeats more than ${mostCount} times`);
    if (from > to) throw new RegexProblem(`it repeats from ${from} to ${to} times`);
    return { least: from, most: to, interval: true };
  }
}

const positions: readonly (readonly [string, Assertion])[] = [
  ["A", "text start"],
  ["z", "text end"],
  ["Z", "before last line break"],
  ["b", "word edge"],
  ["B", "no word edge"],
];
const lineBreaks: CharSet = union([0x0a, 0x0d], [0x85, 0x85], [0x2028, 0x2029]);

function setNode(set: CharSet): Node {
  return { kind: "set", set };
}

function position(where: Assertion): Node {
  return { kind: "position", position: where };
}

function behind(part: Node, negative: boolean): Node {
  const widths = [...new Set(widthsOf(part))].toSorted((a, b) => a - b);
  if (widths.length > 20 || widths.some((width) => width > mostCount))
    throw new RegexProblem("it looks behind for text without a bound");
  return { kind: "look", part, negative, behind: widths };
}

/** How many code points the part may take. */
function widthsOf(node: Node): readonly number[] {
  switch (node.kind) {
    case "set":
      return [1];
    case "look":
    case "position":
      return [0];
    case "atomic":
      return widthsOf(node.part);
    case "either":
      return node.parts.flatMap(widthsOf);
    case "sequence":
      return node.parts.reduce<readonly number[]>(
        (sums, part) => [...new Set(sums.flatMap((sum) => widthsOf(part).map((width) => sum + width)))].slice(0, 100),
        [0],
      );
    case "repeat": {
      const inner = widthsOf(node.part);
      if (node.most === Infinity || inner.length > 1) return node.most === 0 ? [0] : [Infinity];
      return Array.from(
        { length: Math.min(100, node.most - node.least + 1) },
        (_, i) => (node.least + i) * (inner[0] ?? 0),
      );
    }
  }
}
