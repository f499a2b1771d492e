/** @file What this processor can do at best, measured within about a second: what kernels and whole steps are compared with. */
import { availableParallelism } from "node:os";
import koffi from "koffi";
import { RuntimeFailure } from "../util/failure.ts";
import { libraryOf } from "./build.ts";
import { calibrationSource } from "./calibration-source.ts";
import { medianOf } from "../util/timing.ts";
import type { Compiler } from "./compiler.ts";

export interface CpuCalibration {
  readonly threads: number;
  /** Fused multiply-adds of f32 in registers, as two operations each. */
  readonly flopsPerSecond: number;
  /** Reading memory that is in no cache. */
  readonly bytesPerSecond: number;
}

export interface Calibrator {
  /** Takes about twice the seconds; with `seconds` of 0.2 it tells a slow moment of the machine from a good one. */
  readonly measure: (threads: number, seconds: number) => Promise<CpuCalibration>;
  /** Seconds of an asynchronous call from JavaScript that does nothing: what each step pays. */
  readonly launchSeconds: () => Promise<number>;
}

/** More than any cache, less than any machine that trains. */
const readBytes = 2 ** 28;

/** Compiles the calibration, unless it is in the cache. */
export async function openCalibrator(compiler: Compiler): Promise<Calibrator> {
  const library = koffi.load(await libraryOf(new Map([["calibration.c", calibrationSource]]), compiler));
  const multiply = library.func("double llmc_multiply_rate(int threads, double seconds)");
  const read = library.func("double llmc_read_rate(int threads, double seconds, double total)");
  const nothing = library.func("void llmc_nothing(void)");
  const call = <T>(f: typeof nothing, ...args: readonly unknown[]): Promise<T> =>
    new Promise((resolve, reject) => {
      f.async(...args, (error: unknown, result: T) => (error === null ? resolve(result) : reject(error as Error)));
    });
  return {
    measure: async (threads, seconds) => {
      const flopsPerSecond = await call<number>(multiply, threads, seconds);
      const bytesPerSecond = await call<number>(read, threads, seconds, readBytes);
      if (flopsPerSecond === 0 || bytesPerSecond === 0)
        throw new RuntimeFailure(
          "device/memory",
          `the system gives no ${threads} threads, or not the memory to measure with`,
        );
      return { threads, flopsPerSecond, bytesPerSecond };
    },
    launchSeconds: () => medianOf(31, () => call(nothing)),
  };
}

/** One thread, and as many as there are cores. */
export const usualThreads = (): readonly number[] => [...new Set([1, availableParallelism()])];
