/**
 * @file Pairs in the order in which they are merged: the most frequent first, of equal ones the pair of the smallest ids. Counts change all the time; the queue
 * keeps the count that a pair had when it was put in, and who takes one out looks whether it still holds.
 */
import { grown } from "../../runtime/data/bpe/grown.ts";

const arity = 8;

export class PairQueue {
  /** The count of the pair that was taken last, as it was when it was put in. */
  count = 0;
  size = 0;
  #pairs = new Int32Array(1 << 16);
  #counts = new Float64Array(1 << 16);
  readonly #before: (pair: number, than: number) => boolean;

  /** `before` orders pairs of equal counts. */
  constructor(before: (pair: number, than: number) => boolean) {
    this.#before = before;
  }

  push(pair: number, count: number): void {
    this.#pairs = grown(this.#pairs, this.size + 1);
    this.#counts = grown(this.#counts, this.size + 1);
    const [pairs, counts] = [this.#pairs, this.#counts];
    let place = this.size++;
    while (place > 0) {
      const parent = Math.floor((place - 1) / arity);
      if (!this.#first(count, pair, parent)) break;
      pairs[place] = pairs[parent] as number;
      counts[place] = counts[parent] as number;
      place = parent;
    }
    pairs[place] = pair;
    counts[place] = count;
  }

  take(): number {
    const [pairs, counts] = [this.#pairs, this.#counts];
    const taken = pairs[0] as number;
    this.count = counts[0] as number;
    const last = --this.size;
    const [pair, count] = [pairs[last] as number, counts[last] as number];
    let place = 0;
    for (;;) {
      const from = arity * place + 1;
      if (from >= last) break;
      let child = from;
      for (let i = from + 1; i < from + arity && i < last; i++)
        if (this.#first(counts[i] as number, pairs[i] as number, child)) child = i;
      if (this.#first(count, pair, child)) break;
      pairs[place] = pairs[child] as number;
      counts[place] = counts[child] as number;
      place = child;
    }
    pairs[place] = pair;
    counts[place] = count;
    return taken;
  }

  /** Whether a pair comes before the one at a place. */
  #first(count: number, pair: number, place: number): boolean {
    const other = this.#counts[place] as number;
    return count !== other ? count > other : this.#before(pair, this.#pairs[place] as number);
  }
}
