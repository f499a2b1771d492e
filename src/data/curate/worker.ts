/** @file The entry of a worker thread: does one job after the other, and says when it is done or why not. */
import { parentPort } from "node:worker_threads";
import { isFailure } from "../../runtime/failure.ts";
import { CacheDamage } from "./damage.ts";
import { work, type Job } from "./jobs.ts";
import type { Answer } from "./pool.ts";

parentPort?.on("message", (job: Job) => {
  void work(job).then(
    (): Answer => ({ kind: "done" }),
    (error: unknown): Answer => (error instanceof CacheDamage ? { kind: "damage", path: error.path } : isFailure(error) ? { kind: "failure", code: error.code, message: error.message, help: error.help } : { kind: "bug", error }),
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  ).then((answer) => parentPort?.postMessage(answer));
});
