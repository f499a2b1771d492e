/** @file Lines of large files at places drawn by chance, so that a sample costs what it holds. */
import { open, type FileHandle } from "node:fs/promises";
import { readJsonl } from "../read/formats/jsonl.ts";
import { contentOf, type FileOnDisk } from "../read/stream/content.ts";
import { Damaged, type Item } from "../read/stream/item.ts";
import { longestDocument } from "../read/stream/pieces.ts";
import { formatOf } from "../read/stream/sniff.ts";
import type { FilesToRead } from "../steps/plan.ts";
import { keyedUniform } from "../text/keyed.ts";

interface LargeFile extends FileOnDisk {
  readonly bytes: number;
}

/** Smaller files are read as a whole. */
const leastBytes = 2 ** 24;
/** Lines are drawn from blocks of so many bytes, to which those belong that begin there. */
const blockBytes = 2 ** 16;
/** Blocks that tell how many lines a file has. */
const measured = 64;

/** Whether a file is read at places: large JSON Lines in UTF-8 that are not packed. */
export async function readsByPlace(file: LargeFile, { format }: FilesToRead): Promise<boolean> {
  if (file.bytes < leastBytes || (format !== "auto" && format !== "jsonl")) return false;
  try {
    const { head, whole, packing, encoding, close } = await contentOf(file);
    await close();
    return (
      packing === undefined &&
      encoding === undefined &&
      (format === "jsonl" || formatOf(file.name, head, whole) === "jsonl")
    );
  } catch (error) {
    // Reading it says what is wrong.
    if (error instanceof Damaged) return false;
    throw error;
  }
}

/** About how many lines a file has. */
export async function estimateLines({ path, name, bytes: size }: LargeFile): Promise<number> {
  const file = await open(path);
  try {
    let [lines, blocks] = [0, 0];
    for (const block of blocksByChance(name, size)) {
      if (blocks === measured) break;
      lines += (await startsIn(file, block, size)).length;
      blocks++;
    }
    return Math.max(1, Math.round((lines * Math.ceil(size / blockBytes)) / Math.max(1, blocks)));
  } finally {
    await file.close();
  }
}

/**
 * What about `count` lines hold, each with the byte where it begins, of about `lines` that the file has. Every line is drawn with the same probability: that of its block times
 * one of its own, by which about one line of a block is taken, or more where blocks are few.
 */
export async function linesByChance(
  { path, name, bytes: size }: LargeFile,
  reading: FilesToRead,
  { count, lines }: { readonly count: number; readonly lines: number },
  signal: AbortSignal | undefined,
): Promise<readonly { readonly items: readonly Item[]; readonly byte: number }[]> {
  const found: { items: readonly Item[]; byte: number }[] = [];
  const share = Math.max(Math.ceil(size / blockBytes), 1.2 * count) / lines;
  const file = await open(path);
  try {
    for (const block of blocksByChance(name, size)) {
      if (found.length >= count) break;
      signal?.throwIfAborted();
      for (const byte of await startsIn(file, block, size)) {
        if (keyedUniform(`${name}@${byte}`, "sample") >= share) continue;
        const items: Item[] = [];
        for await (const some of readJsonl(once(await lineAt(file, byte, size)), reading, { byte, line: 0 }))
          items.push(...some);
        found.push({
          byte,
          items: items.map((item) => (item.kind === "document" ? item : { ...item, at: `byte ${byte}` })),
        });
      }
    }
  } finally {
    await file.close();
  }
  return found;
}

/** All blocks of a file, each once, in an order by chance. */
function* blocksByChance(name: string, size: number): Generator<number> {
  const blocks = Math.ceil(size / blockBytes);
  const drawn = new Set<number>();
  for (let attempt = 0; drawn.size < blocks && attempt < 4 * blocks; attempt++) {
    const block = Math.floor(keyedUniform(`${name}#${attempt}`, "block") * blocks);
    if (drawn.has(block)) continue;
    drawn.add(block);
    yield block;
  }
  for (let block = 0; block < blocks; block++) if (!drawn.has(block)) yield block;
}

/* oxlint-disable-next-line require-await -- what a reader takes */
async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** Where the lines that are not blank begin in a block. */
async function startsIn(file: FileHandle, block: number, size: number): Promise<readonly number[]> {
  const from = block * blockBytes;
  // The byte before tells whether a line begins with the block, the one behind it whether its last line is blank.
  const first = Math.max(0, from - 1);
  const bytes = await bytesOf(file, first, Math.min(from + blockBytes + 1, size) - first);
  const next = (at: number): number => {
    const end = bytes.indexOf(lineEnd, at);
    return end < 0 ? bytes.length : end + 1;
  };
  const starts: number[] = [];
  for (let at = from === 0 ? 0 : next(0); at < bytes.length && first + at < from + blockBytes; at = next(at)) {
    if (bytes[at] !== lineEnd && bytes[at] !== 0x0d) starts.push(first + at);
  }
  return starts;
}

const lineEnd = 0x0a;

async function lineAt(file: FileHandle, start: number, size: number): Promise<Uint8Array> {
  for (let length = blockBytes; ; length *= 2) {
    const bytes = await bytesOf(file, start, Math.min(length, size - start));
    const end = bytes.indexOf(lineEnd);
    if (end >= 0) return bytes.subarray(0, end + 1);
    if (start + length >= size || length > longestDocument) return bytes;
  }
}

async function bytesOf(file: FileHandle, from: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(Math.max(0, length));
  let read = 0;
  while (read < bytes.length) {
    const { bytesRead } = await file.read(bytes, read, bytes.length - read, from + read);
    if (bytesRead === 0) break;
    read += bytesRead;
  }
  return bytes.subarray(0, read);
}
