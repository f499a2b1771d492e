/** @file Flat arrays that grow. */

/** The array itself if it has `length` elements or more, else a copy of at least twice its size. */
export function grown<A extends Uint8Array | Int32Array | Uint32Array | Float64Array>(array: A, length: number): A {
  if (length <= array.length) return array;
  const larger = new (array.constructor as new (length: number) => A)(Math.max(length, array.length * 2));
  larger.set(array);
  return larger;
}
