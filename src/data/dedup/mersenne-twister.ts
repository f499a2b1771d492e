/** @file The random numbers of numpy's RandomState (MT19937), as far as MinHash's parameters need them: 64-bit integers below a bound. */

function generator(seed: number): () => number {
  const state = new Uint32Array(624);
  state[0] = seed >>> 0;
  const at = (i: number): number => state[i % 624] ?? 0;
  for (let i = 1; i < 624; i++) state[i] = Math.imul(at(i - 1) ^ (at(i - 1) >>> 30), 1812433253) + i;
  let next = 624;
  return () => {
    if (next >= 624) {
      for (let i = 0; i < 624; i++) {
        const y = (at(i) & 0x80000000) | (at(i + 1) & 0x7fffffff);
        state[i] = at(i + 397) ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
      }
      next = 0;
    }
    let y = at(next++);
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  };
}

/** `RandomState(seed)`: its `randint(low, high, dtype=uint64)`, which takes the high word first and rejects what is beyond the bound. */
export function randomState(seed: number): (low: bigint, high: bigint) => bigint {
  const word = generator(seed);
  return (low, high) => {
    const range = high - 1n - low;
    const bits = (1n << BigInt(range.toString(2).length)) - 1n;
    for (;;) {
      const value = ((BigInt(word()) << 32n) | BigInt(word())) & bits;
      if (value <= range) return low + value;
    }
  };
}
