/** @file The job of a worker that writes shards as one Parquet file. */
import type { Columns } from "../../write/columns.ts";
import { parquetBytes, type ParquetRow } from "../../write/parquet.ts";
import { documentsOf } from "../shards/shards.ts";
import { putStream } from "../shards/store.ts";

/** A Parquet file to make of some shards of a source. Plain data, sent to a worker. */
export interface ParquetFile {
  readonly shards: readonly string[];
  readonly source: string;
  readonly columns: Columns;
}

/** Writes one file; done by a worker. */
export async function writeParquet(
  temporary: string,
  output: string,
  { shards, source, columns }: ParquetFile,
): Promise<void> {
  async function* groups(): AsyncGenerator<readonly ParquetRow[]> {
    for (let at = 0; at < shards.length; at += shardsOfGroup) {
      const rows: ParquetRow[] = [];
      for (const shard of shards.slice(at, at + shardsOfGroup))
        for await (const { id, text, metadata } of documentsOf(shard))
          rows.push({ id, text, source, ...(metadata === undefined ? {} : { metadata }) });
      yield rows;
    }
  }
  await putStream(temporary, output, parquetBytes(groups(), columns));
}

/** Shards of 4 MiB in a row group, which is what a worker has in memory, and in a file. */
const shardsOfGroup = 4;
