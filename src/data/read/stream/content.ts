/** @file The bytes of a file as they come: unpacked and in UTF-8, with how the file begins. What was whole before a cut is given before the cut is reported. */
import { closeSync, createReadStream, openSync, readSync } from "node:fs";
import { RuntimeFailure, messageOf, systemCode } from "../../../runtime/util/failure.ts";
import { gunzipped, unzstd } from "./decompress.ts";
import { Damaged } from "./item.ts";
import { encodingOf, packingByName, packingOf, refusedOf, type Encoding, type Packing } from "./sniff.ts";

const chunkBytes = 2 ** 18;
/** What a file is told by; smaller files are read at once. */
const headBytes = 2 ** 16;

export interface FileOnDisk {
  readonly path: string;
  readonly name: string;
}

export interface Content {
  /** How it begins, unpacked and in UTF-8, and whether that is all. */
  readonly head: Uint8Array;
  readonly whole: boolean;
  readonly packing: Packing | undefined;
  readonly encoding: Encoding | undefined;
  /** What the file holds from a byte on. Can be asked for once. */
  readonly from: (byte: number) => AsyncGenerator<Uint8Array>;
  /** Lets go of the file if nothing was asked for. */
  readonly close: () => Promise<void>;
}

/** Throws `Damaged` where the file is of a kind that is not read. */
export async function contentOf(file: FileOnDisk): Promise<Content> {
  const start = startOf(file);
  if (packingOf(start.bytes) === undefined) refuse(start.bytes);
  const packing = packingOf(start.bytes) ?? claimedPacking(file.name, start.bytes);
  const encoding = packing === undefined ? encodingOf(start.bytes) : undefined;
  if (packing === undefined && encoding === undefined) {
    const from = (byte: number): AsyncGenerator<Uint8Array> =>
      start.whole ? after(byte, once(start.bytes)) : rawContent(file, byte);
    return { head: start.bytes, whole: start.whole, packing, encoding, from, close: () => Promise.resolve() };
  }
  const raw = start.whole ? once(start.bytes) : rawContent(file, 0);
  const unpacked = await peeked(packing === "gzip" ? gunzipped(raw) : packing === "zstd" ? unzstd(raw) : raw);
  const inner = encoding ?? encodingOf(unpacked.head);
  if (packing !== undefined) refuse(unpacked.head, ` (in ${packing})`);
  const { head, whole, chunks, close } = inner === undefined ? unpacked : await peeked(inUtf8(unpacked.chunks, inner));
  return {
    head,
    whole,
    packing,
    encoding: inner,
    from: (byte) => after(byte, chunks),
    close: async () => {
      await close();
      await unpacked.close();
    },
  };
}

function refuse(head: Uint8Array, where = ""): void {
  const refused = refusedOf(head);
  if (refused !== undefined)
    throw new Damaged({
      reason: "other_format",
      message: `this is ${refused.what}${where}, which is not read`,
      help: refused.help,
    });
}

// oxlint-disable-next-line no-control-regex -- what text does not have
const controls = /[\u0000-\u0008\u000e-\u001d]/;

/** Programs that fetch files may have unpacked one and kept its name: text is text whatever its name says. */
function claimedPacking(name: string, head: Uint8Array): Packing | undefined {
  const packing = packingByName(name);
  return packing !== undefined && (head.length === 0 || controls.test(Buffer.from(head).toString("latin1")))
    ? packing
    : undefined;
}

/** Used by one call at a time. */
const room = new Uint8Array(headBytes);

/** The first bytes of a file, or all of a small one: two calls of the system, since there may be a hundred thousand files. */
function startOf({ path, name }: FileOnDisk): { readonly bytes: Uint8Array; readonly whole: boolean } {
  try {
    const file = openSync(path, "r");
    try {
      let length = 0;
      for (let read = -1; read !== 0 && length < headBytes; length += read)
        read = readSync(file, room, length, headBytes - length, length);
      return { bytes: room.slice(0, length), whole: length < headBytes };
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw unreadable(name, error);
  }
}

function unreadable(name: string, error: unknown): unknown {
  return systemCode(error) === undefined
    ? error
    : new RuntimeFailure("data/unreadable", `cannot read ${name}: ${messageOf(error)}`);
}

/* oxlint-disable-next-line require-await -- as the others */
async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}

async function* rawContent({ path, name }: FileOnDisk, start: number): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of createReadStream(path, { start, highWaterMark: chunkBytes }))
      if (chunk instanceof Uint8Array) yield chunk;
  } catch (error) {
    throw unreadable(name, error);
  }
}

async function* after(from: number, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let left = from;
  for await (const chunk of chunks) {
    if (left < chunk.length) yield chunk.subarray(left);
    left = Math.max(0, left - chunk.length);
  }
}

interface Peeked {
  readonly head: Uint8Array;
  readonly whole: boolean;
  readonly chunks: AsyncGenerator<Uint8Array>;
  readonly close: () => Promise<unknown>;
}

/** The first bytes of a stream, and all of it again. A cut or damage in them is reported when they are read. */
async function peeked(chunks: AsyncGenerator<Uint8Array>): Promise<Peeked> {
  const taken: Uint8Array[] = [];
  let [length, whole, failure]: [number, boolean, unknown] = [0, false, undefined];
  try {
    while (length < headBytes && !whole) {
      const next = await chunks.next();
      if (next.done === true) whole = true;
      else {
        taken.push(next.value);
        length += next.value.length;
      }
    }
  } catch (error) {
    failure = error;
  }
  async function* all(): AsyncGenerator<Uint8Array> {
    yield* taken;
    if (failure !== undefined) throw failure;
    if (!whole) yield* chunks;
  }
  return {
    head: Buffer.concat(taken).subarray(0, headBytes),
    whole: whole && length <= headBytes,
    chunks: all(),
    close: () => chunks.return(undefined),
  };
}

/** UTF-16 as UTF-8. */
async function* inUtf8(chunks: AsyncIterable<Uint8Array>, encoding: Encoding): AsyncGenerator<Uint8Array> {
  const [decoder, encoder] = [new TextDecoder(encoding, { fatal: true }), new TextEncoder()];
  const decode = (chunk?: Uint8Array): Uint8Array => {
    try {
      return encoder.encode(chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true }));
    } catch {
      throw new Damaged({
        reason: "encoding",
        message: `the file has what is no ${encoding.toUpperCase()}`,
        help: "convert the file to UTF-8",
      });
    }
  };
  for await (const chunk of chunks) yield decode(chunk);
  yield decode();
}
