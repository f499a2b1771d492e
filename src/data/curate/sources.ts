/** @file Sources as shards of documents. A run that was cut off goes on in the file where the last whole shard ended. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { RuntimeFailure } from "../../runtime/util/failure.ts";
import type { Mark } from "../read/stream/item.ts";
import { readFile } from "../read/read.ts";
import { damageFailure, readingOf, type Context } from "./workers/context.ts";
import { filesOf, type KnownFile } from "./known-files.ts";
import type { ManifestSource } from "./shards/manifest.ts";
import type { FilesToRead } from "../steps/plan.ts";
import { shardBytes, shardPath, ShardWriter, tallyOf } from "./shards/shards.ts";
import { hashOf, put, stored } from "./shards/store.ts";
import { shown, type Tally } from "./shards/tally.ts";

export interface ReadSource {
  readonly hash: string;
  readonly shards: readonly string[];
  /** Without the SHA-256 where only a sample of them was read. */
  readonly files: readonly (Omit<KnownFile, "sha256"> & { readonly sha256?: string })[];
}

/** Where reading goes on: a file, how many of its items are behind, and where they end if the format has such a place. */
interface ResumePoint {
  readonly file: number;
  readonly item: number;
  readonly end?: Mark;
}
/** Milliseconds between two turns of the event loop. */
const turn = 20;

type ReadTally = Tally & { readonly next: ResumePoint };

export async function readSource(name: string, reading: FilesToRead, context: Context): Promise<ReadSource> {
  const files = await filesOf(name, reading, context);
  const hash = hashOf(["read", shardBytes, readingOf(reading), files.map((file) => [file.name, file.sha256])]);
  const folder = join(context.store.folder, "stages", hash);
  const whole = join(folder, "stage.json");
  await mkdir(folder, { recursive: true });
  const done = await stored<{ readonly shards: number }>(whole);
  const shards = done?.shards ?? (await makeShards(name, folder, files, reading, context));
  const paths = Array.from({ length: shards }, (_, i) => shardPath(folder, i));
  if (done === undefined) {
    const tallies = await Promise.all(paths.map((path) => tallyOf(path)));
    if (!tallies.some((tally) => (tally?.documents ?? 0) > 0))
      throw new RuntimeFailure(
        "data/empty",
        `source \`${name}\`: there are no documents in ${files
          .map((file) => file.name)
          .slice(0, 3)
          .join(", ")}`,
      );
    await put(context.store.temporary, whole, JSON.stringify({ shards }));
  }
  return { hash, files, shards: paths };
}

async function makeShards(
  name: string,
  folder: string,
  files: readonly KnownFile[],
  reading: FilesToRead,
  { store, progress, signal }: Context,
): Promise<number> {
  let number = 0;
  let place: ResumePoint = { file: 0, item: 0 };
  for (
    let tally: ReadTally | undefined;
    (tally = await tallyOf<ReadTally>(shardPath(folder, number))) !== undefined;
    number++
  )
    place = tally.next;
  let shard = new ShardWriter();
  let skipped: Record<string, { count: number; readonly examples: string[] }> = {};
  const read = { documents: 0, bytes: 0 };
  const finish = async (): Promise<void> => {
    signal?.throwIfAborted();
    await shard.write<Pick<ReadTally, "steps" | "skipped" | "next">>(store.temporary, shardPath(folder, number++), {
      steps: [],
      skipped,
      next: place,
    });
    read.documents += shard.documents;
    read.bytes += shard.bytes;
    progress({ step: name, ...read });
    [shard, skipped] = [new ShardWriter(), {}];
  };
  const first = place;
  let turned = performance.now();
  for (let at = first.file; at < files.length; at++) {
    const file = files[at] as KnownFile;
    const { item: behind, end } = at === first.file ? first : { item: 0, end: undefined };
    let item = end === undefined ? 0 : behind;
    for await (const items of readFile(file, reading, end)) {
      for (const found of items) {
        if (++item <= behind) continue;
        place = { file: at, item, ...(found.end === undefined ? {} : { end: found.end }) };
        if (found.kind !== "document") {
          if (found.kind === "damage" && reading.damaged === "error") throw damageFailure(file.name, found);
          const of = (skipped[found.reason] ??= { count: 0, examples: [] });
          of.count++;
          if (of.examples.length < shown)
            of.examples.push(`${file.name}${found.at === undefined ? "" : `, ${found.at}`}: ${found.message}`);
          continue;
        }
        shard.add(
          {
            id: found.id ?? `${file.name}#${item - 1}`,
            text: found.text,
            ...(found.metadata === undefined ? {} : { metadata: found.metadata }),
          },
          Buffer.byteLength(found.text),
        );
        if (shard.full) await finish();
      }
    }
    const now = performance.now();
    if (now - turned < turn) continue;
    turned = now;
    progress({ step: name, unit: "files", documents: at + 1, bytes: read.bytes + shard.bytes });
    // Small files are read without waiting: without a turn of the event loop no interrupt would be heard.
    await setImmediate();
    signal?.throwIfAborted();
  }
  if (shard.documents > 0 || Object.keys(skipped).length > 0) await finish();
  return number;
}

/** The files as a manifest has them. */
export const filesShown = (files: ReadSource["files"]): ManifestSource["files"] =>
  files.map(({ name, bytes, sha256 }) => ({ name, bytes, ...(sha256 === undefined ? {} : { sha256 }) }));
