/** Normal numbers are distributed as they should be, in the middle and far out. */
import { expect, test } from "vitest";
import { gaussianOf } from "../../src/abi/gaussian.ts";
import { streamKey } from "../../src/abi/random.ts";

const key = streamKey(1, 0, 77);
const count = 2 ** 21;

/** The probability of more than z. */
function tail(z: number): number {
  if (z < 0) return 1 - tail(-z);
  if (z < 2.5) {
    let [term, sum] = [z, z];
    for (let n = 1; term > 1e-17; n++) sum += term *= (z * z) / (2 * n + 1);
    return 0.5 - sum * density(z);
  }
  let fraction = 0;
  for (let k = 200; k >= 1; k--) fraction = k / (z + fraction);
  return density(z) / (z + fraction);
}

const density = (z: number): number => Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);

test("moments are those of the standard normal distribution, within what so many draws give", () => {
  const sums = [0, 0, 0, 0];
  for (let i = 0; i < count; i++) {
    const z = gaussianOf(key, i);
    sums.forEach((_, power) => (sums[power] = (sums[power] as number) + z ** (power + 1)));
  }
  const wanted = [
    [0, 1],
    [1, 2],
    [0, 15],
    [3, 96],
  ] as const;
  wanted.forEach(([mean, variance], i) =>
    expect(Math.abs((sums[i] as number) / count - mean)).toBeLessThan(4 * Math.sqrt(variance / count)),
  );
});

test("no distance between the distributions is seen, nor a difference between parts as wide as a thirty-second of a deviation", () => {
  const values = Float64Array.from({ length: count }, (_, i) => gaussianOf(key, i)).toSorted();
  let distance = 0;
  values.forEach((z, i) => (distance = Math.max(distance, Math.abs(1 - tail(z) - (i + 0.5) / count))));
  // Kolmogorov and Smirnov: exceeded once in 10,000.
  expect(distance * Math.sqrt(count)).toBeLessThan(2.23);
  const width = 1 / 32;
  const counts = new Float64Array(8 / width);
  for (const z of values) counts[Math.floor((z + 4) / width)]! += 1;
  let squares = 0;
  counts.forEach((found, i) => {
    const wanted = count * (tail(i * width - 4) - tail((i + 1) * width - 4));
    squares += (found - wanted) ** 2 / wanted;
  });
  expect(Math.abs(squares - counts.length)).toBeLessThan(4 * Math.sqrt(2 * counts.length));
});

test("tails are as heavy as they should be up to 5 deviations, and end beyond 6", () => {
  for (const z of [3, 4, 4.5]) {
    const wanted = 2 * count * tail(z);
    let found = 0;
    for (let i = 0; i < count; i++) if (Math.abs(gaussianOf(key, i)) > z) found++;
    expect(Math.abs(found - wanted)).toBeLessThan(4 * Math.sqrt(wanted));
  }
  expect([0, 1].map(distanceOf)).toEqual([6.230259418487549, -6.230259418487549]);
});

/** The number that the smallest probability gives, with either sign: that of the counter whose bits are 0 and 1. Streams are permutations of the counters. */
const distanceOf = (sign: number): number => gaussianOf(key, unmixed((unmixed(sign * 2) - key.b) >>> 0) ^ key.a);

/** The inverse of `mix`. */
function unmixed(h: number): number {
  const x = Math.imul(unshifted(h, 16), 0x43021123);
  return unshifted(Math.imul(unshifted(x, 15), 0x1d69e2a5), 16);
}

function unshifted(x: number, by: number): number {
  let y = x;
  for (let i = 0; i < 5; i++) y = x ^ (y >>> by);
  return y >>> 0;
}
