/** @file MinHash signatures: for each of some hash functions the least value over a document's runs of words. Byte-equal to datatrove's. */
import type { WordKind } from "../text/words.ts";
import { bytesOf } from "../wasm/kernels.ts";
import { randomState } from "./mersenne-twister.ts";
import { createRunHasher } from "./run-hashes.ts";

/** FineWeb's parameters: of pairs with similarity 0.72, half are found. */
export interface MinHashOptions {
  readonly words: WordKind;
  /** Words in a run. */
  readonly ngram: number;
  readonly buckets: number;
  readonly hashesPerBucket: number;
  readonly seed: number;
  /** xxhash is datatrove's default; FineWeb was made with sha1, which is several times slower. */
  readonly hash: "xxhash" | "sha1";
}
export const minHashDefaults: MinHashOptions = {
  words: "spacy-en",
  ngram: 5,
  buckets: 14,
  hashesPerBucket: 8,
  seed: 1,
  hash: "xxhash",
};

const none = new Uint8Array();
const prime = (1n << 61n) - 1n;

/** Signature of a text: `buckets * hashesPerBucket` little-endian u64, or no bytes if it has fewer words than a run. */
export function minHasher({
  words,
  ngram,
  buckets,
  hashesPerBucket,
  seed,
  hash,
}: MinHashOptions): (text: string) => Uint8Array {
  const count = buckets * hashesPerBucket;
  const padded = Math.ceil(count / 4) * 4;
  // The start of the memory: the signature, then the parameters a and b of each hash function.
  const reserved = 3 * 8 * padded;
  const hasher = createRunHasher({ words, ngram, hash, reserved });
  const { memory, minima } = hasher.kernels;
  const draw = randomState(seed);
  const parameters = new BigUint64Array(bytesOf(memory, reserved).buffer, 8 * padded, 2 * padded);
  for (let i = 0; i < count; i++) parameters[i] = draw(1n, prime);
  for (let i = 0; i < count; i++) parameters[padded + i] = draw(0n, prime);

  return (text) => {
    const { at, runs } = hasher.hash(text);
    if (runs === 0) return none;
    minima(at, runs, 8 * padded, padded, 0);
    return bytesOf(memory, 0).slice(0, 8 * count);
  };
}
