/** @file Unpacking of gzip and zstd as streams, with the checksums that they carry. */
import { createGunzip } from "node:zlib";
import { Decompress } from "fzstd";
import xxhash, { type XXHash } from "xxhash-wasm";
import { systemCode } from "../../../runtime/util/failure.ts";
import { Damaged } from "./item.ts";
import { brokenZstd, zstdFrames } from "./zstd-frames.ts";

const chunkBytes = 2 ** 18;
/** What is given to gunzip at once: a thousand times as much can come out. */
const gunzipBytes = 2 ** 14;

export async function* gunzipped(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip({ chunkSize: chunkBytes });
  const ready: Uint8Array[] = [];
  let failure: Error | undefined;
  let ended = false;
  const closed = new Promise<void>((resolve) => void gunzip.once("close", resolve));
  gunzip.on("data", (chunk: Uint8Array) => void ready.push(chunk));
  gunzip.on("error", (error) => (failure = error));
  gunzip.once("end", () => (ended = true));
  let given = 0;
  let last: Uint8Array = new Uint8Array(0);
  try {
    for await (const chunk of inParts(chunks, gunzipBytes)) {
      given += chunk.length;
      last = chunk;
      // After an error nobody says that the chunk was written.
      await Promise.race([closed, new Promise<void>((resolve) => void gunzip.write(chunk, () => resolve()))]);
      yield* ready.splice(0);
      if (failure !== undefined || ended) break;
    }
    if (given > 0 && failure === undefined) {
      gunzip.end();
      await closed;
    }
    yield* ready.splice(0);
  } finally {
    gunzip.destroy();
  }
  if (given === 0) throw cut("gzip");
  if (failure !== undefined) throw systemCode(failure) === "Z_BUF_ERROR" ? cut("gzip") : brokenGzip();
  // What follows the last member is left alone by zlib: zeros are padding, all else is a member that lost its beginning.
  const unread = given - gunzip.bytesWritten;
  if (unread > 0 && last.subarray(-unread).some((byte) => byte !== 0)) throw brokenGzip();
}

async function* inParts(chunks: AsyncIterable<Uint8Array>, length: number): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks)
    for (let at = 0; at < chunk.length; at += length) yield chunk.subarray(at, at + length);
}

let hashing: Promise<{ readonly create64: () => XXHash<bigint> }> | undefined;

export async function* unzstd(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const { create64 } = await (hashing ??= xxhash());
  const ready: Uint8Array[] = [];
  let frame = { unpack: new Decompress(), hash: create64() };
  const begin = (): void => {
    const hash = create64();
    frame = {
      hash,
      unpack: new Decompress((chunk) => {
        if (chunk.length === 0) return;
        hash.update(chunk);
        ready.push(chunk);
      }),
    };
  };
  begin();
  let open = false;
  let stated: number | undefined;
  for await (const part of zstdFrames(chunks)) {
    open = part.kind !== "end";
    if (part.kind === "checksum") stated = part.value;
    let failure: Damaged | undefined;
    try {
      // The library skips the checksum, and waits for it.
      frame.unpack.push(
        part.kind === "data" ? part.bytes : new Uint8Array(part.kind === "checksum" ? 4 : 0),
        part.kind === "end",
      );
    } catch {
      failure = brokenZstd();
    }
    yield* ready.splice(0);
    if (failure !== undefined) throw failure;
    if (part.kind !== "end") continue;
    if (stated !== undefined && stated !== Number(frame.hash.digest() & 0xffff_ffffn))
      throw new Damaged({
        reason: "compression",
        message: "the zstd data is damaged: it has another checksum",
        help: "get the file again",
      });
    stated = undefined;
    begin();
  }
  if (open) throw cut("zstd");
}

const cut = (kind: string): Damaged =>
  new Damaged({ reason: "truncated", message: `the ${kind} data ends before its end`, help: "get the file again" });
const brokenGzip = (): Damaged =>
  new Damaged({ reason: "compression", message: "the gzip data is damaged", help: "get the file again" });
