/** @file Worker threads that do jobs. A job is given out only when a worker is free, so that no more shards are in memory than there are workers. */
import { Worker } from "node:worker_threads";
import { RuntimeFailure, type FailureCode } from "../../../runtime/util/failure.ts";
import { CacheDamage } from "../shards/damage.ts";
import type { Job } from "./jobs.ts";

export type Answer =
  | { readonly kind: "done" }
  | {
      readonly kind: "failure";
      readonly code: FailureCode;
      readonly message: string;
      readonly help: string | undefined;
    }
  | { readonly kind: "damage"; readonly path: string }
  | { readonly kind: "bug"; readonly error: unknown };

/** Bundles have the worker beside them. Where the sources run as they are, it is bundled before (see tests/data/setup). */
const entry = new URL(
  import.meta.url.endsWith(".ts") ? "../../../../node_modules/.curate-worker/curate-worker.js" : "./curate-worker.js",
  import.meta.url,
);

export interface Pool {
  /** Does the job of every item; jobs are made when a worker is free for them. Nothing new begins after a failure. */
  readonly each: <T>(items: readonly T[], job: (item: T) => Job, done: (item: T) => Promise<void>) => Promise<void>;
  readonly close: () => Promise<void>;
}

export function createPool(size: number, signal: AbortSignal | undefined): Pool {
  const idle: Worker[] = [];
  const all: Worker[] = [];
  const take = (): Worker => {
    const free = idle.pop();
    if (free !== undefined) return free;
    const worker = new Worker(entry, { resourceLimits: { maxYoungGenerationSizeMb: 32 } });
    all.push(worker);
    return worker;
  };
  const run = (job: Job): Promise<void> => {
    const worker = take();
    return new Promise<void>((resolve, reject) => {
      const stop = (): void =>
        settle(() => reject(signal?.reason instanceof Error ? signal.reason : new Error("stopped")));
      const fail = (error: unknown): void => settle(() => reject(error));
      const answer = (said: Answer): void =>
        settle(() => {
          idle.push(worker);
          switch (said.kind) {
            case "done":
              return resolve();
            case "failure":
              return reject(new RuntimeFailure(said.code, said.message, said.help));
            case "damage":
              return reject(new CacheDamage(said.path));
            case "bug":
              return reject(said.error);
          }
        });
      const settle = (end: () => void): void => {
        worker.off("message", answer).off("error", fail);
        signal?.removeEventListener("abort", stop);
        end();
      };
      worker.on("message", answer).on("error", fail);
      signal?.addEventListener("abort", stop);
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
      worker.postMessage(job);
    });
  };
  return {
    each: async (items, jobOf, done) => {
      let next = 0;
      let failed = false;
      const runner = async (): Promise<void> => {
        while (next < items.length && !failed) {
          const item = items[next++] as (typeof items)[number];
          try {
            signal?.throwIfAborted();
            await run(jobOf(item));
            await done(item);
          } catch (error) {
            failed = true;
            throw error;
          }
        }
      };
      const results = await Promise.allSettled(Array.from({ length: Math.min(size, items.length) }, runner));
      for (const result of results) if (result.status === "rejected") throw result.reason;
    },
    close: async () => {
      await Promise.all(all.map((worker) => worker.terminate()));
    },
  };
}
