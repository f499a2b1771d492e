import { describe, expect, test, vi } from "vitest";
import { evaluate } from "../../src/ir/evaluate/evaluate.ts";
import type { Leaf } from "../../src/ir/graph.ts";
import { compile } from "../../src/plan/build-plan.ts";
import type { Precision } from "../../src/optimize/canonical/precision.ts";
import { openDevice } from "../../src/runtime/node/device.ts";
import { cpuTarget, softwareTarget } from "../../src/schedule/build/lowered.ts";
import { hasCompiler } from "../support/c-kernels.ts";
import { DeviceRun } from "../support/device-run.ts";
import { tinyModel, tinyOptimizer, tinySchedule } from "../support/tiny-model.ts";
import { initialParameters, initialStates, oracleStep, someTokens } from "../support/training-step.ts";
import type { Values } from "../support/training-step.ts";

const [model, optimizer] = [tinyModel(), tinyOptimizer()];
const count = model.batch * model.context;
const byPath = (values: Values) => new Map([...values].map(([leaf, v]) => [leaf.name, v]));
const batch = (step: number) => ({
  tokens: someTokens(count, model.vocabulary, step),
  targets: someTokens(count, model.vocabulary, step + 100),
});
const compiledFor = (target: typeof softwareTarget, precision: Precision = "f32") =>
  compile(model, optimizer, tinySchedule(), { clip: 0.5, target, precision });

/** Greatest difference, as a part of the greatest value. */
function difference(got: ArrayLike<number>, want: ArrayLike<number>): number {
  let [scale, worst] = [1e-6, 0];
  for (let i = 0; i < want.length; i++) {
    scale = Math.max(scale, Math.abs(want[i] ?? NaN));
    worst = Math.max(worst, Math.abs((got[i] ?? NaN) - (want[i] ?? NaN)));
    if (!Number.isFinite(got[i])) return Infinity;
  }
  return worst / scale;
}

/** Parameters after so many steps, with the losses. */
async function trained(
  device: string,
  target: typeof softwareTarget,
  steps: number,
  precision?: Precision,
): Promise<{ readonly losses: readonly number[]; readonly parameters: ReadonlyMap<string, Float32Array> }> {
  const opened = await openDevice({ device });
  try {
    const run = await DeviceRun.open(opened, compiledFor(target, precision), byPath(initialParameters(model)));
    const losses: number[] = [];
    for (let step = 1; step <= steps; step++)
      losses.push((await run.run("train", batch(step), { seed: 1, step, lr: 0.01 })).loss?.[0] ?? NaN);
    return { losses, parameters: await run.readArena("parameters") };
  } finally {
    opened.close();
  }
}

describe.skipIf(!hasCompiler)("a compiled decoder on the CPU", () => {
  test.each([16, 8, 4] as const)("trains as its definition says, in vectors of %i", async (width) => {
    const device = await openDevice({ device: "cpu" });
    const run = await DeviceRun.open(device, compiledFor(cpuTarget(width)), byPath(initialParameters(model)));
    let parameters = initialParameters(model);
    let states: readonly Values[] = initialStates(model, optimizer);
    for (let step = 1; step <= 3; step++) {
      const want = oracleStep(model, optimizer, { ...batch(step), parameters, states, step, lr: 0.01, clip: 0.5 });
      const { loss, gradient_norm: norm } = await run.run("train", batch(step), { seed: 0, step, lr: 0.01 });
      expect(difference(loss ?? [], [want.loss])).toBeLessThan(1e-5);
      expect(difference(norm ?? [], [want.norm])).toBeLessThan(1e-4);
      const [gradients, updated] = [await run.readArena("gradients"), await run.readArena("parameters")];
      for (const [leaf, values] of want.gradients)
        expect.soft(difference(gradients.get(leaf.name) ?? [], values), `gradient of ${leaf.name}`).toBeLessThan(2e-4);
      for (const [leaf, values] of want.parameters)
        expect.soft(difference(updated.get(leaf.name) ?? [], values), leaf.name).toBeLessThan(5e-3);
      // Errors of one step must not be counted again in the next.
      ({ parameters, states } = want);
      run.writeArena("parameters", byPath(parameters));
      states.forEach((state, s) => run.writeArena(optimizer.states[s]?.name ?? "", byPath(state)));
    }
    device.close();
  });

  test("gives the same bits with one thread, two and seven, and what WebGPU gives but for rounding", async () => {
    const steps = 6;
    vi.stubEnv("LLMC_THREADS", "1");
    const one = await trained("cpu", cpuTarget(8), steps);
    for (const threads of ["2", "7"]) {
      vi.stubEnv("LLMC_THREADS", threads);
      expect(await trained("cpu", cpuTarget(8), steps)).toEqual(one);
    }
    vi.unstubAllEnvs();
    const software = await trained("software", softwareTarget, steps);
    one.losses.forEach((loss, i) => expect(Math.abs(loss / (software.losses[i] ?? NaN) - 1)).toBeLessThan(1e-5));
  });

  test("multiplies pairs of bfloat16 to the same bits with one thread and seven, near what f32 gives", async () => {
    const steps = 6;
    const halves = cpuTarget(16, true);
    vi.stubEnv("LLMC_THREADS", "1");
    const one = await trained("cpu", halves, steps, "bf16");
    vi.stubEnv("LLMC_THREADS", "7");
    expect(await trained("cpu", halves, steps, "bf16")).toEqual(one);
    vi.unstubAllEnvs();
    const full = await trained("cpu", halves, steps);
    one.losses.forEach((loss, i) => expect(Math.abs(loss / (full.losses[i] ?? NaN) - 1)).toBeLessThan(1e-2));
    expect(one.losses).not.toEqual(full.losses);
  });

  test("evaluates the loss, and decodes token by token the logits of the whole context", async () => {
    const device = await openDevice({ device: "cpu" });
    const run = await DeviceRun.open(device, compiledFor(cpuTarget(16)), byPath(initialParameters(model)));
    const parameters = initialParameters(model);
    const { tokens } = batch(3);
    const bind = (leaf: Leaf): Float64Array => parameters.get(leaf) ?? Float64Array.from(tokens);
    const want = evaluate([model.evaluationLoss, model.logits], bind);
    const { loss } = await run.run("evaluate", { tokens, targets: tokens }, { seed: 0, step: 1 });
    expect(difference(loss ?? [], want.get(model.evaluationLoss) ?? [])).toBeLessThan(1e-5);
    for (let position = 0; position < model.context; position++) {
      const { logits } = await run.run("decode", { tokens: [tokens[position] ?? 0] }, { seed: 0, step: 1, position });
      const from = position * model.vocabulary;
      expect(
        difference(logits ?? [], want.get(model.logits)?.subarray(from, from + model.vocabulary) ?? []),
      ).toBeLessThan(1e-5);
    }
    device.close();
  });

  test("writes the same text as WebGPU, and with any number of threads from the same bits", async () => {
    vi.stubEnv("LLMC_THREADS", "1");
    const one = await written("cpu", cpuTarget(8));
    vi.stubEnv("LLMC_THREADS", "3");
    expect(await written("cpu", cpuTarget(8))).toEqual(one);
    vi.unstubAllEnvs();
    const software = await written("software", softwareTarget);
    expect(software.map(({ token }) => token)).toEqual(one.map(({ token }) => token));
    one.forEach(({ logits }, i) => expect(difference(logits, software[i]?.logits ?? [])).toBeLessThan(1e-5));
  });
});

/** A prompt of half of the context, then the likeliest tokens one after the other, with the logits that each comes from; only what generation needs is in memory. */
async function written(
  device: string,
  target: typeof softwareTarget,
): Promise<readonly { readonly token: number; readonly logits: Float32Array }[]> {
  const opened = await openDevice({ device });
  try {
    const run = await DeviceRun.open(
      opened,
      compile(model, optimizer, tinySchedule(), { target, programs: ["decode", "prefill"] }),
      byPath(initialParameters(model)),
      ["decode", "prefill"],
    );
    const found: { token: number; logits: Float32Array }[] = [];
    const prompt = someTokens(model.context, model.vocabulary, 5);
    await run.run("prefill", { tokens: prompt }, { seed: 0, step: 1, position: 0 });
    for (let position = model.context >> 1; position < model.context; position++) {
      const { logits = new Float32Array() } = await run.run(
        "decode",
        { tokens: [found.at(-1)?.token ?? prompt[position] ?? 0] },
        { seed: 0, step: 1, position },
      );
      found.push({ token: logits.indexOf(Math.max(...logits)), logits });
    }
    return found;
  } finally {
    opened.close();
  }
}
