import fc from "fast-check";
import { expect, test } from "vitest";
import type { Scalar } from "../../src/ir/graph.ts";
import { add, axis, binary, int, mul, rewrite, unary } from "../../src/ir/scalar.ts";
import { i32 } from "../../src/kernel/expr.ts";
import type { Expr } from "../../src/kernel/ir.ts";
import { full, visible } from "../../src/schedule/attention/mask.ts";

const [t, s] = [axis(0), axis(1)];
const axes = { query: 0, key: 1 };

const affine = fc
  .tuple(fc.constantFrom(-1, 0, 1, 2), fc.constantFrom(-1, 0, 1, 3), fc.integer({ min: -6, max: 6 }))
  .map(([a, b, c]): Scalar => add(add(mul(t, int(a)), mul(s, int(b))), int(c)));
const comparison = fc
  .tuple(fc.constantFrom("lt" as const, "le" as const, "eq" as const, "ne" as const), affine, affine)
  .map(([op, left, right]): Scalar => binary(op, left, right));
const opaque = fc
  .integer({ min: 1, max: 3 })
  .map((n): Scalar => binary("eq", binary("mod", add(t, s), int(n + 1)), int(0)));
const { mask } = fc.letrec<{ mask: Scalar }>((tie) => ({
  mask: fc.oneof(
    { depthSize: "small" },
    comparison,
    opaque,
    tie("mask").map((m) => unary("not", m)),
    fc
      .tuple(fc.constantFrom("and" as const, "or" as const), tie("mask"), tie("mask"))
      .map(([op, a, b]) => binary(op, a, b)),
  ),
}));

/** The truth of a mask at a point: with literals for axes, everything folds. */
function holds(m: Scalar, at: readonly number[]): boolean {
  const value = rewrite(m, (e) => (e.kind === "axis" ? int(at[e.position] as number) : undefined));
  if (value.kind !== "literal") throw new Error("a mask of literals folds");
  return value.value !== 0;
}

const range = (first: number, count: number): readonly number[] => Array.from({ length: count }, (_, i) => first + i);
const literalValue = (e: Expr): number => (e.kind === "literal" ? e.value : NaN);

test("the visible range of a tile misses nothing, an exact one has nothing else, and a full tile is full", () => {
  const size = 9;
  fc.assert(
    fc.property(
      mask,
      fc.nat(size - 1),
      fc.integer({ min: 1, max: 4 }),
      fc.boolean(),
      fc.nat(size - 1),
      (m, first, count, byQuery, otherFirst) => {
        const tile = { first: i32(first), last: i32(first + count - 1) };
        const point = (own: number, other: number): readonly number[] => (byQuery ? [own, other] : [other, own]);
        const seen = visible(m, axes, byQuery ? "key" : "query", tile);
        for (const other of range(0, size)) {
          const some = range(first, count).some((own) => holds(m, point(own, other)));
          const inRange =
            (!seen.first || other >= literalValue(seen.first)) && (!seen.last || other <= literalValue(seen.last));
          if (some) expect(inRange).toBe(true);
          if (seen.exact && count === 1) expect(inRange).toBe(some);
        }
        const others = { first: i32(otherFirst), last: i32(otherFirst + 2) };
        const [query, key] = byQuery ? [tile, others] : [others, tile];
        if (literalValue(full(m, axes, query, key)) === 1) {
          expect(
            range(first, count).every((own) => range(otherFirst, 3).every((other) => holds(m, point(own, other)))),
          ).toBe(true);
        }
      },
    ),
    { numRuns: 2000 },
  );
});

/** What a tile of indices 32 to 63 sees. */
const bounds = (m: Scalar, wanted: "query" | "key"): readonly (number | undefined)[] => {
  const { first, last } = visible(m, axes, wanted, { first: i32(32), last: i32(63) });
  return [first && literalValue(first), last && literalValue(last)];
};

test("causal, window and prefix masks bound both sides", () => {
  const causal = binary("le", s, t);
  const window = binary("and", causal, binary("lt", binary("sub", t, s), int(16)));
  const prefix = binary("or", causal, binary("lt", s, int(100)));
  expect([bounds(causal, "key"), bounds(causal, "query")]).toEqual([
    [undefined, 63],
    [32, undefined],
  ]);
  expect([bounds(window, "key"), bounds(window, "query")]).toEqual([
    [17, 63],
    [32, 78],
  ]);
  expect([bounds(prefix, "key"), bounds(prefix, "query")]).toEqual([
    [undefined, 99],
    [undefined, undefined],
  ]);
});
