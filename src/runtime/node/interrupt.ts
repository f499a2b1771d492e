/** @file Ctrl-C: the first time a run is asked to end after the step at hand, the second time the process ends at once. */

export interface Interrupt {
  readonly requested: () => boolean;
  /** Gives the signals back. */
  release(): void;
}

/** `notice` is called at the first signal. SIGTERM counts too: it is how schedulers say that time is up. */
export function onInterrupt(notice: (signal: "SIGINT" | "SIGTERM") => void): Interrupt {
  let requested = false;
  const handle = (signal: NodeJS.Signals): void => {
    if (requested) process.exit(130);
    requested = true;
    notice(signal === "SIGTERM" ? "SIGTERM" : "SIGINT");
  };
  process.on("SIGINT", handle);
  process.on("SIGTERM", handle);
  return {
    requested: () => requested,
    release: () => {
      process.off("SIGINT", handle);
      process.off("SIGTERM", handle);
    },
  };
}
