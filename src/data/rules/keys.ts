/**
 * @file Keys: hashes by which documents are compared. A shard's are packed by parts; equal keys lie in the same part of every shard, so that a corpus of any
 * size is compared a few parts at a time. Packed: the number of keys, where each part begins and the last one ends, then the keys, each with its number.
 */
import { RuntimeFailure } from "../../runtime/util/failure.ts";

export interface KeyShape {
  /** A multiple of eight. */
  readonly bytes: number;
  /** Keys of a document that has a fixed number of them: then a key meets only those in the same place of others. Otherwise 1. */
  readonly lanes: number;
  /** Parts of a lane. */
  readonly parts: number;
  /** The part of the key whose words are there. */
  readonly partOf: (words: Uint32Array, at: number) => number;
}

/** For hashes of eight bytes. */
export const hashShape: KeyShape = {
  bytes: 8,
  lanes: 1,
  parts: 256,
  partOf: (words, at) => (words[at + 1] ?? 0) >>> 24,
};

/** The keys of all documents of a shard. A key of zeros is compared with none, but counted. */
export function packKeys(
  { bytes, lanes, parts, partOf }: KeyShape,
  documents: readonly Uint8Array[],
): readonly Uint8Array[] {
  const size = bytes / 4;
  const words = wordsOf(joined(documents));
  const count = words.length / size;
  /** One more than the part of each key; none for zeros. */
  const places = new Uint32Array(count);
  const head = new Uint32Array(2 + lanes * parts);
  head[0] = count;
  const isZero = (from: number): boolean => {
    for (let i = from; i < from + size; i++) if (words[i] !== 0) return false;
    return true;
  };
  for (let n = 0; n < count; n++) {
    if (isZero(n * size)) continue;
    const place = (places[n] = 1 + (n % lanes) * parts + partOf(words, n * size));
    head[1 + place] = (head[1 + place] ?? 0) + 1;
  }
  for (let place = 1; place < head.length - 1; place++) head[1 + place] = (head[1 + place] ?? 0) + (head[place] ?? 0);
  const next = head.slice(1);
  const packed = new Uint32Array((size + 1) * (head.at(-1) ?? 0));
  for (let n = 0; n < count; n++) {
    const place = places[n] ?? 0;
    if (place === 0) continue;
    const at = (next[place - 1] ?? 0) * (size + 1);
    next[place - 1] = (next[place - 1] ?? 0) + 1;
    for (let i = 0; i < size; i++) packed[at + i] = words[n * size + i] ?? 0;
    packed[at + size] = n;
  }
  return [new Uint8Array(head.buffer), new Uint8Array(packed.buffer)];
}

function joined(all: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(all.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const one of all) {
    bytes.set(one, at);
    at += one.length;
  }
  return bytes;
}

/** Reads bytes `from` to `to` of what was packed. */
export type Packed = (from: number, to: number) => Promise<Uint8Array>;

/** The keys of all shards, numbered in the order of documents. */
export interface Keys {
  readonly shape: KeyShape;
  readonly shards: readonly {
    readonly packed: Packed;
    readonly parts: Uint32Array;
    /** The number of the first key. */ readonly first: number;
  }[];
  readonly count: number;
}

export async function openKeys(shape: KeyShape, packed: readonly Packed[]): Promise<Keys> {
  const shards = [];
  let count = 0;
  for (const one of packed) {
    const [keys = 0, ...parts] = wordsOf(await one(0, headBytes(shape)));
    shards.push({ packed: one, parts: Uint32Array.from(parts), first: count });
    count += keys;
  }
  if (count >= 2 ** 32)
    throw new RuntimeFailure(
      "data/too-large",
      `${count} lines, paragraphs or buckets are too many to be compared with each other: the most is 2^32`,
      "curate parts of the text in declarations of their own",
    );
  return { shape, shards, count };
}

export const headBytes = ({ lanes, parts }: KeyShape): number => 4 * (2 + lanes * parts);
export const wordsOf = (bytes: Uint8Array): Uint32Array =>
  new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
