/**
 * @file What has gone wrong on a WebGPU device. Errors arrive on their own, long after the call that caused them; the first one is kept and thrown by the next
 * call of the session, together with what was being done.
 */
import { RuntimeFailure, messageOf } from "../util/failure.ts";

export class Health {
  #failure: RuntimeFailure | undefined;
  #closing = false;
  readonly #lost: Promise<void>;
  /** What was submitted last: `program train of Tiny, step 12`. */
  activity = "opening the device";

  constructor(device: GPUDevice) {
    this.#lost = device.lost.then((info) => {
      if (this.#closing) return;
      this.#failure ??= new RuntimeFailure(
        "device/lost",
        `the device was lost while ${this.activity}: ${firstLines(info.message) || info.reason}`,
        "resume from the last checkpoint with --resume; if it happens again, make the batch smaller",
      );
    });
    device.onuncapturederror = (event) => {
      // Or it is printed too.
      event.preventDefault();
      this.#failure ??= errorFailure(event.error, `while ${this.activity}`);
    };
  }

  /** Loss of the device is expected from here on. */
  closing(): void {
    this.#closing = true;
  }

  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** What to throw when an operation of the device failed: the loss of the device if that was the cause, which may be reported a little later. */
  async explain(error: unknown): Promise<RuntimeFailure> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    await Promise.race([this.#lost, new Promise((resolve) => (timer = setTimeout(resolve, 200)))]);
    clearTimeout(timer);
    return (
      this.#failure ??
      new RuntimeFailure("device/lost", `the device failed while ${this.activity}: ${firstLines(messageOf(error))}`)
    );
  }
}

/** A failure from a WebGPU error, by its sort. */
function errorFailure(error: GPUError, where: string): RuntimeFailure {
  const message = firstLines(error.message);
  if (error.constructor.name === "GPUOutOfMemoryError") {
    return new RuntimeFailure(
      "device/memory",
      `the device is out of memory ${where}: ${message}`,
      "make the batch or the model smaller",
    );
  }
  return new RuntimeFailure(
    "device/validation",
    `the device rejected a command ${where}: ${message}`,
    "this is a bug of the compiler: please report it with the model's source",
  );
}

/** Dawn appends its call stack and the whole message once more; keep the debug groups, which name the dispatch. */
export function firstLines(message: string): string {
  const dispatch = /Debug group stack:\s*> "([^"\n]*)/.exec(message)?.[1]?.trim();
  const head = message.split(/\n\s*\n|\n - While (?:calling|finishing)/)[0] ?? "";
  return dispatch === undefined ? head.trim() : `${head.trim()} (in dispatch ${dispatch})`;
}

/** Runs `create` and reports what the device finds wrong with it under `fail`. The promise settles later; creation itself is immediate. */
export function scoped<T>(
  device: GPUDevice,
  create: () => T,
  where: string,
): { readonly value: T; readonly checked: Promise<void> } {
  device.pushErrorScope("out-of-memory");
  device.pushErrorScope("validation");
  const value = create();
  const validation = device.popErrorScope();
  const memory = device.popErrorScope();
  const checked = Promise.all([validation, memory]).then(([invalid, exhausted]) => {
    const error = exhausted ?? invalid;
    if (error !== null) throw errorFailure(error, where);
  });
  return { value, checked };
}
