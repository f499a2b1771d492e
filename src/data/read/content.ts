/** @file The bytes of a file as they come, decompressed by the end of its name. What was whole before a cut is given before the cut is reported. */
import { createReadStream } from "node:fs";
import { createGunzip } from "node:zlib";
import { Decompress } from "fzstd";
import { RuntimeFailure, messageOf, systemCode } from "../../runtime/failure.ts";
import { Damaged } from "./item.ts";

const chunkBytes = 2 ** 18;

/** What a file holds from a byte on. */
export function contentOf(path: string, name: string, from: number): AsyncGenerator<Uint8Array> {
  if (name.endsWith(".gz")) return after(from, gunzipped(rawContent(path, name, 0)));
  if (name.endsWith(".zst")) return after(from, unzstd(rawContent(path, name, 0)));
  return rawContent(path, name, from);
}

async function* after(from: number, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let left = from;
  for await (const chunk of chunks) {
    if (left < chunk.length) yield chunk.subarray(left);
    left = Math.max(0, left - chunk.length);
  }
}

async function* rawContent(path: string, name: string, start: number): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of createReadStream(path, { start, highWaterMark: chunkBytes })) if (chunk instanceof Uint8Array) yield chunk;
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    throw new RuntimeFailure("data/unreadable", `cannot read ${name}: ${messageOf(error)}`);
  }
}

async function* gunzipped(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip({ chunkSize: chunkBytes });
  const ready: Uint8Array[] = [];
  let failure: Error | undefined;
  const closed = new Promise<void>((resolve) => void gunzip.once("close", resolve));
  gunzip.on("data", (chunk: Uint8Array) => void ready.push(chunk));
  gunzip.on("error", (error) => (failure = error));
  let any = false;
  try {
    for await (const chunk of chunks) {
      any = true;
      // After an error nobody says that the chunk was written.
      await Promise.race([closed, new Promise<void>((resolve) => void gunzip.write(chunk, () => resolve()))]);
      yield* ready.splice(0);
      if (failure !== undefined) break;
    }
    if (any && failure === undefined) {
      gunzip.end();
      await closed;
    }
    yield* ready.splice(0);
  } finally {
    gunzip.destroy();
  }
  if (!any) throw cut("gzip");
  if (failure !== undefined) throw systemCode(failure) === "Z_BUF_ERROR" ? cut("gzip") : broken("gzip");
}

async function* unzstd(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const ready: Uint8Array[] = [];
  const decompress = new Decompress((chunk) => void ready.push(chunk));
  const push = (chunk: Uint8Array, last: boolean): Damaged | undefined => {
    try {
      decompress.push(chunk, last);
      return undefined;
    } catch {
      return last ? cut("zstd") : broken("zstd");
    }
  };
  for await (const chunk of chunks) {
    const failure = push(chunk, false);
    yield* ready.splice(0);
    if (failure !== undefined) throw failure;
  }
  const failure = push(new Uint8Array(0), true);
  yield* ready.splice(0);
  if (failure !== undefined) throw failure;
}

const cut = (kind: string): Damaged => new Damaged({ reason: "truncated", message: `the ${kind} data ends before its end`, help: "get the file again" });
const broken = (kind: string): Damaged => new Damaged({ reason: "compression", message: `the ${kind} data is damaged`, help: "get the file again" });
