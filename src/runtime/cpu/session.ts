/** @file A plan loaded on the CPU: its memory and threads, its constants, its programs, and transfers of whole buffers in the order of the runs around them. */
import type { CompiledProgram, Device, Replay, Session } from "../session/device.ts";
import { constantValues, programOf } from "../session/device.ts";
import { RuntimeFailure } from "../util/failure.ts";
import type { Plan, ProgramName } from "../../abi/plan.ts";
import { NativeSession } from "./library.ts";
import { Queue } from "./queue.ts";
import { CpuReplay } from "./replay.ts";

/** `library` is the path of the compiled program. */
export async function openCpuSession(
  device: Device,
  library: string,
  threads: number,
  program: CompiledProgram,
): Promise<CpuSession> {
  const constants = await constantValues(program);
  const native = new NativeSession(library, program.plan, threads);
  for (const { buffer, values } of constants) native.write(buffer, values);
  return new CpuSession(device, program.plan, native);
}

export class CpuSession implements Session {
  readonly plan: Plan;
  readonly device: Device;
  readonly #native: NativeSession;
  readonly #queue = new Queue();
  readonly #replays = new Map<ProgramName, CpuReplay>();
  #closed = false;

  constructor(device: Device, plan: Plan, native: NativeSession) {
    this.device = device;
    this.plan = plan;
    this.#native = native;
  }

  has(program: ProgramName): boolean {
    return this.plan.programs[program] !== undefined;
  }

  replay(name: ProgramName): Replay {
    const program = programOf(this.plan, name);
    const known = this.#replays.get(name);
    if (known !== undefined) return known;
    const made = new CpuReplay({ plan: this.plan, name, program, native: this.#native, queue: this.#queue });
    this.#replays.set(name, made);
    return made;
  }

  read(index: number): Promise<Float32Array> {
    const values = new Float32Array(this.#bytes(index) / 4);
    return this.#queue.add(() => {
      this.#native.read(index, 0, values);
      return values;
    });
  }

  write(index: number, values: Float32Array, offset = 0): void {
    if (offset + values.byteLength > this.#bytes(index)) {
      throw new RuntimeFailure(
        "program/input",
        `${values.byteLength} bytes do not fit into buffer \`${this.plan.buffers[index]?.name ?? index}\``,
      );
    }
    this.#inOrder(this.#queue.idle ? values : values.slice(), (kept) => this.#native.write(index, kept, offset));
  }

  clear(index: number): void {
    this.#inOrder(index, (buffer) => this.#native.clear(buffer));
  }

  close(): void {
    if (this.#closed) return;
    // What was submitted still runs in this memory.
    this.#inOrder(this.#native, (native) => native.close());
    this.#closed = true;
  }

  /** Does it at once, or after what is being run. */
  #inOrder<T>(what: T, work: (what: T) => void): void {
    if (this.#closed) throw new RuntimeFailure("device/lost", `the session of \`${this.plan.model}\` was closed`);
    if (this.#queue.idle) work(what);
    else void this.#queue.add(() => work(what));
  }

  #bytes(index: number): number {
    return Math.max(4, Math.ceil((this.plan.buffers[index]?.bytes ?? 0) / 4) * 4);
  }
}
