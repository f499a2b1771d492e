/**
 * @file What curation left as files for other programs, and a line of JSON for each document that was dropped. Files are made in the cache, a shard or a few at a time,
 * so that a run that was cut off goes on where it was.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { runPlan, withContext, type Curated, type CurateOptions, type Ran } from "../curate/curate.ts";
import type { Context } from "../curate/workers/context.ts";
import { droppedIn } from "./dropped.ts";
import { exportParquet } from "./parquet.ts";
import { exportTokens, type TokenFormat } from "./tokens.ts";
import { namedShards } from "../curate/result.ts";
import { documentsOf, Lines, tallyOf } from "../curate/shards/shards.ts";
import { isAsWritten, put, putPlain } from "../curate/shards/store.ts";

/** What an export is written as: documents with the other fields of their rows, or the tokens of all of them for another trainer. */
export type ExportFormat = { readonly kind: "jsonl" } | { readonly kind: "parquet" } | TokenFormat;

export interface Exported {
  /** The files of the export by their names, with where the cache has them. */
  readonly files: ReadonlyMap<string, string>;
  /** Of the parts of the split, where the format has tokens. */
  readonly tokens?: { readonly train: number; readonly validation: number };
}

export async function exportCorpus(
  { ran, folder: result }: Curated,
  format: ExportFormat,
  options: CurateOptions,
): Promise<Exported> {
  return withContext(options, async (context, attempt) => {
    // What was damaged is removed by now.
    if (attempt > 0) await runPlan(ran.plan, context);
    const folder = join(context.store.folder, "exports", ran.hash);
    await mkdir(folder, { recursive: true });
    const made = await filesOf(ran, folder, format, context);
    const dropped = join(folder, "dropped.jsonl");
    await putPlain(context.store.temporary, dropped, droppedIn(ran, context));
    return {
      ...made,
      files: new Map([...made.files, ["dropped.jsonl", dropped], ["manifest.json", join(result, "manifest.json")]]),
    };
  });
}

async function filesOf(ran: Ran, folder: string, format: ExportFormat, context: Context): Promise<Exported> {
  switch (format.kind) {
    case "jsonl":
      return { files: await exportJsonLines(ran, folder, context) };
    case "parquet":
      return { files: await exportParquet(ran, folder, context) };
    case "nanogpt":
    case "llm.c":
      return exportTokens(ran, folder, format, context);
  }
}

async function exportJsonLines(
  ran: Ran,
  folder: string,
  { store, signal, progress }: Context,
): Promise<ReadonlyMap<string, string>> {
  const made = new Map<string, string>();
  const written = { documents: 0, bytes: 0 };
  for (const { source, shard, name } of await namedShards(ran)) {
    signal?.throwIfAborted();
    const path = join(folder, name);
    if (!(await isAsWritten(path, path))) await put(store.temporary, path, await linesOfShard(shard, source));
    const { documents = 0, bytes = 0 } = (await tallyOf(shard)) ?? {};
    progress({ step: "exporting", documents: (written.documents += documents), bytes: (written.bytes += bytes) });
    made.set(name, path);
  }
  return made;
}

async function linesOfShard(shard: string, source: string): Promise<readonly Uint8Array[]> {
  const lines = new Lines();
  for await (const { id, text, metadata } of documentsOf(shard)) {
    lines.addLine(
      Buffer.from(
        `{${JSON.stringify({ id, text, source }).slice(1, -1)}${metadata === undefined ? "" : `,"metadata":${metadata}`}}\n`,
      ),
    );
  }
  return lines.all();
}
