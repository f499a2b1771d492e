/**
 * @file Windows of a token stream in random order: each pass over the stream visits every window once, in an order of its own, and shifts the cuts. Window k is
 * computed from k alone.
 */
import { mix } from "../../abi/random.ts";
import { permute } from "./permutation.ts";
import type { TokenArray } from "./tokenizer/tokenizer.ts";

export class Windows {
  readonly #tokens: TokenArray;
  readonly #length: number;
  readonly #count: number;
  readonly #key: number;

  /** Windows of `length` tokens and the one after: the stream must have at least `length + 1`. */
  constructor(tokens: TokenArray, length: number, key: number) {
    this.#tokens = tokens;
    this.#length = length;
    this.#key = key;
    // One window fewer than fits leaves room to shift the cuts by up to a window.
    this.#count = Math.max(1, Math.floor((tokens.length - length) / length));
  }

  /** Writes window `k` to `inputs` from `at` on, and to `targets` the same window one token later. */
  copy(k: number, inputs: Int32Array, targets: Int32Array, at: number): void {
    const pass = Math.floor(k / this.#count);
    const key = mix((this.#key + mix(pass)) >>> 0);
    const slack = Math.min(this.#tokens.length - 1 - this.#count * this.#length, this.#length - 1);
    const shift = mix(key) % (slack + 1);
    const start = shift + this.#length * permute(k - pass * this.#count, this.#count, key);
    copyWindow(this.#tokens, start, this.#length, inputs, targets, at);
  }
}

/** Writes tokens from `start` on to `inputs`, and those one later to `targets`. */
export function copyWindow(
  tokens: TokenArray,
  start: number,
  length: number,
  inputs: Int32Array,
  targets: Int32Array,
  at: number,
): void {
  let token = tokens[start] as number;
  for (let i = 0; i < length; i++) {
    inputs[at + i] = token;
    token = tokens[start + i + 1] as number;
    targets[at + i] = token;
  }
}
