/**
 * @file A random sample of the documents that a plan reads, the same in every run. Large files of JSON Lines are read at places drawn by chance; all others are read once as a
 * whole, and the documents with the least hashes of their names are taken. Each source has its share by its documents, and ten at least.
 */
import { statSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { expand } from "../../runtime/node/files.ts";
import { RuntimeFailure } from "../../runtime/util/failure.ts";
import { readFile } from "../read/read.ts";
import type { DocumentRead, Item } from "../read/stream/item.ts";
import type { CurationPlan, FilesToRead } from "../steps/plan.ts";
import { keyedUniform } from "../text/keyed.ts";
import { estimateLines, linesByChance, readsByPlace } from "./sample-lines.ts";
import { shardPath, ShardWriter } from "./shards/shards.ts";
import { hashOf, put, stored } from "./shards/store.ts";
import { shown, type Tally } from "./shards/tally.ts";
import type { ReadSource } from "./sources.ts";
import { damageFailure, readingOf, type Context } from "./workers/context.ts";

/** What a sample is of. */
export interface SampleSize {
  /** How many documents were asked for. */
  readonly asked: number;
  /** How many documents there are in all files, and whether that is estimated from the lengths of some. */
  readonly of: number;
  readonly estimated: boolean;
}

export interface Sample {
  /** The documents of the sources that have files, by what they read. */
  readonly sources: ReadonlyMap<FilesToRead, ReadSource>;
  readonly size: SampleSize;
}

/** Raised when the same files would give another sample. */
const version = 1;
/** The fewest documents of a source, if it has as many. */
const fewest = 10;
/** Milliseconds between two turns of the event loop. */
const turn = 20;

interface SampleFile {
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  readonly modified: number;
}
interface Leaf {
  readonly name: string;
  readonly reading: FilesToRead;
  readonly files: readonly SampleFile[];
  readonly folder: string;
  readonly hash: string;
}
/** A document with its place, and a number in [0, 1) made of its name. */
interface Candidate extends Pick<DocumentRead, "text" | "metadata"> {
  readonly id: string;
  readonly file: number;
  readonly at: number;
  readonly chance: number;
}
type Skipped = Record<string, { count: number; readonly examples: string[] }>;

/** What is known of a source before shares are given out. */
interface Looked {
  readonly leaf: Leaf;
  /** Of the files that are read as a whole: how many documents they have, and those with the least chances. */
  readonly whole: number;
  readonly least: readonly Candidate[];
  /** The others, each with its estimated documents. */
  readonly byPlace: readonly { readonly file: number; readonly documents: number }[];
  readonly skipped: Skipped;
}

export async function sampleSources(plan: CurationPlan, asked: number, context: Context): Promise<Sample> {
  const found = await Promise.all(readings(plan).map(async (one) => ({ ...one, files: await filesOf(one, context) })));
  const identity = found.map(({ reading, files }) => [
    readingOf(reading),
    files.map((f) => [f.name, f.bytes, f.modified]),
  ]);
  const leaves = found.map((one, i): Leaf => {
    const hash = hashOf(["sample", version, asked, i, identity]);
    return { ...one, hash, folder: join(context.store.folder, "stages", hash) };
  });
  const known = await Promise.all(leaves.map(({ folder }) => stored<Stage>(join(folder, "stage.json"))));
  const stages = known.every((stage) => stage !== undefined) ? known : await makeSample(leaves, asked, context);
  const sources = leaves.map(({ reading, hash, files, folder }, i) => {
    const shards = Array.from({ length: stages[i]?.shards ?? 0 }, (_, number) => shardPath(folder, number));
    return [reading, { hash, shards, files }] as const;
  });
  const of = stages.reduce((sum, { documents }) => sum + documents, 0);
  return { sources: new Map(sources), size: { asked, of, estimated: stages.some(({ estimated }) => estimated) } };
}

interface Stage {
  readonly shards: number;
  readonly documents: number;
  readonly estimated: boolean;
}

/** What is read for the documents of a plan, those of the declarations that are sources included. */
function readings(plan: CurationPlan): readonly { readonly name: string; readonly reading: FilesToRead }[] {
  return plan.sources.flatMap((source) =>
    source.kind === "files" ? [{ name: source.name, reading: source.files }] : readings(source.from),
  );
}

async function filesOf(
  { name, reading }: Pick<Leaf, "name" | "reading">,
  { folder }: Context,
): Promise<readonly SampleFile[]> {
  const files = await expand({ name, files: reading.patterns }, folder);
  return files.map(({ name: shownAs, path }) => {
    const { size: bytes, mtimeMs: modified } = statSync(path);
    return { name: shownAs, path, bytes, modified };
  });
}

async function makeSample(leaves: readonly Leaf[], asked: number, context: Context): Promise<readonly Stage[]> {
  const looked: Looked[] = [];
  for (const leaf of leaves) looked.push(await look(leaf, asked, context));
  const documentsOf = ({ whole, byPlace }: Looked): number =>
    whole + byPlace.reduce((sum, { documents }) => sum + documents, 0);
  const all = looked.reduce((sum, one) => sum + documentsOf(one), 0);
  const stages: Stage[] = [];
  for (const one of looked) {
    const documents = documentsOf(one);
    const { name, files } = one.leaf;
    if (documents === 0)
      throw new RuntimeFailure(
        "data/empty",
        `source \`${name}\`: there are no documents in ${files
          .slice(0, 3)
          .map((file) => file.name)
          .join(", ")}`,
      );
    const share = Math.max(Math.min(fewest, documents), Math.round((asked * documents) / Math.max(1, all)));
    stages.push(await writeSample(one, documents, Math.min(share, documents), context));
  }
  return stages;
}

async function look(leaf: Leaf, asked: number, { progress, signal }: Context): Promise<Looked> {
  const skipped: Skipped = {};
  const least = new LeastChances(Math.max(asked, fewest));
  const byPlace: { file: number; documents: number }[] = [];
  let [whole, bytes, turned] = [0, 0, performance.now()];
  for (const [at, file] of leaf.files.entries()) {
    if (await readsByPlace(file, leaf.reading)) {
      byPlace.push({ file: at, documents: await estimateLines(file) });
      continue;
    }
    let item = 0;
    for await (const items of readFile(file, leaf.reading)) {
      for (const found of items) {
        const number = item++;
        if (!isDocument(found, file, leaf.reading, skipped)) continue;
        whole++;
        bytes += found.text.length;
        least.add(candidate(found, { file: at, at: number, named: `${file.name}#${number}` }));
      }
      if (performance.now() - turned < turn) continue;
      turned = performance.now();
      progress({ step: `sampling ${leaf.name}`, documents: whole, bytes });
      await setImmediate();
      signal?.throwIfAborted();
    }
  }
  return { leaf, whole, least: least.all, byPlace, skipped };
}

/** Whether an item is a document; damage fails or is counted, as the source says. */
function isDocument(
  found: Item,
  { name }: SampleFile,
  { damaged }: FilesToRead,
  skipped: Skipped,
): found is Extract<Item, { readonly kind: "document" }> {
  if (found.kind === "document") return true;
  if (found.kind === "damage" && damaged === "error") throw damageFailure(name, found);
  const of = (skipped[found.reason] ??= { count: 0, examples: [] });
  of.count++;
  if (of.examples.length < shown)
    of.examples.push(`${name}${found.at === undefined ? "" : `, ${found.at}`}: ${found.message}`);
  return false;
}

function candidate(
  { id, text, metadata }: DocumentRead,
  { file, at, named }: { readonly file: number; readonly at: number; readonly named: string },
): Candidate {
  const chance = keyedUniform(named, "sample");
  return { id: id ?? named, text, ...(metadata === undefined ? {} : { metadata }), file, at, chance };
}

/** The candidates with the least chances, of which twice as many are in memory at most. */
class LeastChances {
  private readonly count: number;
  private kept: Candidate[] = [];
  private limit = 1;

  constructor(count: number) {
    this.count = count;
  }
  add(one: Candidate): void {
    if (one.chance >= this.limit) return;
    this.kept.push(one);
    if (this.kept.length < 2 * this.count) return;
    this.kept = [...this.all];
    this.limit = this.kept.at(-1)?.chance ?? 1;
  }
  get all(): readonly Candidate[] {
    return this.kept.toSorted((a, b) => a.chance - b.chance).slice(0, this.count);
  }
}

async function writeSample(
  { leaf, whole, least, byPlace, skipped }: Looked,
  documents: number,
  share: number,
  { store, signal }: Context,
): Promise<Stage> {
  const taken = least.slice(0, Math.round((share * whole) / documents));
  for (const { file: at, documents: inFile } of byPlace) {
    const file = leaf.files[at] as SampleFile;
    for (const { items, byte } of await linesByChance(
      file,
      leaf.reading,
      { count: Math.round((share * inFile) / documents), lines: inFile },
      signal,
    )) {
      for (const found of items) {
        if (isDocument(found, file, leaf.reading, skipped))
          taken.push(candidate(found, { file: at, at: byte, named: `${file.name}@${byte}` }));
      }
    }
  }
  await mkdir(leaf.folder, { recursive: true });
  let shard = new ShardWriter();
  let [shards, counted]: [number, Tally["skipped"]] = [0, skipped];
  const finish = async (): Promise<void> => {
    await shard.write<Pick<Tally, "steps" | "skipped">>(store.temporary, shardPath(leaf.folder, shards++), {
      steps: [],
      skipped: counted,
    });
    [shard, counted] = [new ShardWriter(), {}];
  };
  for (const one of taken.toSorted((a, b) => a.file - b.file || a.at - b.at)) {
    shard.add(one, Buffer.byteLength(one.text));
    if (shard.full) await finish();
  }
  if (shard.documents > 0 || shards === 0) await finish();
  const stage: Stage = { shards, documents, estimated: byPlace.length > 0 };
  await put(store.temporary, join(leaf.folder, "stage.json"), JSON.stringify(stage));
  return stage;
}
