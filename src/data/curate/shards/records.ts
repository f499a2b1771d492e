/** @file What workers leave of a shard for a decision over all documents: records one after the other, or packed keys of which parts are read. */
import { open } from "node:fs/promises";
import type { Packed } from "../../rules/keys.ts";
import { contentOf } from "./store.ts";

/** Each with its length before it. */
export function packRecords(records: readonly Uint8Array[]): readonly Uint8Array[] {
  return [Buffer.concat(records.flatMap((record) => [new Uint8Array(Uint32Array.of(record.length).buffer), record]))];
}

export async function* recordsIn(
  paths: readonly string[],
  signal: AbortSignal | undefined,
): AsyncGenerator<{ readonly index: number; readonly record: Uint8Array }> {
  let index = 0;
  for (const path of paths) {
    signal?.throwIfAborted();
    // Plain bytes: a slice of a Buffer is no copy.
    const { buffer, byteOffset, byteLength } = await contentOf(path);
    const bytes = new Uint8Array(buffer, byteOffset, byteLength);
    const view = new DataView(buffer, byteOffset, byteLength);
    for (let at = 0; at < bytes.length;) {
      const end = at + 4 + view.getUint32(at, true);
      yield { index: index++, record: bytes.subarray(at + 4, end) };
      at = end;
    }
  }
}

export function packedIn(path: string, signal: AbortSignal | undefined): Packed {
  let sound: Promise<unknown> | undefined;
  return async (from, to) => {
    signal?.throwIfAborted();
    // The sum is of the whole file.
    await (sound ??= contentOf(path).then(() => undefined));
    return part(path, from, to);
  };
}

async function part(path: string, from: number, to: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(to - from);
  const file = await open(path);
  try {
    for (let at = 0; at < bytes.length;) {
      const { bytesRead } = await file.read(bytes, at, bytes.length - at, from + at);
      if (bytesRead === 0) throw new Error(`${path} ends at ${from + at}, before ${to}`);
      at += bytesRead;
    }
  } finally {
    await file.close();
  }
  return bytes;
}
