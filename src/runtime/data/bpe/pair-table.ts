/** @file Pairs of token ids, each with a number: open addressing over one flat array of keys. */

/** Ids are below 2^26, so that a pair is one exact number. */
const factor = 2 ** 26;

export class PairTable {
  /** Pairs so far. */
  size = 0;
  #keys: Float64Array;
  #numbers: Int32Array;

  constructor(capacity = 1 << 12) {
    const slots = 2 ** Math.ceil(Math.log2(Math.max(2, capacity * 2)));
    this.#keys = new Float64Array(slots).fill(-1);
    this.#numbers = new Int32Array(slots);
  }

  /** The number of the pair, or -1. */
  get(left: number, right: number): number {
    const slot = this.#slotOf(left, right);
    return (this.#keys[slot] as number) < 0 ? -1 : (this.#numbers[slot] as number);
  }

  /** The number of the pair; the next number if it is new. */
  add(left: number, right: number): number {
    const slot = this.#slotOf(left, right);
    if ((this.#keys[slot] as number) >= 0) return this.#numbers[slot] as number;
    this.#keys[slot] = left * factor + right;
    this.#numbers[slot] = this.size;
    if (++this.size * 2 > this.#keys.length) this.#rehash();
    return this.size - 1;
  }

  #slotOf(left: number, right: number): number {
    const mask = this.#keys.length - 1;
    const key = left * factor + right;
    let slot = hash(left, right) & mask;
    for (let found = this.#keys[slot] as number; found >= 0 && found !== key; found = this.#keys[slot] as number)
      slot = (slot + 1) & mask;
    return slot;
  }

  #rehash(): void {
    const [keys, numbers] = [this.#keys, this.#numbers];
    this.#keys = new Float64Array(keys.length * 2).fill(-1);
    this.#numbers = new Int32Array(keys.length * 2);
    keys.forEach((key, i) => {
      if (key < 0) return;
      const left = Math.floor(key / factor);
      const slot = this.#slotOf(left, key - left * factor);
      this.#keys[slot] = key;
      this.#numbers[slot] = numbers[i] as number;
    });
  }
}

function hash(left: number, right: number): number {
  const mixed = Math.imul(left, 0x9e3779b1) ^ Math.imul(right + 0x7f4a7c15, 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}
