import { describe, expect, test } from "vitest";
import { bf16, erf } from "../../src/abi/numeric.ts";
import {
  add,
  binary,
  convert,
  f32,
  group,
  i32Type,
  lane,
  load,
  mul,
  random,
  splat,
  unary,
} from "../../src/kernel/expr.ts";
import type { BinaryOp, Binding, Expr, Kernel, UnaryOp } from "../../src/kernel/ir.ts";
import { phase, store } from "../../src/kernel/statements.ts";
import { bitsOf, streamKey } from "../../src/abi/random.ts";
import { runOnDawn } from "../support/kernels.ts";
import { count, pointwise } from "../support/pointwise.ts";

const spread = (low: number, high: number): Float32Array =>
  new Float32Array(count).map((_, i) => low + ((high - low) * i) / (count - 1));
const spreadLog = (low: number, high: number): Float32Array =>
  new Float32Array(count).map((_, i) => low * (high / low) ** (i / (count - 1)));

/** Largest error relative to the exact value, where values below `floor` count as `floor`. */
function worst(
  actual: ArrayLike<number>,
  x: Float32Array,
  exact: (x: number, i: number) => number,
  floor: number,
): { error: number; at: number } {
  let [error, at] = [0, 0];
  for (let i = 0; i < x.length; i++) {
    const want = exact(x[i] as number, i);
    const off = Math.abs((actual[i] as number) - want) / Math.max(Math.abs(want), floor);
    if (!(off <= error)) [error, at] = [off, x[i] as number];
  }
  return { error, at };
}

interface Case {
  readonly op: UnaryOp;
  readonly exact: (x: number) => number;
  readonly x: Float32Array;
  /** For zeros away from 0, where f32 arguments themselves are inexact. */
  readonly floor?: number;
}

const cases: readonly Case[] = [
  { op: "exp", exact: Math.exp, x: spread(-87, 88) },
  { op: "exp", exact: Math.exp, x: spread(-2, 2) },
  { op: "log", exact: Math.log, x: spreadLog(1e-37, 1e38) },
  { op: "log", exact: Math.log, x: spreadLog(2 ** -149, 1e-37) },
  { op: "log", exact: Math.log, x: spread(0.5, 2) },
  { op: "log", exact: Math.log, x: spread(0.999, 1.001) },
  { op: "sqrt", exact: Math.sqrt, x: spreadLog(1e-30, 1e30) },
  { op: "rsqrt", exact: (x) => 1 / Math.sqrt(x), x: spreadLog(1e-30, 1e30) },
  { op: "sin", exact: Math.sin, x: spread(-7, 7), floor: 0.1 },
  { op: "sin", exact: Math.sin, x: spread(-0.5, 0.5) },
  { op: "sin", exact: Math.sin, x: spread(-40000, 40000), floor: 0.1 },
  { op: "cos", exact: Math.cos, x: spread(-7, 7), floor: 0.1 },
  { op: "cos", exact: Math.cos, x: spread(-40000, 40000), floor: 0.1 },
  { op: "tanh", exact: Math.tanh, x: spread(-1, 1) },
  { op: "tanh", exact: Math.tanh, x: spread(-300, 300) },
  { op: "erf", exact: erf, x: spread(-1, 1) },
  { op: "erf", exact: erf, x: spread(-8, 8) },
];

describe("functions printed as WGSL are within 1e-5 of f64", () => {
  for (const { op, exact, x, floor = 1e-37 } of cases) {
    test(`${op} from ${x[0]} to ${x[count - 1]}`, async () => {
      for (const width of [1, 4] as const) {
        const { outputs } = await runOnDawn(
          pointwise((value) => unary(op, value), width),
          [x, x, undefined],
        );
        const { error, at } = worst(outputs[2] as Float32Array, x, exact, floor);
        expect(error, `${op} at ${at}`).toBeLessThan(op === "exp" || x[0] === -40000 ? 1e-5 : 2e-6);
      }
    });
  }
});

describe("powers", () => {
  for (const exponent of [0, 1, 2, 3, 7, -1, -2, 0.5, -0.5, 1.5, -0.75]) {
    test(`x^${exponent}`, async () => {
      const x = Number.isInteger(exponent) ? spread(-5, 5) : spreadLog(1e-5, 1e5);
      const { outputs } = await runOnDawn(
        pointwise((value) => binary("pow", value, f32(exponent)), 1),
        [x, x, undefined],
      );
      const { error, at } = worst(outputs[2] as Float32Array, x, (value) => value ** exponent, 1e-30);
      expect(error, `at ${at}`).toBeLessThan(1e-5);
    });
  }

  test("of a variable exponent, with negative bases for whole ones", async () => {
    const x = spread(-4, 4);
    const z = x.map((base, i) => (base < 0 ? (i % 13) - 6 : ((i % 97) - 48) / 4));
    for (const width of [1, 2] as const) {
      const { outputs } = await runOnDawn(
        pointwise((base, exponent) => binary("pow", base, exponent), width),
        [x, z, undefined],
      );
      const { error, at } = worst(outputs[2] as Float32Array, x, (base, i) => base ** (z[i] as number), 1e-30);
      expect(error, `at ${at}`).toBeLessThan(1e-5);
    }
  });
});

/** What the first elements become. */
const ends = async (f: (x: Expr, z: Expr) => Expr, values: readonly number[]): Promise<number[]> => {
  const x = new Float32Array(count).map((_, i) => values[i % values.length] as number);
  const { outputs } = await runOnDawn(pointwise(f, 1), [x, x, undefined]);
  return [...(outputs[2] as Float32Array)].slice(0, values.length);
};
const finite = (x: Expr): Expr => convert(unary("finite", x), "f32");
const whole =
  (op: BinaryOp, by: number) =>
  (x: Expr): Expr =>
    convert(binary(op, convert(x, "i32"), by), "f32");

describe("edges", () => {
  test("exp of masked scores is 0, and log is infinite at its ends", async () => {
    expect(await ends((x) => unary("exp", x), [-200, -3.4e38, -1e30])).toEqual([0, 0, 0]);
    expect(await ends((x) => unary("log", x), [0, -1, Infinity])).toEqual([-Infinity, Number.NaN, Infinity]);
  });

  test("angles of any size have sines and cosines", async () => {
    const angles = [4e4, 1e6, 3e9, -3e9, 1e20, 3e38];
    for (const op of ["sin", "cos"] as const)
      for (const y of await ends((x) => unary(op, x), angles)) expect(Math.abs(y)).toBeLessThanOrEqual(1);
  });

  test("rounding is to even", async () => {
    expect(await ends((x) => unary("round", x), [0.5, 1.5, 2.5, -0.5, -1.5, 2.4, 2.6])).toEqual([
      0, 2, 2, -0, -2, 2, 3,
    ]);
  });

  test("bf16 keeps eight significant bits, halves to even, and lets infinities and NaN through", async () => {
    const values = [1, 1.00390625, 1.01171875, -3.7182, 3.4e38, Infinity, Number.NaN, 1e-40];
    expect(await ends((x) => unary("bf16", x), values)).toEqual(values.map(bf16));
    expect([1, 1.00390625, 1.01171875].map(bf16)).toEqual([1, 1, 1.015625]);
  });

  test("finite tells NaN and infinities from numbers", async () => {
    expect(await ends(finite, [0, -1e38, Infinity, -Infinity, Number.NaN, 1e-42])).toEqual([1, 1, 0, 0, 0, 1]);
  });

  test("idiv and imod round down", async () => {
    const values = [-7, -6, -1, 0, 1, 6, 7];
    for (const by of [3, -3]) {
      expect(await ends(whole("idiv", by), values)).toEqual(values.map((value) => Math.floor(value / by) + 0));
      expect(await ends(whole("imod", by), values)).toEqual(values.map((value) => value - by * Math.floor(value / by)));
    }
  });
});

test("random numbers have the bits that the runtime's have", async () => {
  const seeds: Binding = { name: "seeds", access: "read", element: { scalar: "u32", width: 1 }, length: 3 };
  const y: Binding = { name: "y", access: "write", element: i32Type, length: count };
  const at = add(mul(group, 64), lane);
  const draw = random(load(seeds, 0), load(seeds, 1), load(seeds, 2), mul(add(at, -100), 77777));
  const kernel: Kernel = {
    name: "draws",
    groups: count / 64,
    lanes: 64,
    bindings: [seeds, y],
    shared: [],
    registers: [],
    body: [phase([store(y, at, draw)])],
    comment: [],
  };
  const words = [0xdeadbeef, 41, 0x9abcdef0] as const;
  const { outputs } = await runOnDawn(kernel, [words, undefined]);
  const key = streamKey(...words);
  expect(outputs[1]).toEqual(new Int32Array(count).map((_, i) => bitsOf(key, Math.imul(i - 100, 77777))));
});

test("a splat in vector arithmetic is printed as its scalar and means the same", async () => {
  const x = spread(-2, 2);
  const { outputs } = await runOnDawn(
    pointwise((value) => add(mul(splat(f32(3), 4), value), f32(1)), 4),
    [x, x, undefined],
  );
  expect(worst(outputs[2] as Float32Array, x, (value) => 3 * value + 1, 1).error).toBeLessThan(1e-6);
});
