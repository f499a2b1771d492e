/** @file Passes over all shards: steps that look at one document in a row, or one step that looks at all of them. Shard i of a pass is made of shard i of the one before. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Context } from "./workers/context.ts";
import { runCorpusStep } from "./corpus-step.ts";
import type { ManifestStep } from "./shards/manifest.ts";
import { forMissing } from "./workers/missing.ts";
import { endsPass, looksAtAll, type ReadyStep } from "../steps/rules.ts";
import { shardPath, tallyPath } from "./shards/shards.ts";
import { hashOf } from "./shards/store.ts";

export interface Pass {
  readonly hash: string;
  readonly steps: readonly ReadyStep[];
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly clusters: ManifestStep["clusters"];
}

/** Steps by the passes they run in. */
export function passesOf(steps: readonly ReadyStep[]): readonly (readonly ReadyStep[])[] {
  const passes: ReadyStep[][] = [];
  let open: ReadyStep[] | undefined;
  for (const step of steps) {
    const alone = looksAtAll(step.step);
    if (open === undefined || alone) passes.push((open = [step]));
    else open.push(step);
    if (endsPass(step.step)) open = undefined;
  }
  return passes;
}

export async function runPass(
  steps: readonly ReadyStep[],
  before: string,
  inputs: readonly string[],
  context: Context,
): Promise<Pass> {
  const hash = hashOf(["pass", 3, before, steps.map((step) => step.hash)]);
  const folder = join(context.store.folder, "stages", hash);
  await mkdir(folder, { recursive: true });
  const outputs = inputs.map((_, i) => shardPath(folder, i));
  const [first] = steps;
  if (first !== undefined && looksAtAll(first.step))
    return { hash, steps, inputs, outputs, clusters: await runCorpusStep(first, folder, inputs, outputs, context) };
  const name = steps.map(({ step }) => step.name).join(", ");
  await forMissing(name, inputs, outputs, tallyPath, context, ({ input, output, temporary }) => ({
    kind: "documents",
    input,
    output,
    temporary,
    steps,
  }));
  return { hash, steps, inputs, outputs, clusters: [] };
}
