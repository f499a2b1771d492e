/** @file Functions of one or two numbers as kernels, and numbers of every size to try them with. */
import { add, f32Type, group, lane, load, mul, vectorOf } from "../../src/kernel/expr.ts";
import type { Binding, Expr, Kernel, Width } from "../../src/kernel/ir.ts";
import { phase, store } from "../../src/kernel/statements.ts";

export const count = 1 << 14;

/** One element a lane: y = f(x, z). */
export function pointwise(f: (x: Expr, z: Expr) => Expr, width: Width, name = "pointwise"): Kernel {
  const binding = (array: string, access: Binding["access"]): Binding => ({
    name: array,
    access,
    element: vectorOf(f32Type, width),
    length: count / width,
  });
  const [x, z, y] = [binding("x", "read"), binding("z", "read"), binding("y", "write")] as const;
  const at = add(mul(group, 64), lane);
  return {
    name,
    groups: count / 64 / width,
    lanes: 64,
    bindings: [x, z, y],
    shared: [],
    registers: [],
    body: [phase([store(y, at, f(load(x, at), load(z, at)))])],
    comment: [],
  };
}

const special = [
  0,
  -0,
  Infinity,
  -Infinity,
  Number.NaN,
  2 ** -149,
  -(2 ** -149),
  2 ** -126,
  1,
  -1,
  0.5,
  2,
  -2,
  3,
  -3,
  3.4028234663852886e38,
];

/** Numbers of both signs and of every exponent, denormals included, after those that are special. */
export const everySize: Float32Array = (() => {
  const bits = new Uint32Array(count).map((_, i) => (i << 18) + (Math.imul(i, 0x9e3779b1) % (1 << 18)));
  const numbers = new Float32Array(bits.buffer);
  numbers.set(special);
  return numbers;
})();

/** The places where a result is neither within the errors of what it should be, nor the same infinity or NaN. */
export function mistakes(
  actual: ArrayLike<number>,
  expected: (i: number) => number,
  allowed: { readonly relative: number; readonly absolute?: number },
): readonly string[] {
  const { relative, absolute = 0 } = allowed;
  return Array.from({ length: count }, (_, i) => i).flatMap((i) => {
    const [a, e] = [actual[i] as number, Math.fround(expected(i))];
    // As large as the largest number, a result may be infinite by its error alone.
    const close =
      Object.is(a, e) ||
      a === Math.fround(e * (1 + relative)) ||
      Math.abs(a - e) <= Math.max(relative * Math.abs(e), absolute, 2 ** -148);
    return close ? [] : [`${a} at ${i}, not ${e}`];
  });
}
