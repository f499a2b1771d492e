/** @file The neighbours in all words: how often each pair occurs, and in which words it may. Lists of words are linked through two flat arrays. */
import { grown } from "../../runtime/data/bpe/grown.ts";
import { PairTable } from "../../runtime/data/bpe/pair-table.ts";

export class PairCounts {
  readonly #table = new PairTable(1 << 18);
  lefts = new Int32Array(1 << 16);
  rights = new Int32Array(1 << 16);
  counts = new Float64Array(1 << 16);
  /** The newest entry of each pair's list plus one; 0 ends it. */
  #heads = new Int32Array(1 << 16);
  #words = new Int32Array(1 << 18);
  #next = new Int32Array(1 << 18);
  #entries = 0;

  get size(): number {
    return this.#table.size;
  }

  /** The number of a pair. */
  pair(left: number, right: number): number {
    const known = this.#table.size;
    const pair = this.#table.add(left, right);
    if (pair === known) {
      this.lefts = grown(this.lefts, known + 1);
      this.rights = grown(this.rights, known + 1);
      this.counts = grown(this.counts, known + 1);
      this.#heads = grown(this.#heads, known + 1);
      this.lefts[pair] = left;
      this.rights[pair] = right;
    }
    return pair;
  }

  /** Counts occurrences of a pair in a word, and notes the word. */
  add(pair: number, word: number, count: number): void {
    this.counts[pair] = (this.counts[pair] as number) + count;
    const head = (this.#heads[pair] as number) - 1;
    if (head >= 0 && this.#words[head] === word) return;
    this.#words = grown(this.#words, this.#entries + 1);
    this.#next = grown(this.#next, this.#entries + 1);
    this.#words[this.#entries] = word;
    this.#next[this.#entries] = head;
    this.#heads[pair] = ++this.#entries;
  }

  remove(pair: number, count: number): void {
    this.counts[pair] = (this.counts[pair] as number) - count;
  }

  /** Calls `take` with each word that a pair was noted for, and forgets them. */
  drain(pair: number, take: (word: number) => void): void {
    let entry = (this.#heads[pair] as number) - 1;
    this.#heads[pair] = 0;
    for (; entry >= 0; entry = this.#next[entry] as number) take(this.#words[entry] as number);
  }
}
