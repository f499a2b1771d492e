/** Pairs of bfloat16 in a word mean the same on every device, with the processor's instructions for them and without. */
import { describe, expect, test } from "vitest";
import { add, dot, f32Type, group, lane, load, mul, pair, u32Type } from "../../src/kernel/expr.ts";
import type { Binding, Kernel } from "../../src/kernel/ir.ts";
import { phase, store } from "../../src/kernel/statements.ts";
import { bf16 } from "../../src/abi/numeric.ts";
import { compileC, hasCompiler } from "../support/c-kernels.ts";
import type { Run } from "../support/kernels.ts";
import { runOnDawn, runOnInterpreter } from "../support/kernels.ts";

const count = 4096;
const binding = (name: string, access: Binding["access"], element = f32Type): Binding => ({
  name,
  access,
  element,
  length: count,
});
const [x, z, word, y] = [
  binding("x", "read"),
  binding("z", "read"),
  binding("word", "write", u32Type),
  binding("y", "write"),
] as const;
const at = add(mul(group, 64), lane);
const both = pair(load(x, at), load(z, at));

/** word = (x, z), y = (x, z) · (z, z) + x. */
const kernel: Kernel = {
  name: "halves",
  groups: count / 64,
  lanes: 64,
  bindings: [x, z, word, y],
  shared: [],
  registers: [],
  comment: [],
  body: [phase([store(word, at, both), store(y, at, dot(both, pair(load(z, at), load(z, at)), load(x, at)))])],
};

const numbers = (seed: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(i * 1.7 + seed) * 10 ** ((i % 9) - 4));
const [xs, zs] = [numbers(1), numbers(2)];

const bits = (number: number): number => new Uint32Array(Float32Array.of(bf16(number)).buffer)[0] as number;

function expectPairs({ outputs: [, , words, products] }: Run): void {
  for (let i = 0; i < count; i++) {
    const [a, b] = [xs[i] as number, zs[i] as number];
    expect(words?.[i]).toBe(((bits(a) >>> 16) | bits(b)) >>> 0);
    const terms = [bf16(a) * bf16(b), bf16(b) * bf16(b), a];
    const scale = terms.reduce((most, term) => Math.max(most, Math.abs(term)), 0);
    expect(Math.abs((products?.[i] as number) - terms.reduce((sum, term) => sum + term))).toBeLessThanOrEqual(
      1e-6 * scale,
    );
  }
}

test("in the interpreter", async () => expectPairs(await runOnInterpreter(kernel, [xs, zs, undefined, undefined])));

test("in WGSL", async () => expectPairs(await runOnDawn(kernel, [xs, zs, undefined, undefined])));

describe.skipIf(!hasCompiler)("in C", () => {
  test.each([
    [16, "native"],
    [8, "native"],
    [4, "native"],
    [1, "native"],
    [16, "least"],
    [4, "least"],
  ] as const)("in vectors of %i, with %s instructions", (width, machine) => {
    expectPairs(compileC([kernel], { width, machine })(kernel, [xs, zs, undefined, undefined]));
  });
});
