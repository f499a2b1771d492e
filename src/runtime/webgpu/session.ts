/** @file A plan loaded on a WebGPU device: buffers, constants, kernels, recorded programs, and transfers of whole buffers. */
import type { CompiledProgram, Device, Replay, Session } from "../session/device.ts";
import { constantValues, programOf } from "../session/device.ts";
import { RuntimeFailure } from "../util/failure.ts";
import type { Plan, PlanBuffer, ProgramName } from "../../abi/plan.ts";
import { programNames } from "../../abi/plan.ts";
import type { Health } from "./health.ts";
import { scoped } from "./health.ts";
import { buildKernels } from "./pipelines.ts";
import type { WebGpuReplay } from "./replay.ts";
import { recordReplay } from "./replay.ts";

/** Bytes moved in one piece; bounds the memory a transfer needs beside the data. */
const pieceBytes = 64 * 2 ** 20;

export async function openWebGpuSession(
  owner: Device,
  device: GPUDevice,
  health: Health,
  program: CompiledProgram,
): Promise<Session> {
  const { plan } = program;
  health.activity = `loading \`${plan.model}\``;
  const kernelsBuilt = buildKernels(device, program);
  // A failure of the buffers is thrown first; this one must not count as unhandled then.
  kernelsBuilt.catch(() => undefined);
  const buffers = await createBuffers(device, plan);
  for (const { buffer, values } of await constantValues(program))
    device.queue.writeBuffer(buffers[buffer] as GPUBuffer, 0, values as Uint8Array<ArrayBuffer>);
  const kernels = await kernelsBuilt;
  const replays = new Map<ProgramName, WebGpuReplay>();
  for (const name of programNames) {
    const recorded = plan.programs[name];
    if (recorded !== undefined)
      replays.set(name, await recordReplay({ device, health, plan, name, program: recorded, buffers, kernels }));
  }
  health.check();
  return new WebGpuSession(owner, device, health, plan, buffers, replays);
}

async function createBuffers(device: GPUDevice, plan: Plan): Promise<readonly GPUBuffer[]> {
  const checks: Promise<void>[] = [];
  const buffers = plan.buffers.map((buffer) => {
    const made = scoped(
      device,
      // STORAGE | COPY_DST | COPY_SRC; the constants are not globals in Node.
      () => device.createBuffer({ label: buffer.name, size: sizeOf(buffer), usage: 0x80 | 0x8 | 0x4 }),
      `while allocating buffer \`${buffer.name}\` (${buffer.bytes} of ${plan.memory.peakBytes} bytes that \`${plan.model}\` needs)`,
    );
    checks.push(made.checked);
    return made.value;
  });
  await Promise.all(checks);
  return buffers;
}

/** Sizes are multiples of 4 for copies, and no buffer is empty. */
const sizeOf = (buffer: PlanBuffer): number => Math.max(4, Math.ceil(buffer.bytes / 4) * 4);

class WebGpuSession implements Session {
  readonly plan: Plan;
  readonly device: Device;
  readonly #device: GPUDevice;
  readonly #health: Health;
  readonly #buffers: readonly GPUBuffer[];
  readonly #replays: ReadonlyMap<ProgramName, WebGpuReplay>;

  constructor(
    owner: Device,
    device: GPUDevice,
    health: Health,
    plan: Plan,
    buffers: readonly GPUBuffer[],
    replays: ReadonlyMap<ProgramName, WebGpuReplay>,
  ) {
    this.device = owner;
    this.plan = plan;
    this.#device = device;
    this.#health = health;
    this.#buffers = buffers;
    this.#replays = replays;
  }

  has(program: ProgramName): boolean {
    return this.#replays.has(program);
  }

  replay(name: ProgramName): Replay {
    programOf(this.plan, name);
    return this.#replays.get(name) as WebGpuReplay;
  }

  async read(index: number): Promise<Float32Array> {
    const bytes = this.#size(index);
    const values = new Float32Array(bytes / 4);
    const staging = this.#device.createBuffer({ label: "read", size: Math.min(bytes, pieceBytes), usage: 0x1 | 0x8 }); // MAP_READ | COPY_DST
    this.#health.activity = `reading buffer \`${this.plan.buffers[index]?.name ?? index}\``;
    try {
      for (let at = 0; at < bytes; at += pieceBytes) {
        const piece = Math.min(pieceBytes, bytes - at);
        const encoder = this.#device.createCommandEncoder();
        encoder.copyBufferToBuffer(this.#buffers[index] as GPUBuffer, at, staging, 0, piece);
        this.#device.queue.submit([encoder.finish()]);
        await staging.mapAsync(0x1, 0, piece); // GPUMapMode.READ
        values.set(new Float32Array(staging.getMappedRange(0, piece)), at / 4);
        staging.unmap();
      }
    } catch (error) {
      throw await this.#health.explain(error);
    } finally {
      staging.destroy();
    }
    this.#health.check();
    return values;
  }

  write(index: number, values: Float32Array, offset = 0): void {
    this.#health.check();
    if (offset + values.byteLength > this.#size(index)) {
      throw new RuntimeFailure(
        "program/input",
        `${values.byteLength} bytes do not fit into buffer \`${this.plan.buffers[index]?.name ?? index}\``,
      );
    }
    const step = pieceBytes / 4;
    for (let at = 0; at < values.length; at += step) {
      this.#device.queue.writeBuffer(
        this.#buffers[index] as GPUBuffer,
        offset + 4 * at,
        values as Float32Array<ArrayBuffer>,
        at,
        Math.min(step, values.length - at),
      );
    }
  }

  clear(index: number): void {
    this.#health.check();
    const encoder = this.#device.createCommandEncoder();
    encoder.clearBuffer(this.#buffers[index] as GPUBuffer);
    this.#device.queue.submit([encoder.finish()]);
  }

  close(): void {
    for (const replay of this.#replays.values()) replay.destroy();
    for (const buffer of this.#buffers) buffer.destroy();
  }

  #size(index: number): number {
    return (this.#buffers[index] as GPUBuffer).size;
  }
}
