/** @file Regular expressions as instructions: one alternative is tried after the other, the preferred first. */
import type { CharSet } from "../unicode/sets.ts";
import { type Node, type Assertion, RegexProblem } from "./syntax.ts";

export type Instruction =
  | { readonly op: "set"; readonly set: CharSet; readonly ascii: Uint8Array }
  /** `first` is preferred. */
  | { op: "split"; first: number; second: number }
  | { op: "jump"; to: number }
  | { readonly op: "position"; readonly position: Assertion }
  | {
      readonly op: "look";
      readonly program: RegexProgram;
      readonly negative: boolean;
      readonly behind?: readonly number[];
    }
  | { readonly op: "atomic"; readonly program: RegexProgram }
  | { readonly op: "match" };

export interface RegexProgram {
  readonly code: readonly Instruction[];
  /** Whether it may go round without reading anything, so that places that were tried must be remembered. */
  readonly circular: boolean;
}

const mostInstructions = 20_000;

export function compileRegex(node: Node): RegexProgram {
  return new RegexCompiler({ left: mostInstructions }).program(node);
}

class RegexCompiler {
  readonly #code: Instruction[] = [];
  readonly #budget: { left: number };
  #circular = false;

  constructor(budget: { left: number }) {
    this.#budget = budget;
  }

  program(node: Node): RegexProgram {
    this.#node(node);
    this.#add({ op: "match" });
    return { code: this.#code, circular: this.#circular };
  }

  #add<I extends Instruction>(instruction: I): I {
    if (--this.#budget.left < 0) throw new RegexProblem(`it is larger than ${mostInstructions} steps`);
    this.#code.push(instruction);
    return instruction;
  }

  #node(node: Node): void {
    switch (node.kind) {
      case "set":
        this.#add({ op: "set", set: node.set, ascii: asciiOf(node.set) });
        return;
      case "sequence":
        node.parts.forEach((part) => this.#node(part));
        return;
      case "either":
        return this.#either(node.parts);
      case "repeat":
        return this.#repeat(node);
      case "atomic":
        this.#add({ op: "atomic", program: new RegexCompiler(this.#budget).program(node.part) });
        return;
      case "look":
        this.#add({
          op: "look",
          program: new RegexCompiler(this.#budget).program(node.part),
          negative: node.negative,
          ...(node.behind && { behind: node.behind }),
        });
        return;
      case "position":
        this.#add({ op: "position", position: node.position });
    }
  }

  #either(parts: readonly Node[]): void {
    const ends: { op: "jump"; to: number }[] = [];
    parts.forEach((part, i) => {
      if (i === parts.length - 1) return this.#node(part);
      const split = this.#add({ op: "split" as const, first: this.#code.length + 1, second: 0 });
      this.#node(part);
      ends.push(this.#add({ op: "jump" as const, to: 0 }));
      split.second = this.#code.length;
    });
    for (const end of ends) end.to = this.#code.length;
  }

  #repeat({ part, least, most, lazy }: Extract<Node, { kind: "repeat" }>): void {
    for (let i = 0; i < least; i++) this.#node(part);
    const skips: { op: "split"; first: number; second: number }[] = [];
    const optional = (): void =>
      void skips.push(this.#add({ op: "split" as const, first: this.#code.length + 1, second: 0 }));
    const start = this.#code.length;
    if (most === Infinity) {
      optional();
      if (isNullable(part)) this.#circular = true;
      this.#node(part);
      this.#add({ op: "jump", to: start });
    } else {
      for (let i = least; i < most; i++) {
        optional();
        this.#node(part);
      }
    }
    for (const skip of skips) {
      const inside = skip.first;
      [skip.first, skip.second] = lazy ? [this.#code.length, inside] : [inside, this.#code.length];
    }
  }
}

function asciiOf(set: CharSet): Uint8Array {
  const ascii = new Uint8Array(128);
  for (let i = 0; i < set.length && (set[i] as number) < 128; i += 2) ascii.fill(1, set[i], (set[i + 1] as number) + 1);
  return ascii;
}

function isNullable(node: Node): boolean {
  switch (node.kind) {
    case "set":
      return false;
    case "look":
    case "position":
      return true;
    case "atomic":
      return isNullable(node.part);
    case "either":
      return node.parts.some(isNullable);
    case "sequence":
      return node.parts.every(isNullable);
    case "repeat":
      return node.least === 0 || isNullable(node.part);
  }
}
