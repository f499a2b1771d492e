/** @file Parquet files of documents, a row group at a time: what is in memory is one group. */
import { gzipSync } from "node:zlib";
import type { SchemaElement } from "hyparquet";
import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import { fieldsOf } from "../read/stream/json.ts";
import { cellOf, type Column, type Columns, type ColumnType } from "./columns.ts";

/** A document of an export; `metadata` is a JSON object. */
export interface ParquetRow {
  readonly id: string;
  readonly text: string;
  readonly source: string;
  readonly metadata?: string;
}

const text = {
  type: "BYTE_ARRAY",
  converted_type: "UTF8",
  logical_type: { type: "STRING" },
} as const satisfies Partial<SchemaElement>;
const elements: Readonly<Record<ColumnType, Partial<SchemaElement>>> = {
  boolean: { type: "BOOLEAN" },
  int64: { type: "INT64" },
  double: { type: "DOUBLE" },
  string: text,
  json: text,
};

/** The columns `id`, `text` and `source`, and `metadata`: a struct of the fields, or their JSON. */
function schemaOf(columns: Columns): SchemaElement[] {
  const named = ["id", "text", "source"].map((name): SchemaElement => ({ name, repetition_type: "REQUIRED", ...text }));
  const metadata = ((): readonly SchemaElement[] => {
    switch (columns.kind) {
      case "none":
        return [];
      case "json":
        return [{ name: "metadata", repetition_type: "OPTIONAL", ...text }];
      case "fields":
        return [
          { name: "metadata", repetition_type: "OPTIONAL", num_children: columns.columns.length },
          ...columns.columns.map(({ name, type }): SchemaElement => ({
            name,
            repetition_type: "OPTIONAL",
            ...elements[type],
          })),
        ];
    }
  })();
  return [{ name: "schema", num_children: named.length + (metadata.length > 0 ? 1 : 0) }, ...named, ...metadata];
}

/** Gives the bytes of a file with a row group for each batch of rows. The caller says by its batches how much is in memory. */
export async function* parquetBytes(
  batches: AsyncIterable<readonly ParquetRow[]>,
  columns: Columns,
): AsyncGenerator<Uint8Array> {
  const writer = new ByteWriter();
  // The offsets in the file go on when the buffer begins anew.
  const taken = (): Uint8Array => {
    const bytes = writer.getBytes().slice();
    writer.index = 0;
    return bytes;
  };
  const file = new ParquetWriter({
    writer,
    schema: schemaOf(columns),
    codec: "GZIP",
    compressors: { GZIP: (bytes) => gzipSync(bytes) },
    createdBy: "llmc",
  });
  for await (const rows of batches) {
    if (rows.length === 0) continue;
    await file.write({
      rowGroupSize: rows.length,
      columnData: [
        { name: "id", data: rows.map(({ id }) => id), encoding: "PLAIN" },
        { name: "text", data: rows.map((row) => row.text), encoding: "PLAIN", statistics: false },
        { name: "source", data: rows.map(({ source }) => source) },
        ...(columns.kind === "none"
          ? []
          : [{ name: "metadata", data: rows.map(({ metadata }) => metadataOf(metadata, columns)) }]),
      ],
    });
    yield taken();
  }
  await file.finish();
  yield taken();
}

function metadataOf(metadata: string | undefined, columns: Exclude<Columns, { readonly kind: "none" }>): unknown {
  if (metadata === undefined) return undefined;
  return columns.kind === "json" ? metadata : structOf(metadata, columns.columns);
}

/** Without a prototype: a field may be called `constructor`. */
function structOf(metadata: string, columns: readonly Column[]): object {
  const values = new Map(fieldsOf(metadata));
  const struct = Object.create(null) as Record<string, unknown>;
  for (const { name, type } of columns) struct[name] = cellOf(values.get(name), type);
  return struct;
}
