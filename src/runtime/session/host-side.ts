/**
 * @file What a program's host writes before each run, alike on every device: the arrays of token inputs, those sorted from them, and the words of the scalars
 * buffer. The device copies them to where its kernels read them.
 */
import { countingSort } from "./counting-sort.ts";
import { scalarValues } from "./derived.ts";
import type { ScalarValues } from "./derived.ts";
import type { Scalars } from "./device.ts";
import { RuntimeFailure } from "../util/failure.ts";
import type { Plan, Program, ProgramInput, ProgramName } from "../../abi/plan.ts";

/** An array that is copied to the start of a buffer before each run. */
export interface HostArray {
  readonly buffer: number;
  readonly values: Int32Array<ArrayBuffer>;
}

/** Positions of another input sorted by value. */
interface Sorted {
  readonly of: Int32Array;
  readonly order: Int32Array;
  readonly offsets: Int32Array;
}

export class HostSide {
  /** Everything to copy, the scalars last. */
  readonly arrays: readonly HostArray[];
  readonly #name: ProgramName;
  readonly #program: Program;
  readonly #inputs = new Map<string, HostArray>();
  readonly #sorted: readonly Sorted[];
  readonly #scalarValues: ScalarValues;
  readonly #values: Float64Array;
  /** Absent when no kernel reads scalars. */
  readonly #words: DataView<ArrayBuffer> | undefined;

  constructor(plan: Plan, name: ProgramName, program: Program) {
    this.#name = name;
    this.#program = program;
    for (const input of program.inputs)
      this.#inputs.set(input.name, { buffer: input.buffer, values: new Int32Array(lengthOf(input, program)) });
    this.#sorted = sortedInputs(program, this.#inputs);
    this.#scalarValues = scalarValues(program.scalars, name);
    this.#values = new Float64Array(program.scalars.length);
    const words = new Int32Array(program.scalars.length);
    const scalars = plan.buffers.findIndex(
      ({ role }, i) => role === "scalars" && program.dispatches.some((d) => d.bindings.some((b) => b.buffer === i)),
    );
    this.#words = scalars < 0 ? undefined : new DataView(words.buffer);
    this.arrays = [...this.#inputs.values(), ...(scalars < 0 ? [] : [{ buffer: scalars, values: words }])];
  }

  /** The array of an input, to be filled before each run. */
  input(name: string): Int32Array {
    const input = this.#inputs.get(name);
    if (input !== undefined) return input.values;
    throw new RuntimeFailure(
      "program/input",
      `program \`${this.#name}\` has no input \`${name}\`, only ${[...this.#inputs.keys()].join(", ")}`,
    );
  }

  /** Brings what follows from the inputs and from these scalars up to date. */
  prepare(scalars: Scalars): void {
    for (const { of, order, offsets } of this.#sorted) countingSort(of, order, offsets);
    const words = this.#words;
    if (words === undefined) return;
    this.#scalarValues(scalars, this.#values);
    this.#program.scalars.forEach(({ dtype }, i) => {
      const value = this.#values[i] as number;
      if (dtype === "f32") words.setFloat32(4 * i, value, true);
      else if (dtype === "i32") words.setInt32(4 * i, value, true);
      else words.setUint32(4 * i, value, true);
    });
  }
}

function lengthOf(input: ProgramInput, program: Program): number {
  switch (input.kind) {
    case "tokens":
    case "targets":
      return input.shape.reduce((product, size) => product * size, 1);
    case "offsets":
      return input.below + 1;
    case "order": {
      const of = program.inputs.find((other) => other.name === input.of);
      if (of === undefined)
        throw new RuntimeFailure("program/invalid", `the plan sorts an input \`${input.of}\` that it does not have`);
      return lengthOf(of, program);
    }
  }
}

/** Pairs each `order` with its `offsets`; a missing half gets an array that is not sent. */
function sortedInputs(program: Program, inputs: ReadonlyMap<string, HostArray>): readonly Sorted[] {
  const sorted = new Map<string, Sorted>();
  for (const input of program.inputs) {
    if (input.kind !== "order" && input.kind !== "offsets") continue;
    const of = inputs.get(input.of)?.values as Int32Array;
    const values = inputs.get(input.name)?.values as Int32Array;
    const before = sorted.get(input.of) ?? {
      of,
      order: new Int32Array(of.length),
      offsets: new Int32Array(input.below + 1),
    };
    sorted.set(input.of, { ...before, [input.kind]: values });
  }
  return [...sorted.values()];
}
