/** @file Passes over all shards: steps that look at one document in a row, or one step that looks at all of them. Shard i of a pass is made of shard i of the one before. */
import { mkdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { CorpusRule, Decisions } from "../rules/rule.ts";
import type { Context } from "./context.ts";
import type { Job } from "./jobs.ts";
import type { ManifestStep } from "./manifest.ts";
import { looksAtAll, ruleOf, type ReadyStep } from "./rules.ts";
import { documentsOf, shardPath, tallyOf, tallyPath, type Document } from "./shards.ts";
import { exists, hashOf, put, stored } from "./store.ts";
import { exampleOf, shown, sumSizes, type Tally } from "./tally.ts";

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
    if (alone) open = undefined;
  }
  return passes;
}

export async function runPass(steps: readonly ReadyStep[], before: string, inputs: readonly string[], context: Context): Promise<Pass> {
  const hash = hashOf(["pass", 1, before, steps.map((step) => step.hash)]);
  const folder = join(context.store.folder, "stages", hash);
  await mkdir(folder, { recursive: true });
  const outputs = inputs.map((_, i) => shardPath(folder, i));
  const [first] = steps;
  if (first !== undefined && looksAtAll(first.step)) return { hash, steps, inputs, outputs, clusters: await runCorpusStep(first, folder, inputs, outputs, context) };
  const name = steps.map(({ step }) => step.name).join(", ");
  await forMissing(name, inputs, outputs, tallyPath, context, ({ input, output, temporary }) => ({ kind: "documents", input, output, temporary, steps }));
  return { hash, steps, inputs, outputs, clusters: [] };
}

interface Place {
  readonly number: number;
  readonly input: string;
  readonly output: string;
  readonly temporary: string;
}

/** Makes what is not there yet; a shard is there when its tally is. */
async function forMissing(name: string, inputs: readonly string[], outputs: readonly string[], there: (output: string) => string, { pool, store, progress }: Context, job: (place: Place) => Job): Promise<void> {
  const missing: Place[] = [];
  for (const [number, output] of outputs.entries()) {
    if (!(await exists(there(output)))) missing.push({ number, input: inputs[number] ?? "", output, temporary: store.temporary });
  }
  const done: Tally[] = [];
  await pool.each(missing, job, async ({ input }) => {
    done.push((await tallyOf(input)) as Tally);
    progress({ step: name, ...sumSizes(done) });
  });
}

async function runCorpusStep(step: ReadyStep, folder: string, inputs: readonly string[], outputs: readonly string[], context: Context): Promise<ManifestStep["clusters"]> {
  const clustersPath = join(folder, "clusters.json");
  const made = await Promise.all(outputs.map((output) => tallyOf(output)));
  const before = await stored<ManifestStep["clusters"]>(clustersPath);
  if (before !== undefined && made.every((tally) => tally !== undefined)) return before;
  const records = join(folder, "records");
  await mkdir(records, { recursive: true });
  const sizes = await Promise.all(inputs.map(async (input) => (await tallyOf(input)) as Tally));
  const recordPaths = outputs.map((output) => join(records, basename(output, ".jsonl")));
  await forMissing(`${step.step.name}: looking`, inputs, recordPaths, (path) => path, context, ({ input, output, temporary }) => ({ kind: "records", step, input, output, temporary }));
  const rule = await ruleOf(step);
  if (rule.kind !== "corpus") throw new Error(`${step.step.kind} looks at one document`);
  const decisions = await decide(rule.rule, recordPaths, context.signal);
  const starts = startsOf(sizes.map(({ documents }) => documents));
  const names = await namesOf(decisions, inputs, starts);
  const clusters = await clustersOf(decisions, inputs, starts);
  await put(context.store.temporary, clustersPath, JSON.stringify(clusters));
  const decisionsIn = (shard: number): Extract<Job, { readonly kind: "edits" }>["decisions"] =>
    Array.from({ length: sizes[shard]?.documents ?? 0 }, (_, i) => [i, decisions.of((starts[shard] ?? 0) + i)] as const)
      .flatMap(([i, decision]) => (decision === undefined ? [] : [[i, decision] as const]));
  await forMissing(step.step.name, inputs, outputs, tallyPath, context, ({ number, input, output, temporary }) => ({
    kind: "edits", input, output, temporary, names, decisions: decisionsIn(number),
  }));
  return clusters;
}

function decide(rule: CorpusRule, paths: readonly string[], signal: AbortSignal | undefined): Promise<Decisions> {
  const records = async function* (): AsyncGenerator<{ readonly index: number; readonly record: Uint8Array }> {
    let index = 0;
    for (const path of paths) {
      signal?.throwIfAborted();
      // Plain bytes: a slice of a Buffer is no copy.
      const { buffer, byteOffset, byteLength } = await readFile(path);
      const bytes = new Uint8Array(buffer, byteOffset, byteLength);
      const view = new DataView(buffer, byteOffset, byteLength);
      for (let at = 0; at < bytes.length;) {
        const end = at + 4 + view.getUint32(at, true);
        yield { index: index++, record: bytes.subarray(at + 4, end) };
        at = end;
      }
    }
  };
  return rule.decide(records());
}

/** The number of the first document of each shard, and of all. */
function startsOf(counts: readonly number[]): readonly number[] {
  const starts = [0];
  for (const n of counts) starts.push((starts.at(-1) ?? 0) + n);
  return starts;
}

/** The ids of the documents that the examples of a manifest repeat: those are the first ones of each reason. */
async function namesOf(decisions: Decisions, inputs: readonly string[], starts: readonly number[]): Promise<ReadonlyMap<number, string>> {
  const wanted = new Map<string, number[]>();
  for (let index = 0; index < (starts.at(-1) ?? 0); index++) {
    const decision = decisions.of(index);
    if (decision?.kind !== "drop" || decision.of === undefined) continue;
    const of = wanted.get(decision.reason) ?? [];
    if (of.length < shown) wanted.set(decision.reason, [...of, decision.of]);
  }
  const found = await documentsAt([...wanted.values()].flat(), inputs, starts);
  return new Map([...found].map(([index, { id }]) => [index, id]));
}

const clustersShown = 20;

async function clustersOf({ clusters }: Decisions, inputs: readonly string[], starts: readonly number[]): Promise<ManifestStep["clusters"]> {
  const largest = clusters.slice(0, clustersShown);
  const found = await documentsAt(largest.flatMap((members) => members.slice(0, shown)), inputs, starts);
  return largest.map((members) => ({
    size: members.length,
    documents: members.slice(0, shown).flatMap((index) => {
      const document = found.get(index);
      return document === undefined ? [] : [exampleOf(document.id, document.text)];
    }),
  }));
}

async function documentsAt(indices: readonly number[], inputs: readonly string[], starts: readonly number[]): Promise<ReadonlyMap<number, Document>> {
  const wanted = new Set(indices);
  const found = new Map<number, Document>();
  for (const [shard, input] of inputs.entries()) {
    let index = starts[shard] ?? 0;
    if (!indices.some((one) => one >= index && one < (starts[shard + 1] ?? 0))) continue;
    for await (const document of documentsOf(input)) if (wanted.has(index++)) found.set(index - 1, document);
  }
  return found;
}
