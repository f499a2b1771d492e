/** @file A word's bytes to tokens: of all neighbours that some merge joins, the pair of the lowest rank is joined, the leftmost first, until none is left. */
import { grown } from "./grown.ts";
import type { PairTable } from "./pair-table.ts";

/** Ranks and places are below this, so that both fit one exact number. */
const factor = 2 ** 26;

export interface Merges {
  /** The number of a pair is the rank of its merge. */
  readonly ranks: PairTable;
  /** What the merge of each rank makes. */
  readonly results: Int32Array;
}

/** Joins a word's symbols in place. Symbols are linked, and candidates wait in a heap: long words take time in proportion to n log n. */
export class WordMerger {
  readonly #merges: Merges;
  /** The symbols of the word, to be written before `merge`. */
  symbols = new Int32Array(256);
  #next = new Int32Array(256);
  #previous = new Int32Array(256);
  #heap = new Float64Array(256);
  #waiting = 0;

  constructor(merges: Merges) {
    this.#merges = merges;
  }

  /** Makes room for a word of so many symbols. */
  reserve(length: number): void {
    this.symbols = grown(this.symbols, length);
    this.#next = grown(this.#next, length);
    this.#previous = grown(this.#previous, length);
    // Every symbol is a candidate once, and each merge makes two more.
    this.#heap = grown(this.#heap, 3 * length);
  }

  /** Merges the first `length` symbols; answers how many are left. */
  merge(length: number): number {
    const [symbols, next, previous] = [this.symbols, this.#next, this.#previous];
    this.#waiting = 0;
    for (let i = 0; i < length; i++) {
      next[i] = i + 1 < length ? i + 1 : -1;
      previous[i] = i - 1;
      if (i > 0) this.#offer(i - 1, i);
    }
    while (this.#waiting > 0) {
      const key = this.#take();
      const rank = Math.floor(key / factor);
      const at = key - rank * factor;
      const right = next[at] as number;
      // What was merged since no longer is the pair that waited.
      if (
        (symbols[at] as number) < 0 ||
        right < 0 ||
        this.#merges.ranks.get(symbols[at] as number, symbols[right] as number) !== rank
      )
        continue;
      symbols[at] = this.#merges.results[rank] as number;
      symbols[right] = -1;
      const after = next[right] as number;
      next[at] = after;
      if (after >= 0) {
        previous[after] = at;
        this.#offer(at, after);
      }
      const before = previous[at] as number;
      if (before >= 0) this.#offer(before, at);
    }
    let left = 0;
    let place = length > 0 ? 0 : -1;
    while (place >= 0) {
      symbols[left++] = symbols[place] as number;
      place = next[place] as number;
    }
    return left;
  }

  #offer(at: number, right: number): void {
    const rank = this.#merges.ranks.get(this.symbols[at] as number, this.symbols[right] as number);
    if (rank < 0) return;
    const key = rank * factor + at;
    const heap = this.#heap;
    let place = this.#waiting++;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if ((heap[parent] as number) <= key) break;
      heap[place] = heap[parent] as number;
      place = parent;
    }
    heap[place] = key;
  }

  #take(): number {
    const heap = this.#heap;
    const first = heap[0] as number;
    const last = heap[--this.#waiting] as number;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= this.#waiting) break;
      if (child + 1 < this.#waiting && (heap[child + 1] as number) < (heap[child] as number)) child++;
      if ((heap[child] as number) >= last) break;
      heap[place] = heap[child] as number;
      place = child;
    }
    heap[place] = last;
    return first;
  }
}
