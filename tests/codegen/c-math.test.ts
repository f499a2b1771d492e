/** Functions of printed C over all that f32 holds: denormals, zeros of both signs, infinities, NaN and angles of any size. */
import { describe, expect, test } from "vitest";
import { binary, unary } from "../../src/kernel/expr.ts";
import type { UnaryOp } from "../../src/kernel/ir.ts";
import { applyUnary } from "../../src/ir/scalar.ts";
import { compileC, hasCompiler } from "../support/c-kernels.ts";
import { count, everySize, mistakes, pointwise } from "../support/pointwise.ts";

const functions = [
  "exp",
  "log",
  "sqrt",
  "rsqrt",
  "sin",
  "cos",
  "tanh",
  "erf",
  "abs",
  "floor",
  "ceil",
  "round",
  "sign",
] as const satisfies readonly UnaryOp[];
/** What exponents do at their edges: bases of every kind with each of these. */
const exponents = [0, -0, 1, -1, 2, 3, -3, 0.3, -0.3, 7.5, -7.5, 1e-3, 65, 1e30, Infinity, -Infinity, Number.NaN];

describe.skipIf(!hasCompiler).each([1, 4, 8, 16])("in vectors of %i", (width) => {
  const clamped = pointwise((x) => binary("min", binary("max", x, -2), 3), 1, "try_clamp");
  const kernels = [
    clamped,
    ...functions.map((op) => pointwise((x) => unary(op, x), 1, `try_${op}`)),
    pointwise((x, z) => binary("pow", x, z), 1, "try_pow"),
  ];
  const run = hasCompiler ? compileC(kernels, { width }) : undefined;
  const values = (name: string, z: Float32Array): ArrayLike<number> => {
    const kernel = kernels.find((k) => k.name === `try_${name}`);
    const outputs = kernel && run?.(kernel, [everySize, z, undefined]).outputs;
    if (!outputs?.[2]) throw new Error(`no kernel of ${name}`);
    return outputs[2];
  };

  test.each(functions)("%s", (op) => {
    const allowed = op === "sin" || op === "cos" ? { relative: 2e-6, absolute: 5e-7 } : { relative: 2e-6 };
    expect(mistakes(values(op, everySize), (i) => applyUnary(op, everySize[i] as number), allowed)).toEqual([]);
  });

  test("numbers within bounds, of which NaN is none", () => {
    expect(
      mistakes(values("clamp", everySize), (i) => Math.min(Math.max(everySize[i] as number, -2), 3), { relative: 0 }),
    ).toEqual([]);
  });

  test("powers", () => {
    for (let shift = 0; shift < exponents.length; shift++) {
      const z = new Float32Array(count).map((_, i) => exponents[(i + shift) % exponents.length] as number);
      expect(
        mistakes(values("pow", z), (i) => (everySize[i] as number) ** (z[i] as number), { relative: 2e-5 }),
      ).toEqual([]);
    }
  });
});
