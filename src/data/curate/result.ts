/** @file The result of curation: the manifest, and the documents by source. */
import { copyFile, link, mkdir, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { RuntimeFailure, isFailure, systemCode } from "../../runtime/util/failure.ts";
import { diskFailure } from "../../runtime/files/write-atomically.ts";
import type { Context } from "./workers/context.ts";
import { CacheDamage } from "./shards/damage.ts";
import type { Ran } from "./curate.ts";
import type { Manifest, ManifestSource, ManifestStep } from "./shards/manifest.ts";
import type { Pass } from "./passes.ts";
import { requireFields } from "./require-fields.ts";
import { wantedFields } from "./workers/field-counter.ts";
import { tallyOf } from "./shards/shards.ts";
import { hiding, redactionsOf, shownExample, type Redaction } from "./redactions.ts";
import { contentOf, exists, isAsWritten, putPlain } from "./shards/store.ts";
import { sumLengths, sumSizes, sumSkipped, sumSteps, type Tally } from "./shards/tally.ts";

const talliesOf = (shards: readonly string[]): Promise<readonly Tally[]> =>
  Promise.all(shards.map(async (shard) => (await tallyOf(shard)) as Tally));

/** What of `shards`, which are made of those of all sources in a row, is of each source. */
export function bySource(ran: Pick<Ran, "sources">, shards: readonly string[]): readonly (readonly string[])[] {
  let start = 0;
  return ran.sources.map((source) => shards.slice(start, (start += source.shards.length)));
}

/** `outer` are the redactions of the declaration that this one is a source of. */
export async function manifestOf(ran: Ran, outer: readonly Redaction[] = []): Promise<Manifest> {
  const redactions = await redactionsOf(ran, outer);
  const left = bySource(ran, ran.shards);
  const sources: ManifestSource[] = [];
  for (const [i, { source, shards, files, from }] of ran.sources.entries()) {
    const [read, kept] = [await talliesOf(shards), await talliesOf(left[i] ?? [])];
    const out = sumSizes(kept);
    // A sample may hold none of what the steps leave.
    if (out.documents === 0 && !ran.sample) throw await nothingLeft(ran, i);
    sources.push({
      name: source.name,
      ...(source.licence === undefined ? {} : { licence: source.licence }),
      ...(source.provenance === undefined ? {} : { provenance: source.provenance }),
      files,
      in: sumSizes(read),
      out,
      skipped: from === undefined ? sumSkipped(read.map(({ skipped }) => skipped)) : {},
      ...(from === undefined ? {} : { from: await manifestOf(from, redactions) }),
    });
  }
  const steps: ManifestStep[] = [];
  for (const { steps: ready, outputs, clusters } of ran.passes) {
    const tallies = await talliesOf(outputs);
    for (const [i, { step, facts }] of ready.entries()) {
      const hide = hiding(redactions, steps.length);
      const { seen: _, dropped, ...sums } = sumSteps(tallies.flatMap((tally) => tally.steps[i] ?? []));
      const shownOf = Object.entries(dropped).map(
        ([reason, of]) => [reason, { ...of, examples: of.examples.map((one) => shownExample(one, hide)) }] as const,
      );
      steps.push({
        name: step.name,
        kind: step.kind,
        ...sums,
        dropped: Object.fromEntries(shownOf),
        clusters: clusters.map(({ size, documents }) => ({
          size,
          documents: documents.map((one) => shownExample(one, hide)),
        })),
        facts,
      });
    }
  }
  const last = await talliesOf(ran.shards);
  return {
    version: 1,
    name: ran.plan.name,
    hash: ran.hash,
    sources,
    steps,
    out: sumSizes(last),
    ...(ran.sample && { sample: ran.sample }),
    lengths: { bytes: sumLengths(last.map(({ lengths }) => lengths)) },
  };
}

/** Fails where a step of a pass looks at fields that documents do not have. */
export async function requireSeen(ran: Pick<Ran, "sources">, { steps, outputs }: Pass): Promise<void> {
  for (const [i, { step }] of steps.entries()) {
    if (wantedFields(step).size === 0) continue;
    const tallies = await Promise.all(
      bySource(ran, outputs).map(async (shards) =>
        sumSteps((await talliesOf(shards)).flatMap((tally) => tally.steps[i] ?? [])),
      ),
    );
    requireFields(
      step,
      ran.sources.map(({ source }) => source),
      tallies,
    );
  }
}

/** Says which step dropped most of a source of which nothing is left. */
async function nothingLeft(ran: Ran, source: number): Promise<RuntimeFailure> {
  let most = { name: "", dropped: 0, of: 0 };
  for (const { steps, outputs } of ran.passes) {
    const tallies = await talliesOf(bySource(ran, outputs)[source] ?? []);
    for (const [i, { step }] of steps.entries()) {
      const { in: entered, out } = sumSteps(tallies.flatMap((tally) => tally.steps[i] ?? []));
      const dropped = entered.documents - out.documents;
      if (dropped > most.dropped) most = { name: step.name, dropped, of: entered.documents };
    }
  }
  return new RuntimeFailure(
    "data/empty",
    `source \`${ran.sources[source]?.source.name ?? ""}\`: the steps leave no document; \`${most.name}\` drops ${most.dropped} of ${most.of}`,
    "loosen the step, or leave the source out",
  );
}

const fileName = (source: string, number: number): string =>
  `${encodeURIComponent(source)}-${String(number).padStart(5, "0")}.jsonl`;

/** Shards with documents under the names of their sources. */
export async function namedShards(
  ran: Ran,
): Promise<readonly { readonly source: string; readonly shard: string; readonly name: string }[]> {
  const named = [];
  for (const [i, shards] of bySource(ran, ran.shards).entries()) {
    const source = ran.sources[i]?.source.name ?? "";
    const tallies = await talliesOf(shards);
    const full = shards.filter((_, at) => (tallies[at]?.documents ?? 0) > 0);
    named.push(...full.map((shard, at) => ({ source, shard, name: fileName(source, at) })));
  }
  return named;
}

export async function sourceFiles(ran: Ran, folder: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const files = new Map<string, string[]>(ran.sources.map(({ source }) => [source.name, []]));
  for (const { source, name } of await namedShards(ran)) files.get(source)?.push(join(folder, name));
  return files;
}

/** The folder of the result; it takes no room of its own where files can have two names. */
export async function writeResult(ran: Ran, manifest: Manifest, { store }: Context): Promise<string> {
  const folder = join(store.folder, "curated", ran.hash);
  const text = `${JSON.stringify(manifest, undefined, 2)}\n`;
  if (await exists(folder)) {
    await requireSound(ran, folder, text);
    return folder;
  }
  const named = await namedShards(ran);
  // A damaged shard must not become a result.
  for (const { shard } of named) await contentOf(shard);
  const made = join(store.temporary, ran.hash);
  try {
    await mkdir(made);
    await mkdir(join(store.folder, "curated"), { recursive: true });
    for (const { shard, name } of named)
      await link(shard, join(made, name)).catch(() => copyFile(shard, join(made, name)));
    await putPlain(store.temporary, join(made, "manifest.json"), text);
    await rename(made, folder).catch((error: unknown) => {
      // Another run was first, with the same.
      if (systemCode(error) !== "ENOTEMPTY" && systemCode(error) !== "EEXIST" && systemCode(error) !== "EPERM")
        throw error;
    });
  } catch (error) {
    throw isFailure(error) ? error : diskFailure(folder, error);
  }
  return folder;
}

/** A shard and a file of the result may be one file with two names: where it was damaged, both are made again. */
async function requireSound(ran: Ran, folder: string, manifest: string): Promise<void> {
  for (const { shard, name } of await namedShards(ran)) {
    if (await isAsWritten(join(folder, name), shard)) continue;
    await contentOf(shard);
    throw new CacheDamage(join(folder, name));
  }
  if ((await readFile(join(folder, "manifest.json"), "utf8").catch(() => "")) !== manifest)
    throw new CacheDamage(join(folder, "manifest.json"));
}
