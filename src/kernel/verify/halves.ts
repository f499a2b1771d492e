/** @file Words of two bfloat16 in JavaScript, for the interpreter: a bfloat16 is the upper half of an f32. */
import { bf16 } from "../../abi/numeric.ts";

const word = new Float32Array(1);
const bits = new Uint32Array(word.buffer);

const bitsOf = (x: number): number => {
  word[0] = bf16(x);
  return bits[0] as number;
};

const numberOf = (upper: number): number => {
  bits[0] = upper;
  return word[0] as number;
};

/** Two numbers rounded to bfloat16 as one word. */
export const pair = (low: number, high: number): number => ((bitsOf(low) >>> 16) | bitsOf(high)) >>> 0;

export const low = (halves: number): number => numberOf(halves << 16);
export const high = (halves: number): number => numberOf(halves & 0xffff0000);
