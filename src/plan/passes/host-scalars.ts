/**
 * @file Numbers the host sets before each run. Words 0 and 1 of every program are the seed and the step (counted from 1) as u32, for random numbers. What
 * a kernel would compute from such numbers alone (a bias correction 1 - β^step) is computed once on the host, in f64, and becomes a number
 * of its own.
 */
import { invariant } from "../../util/invariant.ts";
import type { Leaf, Scalar } from "../../ir/graph.ts";
import { javascript } from "../../ir/print/javascript.ts";
import { leaf } from "../../ir/node.ts";
import { operands, read, rebuild } from "../../ir/scalar.ts";
import type { ProgramScalar } from "../../abi/plan.ts";

/** The scalars of one program. */
export class HostScalars {
  readonly #words: ProgramScalar[] = [
    { name: "seed", dtype: "u32" },
    { name: "step", dtype: "u32" },
  ];
  readonly #wordOf = new Map<Leaf, number>();
  readonly #names = new Map<Leaf, string>();
  readonly #hoisted = new Map<Scalar, Scalar>();
  readonly #memo = new Map<Scalar, Scalar>();
  readonly #pure = new Map<Scalar, boolean>();

  get words(): readonly ProgramScalar[] {
    return this.#words;
  }

  /** The word of a rank-0 scalar leaf; a new one at the first call. */
  wordOf = (asked: Leaf): number => {
    const known = this.#wordOf.get(asked);
    if (known !== undefined) return known;
    const name = this.nameOf(asked);
    const taken = this.#words.some((w) => w.name === name);
    // The word called `step` is u32: as a number for arithmetic the step is another word.
    const word: ProgramScalar = taken
      ? { name: `${name}_number`, dtype: scalarType(asked), expression: name }
      : { name, dtype: scalarType(asked) };
    return this.#push(asked, word);
  };

  /** What the host calls a scalar leaf: the name it was given, the last word of its path. */
  nameOf(asked: Leaf): string {
    return this.#names.get(asked) ?? asked.name.split(".").at(-1) ?? asked.name;
  }

  /** A scalar with the parts that only depend on host numbers replaced. */
  hoist = (s: Scalar): Scalar => {
    const known = this.#memo.get(s);
    if (known) return known;
    const made = this.#worthHoisting(s) ? this.#hoistedScalar(s) : rebuild(s, this.hoist);
    this.#memo.set(s, made);
    return made;
  };

  #worthHoisting(s: Scalar): boolean {
    return operands(s).length > 0 && s.kind !== "read" && s.dtype !== "bool" && this.#isPure(s) && mentionsLeaf(s);
  }

  #hoistedScalar(s: Scalar): Scalar {
    const known = this.#hoisted.get(s);
    if (known) return known;
    const { result, calls } = javascript(
      s,
      { name: (e) => (e.kind === "read" && e.of.kind === "leaf" ? this.nameOf(e.of) : "") },
      true,
    );
    if (calls.size > 0) return rebuild(s, this.hoist);
    const name = `host${this.#hoisted.size + 1}`;
    const made = leaf("scalar", name, [], s.dtype);
    this.#names.set(made, name);
    // Everything an expression names must itself be a scalar of the program.
    for (const used of leavesOf(s)) if (!this.#words.some((w) => w.name === this.nameOf(used))) this.wordOf(used);
    this.#push(made, { name, dtype: scalarType(made), expression: result });
    const value = read(made, []);
    this.#hoisted.set(s, value);
    return value;
  }

  #push(of: Leaf, word: ProgramScalar): number {
    this.#words.push(word);
    this.#wordOf.set(of, this.#words.length - 1);
    return this.#words.length - 1;
  }

  #isPure(s: Scalar): boolean {
    const known = this.#pure.get(s);
    if (known !== undefined) return known;
    const own =
      s.kind === "read"
        ? s.of.kind === "leaf" && s.of.role === "scalar"
        : s.kind !== "axis" && s.kind !== "random" && s.kind !== "slot";
    const made = own && operands(s).every((o) => this.#isPure(o));
    this.#pure.set(s, made);
    return made;
  }
}

function leavesOf(s: Scalar): readonly Leaf[] {
  if (s.kind === "read") {
    invariant(s.of.kind === "leaf", "host scalars read leaves");
    return [s.of];
  }
  return [...new Set(operands(s).flatMap(leavesOf))];
}

function mentionsLeaf(s: Scalar): boolean {
  return s.kind === "read" || operands(s).some(mentionsLeaf);
}

function scalarType({ dtype }: Leaf): ProgramScalar["dtype"] {
  return dtype === "f32" ? "f32" : "i32";
}
