/** @file The values of a column chunk of a Parquet file, page after page. The pages are decoded by hyparquet; strings stay bytes. */
import type { FileHandle } from "node:fs/promises";
import { gunzipSync, brotliDecompressSync } from "node:zlib";
import type { ColumnMetaData, Compressors, PageHeader, SchemaTree } from "hyparquet";
import { compressors as unpackers } from "hyparquet-compressors";
import { parquetHeader, readPage } from "hyparquet/src/column.js";
import { convert, DEFAULT_PARSERS } from "hyparquet/src/convert.js";
import { Damaged } from "../stream/item.ts";

const largestPage = 2 ** 30;

/** Null and undefined stand for what is not there. */
export type Values = ArrayLike<unknown>;

/** Node's own are faster. */
const compressors: Compressors = {
  ...unpackers,
  GZIP: (bytes) => gunzipSync(bytes),
  BROTLI: (bytes) => brotliDecompressSync(bytes),
};

/** A header with its statistics; it is read anew with more where it is longer. */
const headerBytes = 2 ** 16;
const asBytes = (bytes: Uint8Array): Uint8Array => bytes;

export async function* columnValues(
  file: FileHandle,
  chunk: ColumnMetaData,
  schemaPath: SchemaTree[],
  rows: number,
): AsyncGenerator<Values> {
  const decoder = {
    pathInSchema: chunk.path_in_schema,
    element: (schemaPath.at(-1) as SchemaTree).element,
    schemaPath,
    compressors,
    utf8: false,
    parsers: { ...DEFAULT_PARSERS, stringFromBytes: asBytes, jsonFromBytes: asBytes } as typeof DEFAULT_PARSERS,
    type: chunk.type,
    codec: chunk.codec,
  };
  let dictionary: Parameters<typeof readPage>[3];
  const start = Math.min(
    ...[chunk.dictionary_page_offset, chunk.data_page_offset]
      .filter((offset) => offset !== undefined && offset > 0n)
      .map(Number),
  );
  for (let [at, left] = [start, rows]; left > 0;) {
    const { header, length } = await headerAt(file, at);
    if (header.uncompressed_page_size > largestPage)
      throw new Damaged({
        reason: "too_long",
        message: "a page of more than 1 GiB",
        help: "write the file again with smaller pages",
      });
    const body = at + length;
    at = body + header.compressed_page_size;
    if (!isSound(header, left)) throw new Error("a page has a damaged header");
    if (header.type !== "DICTIONARY_PAGE" && header.type !== "DATA_PAGE" && header.type !== "DATA_PAGE_V2") continue;
    const reader = { view: new DataView(await bytesAt(file, body, at)), offset: 0 };
    if (reader.view.byteLength < header.compressed_page_size) throw new Error("the file ends within a page");
    const { data = [] } = readPage(reader, header, decoder, dictionary, undefined, 0);
    if (header.type === "DICTIONARY_PAGE") {
      dictionary = convert(data, decoder);
      continue;
    }
    left -= data.length;
    yield schemaPath.length > 2 ? Array.from(data as ArrayLike<unknown>, unwrapped) : data;
  }
}

/** hyparquet wraps the value of an optional field in an optional struct for every level that may be null. */
function unwrapped(value: unknown): unknown {
  let inner = value;
  while (Array.isArray(inner)) inner = inner[0];
  return inner;
}

const isCount = (value: unknown): boolean => typeof value === "number" && value >= 0;

/** Whether a header can be followed: the library makes room for what it says, and goes round for ever where it says nothing. */
function isSound(
  {
    type,
    compressed_page_size: packed,
    uncompressed_page_size: unpacked,
    dictionary_page_header: dictionary,
    data_page_header: data,
    data_page_header_v2: data2,
  }: PageHeader,
  rows: number,
): boolean {
  if (!isCount(packed) || !isCount(unpacked)) return false;
  switch (type) {
    case "DICTIONARY_PAGE":
      return dictionary?.encoding !== undefined && isCount(dictionary.num_values) && dictionary.num_values <= unpacked;
    case "DATA_PAGE":
      return data?.encoding !== undefined && isCount(data.num_values) && data.num_values <= rows;
    case "DATA_PAGE_V2":
      return (
        data2?.encoding !== undefined &&
        isCount(data2.num_values) &&
        data2.num_values <= rows &&
        data2.num_rows === data2.num_values &&
        isCount(data2.num_nulls) &&
        data2.num_nulls <= data2.num_values &&
        isCount(data2.definition_levels_byte_length) &&
        isCount(data2.repetition_levels_byte_length)
      );
    default:
      return true;
  }
}

async function headerAt(
  file: FileHandle,
  at: number,
): Promise<{ readonly header: ReturnType<typeof parquetHeader>; readonly length: number }> {
  for (let length = headerBytes; ; length *= 8) {
    const reader = { view: new DataView(await bytesAt(file, at, at + length)), offset: 0 };
    try {
      return { header: parquetHeader(reader), length: reader.offset };
    } catch (error) {
      if (!(error instanceof RangeError) || reader.view.byteLength < length) throw error;
    }
  }
}

/** Fewer bytes where the file ends. */
export async function bytesAt(file: FileHandle, from: number, to: number): Promise<ArrayBuffer> {
  const bytes = new Uint8Array(Math.max(0, to - from));
  let length = 0;
  for (let read = -1; read !== 0 && length < bytes.length; length += read)
    ({ bytesRead: read } = await file.read(bytes, length, Math.min(bytes.length - length, 2 ** 30), from + length));
  return bytes.buffer.slice(0, length);
}
