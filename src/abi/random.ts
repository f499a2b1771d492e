/**
 * @file Random numbers without state: a uniform number is a function of (seed, step, stream, counter), so that any element can be
 * drawn anywhere, in any order, on any device, and again in the backward pass. Every operation is u32 arithmetic
 * that wraps (xor, add, multiply, logical shift right), so WGSL, C and JavaScript agree bit for bit.
 *
 *   mix(x):   x ^= x >> 16;  x *= 0x7feb352d;  x ^= x >> 15;  x *= 0x846ca68b;  x ^= x >> 16
 *   key:      a = mix(mix(mix(seed + 0x9e3779b9) + step) + stream)
 *             b = mix(a + 0x9e3779b9)
 *   element:  h = mix(mix(counter ^ a) + b)
 *   uniform:  (h >> 8) * 2^-24            24 bits: exact in f32, in [0, 1)
 *
 * (a, b) is the same for a whole tensor and step. The second round keyed by b is what keeps two streams from being shifted copies
 * of each other, which a single keyed round would make them. Within a stream h is a permutation of the counters.
 */

/** The two words that a tensor's draws of one step share. */
export interface StreamKey {
  readonly a: number;
  readonly b: number;
}

const golden = 0x9e3779b9;

/** A bijection of u32 with full avalanche (the constants are those of the "lowbias32" search). */
export function mix(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

export function streamKey(seed: number, step: number, stream: number): StreamKey {
  const a = mix((mix((mix((seed + golden) >>> 0) + (step >>> 0)) >>> 0) + (stream >>> 0)) >>> 0);
  return { a, b: mix((a + golden) >>> 0) };
}

/** 32 random bits of one element. */
export function bits(key: StreamKey, counter: number): number {
  return mix((mix((counter ^ key.a) >>> 0) + key.b) >>> 0);
}

/** The upper 31 of them: what kernels draw, whose integers have a sign. */
export function bitsOf(key: StreamKey, counter: number): number {
  return bits(key, counter) >>> 1;
}

/** Uniform in [0, 1), a multiple of 2^-24. */
export function uniform(seed: number, step: number, stream: number, counter: number): number {
  return uniformOf(streamKey(seed, step, stream), counter);
}

/** As `uniform`, with the key of the stream computed before. */
export function uniformOf(key: StreamKey, counter: number): number {
  return (bits(key, counter) >>> 8) * 2 ** -24;
}

/** The stream of a declaration: FNV-1a over the UTF-8 bytes of its path, mixed once. */
export function streamOf(path: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(path)) hash = Math.imul(hash ^ byte, 0x01000193);
  return mix(hash >>> 0);
}
