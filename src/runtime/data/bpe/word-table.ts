/** @file Words as byte strings, each with a number: a hash table in flat arrays, because there are millions of look-ups and no time to make strings. */
import { grown } from "./grown.ts";

export class WordTable {
  /** Words so far. */
  size = 0;
  /** All words, one after the other; word `i` is from `starts[i]` up to `starts[i + 1]`. */
  bytes = new Uint8Array(1 << 16);
  starts = new Int32Array(1 << 12);
  #hashes = new Int32Array(1 << 12);
  /** Numbers of words plus one; 0 is free. */
  #slots = new Int32Array(1 << 13);

  /** The number of the word; the next number if it is new. */
  add(bytes: Uint8Array, from: number, to: number): number {
    let hash = 0x811c9dc5;
    for (let i = from; i < to; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
    hash ^= hash >>> 15;
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const word = (this.#slots[slot] as number) - 1;
      if (word < 0) return this.#append(bytes, from, to, hash, slot);
      if (this.#hashes[word] === hash && this.#equals(word, bytes, from, to)) return word;
    }
  }

  clear(): void {
    this.size = 0;
    this.#slots.fill(0);
  }

  #equals(word: number, bytes: Uint8Array, from: number, to: number): boolean {
    const start = this.starts[word] as number;
    if ((this.starts[word + 1] as number) - start !== to - from) return false;
    for (let i = from, at = start; i < to; i++, at++) if (this.bytes[at] !== bytes[i]) return false;
    return true;
  }

  #append(bytes: Uint8Array, from: number, to: number, hash: number, slot: number): number {
    const word = this.size++;
    const start = this.starts[word] as number;
    const after = start + to - from;
    this.starts = grown(this.starts, word + 2);
    this.#hashes = grown(this.#hashes, word + 1);
    this.bytes = grown(this.bytes, after);
    for (let i = from, at = start; i < to; i++, at++) this.bytes[at] = bytes[i] as number;
    this.starts[word + 1] = after;
    this.#hashes[word] = hash;
    this.#slots[slot] = word + 1;
    if (this.size * 2 > this.#slots.length) this.#rehash();
    return word;
  }

  #rehash(): void {
    this.#slots = new Int32Array(this.#slots.length * 2);
    const mask = this.#slots.length - 1;
    for (let word = 0; word < this.size; word++) {
      let slot = (this.#hashes[word] as number) & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = word + 1;
    }
  }
}
