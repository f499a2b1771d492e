/**
 * @file Curation: reads the sources of a plan, runs its steps, and leaves JSON Lines with a manifest of what went and why. All of it is kept in the
 * cache by what it was made from, so that a run does only what no run before it did, and one that was cut off goes on where it was.
 */
import { availableParallelism } from "node:os";
import { say } from "../../runtime/files/cache-folder.ts";
import { RuntimeFailure } from "../../runtime/util/failure.ts";
import type { Context, Progress } from "./workers/context.ts";
import { CacheDamage, forget } from "./shards/damage.ts";
import type { Manifest, ManifestSource } from "./shards/manifest.ts";
import { manifestOf, requireSeen, sourceFiles, writeResult } from "./result.ts";
import type { CurationPlan, PlannedSource } from "../steps/plan.ts";
import { passesOf, runPass, type Pass } from "./passes.ts";
import { createPool } from "./workers/pool.ts";
import { readyStep } from "./ready.ts";
import { sampleSources, type Sample, type SampleSize } from "./sample.ts";
import { filesShown, readSource } from "./sources.ts";
import { closeStore, hashOf, openStore } from "./shards/store.ts";

export interface CurateOptions {
  /** Relative paths start here. */
  readonly folder: string;
  /** The folder where all results are kept. */
  readonly cache: string;
  readonly workers?: number;
  readonly progress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
  /** Told of what was damaged and is made again. */
  readonly notice?: (text: string) => void;
}

export interface Curated {
  readonly manifest: Manifest;
  readonly folder: string;
  /** JSON Lines with the documents of a source, in order. */
  readonly files: (source: string) => readonly string[];
  /** How the documents came about, for counting tokens. */
  readonly ran: Ran;
}

/** A plan that ran. */
export interface Ran {
  readonly plan: CurationPlan;
  /** Of all, names and licences included. */
  readonly hash: string;
  /** Of the documents alone. */
  readonly content: string;
  readonly sources: readonly RanSource[];
  readonly passes: readonly Pass[];
  /** What is left, of all sources in a row. */
  readonly shards: readonly string[];
  /** Of a sample. */
  readonly sample?: SampleSize;
}
export interface RanSource {
  readonly source: PlannedSource;
  readonly hash: string;
  readonly shards: readonly string[];
  readonly files: ManifestSource["files"];
  readonly from?: Ran;
}

export async function curate(plan: CurationPlan, options: CurateOptions): Promise<Curated> {
  return withContext(options, async (context) => {
    const ran = await runPlan(plan, context);
    const manifest = await manifestOf(ran);
    const folder = await writeResult(ran, manifest, context);
    const files = await sourceFiles(ran, folder);
    return { manifest, folder, ran, files: (source) => files.get(source) ?? [] };
  });
}

/** So many damaged files are found one after the other before something else must be wrong, such as the memory or the disk. */
const mostDamaged = 100;

/** Does work in the cache. Where that finds damage, what is damaged is removed and the work done again, as attempt 1 and so on. */
export async function withContext<T>(
  { folder, cache, workers = availableParallelism(), progress = () => undefined, signal, notice = say }: CurateOptions,
  work: (context: Context, attempt: number) => Promise<T>,
): Promise<T> {
  const store = await openStore(cache);
  try {
    for (let attempt = 0; ; attempt++) {
      // Workers keep what they read.
      const pool = createPool(workers, signal);
      try {
        return await work({ store, folder, pool, progress, signal }, attempt);
      } catch (error) {
        if (!(error instanceof CacheDamage)) throw error;
        if (attempt === mostDamaged)
          throw new RuntimeFailure(
            "disk/write",
            `${error.path} is not what was written to it, again and again`,
            "see whether the disk and the memory are sound",
          );
        notice(`${error.path} was damaged; it is made again`);
        await forget(store.folder, error.path);
      } finally {
        await pool.close();
      }
    }
  } finally {
    await closeStore(store);
  }
}

export async function runPlan(plan: CurationPlan, context: Context, within?: Sample): Promise<Ran> {
  const sample = plan.sample === undefined ? within : await sampleSources(plan, plan.sample, context);
  const sources: RanSource[] = [];
  for (const source of plan.sources) {
    if (source.kind === "files") {
      const { hash, shards, files } =
        sample?.sources.get(source.files) ?? (await readSource(source.name, source.files, context));
      sources.push({ source, hash, shards, files: filesShown(files) });
    } else {
      const from = await runPlan(source.from, context, sample);
      sources.push({ source, hash: from.content, shards: from.shards, files: [], from });
    }
  }
  const steps = [];
  for (const step of plan.steps) steps.push(await readyStep(step, context, (other) => runPlan(other, context)));
  let content = hashOf(sources.map(({ hash }) => hash));
  let shards = sources.flatMap((source) => source.shards);
  const passes: Pass[] = [];
  for (const group of passesOf(steps)) {
    const pass = await runPass(group, content, shards, context);
    await requireSeen({ sources }, pass);
    passes.push(pass);
    [content, shards] = [pass.hash, [...pass.outputs]];
  }
  const named = sources.map(({ source: { name, licence, provenance }, hash, from }) => [
    name,
    licence,
    provenance,
    from?.hash ?? hash,
  ]);
  const hash = hashOf([1, plan.name, named, steps.map(({ step: { name }, hash: of }) => [name, of])]);
  return { plan, hash, content, sources, passes, shards, ...(sample && { sample: sample.size }) };
}
