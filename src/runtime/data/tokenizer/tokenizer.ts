/** @file What a tokenizer is, and the plain data that describes one, which programs and checkpoints carry. */
import type { AddedToken } from "./added-tokens.ts";

/** Token ids in the narrowest array that holds the vocabulary. */
export type TokenArray = Uint8Array | Uint16Array | Uint32Array;

/** What a checkpoint or a compiled program says of its tokenizer. */
export type TokenizerData =
  | { readonly kind: "bytes" }
  /** `characters[id]` is the character; ascending code points. */
  | { readonly kind: "characters"; readonly characters: string }
  | BpeData
  | PipelineData;

export interface Tokenizer {
  readonly data: TokenizerData;
  readonly vocabulary: number;
  /** Whether a blank is put before every text, which is not to be shown at the beginning of a whole one. */
  readonly blankFirst?: boolean;
  /** Special tokens by their text. */
  readonly specials: ReadonlyMap<string, number>;
  /** Ids of a file's content; `name` is for errors. The texts of special tokens are text like any other, unless `special` is set. */
  encode(bytes: Uint8Array, name: string, special?: boolean): TokenArray;
  /** What an id stands for. */
  bytesOf(id: number): Uint8Array;
  /** Bytes of text that an id stands for. */
  byteLength(id: number): number;
  /** Turns ids into text as they come: a character of several bytes appears with its last one. */
  decoder(): Decoder;
}

export interface Decoder {
  push(id: number): string;
  /** What is left when no more ids come. */
  end(): string;
}

/** How text is cut into words, by the name of the tokenizer that does so. */
export const patternNames = ["gpt2", "gpt4", "llama3", "qwen2", "o200k"] as const;
export type PatternName = (typeof patternNames)[number];

/** A byte-pair tokenizer. */
export interface BpeData {
  readonly kind: "bpe";
  /** How text is cut into words. */
  readonly pattern: PatternName;
  /** The tokens by id, in GPT-2's letters for bytes, a blank between two; nothing between them where the id is a special token's or nobody's. */
  readonly tokens: string;
  /** What is merged with what, in the order of preference: `left right`, one a line. */
  readonly merges: string;
  /** Special tokens, and others that were added; ascending ids. */
  readonly specials: readonly AddedToken[];
  /** Whether a word that is a token stays whole, even if no merges lead to it. */
  readonly wholeWords?: boolean;
  /** Text is brought into this form first, so that what comes back may differ from what went in. */
  readonly normalize?: "NFC";
}

/** @file What programs and checkpoints carry of a tokenizer that is no byte pairs of our own kind: the parts of its `tokenizer.json` that decide ids and text. */

/** A tokenizer of another kind: the parts of its `tokenizer.json` that decide ids and text. */
export interface PipelineData {
  readonly kind: "pipeline";
  /** JSON. */
  readonly definition: string;
}

/** An array for `length` ids below `vocabulary`. */
export function tokenArray(vocabulary: number, length: number): TokenArray {
  return vocabulary <= 2 ** 8
    ? new Uint8Array(length)
    : vocabulary <= 2 ** 16
      ? new Uint16Array(length)
      : new Uint32Array(length);
}
