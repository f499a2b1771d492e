/** @file xxHash64 of texts, and a set of such hashes: documents and lines are compared by them. */
import { bytesOf, createKernels } from "../wasm/kernels.ts";

const encoder = new TextEncoder();

export interface Hasher {
  /** Writes xxHash64 of the text's UTF-8 (seed 0, little-endian) at `out[at..at + 8)`. */
  readonly hashInto: (text: string, out: Uint8Array, at: number) => void;
  /** The hashes of `length` bytes from each place that `places` adds. */
  readonly hashesIn: (
    bytes: Uint8Array,
    length: number,
    places: (bytes: Uint8Array, add: (at: number) => void) => void,
  ) => Uint8Array;
}

export function createHasher(): Hasher {
  const { memory, hash } = createKernels();
  return {
    hashInto: (text, out, at) => {
      const bytes = bytesOf(memory, 8 + 3 * text.length);
      const { written } = encoder.encodeInto(text, bytes.subarray(8));
      hash(8, written, 0);
      for (let i = 0; i < 8; i++) out[at + i] = bytes[i] ?? 0;
    },
    hashesIn: (bytes, length, places) => {
      const hashes = Math.ceil(bytes.length / 8) * 8;
      bytesOf(memory, hashes).set(bytes);
      let end = hashes;
      places(bytes, (at) => {
        if (memory.buffer.byteLength < end + 8) bytesOf(memory, 2 * end + 8);
        hash(at, length, end);
        end += 8;
      });
      return bytesOf(memory, end).slice(hashes, end);
    },
  };
}

/** No number: the slot is free. */
const free = 0xffffffff;

/**
 * Hashes already seen, each with the number that came with it first: open addressing over two words and a number, at most three
 * quarters full, so 16 to 32 bytes each. Numbers are below 2^32 - 1. Two different texts of n share a hash with probability n² / 2^65: a millionth at five million.
 */
export class SeenHashes {
  private keys: Int32Array;
  private numbers: Uint32Array;
  private size = 0;

  /** With room for so many; there may be more. */
  constructor(expected = 0) {
    const slots = 2 ** Math.ceil(Math.log2(Math.max(16, (4 * expected) / 3)));
    this.keys = new Int32Array(2 * slots);
    this.numbers = new Uint32Array(slots).fill(free);
  }

  /** The place of a hash, or the free place where it would be. */
  private slotOf(low: number, high: number): number {
    const bits = this.numbers.length - 1;
    let slot = (low ^ (high >>> 15)) & bits;
    while (this.numbers[slot] !== free && !(this.keys[2 * slot] === low && this.keys[2 * slot + 1] === high))
      slot = (slot + 1) & bits;
    return slot;
  }

  /** The number that the hash came with first, or -1 if it never came. */
  find(low: number, high: number): number {
    const held = this.numbers[this.slotOf(low, high)] ?? free;
    return held === free ? -1 : held;
  }

  /** The same, and from now on it came with this number if it never came. */
  add(low: number, high: number, number: number): number {
    const slot = this.slotOf(low, high);
    const held = this.numbers[slot] ?? free;
    if (held !== free) return held;
    this.keys[2 * slot] = low;
    this.keys[2 * slot + 1] = high;
    this.numbers[slot] = number;
    if (++this.size * 4 > this.numbers.length * 3) this.rehash();
    return -1;
  }

  private rehash(): void {
    const { keys, numbers } = this;
    this.keys = new Int32Array(2 * keys.length);
    this.numbers = new Uint32Array(2 * numbers.length).fill(free);
    this.size = 0;
    for (let slot = 0; slot < numbers.length; slot++) {
      const number = numbers[slot] ?? free;
      if (number !== free) this.add(keys[2 * slot] ?? 0, keys[2 * slot + 1] ?? 0, number);
    }
  }
}
