/** @file An expression over the axes of a tensor as one over the row-major index of its elements. */
import type { Axis, Scalar } from "./graph.ts";
import { add, axis, binary, int, mul, rewrite } from "./scalar.ts";

/** Sums of axes that are the index, however they were built, as counters of random numbers are; other axes by division. */
export function overIndex(s: Scalar, axes: readonly Axis[], index: Scalar): Scalar {
  const sizes = axes.map((a) => a.size);
  const strides = sizes.map((_, i) => sizes.slice(i + 1).reduce((n, size) => n * size, 1));
  const sum = sizes.reduce<Scalar>((total, _, i) => add(total, mul(axis(i), int(strides[i] ?? 1))), int(0));
  const horner = sizes.reduce<Scalar>(
    (total, size, i) => (i === 0 ? axis(0) : add(mul(total, int(size)), axis(i))),
    int(0),
  );
  const position = (p: number): Scalar => {
    const rows = binary("idiv", index, int(strides[p] ?? 1));
    return p === 0 ? rows : binary("mod", rows, int(sizes[p] ?? 1));
  };
  return rewrite(s, (e) =>
    e.kind === "literal" ? e : e === sum || e === horner ? index : e.kind === "axis" ? position(e.position) : undefined,
  );
}
