/**
 * @file Counting sort of token ids: for each value, where it occurs. Kernels that add the gradients of equal tokens walk these lists, which is what makes them
 * deterministic without atomics.
 */

/**
 * Writes the positions of `values` sorted by value (stable) to `order`, and to `offsets` where each value's positions start; the last entry is the count.
 * Values are in [0, offsets.length - 1).
 */
export function countingSort(values: Int32Array, order: Int32Array, offsets: Int32Array): void {
  countOffsets(values, offsets);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    const at = offsets[value] as number;
    order[at] = i;
    offsets[value] = at + 1;
  }
  // Each start has moved to the next value's start.
  offsets.copyWithin(1, 0, offsets.length - 1);
  offsets[0] = 0;
}

function countOffsets(values: Int32Array, offsets: Int32Array): void {
  offsets.fill(0);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    offsets[value + 1] = (offsets[value + 1] as number) + 1;
  }
  for (let v = 1; v < offsets.length; v++) offsets[v] = (offsets[v] as number) + (offsets[v - 1] as number);
}
