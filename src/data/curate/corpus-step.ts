/** @file A step that looks at all documents: workers make records, one decision is made of them, and workers carry it out. */
import { mkdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { openKeys, type Keys, type KeyShape } from "../rules/keys.ts";
import { eachRepeat } from "../dedup/repeats.ts";
import type { Decisions } from "../rules/rule.ts";
import { bitsBetween, noBits, setBit, type SomeBits } from "./shards/bits.ts";
import type { Context } from "./workers/context.ts";
import type { Decided } from "./workers/jobs.ts";
import type { ManifestStep } from "./shards/manifest.ts";
import { forMissing } from "./workers/missing.ts";
import { packedIn, recordsIn } from "./shards/records.ts";
import { ruleOf, type ReadyStep } from "../steps/rules.ts";
import { tallyOf, tallyPath } from "./shards/shards.ts";
import { clustersOf, namesOf } from "./shown-documents.ts";
import { put, stored } from "./shards/store.ts";
import type { Tally } from "./shards/tally.ts";

export async function runCorpusStep(
  step: ReadyStep,
  folder: string,
  inputs: readonly string[],
  outputs: readonly string[],
  context: Context,
): Promise<ManifestStep["clusters"]> {
  const clustersPath = join(folder, "clusters.json");
  const made = await Promise.all(outputs.map((output) => tallyOf(output)));
  const before = await stored<ManifestStep["clusters"]>(clustersPath);
  if (before !== undefined && made.every((tally) => tally !== undefined)) return before;
  await mkdir(join(folder, "records"), { recursive: true });
  /** Files of records, after rounds that found something of each shard. */
  const look = async (found: readonly FoundIn[]): Promise<readonly string[]> => {
    const paths = outputs.map((output) => join(folder, "records", `${basename(output, ".jsonl")}-${found.length}`));
    await forMissing(
      `${step.step.name}: looking`,
      inputs,
      paths,
      (path) => path,
      context,
      ({ number, input, output, temporary }) => ({
        kind: "records",
        step,
        input,
        output,
        temporary,
        found: found.map((of) => of(number)),
      }),
    );
    return paths;
  };
  const { clusters, decidedIn } = await decide(step, look, inputs, context.signal);
  await put(context.store.temporary, clustersPath, JSON.stringify(clusters));
  await forMissing(step.step.name, inputs, outputs, tallyPath, context, ({ number, input, output, temporary }) => ({
    kind: "edits",
    input,
    output,
    temporary,
    decided: decidedIn(number),
  }));
  return clusters;
}

interface AllDecided {
  readonly clusters: ManifestStep["clusters"];
  readonly decidedIn: (shard: number) => Decided;
}
/** What a round found of a shard's keys. */
type FoundIn = (shard: number) => SomeBits;

async function decide(
  step: ReadyStep,
  look: (found: readonly FoundIn[]) => Promise<readonly string[]>,
  inputs: readonly string[],
  signal: AbortSignal | undefined,
): Promise<AllDecided> {
  const { kind, rule } = await ruleOf(step);
  const keys = async (shape: KeyShape, found: readonly FoundIn[]): Promise<Keys> =>
    openKeys(
      shape,
      (await look(found)).map((path) => packedIn(path, signal)),
    );
  switch (kind) {
    case "document":
      throw new Error(`${step.step.kind} looks at one document`);
    case "corpus":
      return ofDocuments(await rule.decide(recordsIn(await look([]), signal)), inputs);
    case "duplicate documents":
      return ofDocuments(await rule.decide(await keys(rule.shape, [])), inputs);
    case "duplicate units": {
      const found: FoundIn[] = [];
      for (const { finds } of rule.rounds) found.push(await foundIn(await keys(rule.shape, found), finds));
      return { clusters: [], decidedIn: (shard) => ({ kind: "units", step, found: found.map((of) => of(shard)) }) };
    }
  }
}

async function ofDocuments(decisions: Decisions, inputs: readonly string[]): Promise<AllDecided> {
  /** The number of the first document of each shard, and of all. */
  const starts = [0];
  for (const input of inputs) starts.push((starts.at(-1) ?? 0) + ((await tallyOf(input)) as Tally).documents);
  const names = await namesOf(decisions, inputs, starts);
  return {
    clusters: await clustersOf(decisions, inputs, starts),
    decidedIn: (shard) => {
      const first = starts[shard] ?? 0;
      const all = Array.from(
        { length: (starts[shard + 1] ?? first) - first },
        (_, i) => [i, decisions.of(first + i)] as const,
      );
      return {
        kind: "documents",
        names,
        decisions: all.flatMap(([i, decision]) => (decision === undefined ? [] : [[i, decision] as const])),
      };
    },
  };
}

async function foundIn(keys: Keys, finds: "later" | "all"): Promise<FoundIn> {
  const found = noBits(keys.count);
  await eachRepeat(keys, (number, first) => {
    setBit(found, number);
    if (finds === "all") setBit(found, first);
  });
  return (shard) => bitsBetween(found, keys.shards[shard]?.first ?? 0, keys.shards[shard + 1]?.first ?? keys.count);
}
