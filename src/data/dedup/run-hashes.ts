/** @file 64-bit hashes of every run of n words of a document's simplified text: what near-duplicates and contamination are found by. */
import { simplify, writeSimplifiedWords, type WordCutter } from "../text/simplify.ts";
import { chunkTokens, maybeSpecial } from "../text/spacy-en.ts";
import { cutUnspaced, wordsBy, type WordKind } from "../text/words.ts";
import { bytesOf, createKernels, type Kernels } from "../wasm/kernels.ts";
import { sha1Into } from "./sha1.ts";

/** Simplified text is cut at spaces, so the words are found by a cutter, except for ICU's. Nothing that spaCy joins across words outlives the loss of punctuation. */
const cutters: Readonly<Record<WordKind, WordCutter | undefined>> = {
  "spacy-en": { mayCut: maybeSpecial, cut: chunkTokens },
  whitespace: { mayCut: () => false, cut: (word) => [word] },
  icu: undefined,
  auto: { mayCut: () => false, cut: cutUnspaced },
};

export interface RunHasherOptions {
  readonly words: WordKind;
  readonly ngram: number;
  readonly hash: "xxhash" | "sha1";
  /** Bytes at the start of the memory that are the caller's. */
  readonly reserved: number;
}

export interface RunHasher {
  readonly kernels: Kernels;
  /** Where the hashes of the text's runs lie in the memory (u64, little-endian), how many they are, and of how many words. Valid until the next call. */
  readonly hash: (text: string) => { readonly at: number; readonly runs: number; readonly words: number };
}

export function createRunHasher({ words: kind, ngram, hash, reserved }: RunHasherOptions): RunHasher {
  const kernels = createKernels();
  const encoder = new TextEncoder();
  const split = wordsBy(kind);
  const cutter = cutters[kind];
  const free = reserved + 8 * ngram;
  const write = (text: string, bytes: Uint8Array): { readonly end: number; readonly words: number } => {
    if (cutter !== undefined) return writeSimplifiedWords(text, cutter, bytes, free);
    const words = split(simplify(text));
    return { end: free + encoder.encodeInto(words.join(" "), bytes.subarray(free)).written, words: words.length };
  };
  return {
    kernels,
    hash: (text) => {
      // A unit can become three by losing its capital, each of three bytes and a space.
      const { end, words } = write(text, bytesOf(kernels.memory, free + 16 * text.length + 16));
      const at = Math.ceil((end + 1) / 8) * 8;
      if (words < ngram) return { at, runs: 0, words };
      const bytes = bytesOf(kernels.memory, at + 8 * words);
      return {
        at,
        words,
        runs:
          hash === "sha1" ? sha1Runs(bytes, free, end, ngram, at) : kernels.runs(free, end - free, ngram, reserved, at),
      };
    },
  };
}

function sha1Runs(bytes: Uint8Array, at: number, end: number, n: number, out: number): number {
  const starts = [at];
  for (let i = at; i < end; i++) if (bytes[i] === 0x20) starts.push(i + 1);
  const runs = starts.length - n + 1;
  for (let r = 0; r < runs; r++) sha1Into(bytes, starts[r] ?? at, (starts[r + n] ?? end + 1) - 1, bytes, out + 8 * r);
  return runs;
}
