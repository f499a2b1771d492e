/** @file Contexts that hold several documents. */
import { expect, test } from "vitest";
import { evaluateOne } from "../../src/ir/evaluate/evaluate.ts";
import { pattern } from "../support/apply-op.ts";
import { elaborated } from "../support/elaborated.ts";

const T = 8;
const { model } = elaborated(
  `model Tiny: packed_decoder {
  dims { T = ${T}  L = 2  D = 8  H = 2  F = 8  V = 9 }
  embed:  table
  layers: L * layer(norm: rmsnorm, mix: attention(rotate: rope, bias: same_document(documents: documents)), ffn: swiglu)
  head:   tied(norm: rmsnorm)
  end:    3
}`,
  "Tiny",
  1,
);

/** The logits of each position. */
function logits(tokens: readonly number[]): readonly (readonly number[])[] {
  const values = evaluateOne(model.logits, (leaf) =>
    leaf.role === "input"
      ? Float64Array.from(tokens)
      : pattern(
          leaf.name.length,
          leaf.axes.reduce((n, axis) => n * axis.size, 1),
        ),
  );
  return Array.from({ length: T }, (_, t) =>
    Array.from(values.subarray(9 * t, 9 * t + 9), (v) => Number(v.toPrecision(9))),
  );
}

test("a document is read as if it stood alone: what is before it in the context does not matter, nor where it stands", () => {
  const [alone, one, other, open] = [
    logits([5, 7, 1, 8, 2, 3, 4, 4]),
    logits([6, 3, 5, 7, 1, 8, 2, 3]),
    logits([1, 3, 5, 7, 1, 8, 2, 3]),
    logits([6, 2, 5, 7, 1, 8, 2, 3]),
  ];
  expect(one.slice(2)).toEqual(alone.slice(0, 6));
  expect(other.slice(2)).toEqual(alone.slice(0, 6));
  // Without the end before it, it goes on from what was there.
  expect(open[3]).not.toEqual(alone[1]);
});
