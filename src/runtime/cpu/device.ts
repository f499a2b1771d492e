/**
 * @file The processor as a device. Kernels are C, compiled by the system's compiler when a program is first opened; a step is one call that runs on all cores
 * while JavaScript goes on. Linux and macOS.
 */
import { availableParallelism, cpus, totalmem } from "node:os";
import type { Calibration, CompiledProgram, Device, DeviceLimits, Session } from "../session/device.ts";
import { checkLanguage, checkNeeds } from "../session/device.ts";
import { RuntimeFailure } from "../util/failure.ts";
import { buildLibrary } from "./build.ts";
import { openCalibrator } from "./calibrate.ts";
import type { Compiler } from "./compiler.ts";
import { findCompiler } from "./compiler.ts";
import { vectorWidth } from "./processor.ts";
import type { CpuSession } from "./session.ts";
import { openCpuSession } from "./session.ts";

/** Fails where there is no C compiler. */
export async function openCpuDevice(reason: string, compiler?: Compiler): Promise<Device> {
  return new CpuDevice(compiler ?? (await findCompiler()), threadCount(process.env["LLMC_THREADS"]), reason);
}

/** As many as there are cores, or as `LLMC_THREADS` says. The result of a run is the same for any number. */
function threadCount(asked: string | undefined): number {
  if (asked === undefined || asked === "") return availableParallelism();
  const threads = Number(asked);
  if (Number.isInteger(threads) && threads >= 1 && threads <= 1024) return threads;
  throw new RuntimeFailure("usage", `LLMC_THREADS is \`${asked}\`, but must be a whole number from 1 to 1024`);
}

class CpuDevice implements Device {
  readonly kind = "cpu";
  readonly name: string;
  readonly software = false;
  readonly reason: string;
  readonly limits: DeviceLimits;
  readonly #compiler: Compiler;
  readonly #threads: number;
  readonly #sessions = new Set<CpuSession>();

  constructor(compiler: Compiler, threads: number, reason: string) {
    this.name = `${cpus()[0]?.model.trim() ?? process.arch}, ${threads} ${threads === 1 ? "thread" : "threads"}, vectors of ${vectorWidth()}, ${compiler.version}`;
    this.reason = reason;
    this.#compiler = compiler;
    this.#threads = threads;
    // A workgroup is a loop here, and what it shares lies on a thread's stack of 16 MiB.
    this.limits = { bufferBytes: totalmem(), bindings: Infinity, sharedBytes: 8 * 2 ** 20, lanes: Infinity };
  }

  async open(program: CompiledProgram): Promise<Session> {
    const { plan } = program;
    checkLanguage(plan, "c", "the CPU");
    checkNeeds(plan, this.limits, this.name);
    if (plan.memory.peakBytes > totalmem()) {
      throw new RuntimeFailure(
        "device/memory",
        `\`${plan.model}\` needs ${plan.memory.peakBytes} bytes, and this machine has ${totalmem()}`,
        "make the batch, the vocabulary or the model smaller",
      );
    }
    const session = await openCpuSession(this, await buildLibrary(program, this.#compiler), this.#threads, program);
    this.#sessions.add(session);
    return session;
  }

  async calibrate(): Promise<Calibration> {
    const calibrator = await openCalibrator(this.#compiler);
    return { ...(await calibrator.measure(this.#threads, 0.3)), launchSeconds: await calibrator.launchSeconds() };
  }

  close(): void {
    for (const session of this.#sessions) session.close();
    this.#sessions.clear();
  }
}
