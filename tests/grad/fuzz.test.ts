import { describe, expect, test } from "vitest";
import fc from "fast-check";
import type { Scalar } from "../../src/ir/graph.ts";
import { comp, leaf } from "../../src/ir/node.ts";
import { add, axis, binary, int, literal, mul, read, select, unary } from "../../src/ir/scalar.ts";
import { gradcheck } from "../support/gradcheck.ts";
import { dim } from "../support/build.ts";

/** An index before it is known which axes exist: 0…3 are axes of the reader, `data` reads an integer input at an axis. */
type Index =
  | { readonly kind: "axis"; readonly position: number }
  | { readonly kind: "affine"; readonly terms: readonly (readonly [number, number])[]; readonly constant: number }
  | { readonly kind: "div" | "mod"; readonly of: Index; readonly by: number }
  | { readonly kind: "clamp"; readonly of: Index; readonly low: number; readonly high: number }
  | { readonly kind: "data"; readonly at: number; readonly plus: number };

const position = fc.integer({ min: 0, max: 3 });
const { index } = fc.letrec<{ index: Index }>((tie) => ({
  index: fc.oneof(
    { maxDepth: 2 },
    { weight: 3, arbitrary: position.map((p): Index => ({ kind: "axis", position: p })) },
    fc.record({
      kind: fc.constant("affine" as const),
      terms: fc.array(fc.tuple(position, fc.integer({ min: -3, max: 4 })), { minLength: 1, maxLength: 3 }),
      constant: fc.integer({ min: -3, max: 5 }),
    }),
    fc.record({
      kind: fc.constantFrom("div" as const, "mod" as const),
      of: tie("index"),
      by: fc.integer({ min: 2, max: 4 }),
    }),
    fc.record({
      kind: fc.constant("clamp" as const),
      of: tie("index"),
      low: fc.integer({ min: -1, max: 1 }),
      high: fc.integer({ min: 1, max: 4 }),
    }),
    fc.record({ kind: fc.constant("data" as const), at: position, plus: fc.integer({ min: -1, max: 1 }) }),
  ),
}));

const program = fc.record({
  sizes: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 4, maxLength: 4 }),
  reduced: fc.integer({ min: 0, max: 3 }),
  reduce: fc.constantFrom("sum" as const, "sum" as const, "max" as const),
  reads: fc.array(fc.array(fc.tuple(index, fc.integer({ min: 1, max: 6 })), { minLength: 0, maxLength: 3 }), {
    minLength: 1,
    maxLength: 3,
  }),
  combine: fc.constantFrom("product", "sum", "select"),
});

describe("random index programs", () => {
  test("have the gradients that central differences say", () => {
    fc.assert(
      fc.property(program, fc.integer(), ({ sizes, reduced, reduce, reads, combine }, seed) => {
        const axes = sizes.map((n, i) => dim("ABCD"[i]!, n));
        const ids = axes.map((a) => leaf("input", `ids${a.name}`, [a], "i32", { below: 5 }));
        const scalar = (i: Index): Scalar => {
          switch (i.kind) {
            case "axis":
              return axis(i.position);
            case "affine":
              return i.terms.reduce((sum, [p, k]) => add(sum, mul(axis(p), int(k))), int(i.constant));
            case "div":
              return binary("idiv", scalar(i.of), int(i.by));
            case "mod":
              return binary("mod", scalar(i.of), int(i.by));
            case "clamp":
              return binary("min", binary("max", scalar(i.of), int(i.low)), int(i.high));
            case "data":
              return add(read(ids[i.at]!, [axis(i.at)]), int(i.plus));
          }
        };
        const leaves = reads.map((at, i) =>
          leaf(
            "parameter",
            `x${i}`,
            at.map(([, n], j) => dim(`X${j}`, n)),
          ),
        );
        const values = leaves.map((l, i) => {
          const at = reads[i]!.map(([index]) => scalar(index));
          const inside = at.flatMap((s, j) => [binary("le", int(0), s), binary("lt", s, int(l.axes[j]!.size))]);
          return inside.reduceRight((v, c) => select(c, v, literal(0.25)), read(l, at));
        });
        const body = values.reduce((a, b) =>
          combine === "product"
            ? mul(a, unary("sin", b))
            : combine === "sum"
              ? add(a, mul(b, b))
              : select(binary("lt", a, literal(0.1)), b, mul(a, literal(3))),
        );
        const out = axes.slice(0, 4 - reduced);
        const node = comp(
          { name: "y" },
          out,
          body,
          reduced > 0 ? { op: reduce, axes: axes.slice(4 - reduced) } : undefined,
        );
        gradcheck([node], leaves, { seed, samples: 40 });
      }),
      { numRuns: 400 },
    );
    expect.assertions(0);
  });
});
