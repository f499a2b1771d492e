/** @file The entry of a worker thread: does one job after the other, and says when it is done or why not. */
import { parentPort } from "node:worker_threads";
import { isFailure } from "../../../runtime/util/failure.ts";
import { CacheDamage } from "../shards/damage.ts";
import { work, type Job } from "./jobs.ts";
import type { Answer } from "./pool.ts";

/** Does a job. What goes wrong is part of the answer: an error of another thread would come without its fields. */
async function answerTo(job: Job): Promise<Answer> {
  try {
    await work(job);
    return { kind: "done" };
  } catch (error) {
    if (error instanceof CacheDamage) return { kind: "damage", path: error.path };
    if (isFailure(error)) return { kind: "failure", code: error.code, message: error.message, help: error.help };
    return { kind: "bug", error };
  }
}

parentPort?.on("message", async (job: Job) => {
  const answer = await answerTo(job);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage(answer);
});
