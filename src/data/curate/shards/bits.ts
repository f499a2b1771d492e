/** @file A bit for each number from 0. */

export const noBits = (count: number): Uint8Array => new Uint8Array(Math.ceil(count / 8));

export function setBit(bits: Uint8Array, number: number): void {
  bits[number >>> 3] = (bits[number >>> 3] ?? 0) | (1 << (number & 7));
}

const hasBit = (bits: Uint8Array, number: number): boolean => (((bits[number >>> 3] ?? 0) >>> (number & 7)) & 1) === 1;

/** Some of the bits; the first of them has the number `first`. */
export interface SomeBits {
  readonly bits: Uint8Array;
  readonly first: number;
}
export const bitsBetween = (bits: Uint8Array, from: number, to: number): SomeBits => ({
  bits: bits.slice(from >>> 3, Math.ceil(to / 8)),
  first: from & 7,
});

/** Gives one bit after the other. */
export function bitsInOrder({ bits, first }: SomeBits): () => boolean {
  let next = first;
  return () => hasBit(bits, next++);
}
