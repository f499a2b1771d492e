/** Kernels printed as C compute what the interpreter computes, at every vector width, with vector instructions and without. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkKernel } from "../../src/kernel/verify/check.ts";
import type { Kernel } from "../../src/kernel/ir.ts";
import { compileC, hasCompiler, runSanitized } from "../support/c-kernels.ts";
import { expectClean, runOnInterpreter } from "../support/kernels.ts";
import { buildRandom, folded, numbers, randomPlan } from "../support/random-kernels.ts";

type Buffers = readonly (readonly number[] | undefined)[];

function randomKernels(count: number, seed: number): readonly { readonly kernel: Kernel; readonly buffers: Buffers }[] {
  return fc.sample(randomPlan, { numRuns: count, seed }).map((plan, i) => {
    const kernel = { ...buildRandom(plan, folded), name: `random_${i}` };
    checkKernel(kernel);
    const cells = plan.lanes * plan.groups;
    return {
      kernel,
      buffers: [numbers(cells * plan.width), undefined, numbers(cells).map((value) => Math.round(value * 100))],
    };
  });
}

async function expectSame(
  { kernel, buffers }: { readonly kernel: Kernel; readonly buffers: Buffers },
  actual: readonly ArrayLike<number>[],
): Promise<void> {
  const expected = await runOnInterpreter(kernel, buffers);
  expectClean(expected.findings);
  expected.outputs.forEach((output, b) => {
    for (let i = 0; i < output.length; i++) {
      const [a, e] = [actual[b]?.[i] as number, output[i] as number];
      const close = output instanceof Float32Array ? Math.abs(a - e) <= 1e-5 * (1 + Math.abs(e)) : a === e;
      if (!close) expect.fail(`${kernel.name}: ${kernel.bindings[b]?.name}[${i}] is ${a} and should be ${e}`);
    }
  });
}

describe.skipIf(!hasCompiler)("random kernels", () => {
  const configurations = [
    [16, "native", 24],
    [8, "native", 16],
    [4, "native", 12],
    [1, "native", 12],
    [16, "least", 3],
    [4, "least", 6],
  ] as const;
  test.each(configurations)(
    "in vectors of %i, with %s instructions",
    async (width, machine, count) => {
      const kernels = randomKernels(count, width);
      const run = compileC(
        kernels.map(({ kernel }) => kernel),
        { width, machine },
      );
      for (const each of kernels) await expectSame(each, run(each.kernel, each.buffers).outputs);
      expect.hasAssertions();
    },
    120_000,
  );

  test("stay within their buffers and within what C defines", async () => {
    const widths = [16, 4, 8] as const;
    for (const [i, each] of randomKernels(6, 7).entries())
      await expectSame(each, runSanitized(each.kernel, each.buffers, widths[i % widths.length] as number).outputs);
    expect.hasAssertions();
  }, 120_000);
});
