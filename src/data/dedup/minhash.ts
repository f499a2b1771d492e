/** @file MinHash signatures: for each of some hash functions the least value over a document's runs of words. Byte-equal to datatrove's. */
import { simplify, writeSimplifiedWords, type WordCutter } from "../text/simplify.ts";
import { chunkTokens, maybeSpecial } from "../text/spacy-en.ts";
import { wordsBy, type WordKind } from "../text/words.ts";
import { bytesOf, createKernels } from "../wasm/kernels.ts";
import { randomState } from "./mersenne-twister.ts";
import { sha1Into } from "./sha1.ts";

/** FineWeb's parameters: similarity 0.72 is where half of the pairs are found. */
export interface MinHashOptions {
  readonly words: WordKind;
  /** Words in a run. */
  readonly ngram: number;
  readonly buckets: number;
  readonly hashesPerBucket: number;
  readonly seed: number;
  /** xxhash is datatrove's default; FineWeb was made with sha1, which is ten times slower. */
  readonly hash: "xxhash" | "sha1";
}
export const minHashDefaults: MinHashOptions = { words: "spacy-en", ngram: 5, buckets: 14, hashesPerBucket: 8, seed: 1, hash: "xxhash" };

const none = new Uint8Array();
/** Simplified text is cut at spaces, so the words are found by a cutter, except for ICU's. Nothing that spaCy joins across words outlives the loss of punctuation. */
const cutters: Readonly<Record<WordKind, WordCutter | undefined>> = {
  "spacy-en": { mayCut: maybeSpecial, cut: chunkTokens },
  whitespace: { mayCut: () => false, cut: (word) => [word] },
  icu: undefined,
};

/** Signature of a text: `buckets * hashesPerBucket` little-endian u64, or no bytes if it has fewer words than a run. */
export function minHasher(options: MinHashOptions): (text: string) => Uint8Array {
  const split = wordsBy(options.words);
  const count = options.buckets * options.hashesPerBucket;
  const padded = Math.ceil(count / 4) * 4;
  const kernels = createKernels();
  const encoder = new TextEncoder();

  // The memory: signature, parameters a and b, the starts of the last words, then text and hashes.
  const parameters = 8 * padded;
  const starts = 3 * parameters;
  const free = starts + 8 * options.ngram;
  const draw = randomState(options.seed);
  const prime = (1n << 61n) - 1n;
  const ab = new BigUint64Array(bytesOf(kernels.memory, free).buffer, parameters, 2 * padded);
  for (let i = 0; i < count; i++) ab[i] = draw(1n, prime);
  for (let i = 0; i < count; i++) ab[padded + i] = draw(0n, prime);

  const cutter = cutters[options.words];
  const write = (text: string, bytes: Uint8Array): { readonly end: number; readonly words: number } => {
    if (cutter !== undefined) return writeSimplifiedWords(text, cutter, bytes, free);
    const words = split(simplify(text));
    return { end: free + encoder.encodeInto(words.join(" "), bytes.subarray(free)).written, words: words.length };
  };

  return (text) => {
    // Small letters, accents apart, can be three units for one; each takes at most three bytes and a space.
    const room = free + 16 * text.length;
    const { end, words } = write(text, bytesOf(kernels.memory, room));
    if (words < options.ngram) return none;
    const hashes = Math.ceil((end + 1) / 8) * 8;
    const bytes = bytesOf(kernels.memory, hashes + 8 * words);
    const runs = options.hash === "sha1"
      ? sha1Runs(bytes, free, end - free, options.ngram, hashes)
      : kernels.runs(free, end - free, options.ngram, starts, hashes);
    kernels.minima(hashes, runs, parameters, padded, 0);
    return bytes.slice(0, 8 * count);
  };
}

function sha1Runs(bytes: Uint8Array, at: number, length: number, n: number, out: number): number {
  const starts = [at];
  for (let i = at; i < at + length; i++) if (bytes[i] === 0x20) starts.push(i + 1);
  const runs = starts.length - n + 1;
  for (let r = 0; r < runs; r++) sha1Into(bytes, starts[r] ?? at, (starts[r + n] ?? at + length + 1) - 1, bytes, out + 8 * r);
  return runs;
}
