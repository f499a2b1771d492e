/** @file The parts of a regular expression. Characters are sets of code points; what only captures is gone. */
import type { CharSet } from "../unicode/sets.ts";

export type Assertion =
  "text start" | "text end" | "before last line break" | "line start" | "line end" | "word edge" | "no word edge";

export type Node =
  | { readonly kind: "set"; readonly set: CharSet }
  | { readonly kind: "sequence"; readonly parts: readonly Node[] }
  | { readonly kind: "either"; readonly parts: readonly Node[] }
  /** `most` is infinite where there is no bound. */
  | {
      readonly kind: "repeat";
      readonly part: Node;
      readonly least: number;
      readonly most: number;
      readonly lazy: boolean;
    }
  /** What was matched inside is kept, whatever follows. */
  | { readonly kind: "atomic"; readonly part: Node }
  /** `width` code points back, where it looks behind. */
  | { readonly kind: "look"; readonly part: Node; readonly negative: boolean; readonly behind?: readonly number[] }
  | { readonly kind: "position"; readonly position: Assertion };

/** An expression that is not understood. */
export class RegexProblem extends Error {}
