/** @file What curation left as Parquet files: all have the same columns, whichever source they are of. */
import type { ParquetFile } from "../curate/workers/parquet-file.ts";
import { join } from "node:path";
import { ColumnTypes, type Columns } from "../write/columns.ts";
import type { Context } from "../curate/workers/context.ts";
import type { Ran } from "../curate/curate.ts";
import { namedShards } from "../curate/result.ts";
import { documentsOf, tallyOf } from "../curate/shards/shards.ts";
import { isAsWritten } from "../curate/shards/store.ts";
import { sumSizes, type Tally } from "../curate/shards/tally.ts";
const shardsOfFile = 64;

export async function exportParquet(ran: Ran, folder: string, context: Context): Promise<ReadonlyMap<string, string>> {
  const shards = await namedShards(ran);
  const columns = await columnsOf(
    shards.map(({ shard }) => shard),
    context,
  );
  const files = new Map<string, ParquetFile>();
  for (const source of new Set(shards.map((one) => one.source))) {
    const own = shards.filter((one) => one.source === source);
    // The names of shards and of files are numbered alike.
    for (let at = 0; at < own.length; at += shardsOfFile) {
      files.set((own[at / shardsOfFile] as (typeof own)[number]).name.replace(/jsonl$/, "parquet"), {
        shards: own.slice(at, at + shardsOfFile).map(({ shard }) => shard),
        source,
        columns,
      });
    }
  }
  const made = new Map([...files.keys()].map((name) => [name, join(folder, name)]));
  const missing: string[] = [];
  for (const [name, path] of made) if (!(await isAsWritten(path, path))) missing.push(name);
  const done: Tally[] = [];
  await context.pool.each(
    missing,
    (name) => ({
      kind: "parquet" as const,
      temporary: context.store.temporary,
      input: "",
      output: made.get(name) ?? "",
      file: files.get(name) as ParquetFile,
    }),
    async (name) => {
      for (const shard of files.get(name)?.shards ?? []) done.push((await tallyOf(shard)) as Tally);
      context.progress({ step: "exporting", ...sumSizes(done) });
    },
  );
  return made;
}

/** The columns of the other fields of all documents. */
async function columnsOf(shards: readonly string[], { signal, progress }: Context): Promise<Columns> {
  const types = new ColumnTypes();
  const seen = { documents: 0, bytes: 0 };
  for (const shard of shards) {
    signal?.throwIfAborted();
    for await (const { metadata } of documentsOf(shard)) if (metadata !== undefined) types.add(metadata);
    const { documents = 0, bytes = 0 } = (await tallyOf(shard)) ?? {};
    progress({ step: "columns", documents: (seen.documents += documents), bytes: (seen.bytes += bytes) });
  }
  return types.columns;
}
