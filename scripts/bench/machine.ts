/** @file The machine that is measured on: what it is, and what its processor reaches at best, before and after a suite. */
import { cpus, loadavg, release, totalmem } from "node:os";
import { findCompiler } from "../../src/runtime/cpu/compiler.ts";
import { openCalibrator, usualThreads } from "../../src/runtime/cpu/calibrate.ts";
import type { Calibrator, CpuCalibration } from "../../src/runtime/cpu/calibrate.ts";
import { processor, vectorWidth } from "../../src/runtime/cpu/processor.ts";
import { messageOf } from "../../src/runtime/util/failure.ts";
import type { Contender } from "./measure.ts";

/** By numbers of threads: one, and all. */
export type Calibration = readonly CpuCalibration[];

export interface Machine {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly vectorWidth: number;
  /** Those that matter here. */
  readonly instructions: readonly string[];
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
  readonly compiler: string;
  readonly load: readonly number[];
}

const interesting = /\b(?:avx2|fma|f16c|avx512f|avx512bw|avx512vl|avx512_bf16|amx_tile|amx_bf16|asimd|sve|bf16)\b/g;

/** More than so much of a difference between two calibrations makes a suite's numbers doubtful. */
const tolerance = 0.05;

export class Bench {
  readonly machine: Machine;
  readonly #calibrator: Calibrator | undefined;

  private constructor(machine: Machine, calibrator: Calibrator | undefined) {
    this.machine = machine;
    this.#calibrator = calibrator;
  }

  /** Without a C compiler nothing is calibrated, and the machine says why. */
  static async open(): Promise<Bench> {
    const compiler = await findCompiler().catch((error: unknown) => messageOf(error));
    const machine: Machine = {
      date: new Date().toISOString(),
      cpu: cpus()[0]?.model.trim() ?? process.arch,
      cores: cpus().length,
      vectorWidth: vectorWidth(),
      instructions: [...new Set(processor().match(interesting) ?? [])],
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      system: `${process.platform} ${release()}`,
      node: process.version,
      compiler: typeof compiler === "string" ? compiler : compiler.version,
      load: loadavg().map((value) => Number(value.toFixed(2))),
    };
    return new Bench(machine, typeof compiler === "string" ? undefined : await openCalibrator(compiler));
  }

  /** Whether there is a C compiler, and with it the CPU device. */
  get hasCpuDevice(): boolean {
    return this.#calibrator !== undefined;
  }

  async calibrate(): Promise<Calibration | undefined> {
    if (!this.#calibrator) return undefined;
    const results: CpuCalibration[] = [];
    for (const threads of usualThreads()) results.push(await this.#calibrator.measure(threads, 0.25));
    return results;
  }

  /** The processor's best as a contender: a sample is the seconds of one GFLOP, on so many threads. */
  peak(threads: number): Contender {
    return {
      name: "peak",
      about: "",
      sample: async () => 1e9 / ((await this.#calibrator?.measure(threads, 0.1))?.flopsPerSecond ?? NaN),
      close: () => {},
    };
  }

  /** The same of memory: a sample is the seconds of reading one GB. */
  bandwidth(threads: number): Contender {
    return {
      name: "bandwidth",
      about: "",
      sample: async () => 1e9 / ((await this.#calibrator?.measure(threads, 0.1))?.bytesPerSecond ?? NaN),
      close: () => {},
    };
  }
}

export function printMachine(machine: Machine): string {
  const { cpu, cores, memoryGiB, node, system, compiler, instructions, load } = machine;
  return `${cpu}, ${cores} cores (${instructions.join(" ")}), ${memoryGiB} GiB, ${system}\nnode ${node}, ${compiler}, load ${load.join(" ")}\n`;
}

const rates = (calibration: Calibration): string =>
  calibration
    .map(
      ({ threads, flopsPerSecond, bytesPerSecond }) =>
        `${threads} ${threads === 1 ? "thread" : "threads"} ${(flopsPerSecond / 1e9).toFixed(0)} GFLOP/s, read ${(bytesPerSecond / 1e9).toFixed(1)} GB/s`,
    )
    .join("; ");

const differ = (a: number, b: number): boolean => Math.abs(a / b - 1) > tolerance;

/** Both calibrations, and a warning where they differ. */
export function compareCalibrations(before: Calibration | undefined, after: Calibration | undefined): string {
  if (!before || !after) return "not calibrated: there is no C compiler\n";
  const changed = before.flatMap((first, i) => {
    const second = after[i];
    if (!second) return [];
    return differ(first.flopsPerSecond, second.flopsPerSecond) || differ(first.bytesPerSecond, second.bytesPerSecond)
      ? [first.threads]
      : [];
  });
  const warning =
    changed.length > 0
      ? `WARNING: the machine did not run evenly (more than ${tolerance * 100} % of difference): trust ratios only, or run it again\n`
      : "";
  return `before: ${rates(before)}\nafter:  ${rates(after)}\n${warning}`;
}
