/**
 * @file Finds what a regular expression matches, as backtracking does it: the leftmost place, and there the preferred alternative. Where that takes long, every
 * state (instruction and place) that failed is remembered and never tried again, so that a text takes time in proportion to its length, whatever the expression.
 */
import { RuntimeFailure } from "../../util/failure.ts";
import { contains, known } from "../unicode/sets.ts";
import { parseRegex } from "./parse.ts";
import { compileRegex, type RegexProgram } from "./program.ts";
import type { Assertion } from "./syntax.ts";

/** From and to, in code units, of each match, one after the other. */
export type Finder = (text: string) => readonly number[];

/** Throws `RegexProblem` where the expression is not understood. */
export function regexFinder(expression: string): Finder {
  const program = compileRegex(parseRegex(expression));
  return (text) => new Search(text).all(program);
}

/** Steps for each code unit before states are remembered: cutting words that people write takes fewer. */
const patience = 100;
/** States that are remembered at most; each takes some bytes. */
const mostStates = 1 << 22;

class Search {
  readonly #text: string;
  /** States that lead to no match, by program; a text is searched from left to right, and what failed once fails for ever. */
  readonly #failed = new Map<RegexProgram, Set<number>>();
  readonly #failedInside = new Map<RegexProgram, Set<number>>();
  /** Where sub-programs end, by place; -1 for nowhere. */
  readonly #ends = new Map<RegexProgram, Map<number, number>>();
  #states = 0;
  #steps: number;

  constructor(text: string) {
    this.#text = text;
    this.#steps = 10_000 + patience * text.length;
  }

  all(program: RegexProgram): readonly number[] {
    const found: number[] = [];
    for (let at = 0, last = -1; at <= this.#text.length;) {
      const end = this.#run(program, at);
      // An empty match right behind another is none.
      if (end < 0 || (end === at && at === last)) {
        at += at < this.#text.length ? this.#width(at) : 1;
        continue;
      }
      found.push(at, end);
      last = at = end;
    }
    return found;
  }

  /** Where the match that begins at `from` ends, or -1. */
  #run(program: RegexProgram, from: number): number {
    const kept = this.#failed.get(program);
    if (!program.circular && kept === undefined) {
      const end = this.#backtrack(program, from, undefined);
      if (end !== undefined) return end;
    }
    const failed = kept ?? new Set<number>();
    this.#failed.set(program, failed);
    const end = this.#backtrack(program, from, failed) as number;
    // The states of a match lie before its end or at it, and those did not fail.
    if (end >= 0) for (let at = 0; at < program.code.length; at++) failed.delete(end * program.code.length + at);
    return end;
  }

  /** `undefined` when it takes too long without remembering. */
  #backtrack(
    program: RegexProgram,
    from: number,
    failed: Set<number> | undefined,
    seen?: number[],
  ): number | undefined {
    const { code } = program;
    const text = this.#text;
    const waiting = [0, from];
    while (waiting.length > 0) {
      let at = waiting.pop() as number;
      let next = waiting.pop() as number;
      for (;;) {
        const instruction = code[next];
        if (instruction === undefined) throw new Error("a program without an end");
        if (failed) {
          const state = at * code.length + next;
          if (failed.has(state)) break;
          failed.add(state);
          seen?.push(state);
          if (++this.#states > mostStates) throw this.#tooLong();
        } else if (--this.#steps < 0) return undefined;
        if (instruction.op === "match") return at;
        if (instruction.op === "set") {
          if (at >= text.length) break;
          const unit = text.charCodeAt(at);
          if (unit < 128) {
            if (instruction.ascii[unit] === 0) break;
            at++;
          } else {
            const codePoint = text.codePointAt(at) as number;
            if (!contains(instruction.set, codePoint)) break;
            at += codePoint > 0xffff ? 2 : 1;
          }
          next++;
        } else if (instruction.op === "split") {
          waiting.push(instruction.second, at);
          next = instruction.first;
        } else if (instruction.op === "jump") {
          next = instruction.to;
        } else if (instruction.op === "position") {
          if (!this.#isAt(instruction.position, at)) break;
          next++;
        } else if (instruction.op === "look") {
          const { program: inner, negative, behind } = instruction;
          const is = behind ? behind.some((width) => this.#endsHere(inner, at, width)) : this.#inner(inner, at) >= 0;
          if (is === negative) break;
          next++;
        } else {
          const end = this.#inner(instruction.program, at);
          if (end < 0) break;
          at = end;
          next++;
        }
      }
    }
    return -1;
  }

  #inner(program: RegexProgram, from: number): number {
    // Only what is tried again and again is worth remembering.
    if (this.#failed.size === 0) return this.#run(program, from);
    const ends = this.#ends.get(program) ?? new Map<number, number>();
    this.#ends.set(program, ends);
    const before = ends.get(from);
    if (before !== undefined) return before;
    const failed = this.#failedInside.get(program) ?? new Set<number>();
    this.#failedInside.set(program, failed);
    const seen: number[] = [];
    const end = this.#backtrack(program, from, failed, seen) as number;
    // Unlike the search itself, this does not go from left to right: what a match went through may be on the way of another.
    if (end >= 0) for (const state of seen) failed.delete(state);
    ends.set(from, end);
    return end;
  }

  #endsHere(program: RegexProgram, at: number, width: number): boolean {
    let from = at;
    for (let i = 0; i < width; i++) {
      if (from === 0) return false;
      from -= from > 1 && this.#width(from - 2) === 2 ? 2 : 1;
    }
    return this.#inner(program, from) === at;
  }

  #width(at: number): number {
    return (this.#text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
  }

  #isAt(position: Assertion, at: number): boolean {
    const text = this.#text;
    switch (position) {
      case "text start":
        return at === 0;
      case "text end":
        return at === text.length;
      case "before last line break":
        return at === text.length || (at === text.length - 1 && text[at] === "\n");
      case "line start":
        return at === 0 || (text[at - 1] === "\n" && at < text.length);
      case "line end":
        return at === text.length || text[at] === "\n";
      case "word edge":
        return this.#isWordEdge(at);
      case "no word edge":
        return !this.#isWordEdge(at);
    }
  }

  #isWordEdge(at: number): boolean {
    const isWord = (place: number): boolean =>
      place >= 0 && place < this.#text.length && contains(known("word"), this.#text.codePointAt(place) as number);
    return isWord(at) !== isWord(at > 1 && this.#width(at - 2) === 2 ? at - 2 : at - 1);
  }

  #tooLong(): RuntimeFailure {
    return new RuntimeFailure(
      "tokenizer/unsupported",
      `the tokenizer's regular expression takes too long on a text of ${this.#text.length} characters`,
      "cut the text into shorter documents, or use a tokenizer with a simpler expression",
    );
  }
}
