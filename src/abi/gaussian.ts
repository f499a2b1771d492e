/**
 * @file Normally distributed numbers by the inverse of the distribution function, in integers alone: multiplications of floats may be fused or rounded in other ways from device to device, and
 * logarithms differ, but these are the same bits everywhere. What is drawn is a multiple of 2^-21 below 6.3.
 *
 * One bit of the 31 drawn is the sign. The others make an odd x in [1, 2^31), which stands for the probability p = x / 2^32 that a number is further from 0 on its side. Each octave of x
 * is cut into 32 equal segments; on each the quantile is a parabola in t, the 15 bits that follow those of the segment: c0 - (c1 - c2 t) t.
 */
import type { StreamKey } from "./random.ts";
import { bitsOf, streamKey } from "./random.ts";

/** Segments of an octave, and bits of the place within one. */
export const segments = 32;
export const placeBits = 15;
/** Of the second word of a segment: the bits of c2, below those of c1. */
export const curvatureBits = 12;
/** What the table counts in. */
export const quantum = 2 ** -21;

const octaves = 32;
/** Steps of the integration across half a segment. */
const substeps = 4;

let table: Int32Array | undefined;

/**
 * Two words a segment, those of octave o (x from 2^(30 - o)) from 2 · 32 · o: c0, and c1 and c2 together. Made by arithmetic that is exact everywhere: as functions of p the quantile z and the density f there are
 * solutions of z' = -1 / f and f' = z, which are followed from the middle, p = 1/2, into the tail.
 */
export function quantileWords(): Int32Array {
  return (table ??= integrated());
}

function integrated(): Int32Array {
  const words = new Int32Array(2 * segments * octaves);
  let z = 0;
  let f = 0.3989422804014327;
  /** Runge and Kutta's step of fourth order. */
  const move = (h: number): void => {
    const [z1, f1] = [-1 / f, z];
    const [z2, f2] = [-1 / (f + (h / 2) * f1), z + (h / 2) * z1];
    const [z3, f3] = [-1 / (f + (h / 2) * f2), z + (h / 2) * z2];
    const [z4, f4] = [-1 / (f + h * f3), z + h * z3];
    z += (h / 6) * (z1 + 2 * z2 + 2 * z3 + z4);
    f += (h / 6) * (f1 + 2 * f2 + 2 * f3 + f4);
  };
  // The last octave has no odd x.
  for (let segment = 0; segment < segments * (octaves - 1); segment++) {
    const octave = Math.floor(segment / segments);
    const half = 2 ** (-3 - octave) / segments;
    const near = z;
    for (let i = 0; i < substeps; i++) move(-half / substeps);
    const middle = z;
    for (let i = 0; i < substeps; i++) move(-half / substeps);
    const curvature = 2 * (z - 2 * middle + near);
    const slope = z - near + curvature;
    // The place is cut off to whole numbers, so that it stands for what is half a unit further.
    const ahead = 2 ** (-placeBits - 1);
    const at = 2 * (segments * octave + segments - 1 - (segment % segments));
    words[at] = Math.round((z - slope * ahead + curvature * ahead ** 2) / quantum);
    words[at + 1] =
      Math.round((slope - 2 * curvature * ahead) / quantum) * 2 ** curvatureBits + Math.round(curvature / quantum);
  }
  return words;
}

/** Standard normal: mean 0, variance 1. */
export function gaussian(seed: number, step: number, stream: number, counter: number): number {
  return gaussianOf(streamKey(seed, step, stream), counter);
}

/** As `gaussian`, with the key of the stream computed before. */
export function gaussianOf(key: StreamKey, counter: number): number {
  const drawn = bitsOf(key, counter);
  const odd = drawn | 1;
  const octave = Math.clz32(odd) - 1;
  const x = odd << octave;
  const at = 2 * (segments * octave + ((x >> 25) & (segments - 1)));
  const place = (x >> 10) & (2 ** placeBits - 1);
  const words = quantileWords();
  const bend = words[at + 1] as number;
  const slope = (bend >> curvatureBits) - (((bend & (2 ** curvatureBits - 1)) * place) >> placeBits);
  const distance = (words[at] as number) - ((slope * place) >> placeBits);
  return (drawn & 1 ? -distance : distance) * quantum;
}
