/**
 * @file One program of a plan on a WebGPU device: bind groups recorded once, then a flat list of dispatches replayed with one encoder, one compute pass and one
 * submission a run. Inputs and scalars are written from arrays that live as long as the program.
 */
import { countingSort } from "../counting-sort.ts";
import type { ScalarValues } from "../derived.ts";
import { scalarValues } from "../derived.ts";
import type { ProgramName, Replay, Scalars, StepResult } from "../device.ts";
import { RuntimeFailure } from "../failure.ts";
import type { Dispatch, Plan, PlanKernel, Program, ProgramInput, ProgramScalar } from "../plan.ts";
import type { Health } from "./health.ts";
import { scoped } from "./health.ts";
import type { Kernel } from "./pipelines.ts";
import { Readback } from "./readback.ts";

/** Workgroups a dispatch may have in one dimension; kernels read their group as `x + y * 65535`. */
const rowOfGroups = 65_535;

interface Recorded {
  readonly pipeline: GPUComputePipeline;
  readonly bindings: GPUBindGroup;
  readonly x: number;
  readonly y: number;
  /** For error messages of the device. */
  readonly label: string;
}

interface HostInput {
  readonly buffer: GPUBuffer;
  readonly values: Int32Array<ArrayBuffer>;
}

/** Positions of another input sorted by value. */
interface Sorted {
  readonly of: Int32Array;
  readonly order: Int32Array;
  readonly offsets: Int32Array;
}

export interface ReplayParts {
  readonly device: GPUDevice;
  readonly health: Health;
  readonly plan: Plan;
  readonly name: ProgramName;
  readonly program: Program;
  readonly buffers: readonly GPUBuffer[];
  readonly kernels: readonly Kernel[];
}

/** Records a program; fails if the device rejects a binding. */
export async function recordReplay(parts: ReplayParts): Promise<WebGpuReplay> {
  const checks: Promise<void>[] = [];
  const groups = new Map<string, GPUBindGroup>();
  const dispatches = parts.program.dispatches.map((dispatch, i): Recorded => {
    const kernel = parts.kernels[dispatch.kernel] as Kernel;
    const planned = parts.plan.kernels[dispatch.kernel] as PlanKernel;
    const label = `${parts.name} ${i}: ${planned.name}`;
    refuseAliases(planned, dispatch.bindings, parts.plan, label);
    const key = `${planned.access.join()} ${dispatch.bindings.map((b) => `${b.buffer}+${b.offset}:${b.bytes}`).join()}`;
    let bindings = groups.get(key);
    if (bindings === undefined) {
      const made = scoped(parts.device, () => bindGroup(parts, kernel, dispatch.bindings, label), `while binding dispatch ${label}`);
      checks.push(made.checked);
      bindings = made.value;
      groups.set(key, bindings);
    }
    return { pipeline: kernel.pipeline, bindings, x: Math.min(planned.groups, rowOfGroups), y: Math.ceil(planned.groups / rowOfGroups), label };
  });
  await Promise.all(checks);
  return new WebGpuReplay(parts, dispatches);
}

/** WebGPU tracks use by whole buffer, and says too late and too little when one is both read and written by a dispatch. */
function refuseAliases(kernel: PlanKernel, bindings: Dispatch["bindings"], plan: Plan, label: string): void {
  for (const [i, a] of bindings.entries()) {
    for (const [j, b] of bindings.slice(0, i).entries()) {
      if (a.buffer !== b.buffer || (kernel.access[i] === "read" && kernel.access[j] === "read")) continue;
      const apart = a.offset >= b.offset + b.bytes || b.offset >= a.offset + a.bytes;
      if (apart && kernel.access[i] !== "read" && kernel.access[j] !== "read") continue;
      const name = plan.buffers[a.buffer]?.name ?? a.buffer;
      throw new RuntimeFailure("program/invalid", `dispatch ${label} binds buffer \`${name}\` twice, as ${kernel.access[j]} and as ${kernel.access[i]}`, "this is a bug of the compiler: please report it with the model's source");
    }
  }
}

function bindGroup(parts: ReplayParts, kernel: Kernel, bindings: Dispatch["bindings"], label: string): GPUBindGroup {
  return parts.device.createBindGroup({
    label,
    layout: kernel.layout,
    entries: bindings.map(({ buffer, offset, bytes }, binding) => ({
      binding,
      resource: { buffer: parts.buffers[buffer] as GPUBuffer, offset, size: bytes },
    })),
  });
}

export class WebGpuReplay implements Replay {
  readonly name: ProgramName;
  readonly #parts: ReplayParts;
  readonly #dispatches: readonly Recorded[];
  readonly #readback: Readback;
  readonly #inputs = new Map<string, HostInput>();
  readonly #written: readonly HostInput[];
  readonly #sorted: readonly Sorted[];
  readonly #scalars: readonly ProgramScalar[];
  readonly #scalarBuffer: GPUBuffer | undefined;
  readonly #scalarValues: ScalarValues;
  readonly #values: Float64Array;
  readonly #words: DataView<ArrayBuffer>;
  #runs = 0;

  constructor(parts: ReplayParts, dispatches: readonly Recorded[]) {
    const { program, plan, buffers } = parts;
    this.name = parts.name;
    this.#parts = parts;
    this.#dispatches = dispatches;
    this.#readback = new Readback(parts.device, parts.health, parts.name, program.outputs, buffers);
    for (const input of program.inputs) {
      this.#inputs.set(input.name, { buffer: buffers[input.buffer] as GPUBuffer, values: new Int32Array(lengthOf(input, program)) });
    }
    this.#written = [...this.#inputs.values()];
    this.#sorted = sortedInputs(program, this.#inputs);
    this.#scalars = program.scalars;
    this.#scalarValues = scalarValues(program.scalars, parts.name);
    this.#values = new Float64Array(program.scalars.length);
    this.#words = new DataView(new ArrayBuffer(4 * program.scalars.length));
    const scalarBuffer = plan.buffers.findIndex(
      (buffer, i) => buffer.role === "scalars" && program.dispatches.some((dispatch) => dispatch.bindings.some((binding) => binding.buffer === i)),
    );
    this.#scalarBuffer = buffers[scalarBuffer];
  }

  input(name: string): Int32Array {
    const input = this.#inputs.get(name);
    if (input === undefined) {
      throw new RuntimeFailure("program/input", `program \`${this.name}\` has no input \`${name}\`, only ${[...this.#inputs.keys()].join(", ")}`);
    }
    return input.values;
  }

  async run(scalars: Scalars): Promise<void> {
    await this.#readback.room();
    this.#parts.health.activity = `running program \`${this.name}\` of \`${this.#parts.plan.model}\`, run ${this.#runs}`;
    const { device } = this.#parts;
    for (const { of, order, offsets } of this.#sorted) countingSort(of, order, offsets);
    for (const input of this.#written) device.queue.writeBuffer(input.buffer, 0, input.values);
    if (this.#scalarBuffer !== undefined) {
      this.#fillScalars(scalars);
      device.queue.writeBuffer(this.#scalarBuffer, 0, this.#words.buffer);
    }
    const encoder = device.createCommandEncoder();
    this.#encode(encoder);
    this.#readback.encode(encoder);
    device.queue.submit([encoder.finish()]);
    this.#readback.sent(scalars);
    this.#runs++;
  }

  finished(): readonly StepResult[] {
    return this.#readback.take();
  }

  flush(): Promise<void> {
    return this.#readback.flush();
  }

  async once(scalars: Scalars): Promise<StepResult> {
    await this.run(scalars);
    await this.flush();
    return this.#readback.takeLast() as StepResult;
  }

  destroy(): void {
    this.#readback.destroy();
  }

  #encode(encoder: GPUCommandEncoder): void {
    for (const { buffer, offset, bytes } of this.#parts.program.clears) encoder.clearBuffer(this.#parts.buffers[buffer] as GPUBuffer, offset, bytes);
    const pass = encoder.beginComputePass();
    let pipeline: GPUComputePipeline | undefined;
    for (const dispatch of this.#dispatches) {
      // Names the dispatch in errors; what the device accepts once it accepts always.
      if (this.#runs === 0) pass.pushDebugGroup(dispatch.label);
      if (dispatch.pipeline !== pipeline) pass.setPipeline((pipeline = dispatch.pipeline));
      pass.setBindGroup(0, dispatch.bindings);
      pass.dispatchWorkgroups(dispatch.x, dispatch.y);
      if (this.#runs === 0) pass.popDebugGroup();
    }
    pass.end();
  }

  #fillScalars(scalars: Scalars): void {
    this.#scalarValues(scalars, this.#values);
    for (let i = 0; i < this.#scalars.length; i++) {
      const { dtype } = this.#scalars[i] as ProgramScalar;
      const value = this.#values[i] as number;
      if (dtype === "f32") this.#words.setFloat32(4 * i, value, true);
      else if (dtype === "i32") this.#words.setInt32(4 * i, value, true);
      else this.#words.setUint32(4 * i, value, true);
    }
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
      if (of === undefined) throw new RuntimeFailure("program/invalid", `the plan sorts an input \`${input.of}\` that it does not have`);
      return lengthOf(of, program);
    }
  }
}

/** Pairs each `order` with its `offsets`; a missing half gets an array that is not sent. */
function sortedInputs(program: Program, inputs: ReadonlyMap<string, HostInput>): readonly Sorted[] {
  const sorted = new Map<string, Sorted>();
  for (const input of program.inputs) {
    if (input.kind !== "order" && input.kind !== "offsets") continue;
    const of = inputs.get(input.of)?.values as Int32Array;
    const values = inputs.get(input.name)?.values as Int32Array;
    const before = sorted.get(input.of) ?? { of, order: new Int32Array(of.length), offsets: new Int32Array(input.below + 1) };
    sorted.set(input.of, { ...before, [input.kind]: values });
  }
  return [...sorted.values()];
}
