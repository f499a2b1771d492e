/** Index arithmetic has 32 bits and wraps: as written, as simplified, and as its bounds say, against integers of any length. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { decide, interval } from "../../src/ir/affine.ts";
import { evaluateOne } from "../../src/ir/evaluate/evaluate.ts";
import type { Axis, BinaryOp, Scalar, UnaryOp } from "../../src/ir/graph.ts";
import { comp, leaf } from "../../src/ir/node.ts";
import { axis, binary, cast, int, read, select, unary } from "../../src/ir/scalar.ts";
import { simplifyScalar } from "../../src/ir/simplify-scalar.ts";

const space: readonly Axis[] = [
  { name: "T", size: 5 },
  { name: "S", size: 3 },
];
type Point = readonly [t: number, s: number];
const points: readonly Point[] = Array.from({ length: 15 }, (_, i) => [Math.floor(i / 3), i % 3]);

/** An expression, and what it is at a point. */
interface Whole {
  readonly scalar: Scalar;
  readonly at: (point: Point) => bigint;
}

const floorDiv = (a: bigint, b: bigint): bigint => a / b - (a % b !== 0n && a < 0n !== b < 0n ? 1n : 0n);
const exact: Partial<Record<BinaryOp, (a: bigint, b: bigint) => bigint>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  min: (a, b) => (a < b ? a : b),
  max: (a, b) => (a > b ? a : b),
  idiv: (a, b) => (b === 0n ? a : floorDiv(a, b)),
  mod: (a, b) => (b === 0n ? 0n : a - b * floorDiv(a, b)),
};
const wrap = (x: bigint): bigint => BigInt.asIntN(32, x);

const literal = fc.oneof(
  fc.integer({ min: -9, max: 9 }),
  fc.constantFrom(31, 1009, 4096, 65_599, 65_536, 2 ** 31 - 1, -(2 ** 31), 1_540_483_477, -1_640_531_535),
  fc.integer(),
);
const { whole } = fc.letrec<{ whole: Whole }>((tie) => ({
  whole: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    literal.map((value) => ({ scalar: int(value), at: () => BigInt(value) })),
    fc
      .constantFrom(0, 1)
      .map((position) => ({ scalar: axis(position), at: (point: Point) => BigInt(point[position] ?? 0) })),
    fc
      .tuple(
        fc.constantFrom(...(Object.keys(exact) as BinaryOp[]), "mul" as const, "add" as const),
        tie("whole"),
        tie("whole"),
      )
      .map(([op, a, b]) => ({
        scalar: binary(op, a.scalar, b.scalar),
        at: (point: Point) => wrap(exact[op]?.(a.at(point), b.at(point)) ?? 0n),
      })),
    fc.tuple(tie("whole"), tie("whole")).map(([a, b]) => ({
      scalar: select(binary("lt", a.scalar, b.scalar), a.scalar, int(7)),
      at: (point: Point) => (a.at(point) < b.at(point) ? a.at(point) : 7n),
    })),
    fc.tuple(fc.constantFrom<UnaryOp>("neg", "abs"), tie("whole")).map(([op, a]) => ({
      scalar: unary(op, a.scalar),
      at: (point: Point) => wrap(op === "neg" || a.at(point) < 0n ? -a.at(point) : a.at(point)),
    })),
  ),
}));

const values = (body: Scalar): readonly number[] => [...evaluateOne(comp({ name: "whole" }, space, body), () => 0)];

test("whatever is computed, and however it is simplified", () => {
  fc.assert(
    fc.property(whole, ({ scalar, at }) => {
      const expected = points.map((point) => Number(at(point)));
      expect(values(scalar)).toEqual(expected);
      expect(values(simplifyScalar(scalar, space))).toEqual(expected);
      const { low, high } = interval(scalar, space);
      expect(expected.every((value) => low <= value && value <= high)).toBe(true);
    }),
    { numRuns: 3000 },
  );
});

test("comparisons are decided as they come out", () => {
  fc.assert(
    fc.property(whole, whole, (a, b) => {
      const decided = decide(binary("lt", a.scalar, b.scalar), space);
      if (decided !== undefined) expect(points.every((point) => a.at(point) < b.at(point) === decided)).toBe(true);
    }),
    { numRuns: 3000 },
  );
});

test("of a number, its whole part, the nearest that there is, and 0 of NaN", () => {
  const x = leaf("input", "x", [], "f32");
  const index = (value: number): number | undefined =>
    evaluateOne(comp({ name: "index" }, [], cast(read(x, []), "i32")), () => Float64Array.of(value))[0];
  expect([2.9, -2.9, 1e20, -1e20, Infinity, Number.NaN].map(index)).toEqual([
    2,
    -2,
    2 ** 31 - 1,
    -(2 ** 31),
    2 ** 31 - 1,
    0,
  ]);
});
