/**
 * @file One program of a plan on a WebGPU device: bind groups recorded once, then a flat list of dispatches replayed with one encoder, one compute pass and one
 * submission a run.
 */
import type { Replay, Scalars, StepResult } from "../session/device.ts";
import { RuntimeFailure } from "../util/failure.ts";
import { HostSide } from "../session/host-side.ts";
import type { Dispatch, Plan, PlanKernel, Program, ProgramName } from "../../abi/plan.ts";
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
      const made = scoped(
        parts.device,
        () => bindGroup(parts, kernel, dispatch.bindings, label),
        `while binding dispatch ${label}`,
      );
      checks.push(made.checked);
      bindings = made.value;
      groups.set(key, bindings);
    }
    return {
      pipeline: kernel.pipeline,
      bindings,
      x: Math.min(planned.groups, rowOfGroups),
      y: Math.ceil(planned.groups / rowOfGroups),
      label,
    };
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
      throw new RuntimeFailure(
        "program/invalid",
        `dispatch ${label} binds buffer \`${name}\` twice, as ${kernel.access[j]} and as ${kernel.access[i]}`,
        "this is a bug of the compiler: please report it with the model's source",
      );
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
  readonly #host: HostSide;
  #runs = 0;

  constructor(parts: ReplayParts, dispatches: readonly Recorded[]) {
    const { program, plan, buffers } = parts;
    this.name = parts.name;
    this.#parts = parts;
    this.#dispatches = dispatches;
    this.#readback = new Readback(parts.device, parts.health, parts.name, program.outputs, buffers);
    this.#host = new HostSide(plan, parts.name, program);
  }

  input(name: string): Int32Array {
    return this.#host.input(name);
  }

  async run(scalars: Scalars): Promise<void> {
    await this.#readback.room();
    this.#parts.health.activity = `running program \`${this.#parts.name}\` of \`${this.#parts.plan.model}\`, run ${this.#runs}`;
    const { device, buffers } = this.#parts;
    this.#host.prepare(scalars);
    for (const { buffer, values } of this.#host.arrays)
      device.queue.writeBuffer(buffers[buffer] as GPUBuffer, 0, values);
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
    for (const { buffer, offset, bytes } of this.#parts.program.clears)
      encoder.clearBuffer(this.#parts.buffers[buffer] as GPUBuffer, offset, bytes);
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
}
