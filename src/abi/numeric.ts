/** @file Functions that JavaScript lacks and that generated programs and the compiler's reference arithmetic need, in f64. */

/** The nearest integer, halves to the even one, as on every device. */
export function roundEven(x: number): number {
  const rounded = Math.round(x);
  return Math.abs(x % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

/** A float as an index value: without its fraction, the nearest that 32 bits hold, 0 for NaN. */
export function wholeOf(x: number): number {
  return Math.max(-0x80000000, Math.min(0x7fffffff, x)) | 0;
}

const word = new Float32Array(1);
const bits = new Uint32Array(word.buffer);

/** The nearest number with 8 significant bits and the range of f32 (bfloat16), halves to the even one. */
export function bf16(x: number): number {
  word[0] = x;
  const from = bits[0] as number;
  // Infinities stay what they are, and so does NaN.
  if ((from & 0x7f800000) !== 0x7f800000) bits[0] = (from + 0x7fff + ((from >>> 16) & 1)) & 0xffff0000;
  return word[0] as number;
}

/** erf to double precision: Taylor series near zero, the continued fraction of erfc (Lentz) beyond. */
export function erf(x: number): number {
  const a = Math.abs(x);
  if (a > 6) return Math.sign(x);
  if (a < 2.5) {
    let term = x;
    let total = x;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(total); n++) {
      term *= (-x * x) / n;
      total += term / (2 * n + 1);
      if (n > 200) break;
    }
    return total * (2 / Math.sqrt(Math.PI));
  }
  let fraction = 0;
  for (let k = 60; k >= 1; k--) fraction = k / 2 / (a + fraction);
  return Math.sign(x) * (1 - Math.exp(-a * a) / Math.sqrt(Math.PI) / (a + fraction));
}
