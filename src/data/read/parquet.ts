/** @file Parquet files, read by DuckDB on one thread with little memory, a few thousand rows at a time. */
import type { DuckDBConnection } from "@duckdb/node-api";
import { messageOf } from "../../runtime/failure.ts";
import { Damaged, documentOf, missingField, type Fields, type Item } from "./item.ts";

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
const named = (text: string): string => `"${text.replaceAll('"', '""')}"`;

export async function* readParquet(path: string, fields: Fields): AsyncGenerator<readonly Item[]> {
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const instance = await DuckDBInstance.create(":memory:", { threads: "1", memory_limit: "256MB", autoinstall_known_extensions: "false" });
  const connection = await instance.connect();
  try {
    yield* rows(connection, `read_parquet(${quoted(path)}, binary_as_string = true)`, fields);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

async function* rows(connection: DuckDBConnection, table: string, fields: Fields): AsyncGenerator<readonly Item[]> {
  const columns = await damagedIfFails(async () => (await connection.runAndReadAll(`DESCRIBE SELECT * FROM ${table}`)).getColumnsJS()[0] ?? []);
  const wanted = fields.id === undefined ? [fields.field] : [fields.field, fields.id];
  for (const name of wanted) if (!columns.includes(name)) throw new Damaged(missingField(name, columns.map(String)));
  const result = await damagedIfFails(() => connection.stream(`SELECT ${wanted.map(named).join(", ")} FROM ${table}`));
  let row = 0;
  for (;;) {
    const chunk = await damagedIfFails(() => result.fetchChunk());
    if (chunk === null || chunk.rowCount === 0) return;
    yield chunk.getRows().map((values) => documentOf(Object.fromEntries(wanted.map((name, i) => [name, values[i]])), fields, `row ${++row}`));
  }
}

async function damagedIfFails<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const message = (messageOf(error).split("\n")[0] ?? "").replace(/(?:file|reading) '[^']*'/gi, "the file");
    throw new Damaged({ reason: "invalid_file", message: `this is no whole Parquet file: ${message}`, help: "get the file again" });
  }
}
