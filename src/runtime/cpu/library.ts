/**
 * @file A compiled program's library and the sessions opened on it: the C functions of `step.c` and `run.h`, called through koffi. The handle of a session is
 * kept in here, so that nothing reaches memory that was given back.
 */
import koffi from "koffi";
import type { KoffiFunc } from "koffi";
import { RuntimeFailure, messageOf } from "../util/failure.ts";
import type { Plan, ProgramName } from "../../abi/plan.ts";

/** An address. */
type Pointer = bigint | object;

interface Functions {
  readonly plan: () => string;
  readonly open: (threads: number, session: [Pointer | null]) => number;
  readonly close: (session: Pointer) => void;
  readonly write: (session: Pointer, buffer: number, offset: number, values: ArrayBufferView, bytes: number) => void;
  readonly read: (session: Pointer, buffer: number, offset: number, values: ArrayBufferView, bytes: number) => void;
  readonly clear: (session: Pointer, buffer: number) => void;
  /** Found when first asked for. */
  readonly run: (program: ProgramName) => KoffiFunc<(session: Pointer) => void>;
}

/** Libraries stay loaded: threads of theirs may be asleep, and equal programs share one. */
const loaded = new Map<string, Functions>();

/** Memory and threads of one session. No call may be made while a program runs, except for `close`'s caller to wait. */
export class NativeSession {
  readonly #functions: Functions;
  readonly #plan: Plan;
  #session: Pointer | undefined;

  constructor(path: string, plan: Plan, threads: number) {
    this.#functions = load(path, plan);
    this.#plan = plan;
    if (this.#functions.plan() !== plan.hash)
      throw new RuntimeFailure(
        "program/invalid",
        `step.c of \`${plan.model}\` was written for another plan`,
        "compile the model again",
      );
    const out: [Pointer | null] = [null];
    const lacks = this.#functions.open(threads, out);
    if (lacks === 2)
      throw new RuntimeFailure(
        "device/memory",
        `the system does not give ${threads} threads`,
        "ask for fewer with LLMC_THREADS",
      );
    if (out[0] === null)
      throw new RuntimeFailure(
        "device/memory",
        `the system does not give the ${plan.memory.peakBytes} bytes that \`${plan.model}\` needs`,
        "make the batch or the model smaller",
      );
    this.#session = out[0];
  }

  /** Runs a program from its first dispatch to its last, on its own threads. */
  run(program: ProgramName): Promise<void> {
    const session = this.#open();
    const run = this.#functions.run(program);
    return new Promise((resolve, reject) => {
      run.async(session, (error: unknown) => {
        if (error === null) resolve();
        else reject(error as Error);
      });
    });
  }

  /** Copies values into a buffer, to its start or a byte offset. */
  write(buffer: number, values: ArrayBufferView, offset = 0): void {
    this.#functions.write(this.#open(), buffer, offset, values, values.byteLength);
  }

  /** Fills `values` from a buffer. */
  read(buffer: number, offset: number, values: Float32Array): void {
    this.#functions.read(this.#open(), buffer, offset, values, values.byteLength);
  }

  clear(buffer: number): void {
    this.#functions.clear(this.#open(), buffer);
  }

  close(): void {
    if (this.#session === undefined) return;
    this.#functions.close(this.#session);
    this.#session = undefined;
  }

  #open(): Pointer {
    if (this.#session === undefined)
      throw new RuntimeFailure("device/lost", `the session of \`${this.#plan.model}\` was closed`);
    return this.#session;
  }
}

function load(path: string, plan: Plan): Functions {
  const known = loaded.get(path);
  if (known !== undefined) return known;
  let library: ReturnType<typeof koffi.load>;
  try {
    library = koffi.load(path);
  } catch (error) {
    throw new RuntimeFailure(
      "device/kernel",
      `the compiled \`${plan.model}\` could not be loaded: ${messageOf(error)}`,
      `remove ${path}`,
    );
  }
  const programs = new Map<ProgramName, KoffiFunc<(session: Pointer) => void>>();
  const functions: Functions = {
    plan: library.func("const char *llmc_plan(void)"),
    open: library.func("int32_t llmc_open(int32_t threads, _Out_ void **session)"),
    close: library.func("void llmc_close(void *session)"),
    write: library.func("void llmc_write(void *session, int32_t buffer, size_t offset, void *values, size_t bytes)"),
    read: library.func("void llmc_read(void *session, int32_t buffer, size_t offset, void *values, size_t bytes)"),
    clear: library.func("void llmc_clear(void *session, int32_t buffer)"),
    run: (name) => {
      const found = programs.get(name) ?? library.func(`void llmc_${name}(void *session)`);
      programs.set(name, found);
      return found;
    },
  };
  loaded.set(path, functions);
  return functions;
}
