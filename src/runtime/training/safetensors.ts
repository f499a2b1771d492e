/**
 * @file The header of a safetensors file: eight bytes of length, JSON that says where each tensor lies, then the data. Only f32 is written and read. Contents are
 * streamed by the caller, so that a file need not fit in memory twice.
 */
import { RuntimeFailure } from "../util/failure.ts";

export interface TensorEntry {
  readonly name: string;
  readonly shape: readonly number[];
}

export interface TensorPlace extends TensorEntry {
  /** Byte range from the start of the file. */
  readonly from: number;
  readonly bytes: number;
}

export interface TensorFile {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: ReadonlyMap<string, TensorPlace>;
  /** The bytes before the data. */
  readonly header: Uint8Array;
}

/** Something to read from: a file, or bytes in memory. */
export interface ByteSource {
  readonly name: string;
  readonly size: number;
  read(from: number, bytes: number): Promise<Uint8Array>;
}

/** The bytes before the data; the tensors follow in this order without gaps. */
export function encodeHeader(tensors: readonly TensorEntry[], metadata: Readonly<Record<string, string>>): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let at = 0;
  for (const { name, shape } of tensors) {
    const end = at + bytesOf(shape);
    header[name] = { dtype: "F32", shape, data_offsets: [at, end] };
    at = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  // The format asks for data at a multiple of 8, padded with spaces.
  const length = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + length).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(json, 8);
  return bytes;
}

export async function readHeader(source: ByteSource): Promise<TensorFile> {
  const corrupt = (why: string): RuntimeFailure =>
    new RuntimeFailure(
      "checkpoint/corrupt",
      `${source.name} is not a whole safetensors file: ${why}`,
      "use an earlier checkpoint",
    );
  if (source.size < 8) throw corrupt(`it has ${source.size} bytes`);
  const prefix = await source.read(0, 8);
  const length = Number(new DataView(prefix.buffer, prefix.byteOffset, 8).getBigUint64(0, true));
  if (8 + length > source.size)
    throw corrupt(`its header should end at byte ${8 + length}, the file at ${source.size}`);
  const bytes = await source.read(0, 8 + length);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder().decode(bytes.subarray(8)));
  } catch {
    throw corrupt("its header is not JSON");
  }
  if (!isRecord(header)) throw corrupt("its header is not a table");
  const tensors = new Map<string, TensorPlace>();
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    const place = placeOf(name, entry, 8 + length);
    if (place === undefined) throw corrupt(`\`${name}\` is not an f32 tensor with a range that fits its shape`);
    if (place.from + place.bytes > source.size)
      throw corrupt(`\`${name}\` should end at byte ${place.from + place.bytes}, the file ends at ${source.size}`);
    tensors.set(name, place);
  }
  const metadata: Record<string, string> = {};
  for (const [key, value] of Object.entries(isRecord(header["__metadata__"]) ? header["__metadata__"] : {}))
    metadata[key] = String(value);
  return { metadata, tensors, header: bytes };
}

function placeOf(name: string, entry: unknown, dataStart: number): TensorPlace | undefined {
  if (!isRecord(entry) || entry["dtype"] !== "F32" || !isNumbers(entry["shape"]) || !isNumbers(entry["data_offsets"]))
    return undefined;
  const [from, to] = entry["data_offsets"];
  if (from === undefined || to === undefined || to - from !== bytesOf(entry["shape"])) return undefined;
  return { name, shape: entry["shape"], from: dataStart + from, bytes: to - from };
}

const bytesOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 4);

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isNumbers = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
