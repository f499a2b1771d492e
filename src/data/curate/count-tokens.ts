/** @file Tokens of what was curated, for a manifest: texts as they were read are encoded whole, after that only what passes edited is. Counts are kept by tokenizer. */
import { mkdir } from "node:fs/promises";
import { basename, join } from "node:path";
import type { TokenizerData } from "../../runtime/data/tokenizer/tokenizer.ts";
import type { Context } from "./workers/context.ts";
import { countsIn, countsPath, type TokenTally } from "./workers/count-shard.ts";
import { runPlan, withContext, type Curated, type CurateOptions, type Ran } from "./curate.ts";
import type { Amount, Manifest, ManifestSource, ManifestStep } from "./shards/manifest.ts";
import { bySource } from "./result.ts";
import { tallyOf } from "./shards/shards.ts";
import { hashOf, stored } from "./shards/store.ts";
import { count, sumSizes, type Tally } from "./shards/tally.ts";

/** The manifest with tokens. `options` are those of `curate`. */
export function countTokens(
  { ran, manifest }: Curated,
  tokenizer: TokenizerData,
  options: CurateOptions,
): Promise<Manifest> {
  return withContext(options, async (context, attempt) => {
    if (attempt > 0) await runPlan(ran.plan, context);
    return (
      await counted(ran, manifest, {
        tokenizer,
        folder: join(context.store.folder, "tokens", hashOf(tokenizer)),
        context,
      })
    ).manifest;
  });
}

interface Counting {
  readonly tokenizer: TokenizerData;
  readonly folder: string;
  readonly context: Context;
}
interface CountedRun {
  readonly manifest: Manifest;
  /** Files of counts of what is left, shard by shard. */
  readonly counts: readonly string[];
}

async function counted(ran: Ran, manifest: Manifest, counting: Counting): Promise<CountedRun> {
  const read: string[] = [];
  const nested: (Manifest | undefined)[] = [];
  for (const [i, { shards, from }] of ran.sources.entries()) {
    const before = manifest.sources[i]?.from;
    if (from === undefined || before === undefined) {
      read.push(...(await countShards(shards, shards, 0, [], counting)));
      nested.push(undefined);
    } else {
      const other = await counted(from, before, counting);
      read.push(...other.counts);
      nested.push(other.manifest);
    }
  }
  let counts: readonly string[] = read;
  const steps: ManifestStep[] = [];
  for (const pass of ran.passes) {
    counts = await countShards(pass.outputs, pass.inputs, pass.steps.length, counts, counting);
    const tallies = await Promise.all(counts.map(async (path) => (await stored<TokenTally>(path))?.steps ?? []));
    for (const i of pass.steps.keys()) {
      const step = manifest.steps[steps.length];
      if (step === undefined) throw new Error("the manifest is of another run");
      const sum = (side: "in" | "out"): number => tallies.reduce((total, of) => total + (of[i]?.[side] ?? 0), 0);
      steps.push({ ...step, in: withTokens(step.in, sum("in")), out: withTokens(step.out, sum("out")) });
    }
  }
  const left = bySource(ran, counts);
  const entered = bySource(ran, read);
  const sources: ManifestSource[] = [];
  for (const [i, source] of manifest.sources.entries()) {
    const from = nested[i];
    sources.push({
      ...source,
      in: withTokens(source.in, await total(entered[i] ?? [])),
      out: withTokens(source.out, await total(left[i] ?? [])),
      ...(from === undefined ? {} : { from }),
    });
  }
  const tokens: number[] = [];
  for (const path of counts) for (const length of await countsIn(countsPath(path))) count(tokens, length);
  return {
    counts,
    manifest: {
      ...manifest,
      sources,
      steps,
      out: withTokens(manifest.out, await total(counts)),
      lengths: { ...manifest.lengths, tokens },
    },
  };
}

const withTokens = ({ documents, bytes }: Amount, tokens: number): Amount => ({ documents, bytes, tokens });

async function total(counts: readonly string[]): Promise<number> {
  let sum = 0;
  for (const path of counts) for (const tokens of await countsIn(countsPath(path))) sum += tokens;
  return sum;
}

/** Files of counts, one a shard; `before` are those of the shards they were made of, where a pass made them. */
async function countShards(
  shards: readonly string[],
  inputs: readonly string[],
  steps: number,
  before: readonly string[],
  { tokenizer, folder, context }: Counting,
): Promise<readonly string[]> {
  const { pool, store, progress } = context;
  const outputs = shards.map((shard) => join(folder, basename(join(shard, "..")), basename(shard, "l")));
  for (const stage of new Set(outputs.map((output) => join(output, "..")))) await mkdir(stage, { recursive: true });
  const done: Tally[] = [];
  const missing = [];
  for (const [i, output] of outputs.entries()) if ((await stored<TokenTally>(output)) === undefined) missing.push(i);
  await pool.each(
    missing,
    (i) => ({
      kind: "tokens" as const,
      temporary: store.temporary,
      input: shards[i] ?? "",
      output: outputs[i] ?? "",
      tokenizer,
      of: before.length === 0 ? ("all" as const) : ("changes" as const),
      steps,
      before: countsPath(before[i] ?? ""),
    }),
    async (i) => {
      done.push((await tallyOf(inputs[i] ?? "")) as Tally);
      progress({ step: "tokens", ...sumSizes(done) });
    },
  );
  return outputs;
}
