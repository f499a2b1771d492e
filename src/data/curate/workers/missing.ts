/** @file Jobs for what is not made yet. */
import type { Context } from "./context.ts";
import type { Job } from "./jobs.ts";
import { tallyOf } from "../shards/shards.ts";
import { exists } from "../shards/store.ts";
import { sumSizes, type Tally } from "../shards/tally.ts";

interface ShardPaths {
  readonly number: number;
  readonly input: string;
  readonly output: string;
  readonly temporary: string;
}

/** Makes what is not there yet; a shard is there when its tally is. */
export async function forMissing(
  name: string,
  inputs: readonly string[],
  outputs: readonly string[],
  there: (output: string) => string,
  { pool, store, progress }: Context,
  job: (place: ShardPaths) => Job,
): Promise<void> {
  const missing: ShardPaths[] = [];
  for (const [number, output] of outputs.entries()) {
    if (!(await exists(there(output))))
      missing.push({ number, input: inputs[number] ?? "", output, temporary: store.temporary });
  }
  const done: Tally[] = [];
  await pool.each(missing, job, async ({ input }) => {
    done.push((await tallyOf(input)) as Tally);
    progress({ step: name, ...sumSizes(done) });
  });
}
