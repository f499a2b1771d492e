/** @file Ctrl-C: the first time a run is asked to end after the step at hand, the second time the process ends at once. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";

export interface Interrupt {
  readonly requested: () => boolean;
  /** Gives the signals back. */
  release(): void;
}

const ignore = (): void => undefined;

type Asking = "SIGINT" | "SIGTERM" | "SIGHUP";

/** `notice` is called at the first signal. SIGTERM counts too: it is how schedulers say that time is up. So does SIGHUP: the terminal is gone; unless that was to be survived. */
export function onInterrupt(notice: (signal: Asking) => void): Interrupt {
  let requested = false;
  const handle = (signal: NodeJS.Signals): void => {
    // Of a terminal that is gone, and of schedulers, several signals come for one reason.
    if (requested && signal !== "SIGINT") return;
    if (requested) process.exit(130);
    requested = true;
    notice(signal as Asking);
  };
  const onHangUp = survivesHangUp() ? ignore : handle;
  process.on("SIGINT", handle);
  process.on("SIGTERM", handle);
  process.on("SIGHUP", onHangUp);
  return {
    requested: () => requested,
    release: () => {
      process.off("SIGINT", handle);
      process.off("SIGTERM", handle);
      process.off("SIGHUP", onHangUp);
    },
  };
}

/**
 * Whether the process was started so that it outlives its terminal. Node forgets at its start that a signal is ignored, so `nohup` shows only in the name that
 * shells leave of what they ran, and in a parent that ignores the signal as well.
 */
function survivesHangUp(): boolean {
  if (basename(process.env["_"] ?? "") === "nohup") return true;
  try {
    const ignored = /^SigIgn:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${process.ppid}/status`, "utf8"))?.[1] ?? "0";
    return (BigInt(`0x${ignored}`) & 1n) === 1n;
  } catch {
    return false;
  }
}
