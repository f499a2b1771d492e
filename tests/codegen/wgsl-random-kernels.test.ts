/** Random kernels: what WebGPU computes from the printed WGSL is what the interpreter computes, and folding constants changes nothing. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkKernel } from "../../src/kernel/verify/check.ts";
import { expectClean, runOnDawn, runOnInterpreter } from "../support/kernels.ts";
import { buildRandom, folded, numbers, plain, randomPlan } from "../support/random-kernels.ts";

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  for (let i = 0; i < expected.length; i++) {
    const [a, e] = [actual[i] as number, expected[i] as number];
    if (!(Math.abs(a - e) <= 1e-4 * (1 + Math.abs(e)))) expect.fail(`element ${i} is ${a} and should be ${e}`);
  }
}

describe("random kernels", () => {
  test("give on WebGPU what they give in the interpreter, folded or not", async () => {
    await fc.assert(
      fc.asyncProperty(randomPlan, async (shape) => {
        const kernel = buildRandom(shape, folded);
        const unfolded = buildRandom(shape, plain);
        checkKernel(kernel);
        checkKernel(unfolded);
        const cells = shape.lanes * shape.groups;
        const buffers = [
          numbers(cells * shape.width),
          undefined,
          numbers(cells).map((value) => Math.round(value * 100)),
        ];
        const expected = await runOnInterpreter(unfolded, buffers);
        const interpreted = await runOnInterpreter(kernel, buffers);
        expectClean(expected.findings);
        expectClean(interpreted.findings);
        const { outputs } = await runOnDawn(kernel, buffers);
        for (const run of [interpreted.outputs, outputs]) {
          expectClose(run[1] as Float32Array, expected.outputs[1] as Float32Array);
          expect(run[2]).toEqual(expected.outputs[2]);
        }
      }),
      { numRuns: 80 },
    );
  }, 120_000);
});
