import fc from "fast-check";
import { expect, test } from "vitest";
import {
  addSizes,
  atom,
  constant,
  constantValue,
  divideSizes,
  equalSizes,
  multiplySizes,
  negateSize,
  printSize,
  type Polynomial,
} from "../../src/semantics/values/size.ts";

type Tree =
  | { readonly op: "+" | "-" | "*" | "/"; readonly left: Tree; readonly right: Tree }
  | { readonly leaf: string | number };

const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.record({ leaf: fc.oneof(fc.constantFrom("D", "H", "T"), fc.integer({ min: -3, max: 5 })) }),
    fc.record({
      op: fc.constantFrom("+" as const, "-" as const, "*" as const, "/" as const),
      left: tie("tree"),
      right: tie("tree"),
    }),
  ),
}));

/** Exact values for the dims: primes, so that equal polynomials are equal values and different ones hardly ever. */
const dims: Record<string, number> = { D: 101, H: 13, T: 47 };

function polynomial(t: Tree): Polynomial | undefined {
  if ("leaf" in t) return typeof t.leaf === "number" ? constant(t.leaf) : atom(t.leaf);
  const [a, b] = [polynomial(t.left), polynomial(t.right)];
  if (!a || !b) return undefined;
  switch (t.op) {
    case "+":
      return addSizes(a, b);
    case "-":
      return addSizes(a, negateSize(b));
    case "*":
      return multiplySizes(a, b);
    case "/":
      return divideSizes(a, b);
  }
}

function value(t: Tree): number {
  if ("leaf" in t) return typeof t.leaf === "number" ? t.leaf : (dims[t.leaf] ?? Number.NaN);
  const [a, b] = [value(t.left), value(t.right)];
  return t.op === "+" ? a + b : t.op === "-" ? a - b : t.op === "*" ? a * b : a / b;
}

function near(a: number, b: number): boolean {
  return Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a), Math.abs(b));
}

test("two sizes are equal exactly when they are the same polynomial, however they are written", () => {
  fc.assert(
    fc.property(tree, tree, (a, b) => {
      const [p, q] = [polynomial(a), polynomial(b)];
      fc.pre(p !== undefined && q !== undefined);
      const difference = addSizes(p, negateSize(q));
      expect(equalSizes(p, q)).toBe(difference.size === 0);
      if (equalSizes(p, q)) expect(near(value(a), value(b))).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test("order and grouping do not matter, and what was divided out can be multiplied back", () => {
  fc.assert(
    fc.property(tree, tree, (a, b) => {
      const [p, q] = [polynomial(a), polynomial(b)];
      fc.pre(p !== undefined && q !== undefined);
      expect(equalSizes(addSizes(p, q), addSizes(q, p))).toBe(true);
      expect(equalSizes(multiplySizes(p, q), multiplySizes(q, p))).toBe(true);
      const quotient = divideSizes(p, q);
      if (quotient) expect(equalSizes(multiplySizes(quotient, q), p)).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test("sizes print as people write them", () => {
  const [D, H] = [atom("D"), atom("H")];
  expect(printSize(addSizes(D, constant(1)))).toBe("1 + D");
  expect(printSize(divideSizes(multiplySizes(constant(8), D), multiplySizes(constant(3), H)) ?? D)).toBe(
    "8 * D / (3 * H)",
  );
  expect(constantValue(divideSizes(D, D) ?? D)).toBe(1);
});
