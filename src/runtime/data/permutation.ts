/**
 * @file A random order without a table: element i of a permutation of [0, n), computed by itself. A Feistel network permutes the smallest even power
 * of two that holds n, and is applied again while the result is outside (fewer than four times on average).
 */
import { mix } from "../../abi/random.ts";

const rounds = 4;

/** Where `index` goes in the permutation that `key` chooses. `size` is at most 2^32. */
export function permute(index: number, size: number, key: number): number {
  const half = Math.max(1, Math.ceil(Math.log2(size) / 2));
  const mask = 2 ** half - 1;
  let at = index;
  do at = feistel(at, mask, key);
  while (at >= size);
  return at;
}

function feistel(value: number, mask: number, key: number): number {
  let left = Math.floor(value / (mask + 1));
  let right = value & mask;
  for (let round = 0; round < rounds; round++) {
    const next = (left ^ mix((right + mix((key + round) >>> 0)) >>> 0)) & mask;
    left = right;
    right = next;
  }
  // Multiplication, not a shift: the value may need all 32 bits.
  return left * (mask + 1) + right;
}
