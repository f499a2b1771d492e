/**
 * @file One program of a plan on the CPU. A run is one call of the library on a thread of its own; while it goes on the host prepares the next. Inputs are copied when a
 * run is submitted, so that they may be filled anew at once.
 */
import type { Replay, Scalars, StepResult } from "../session/device.ts";
import { HostSide } from "../session/host-side.ts";
import type { Plan, Program, ProgramName } from "../../abi/plan.ts";
import type { NativeSession } from "./library.ts";
import type { Queue } from "./queue.ts";

/** Runs submitted and not finished: one that runs, and one that is ready to. */
const depth = 2;

export interface ReplayParts {
  readonly plan: Plan;
  readonly name: ProgramName;
  readonly program: Program;
  readonly native: NativeSession;
  readonly queue: Queue;
}

export class CpuReplay implements Replay {
  readonly name: ProgramName;
  readonly #parts: ReplayParts;
  readonly #host: HostSide;
  readonly #flying: Promise<void>[] = [];
  #results: StepResult[] = [];
  #failure: unknown;

  constructor(parts: ReplayParts) {
    this.name = parts.name;
    this.#parts = parts;
    this.#host = new HostSide(parts.plan, parts.name, parts.program);
  }

  input(name: string): Int32Array {
    return this.#host.input(name);
  }

  async run(scalars: Scalars): Promise<void> {
    while (this.#flying.length >= depth) await this.#flying[0];
    this.#check();
    this.#host.prepare(scalars);
    const inputs = this.#host.arrays.map(({ buffer, values }) => ({ buffer, values: values.slice() }));
    const done = this.#parts.queue
      .add(async () => {
        const { native, name } = this.#parts;
        for (const { buffer, values } of inputs) native.write(buffer, values);
        await native.run(name);
        this.#results.push({ scalars, outputs: this.#outputs() });
      })
      .catch((error: unknown) => void (this.#failure ??= error))
      .finally(() => {
        this.#flying.shift();
      });
    this.#flying.push(done);
  }

  finished(): readonly StepResult[] {
    this.#check();
    const results = this.#results;
    this.#results = [];
    return results;
  }

  async flush(): Promise<void> {
    await this.#flying.at(-1);
    this.#check();
  }

  async once(scalars: Scalars): Promise<StepResult> {
    await this.run(scalars);
    await this.flush();
    return this.#results.pop() as StepResult;
  }

  #outputs(): Readonly<Record<string, Float32Array>> {
    return Object.fromEntries(
      this.#parts.program.outputs.map(({ name, buffer, offset, bytes }) => {
        const values = new Float32Array(bytes / 4);
        this.#parts.native.read(buffer, offset, values);
        return [name, values];
      }),
    );
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}
