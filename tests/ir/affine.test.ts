import { describe, expect, test } from "vitest";
import fc from "fast-check";
import type { Axis, Scalar } from "../../src/ir/graph.ts";
import { decide, interval } from "../../src/ir/affine.ts";
import { evaluate } from "../../src/ir/evaluate/evaluate.ts";
import { comp } from "../../src/ir/node.ts";
import { add, axis, binary, cast, int, mul, select, sub, unary } from "../../src/ir/scalar.ts";
import { simplifyScalar } from "../../src/ir/simplify-scalar.ts";
import { dim } from "../support/build.ts";

const space = fc
  .array(fc.integer({ min: 1, max: 6 }), { minLength: 3, maxLength: 3 })
  .map((sizes) => sizes.map((n, i) => dim("ABC"[i]!, n)));

const { index, condition } = fc.letrec<{ index: Scalar; condition: Scalar }>((tie) => ({
  index: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.integer({ min: 0, max: 2 }).map(axis),
    fc.integer({ min: -7, max: 9 }).map(int),
    fc
      .tuple(
        fc.constantFrom("add" as const, "sub" as const, "min" as const, "max" as const),
        tie("index"),
        tie("index"),
      )
      .map(([op, a, b]) => binary(op, a, b)),
    fc.tuple(tie("index"), fc.integer({ min: -4, max: 6 })).map(([a, k]) => mul(a, int(k))),
    fc
      .tuple(fc.constantFrom("idiv" as const, "mod" as const), tie("index"), fc.integer({ min: 1, max: 8 }))
      .map(([op, a, c]) => binary(op, a, int(c))),
    fc
      .tuple(tie("index"), fc.integer({ min: 1, max: 6 }))
      .map(([a, c]) => add(mul(binary("idiv", a, int(c)), int(c)), binary("mod", a, int(c)))),
    fc.tuple(tie("condition"), tie("index"), tie("index")).map(([c, a, b]) => select(c, a, b)),
    tie("index").map((a) => unary("neg", a)),
    tie("index").map((a) => unary("abs", a)),
    tie("condition").map((c) => cast(c, "i32")),
  ),
  condition: fc.oneof(
    { maxDepth: 2 },
    fc
      .tuple(fc.constantFrom("lt" as const, "le" as const, "eq" as const, "ne" as const), tie("index"), tie("index"))
      .map(([op, a, b]) => binary(op, a, b)),
    fc
      .tuple(fc.constantFrom("and" as const, "or" as const), tie("condition"), tie("condition"))
      .map(([op, a, b]) => binary(op, a, b)),
    tie("condition").map((c) => unary("not", c)),
  ),
}));

const everywhere = (s: Scalar, axes: readonly Axis[]): readonly number[] => {
  const node = comp({ name: "s" }, axes, s);
  return [...evaluate([node], () => 0).get(node)!];
};

describe("index algebra agrees with brute force", () => {
  test("simplifying changes no value, and simplifying again changes nothing", () => {
    fc.assert(
      fc.property(space, index, (axes, s) => {
        const simple = simplifyScalar(s, axes);
        expect(everywhere(simple, axes).map((x) => x + 0)).toEqual(everywhere(s, axes).map((x) => x + 0));
        expect(simplifyScalar(simple, axes)).toBe(simple);
      }),
      { numRuns: 1500 },
    );
  });

  test("intervals contain every value", () => {
    fc.assert(
      fc.property(space, index, (axes, s) => {
        const { low, high } = interval(s, axes);
        for (const v of everywhere(s, axes)) expect(v >= low && v <= high).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test("a decided condition holds everywhere or nowhere", () => {
    fc.assert(
      fc.property(space, condition, (axes, c) => {
        const decided = decide(c, axes);
        if (decided !== undefined) expect(new Set(everywhere(c, axes))).toEqual(new Set([Number(decided)]));
      }),
      { numRuns: 1000 },
    );
  });
});

const idiv = (a: Scalar, c: number): Scalar => binary("idiv", a, int(c));
const mod = (a: Scalar, c: number): Scalar => binary("mod", a, int(c));

describe("normal forms", () => {
  const [h, r, e] = [axis(0), axis(1), axis(2)];
  const axes = [dim("H", 6), dim("R", 4), dim("E", 8)];
  const cases: readonly (readonly [string, Scalar, Scalar])[] = [
    ["the head of a group", idiv(add(mul(h, int(4)), r), 4), h],
    ["the member of a group", mod(add(mul(h, int(4)), r), 4), r],
    ["a split undone by a merge", add(mul(idiv(e, 3), int(3)), mod(e, 3)), e],
    ["a merge of three axes, split", mod(idiv(add(mul(h, int(32)), add(mul(r, int(8)), e)), 8), 4), r],
    ["a division that sees only the coarse part", idiv(add(mul(h, int(8)), e), 16), idiv(h, 2)],
    ["a division of a division", idiv(idiv(e, 2), 2), idiv(e, 4)],
    ["what cancels", sub(add(h, e), sub(h, int(1))), add(e, int(1))],
    ["a clamp out of reach", binary("min", binary("max", e, int(0)), int(7)), e],
    ["a decided select", select(binary("lt", e, int(8)), h, r), h],
  ];
  for (const [name, s, simple] of cases) test(name, () => expect(simplifyScalar(s, axes)).toBe(simple));
});
