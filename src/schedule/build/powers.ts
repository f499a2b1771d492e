/** @file Numbers of lanes are powers of two, so that trees over lanes and positions among them come out even. */

/** The least power of two that is not below x, and not below 1. */
export function powerOfTwoAbove(x: number): number {
  return x <= 1 ? 1 : 2 ** Math.ceil(Math.log2(x));
}
