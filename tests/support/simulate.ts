/**
 * @file Runs a compiled plan on the kernel interpreter, with real buffers and every dispatch in order: the whole of compilation checked without a
 * device. A kernel that is not well formed fails, and so does any finding of the interpreter (a race, an access out of bounds).
 */
import { checkKernel } from "../../src/kernel/verify/check.ts";
import { interpret } from "../../src/kernel/verify/interpret.ts";
import type { KernelBuffer } from "../../src/kernel/verify/interpret.ts";
import type { Kernel } from "../../src/kernel/ir.ts";
import type { Compiled } from "../../src/plan/build-plan.ts";
import { countingSort } from "../../src/runtime/session/counting-sort.ts";
import type { ProgramInput, ProgramName } from "../../src/abi/plan.ts";
import { arenaIndex } from "./arena.ts";

/** Runs one kernel on buffers in place. Throws what it finds wrong with it. */
export type Executor = (kernel: Kernel, buffers: readonly KernelBuffer[]) => void;

const byInterpreter: Executor = (kernel, buffers) => {
  const findings = interpret(kernel, buffers);
  if (findings.length > 0) throw new Error(findings.map((f) => f.message).join("\n"));
};

export class SimulatedPlan {
  readonly #compiled: Compiled;
  readonly #buffers: readonly ArrayBuffer[];
  readonly #execute: Executor;

  constructor(compiled: Compiled, execute: Executor = byInterpreter) {
    this.#compiled = compiled;
    this.#execute = execute;
    const { plan, constants } = compiled;
    compiled.kernels.forEach(checkKernel);
    this.#buffers = plan.buffers.map((buffer) => {
      const made = new ArrayBuffer(buffer.bytes);
      if (buffer.offset !== undefined)
        new Uint8Array(made).set(constants.subarray(buffer.offset, buffer.offset + buffer.bytes));
      return made;
    });
    for (const { buffer, init } of plan.states) new Float32Array(this.buffer(buffer)).fill(init);
  }

  buffer(index: number): ArrayBuffer {
    const found = this.#buffers[index];
    if (!found) throw new Error(`no buffer ${index}`);
    return found;
  }

  /** A parameter, or its entry in another arena: a live view. */
  entry(path: string, arena = "parameters"): Float32Array {
    const { plan } = this.#compiled;
    const parameter = plan.parameters.find((p) => p.path === path);
    const buffer = arenaIndex(plan, arena);
    if (!parameter || buffer < 0) throw new Error(`no ${path} in ${arena}`);
    return new Float32Array(
      this.buffer(buffer),
      parameter.offset,
      parameter.shape.reduce((n, s) => n * s, 1),
    );
  }

  run(
    name: ProgramName,
    inputs: Readonly<Record<string, ArrayLike<number>>>,
    scalars: Readonly<Record<string, number>>,
  ): Record<string, Float32Array> {
    const { plan, kernels } = this.#compiled;
    const program = plan.programs[name];
    if (!program) throw new Error(`no program ${name}`);
    // What this run did not write must not be read: activations start as NaN.
    plan.buffers.forEach(({ role }, i) => {
      if (role === "activation" || role === "workspace") new Uint32Array(this.buffer(i)).fill(0x7fc00000);
    });
    for (const input of program.inputs) this.#fill(input, inputs);
    this.#fillScalars(program.scalars, scalars);
    for (const dispatch of program.dispatches) {
      const planned = plan.kernels[dispatch.kernel];
      const kernel = planned && kernels.get(planned.name);
      if (!kernel) throw new Error(`no kernel ${dispatch.kernel}`);
      checkUsage(
        dispatch.bindings.map((b, i) => ({ buffer: b.buffer, writes: kernel.bindings[i]?.access !== "read" })),
        kernel.name,
      );
      const views = dispatch.bindings.map((binding, i): KernelBuffer => {
        const scalar = kernel.bindings[i]?.element.scalar;
        const make = scalar === "i32" ? Int32Array : scalar === "u32" ? Uint32Array : Float32Array;
        return new make(this.buffer(binding.buffer), binding.offset, binding.bytes / 4);
      });
      this.#execute(kernel, views);
    }
    return Object.fromEntries(
      program.outputs.map((o) => [o.name, new Float32Array(this.buffer(o.buffer), o.offset, o.bytes / 4).slice()]),
    );
  }

  #fill(input: ProgramInput, given: Readonly<Record<string, ArrayLike<number>>>): void {
    if (input.kind === "offsets") return;
    const values = Int32Array.from(given[input.kind === "order" ? input.of : input.name] ?? []);
    if (values.length === 0) throw new Error(`input ${input.name} is not given`);
    if (input.kind !== "order") new Int32Array(this.buffer(input.buffer)).set(values);
    else {
      const offsets = Object.values(this.#compiled.plan.programs)
        .flatMap((p) => p?.inputs ?? [])
        .find((o) => o.kind === "offsets" && o.of === input.of);
      countingSort(
        values,
        new Int32Array(this.buffer(input.buffer)),
        new Int32Array(this.buffer(offsets?.buffer ?? -1)),
      );
    }
  }

  #fillScalars(
    words: readonly { readonly name: string; readonly dtype: string; readonly expression?: string }[],
    given: Readonly<Record<string, number>>,
  ): void {
    const buffer = this.#compiled.plan.buffers.findIndex((b) => b.role === "scalars");
    const view = new DataView(this.buffer(buffer));
    const names = Object.keys(given);
    words.forEach(({ name, dtype, expression }, i) => {
      const value: unknown =
        expression === undefined
          ? given[name]
          : new Function(...names, `return ${expression}`)(...names.map((n) => given[n]));
      if (typeof value !== "number") throw new Error(`scalar ${name} is not given`);
      if (dtype === "f32") view.setFloat32(4 * i, value, true);
      else view.setUint32(4 * i, value, true);
    });
  }
}

/** A buffer may be read and written in one dispatch only through one binding. */
function checkUsage(bindings: readonly { readonly buffer: number; readonly writes: boolean }[], kernel: string): void {
  for (const { buffer, writes } of bindings) {
    if (writes && bindings.some((b) => b.buffer === buffer && !b.writes))
      throw new Error(`${kernel} reads and writes buffer ${buffer} through two bindings`);
  }
}
