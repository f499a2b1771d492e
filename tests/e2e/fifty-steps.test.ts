import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { compile } from "../../src/plan/build-plan.ts";
import { openDevice } from "../../src/runtime/node/device.ts";
import type { Device } from "../../src/runtime/session/device.ts";
import { vectorWidth } from "../../src/runtime/cpu/processor.ts";
import { cpuTarget, gpuTarget, softwareTarget, type Target } from "../../src/schedule/build/lowered.ts";
import { hasCompiler } from "../support/c-kernels.ts";
import { DeviceRun, scheduleFactor } from "../support/device-run.ts";
import { elaborated } from "../support/elaborated.ts";
import { initialStates, oracleStep } from "../support/training-step.ts";
import type { Values } from "../support/training-step.ts";
import { openWebGpu } from "../support/webgpu.ts";

interface Expected {
  readonly parameters: readonly { readonly path: string; readonly shape: readonly number[] }[];
  readonly losses: readonly number[];
}

const fixtures = new URL("../fixtures/", import.meta.url);
const torch = JSON.parse(readFileSync(new URL("torch/fifty-steps.json", fixtures), "utf8")) as {
  readonly batch: number;
  readonly models: Readonly<Record<"llama" | "gpt", Expected>>;
};
const models = [
  ["llama", "TwoLayerLlama"],
  ["gpt", "TwoLayerGPT"],
] as const;

function targetOf({ kind, software }: Device): Target {
  return kind === "cpu" ? cpuTarget(vectorWidth()) : software ? softwareTarget : gpuTarget;
}

function model(kind: "llama" | "gpt", name: string) {
  const {
    model: made,
    optimizer,
    schedule,
    train,
  } = elaborated(readFileSync(new URL(`models/two-layer-${kind}.llm`, fixtures), "utf8"), name, torch.batch);
  if (!optimizer || !schedule || !train) throw new Error(`${name} says how it is trained`);
  return { made, optimizer, schedule, clip: train.clip };
}

// The formulas of fifty_steps.py.
function noise(i: number, k: number): number {
  let x = (i * 48271 + k * 69621 + 12345) % 65521;
  x = (x * x + i + 1) % 65521;
  x = (x * x + k + 1) % 65521;
  return x / 65521;
}

function weights({ parameters }: Expected): ReadonlyMap<string, Float32Array> {
  return new Map(
    parameters.map(({ path, shape }, k) => {
      const scale = shape.length === 1 ? 0.02 : 0.08;
      const count = shape.reduce((n, s) => n * s, 1);
      return [
        path,
        Float32Array.from({ length: count }, (_, i) => scale * (2 * noise(i, k) - 1) + (path.endsWith("gain") ? 1 : 0)),
      ];
    }),
  );
}

function tokens(
  step: number,
  context: number,
  vocabulary: number,
): { readonly tokens: Int32Array; readonly targets: Int32Array } {
  const inputs = new Int32Array(torch.batch * context);
  const targets = new Int32Array(torch.batch * context);
  for (let b = 0; b < torch.batch; b++) {
    let last = 0;
    for (let t = 0; t <= context; t++) {
      const at = (step * torch.batch + b) * (context + 1) + t;
      const fresh = t === 0 || noise(at, 1) < 1 / 8;
      last = fresh ? Math.floor(noise(at, 2) * vocabulary) : (5 * last + 3) % vocabulary;
      if (t < context) inputs[b * context + t] = last;
      if (t > 0) targets[b * context + t - 1] = last;
    }
  }
  return { tokens: inputs, targets };
}

describe.each(models)("fifty steps of a two-layer %s", (kind, name) => {
  const expected = torch.models[kind];
  const steps = expected.losses.length;

  test("its parameters are those of the PyTorch model", () => {
    expect(
      model(kind, name).made.parameters.map(({ leaf }) => ({ path: leaf.name, shape: leaf.axes.map((a) => a.size) })),
    ).toEqual(expected.parameters);
  });

  test.each(hasCompiler ? ["webgpu", "cpu"] : ["webgpu"])(
    "on the device `%s` every loss is PyTorch's",
    async (chosen) => {
      const device = await (chosen === "cpu" ? openDevice({ device: chosen }) : openWebGpu());
      const { made, optimizer, schedule, clip } = model(kind, name);
      const target = targetOf(device);
      const compiled = compile(made, optimizer, schedule, {
        target,
        programs: ["train"],
        ...(clip !== undefined && { clip }),
      });
      const run = await DeviceRun.open(device, compiled, weights(expected));
      let worst = 0;
      for (let step = 1; step <= steps; step++) {
        const lr = optimizer.rate * scheduleFactor(schedule, step / steps);
        const { loss } = await run.run("train", tokens(step - 1, made.context, made.vocabulary), { seed: 1, step, lr });
        worst = Math.max(worst, Math.abs((loss?.[0] ?? NaN) / (expected.losses[step - 1] ?? NaN) - 1));
      }
      device.close();
      // PyTorch's own float32 stays within 1e-7 of the float64 of the fixture.
      expect(worst).toBeLessThan(2e-6);
    },
    120_000,
  );

  test("by definition, in f64, the first losses are PyTorch's", () => {
    const { made, optimizer, schedule, clip } = model(kind, name);
    const start = weights(expected);
    let parameters: Values = new Map(
      made.parameters.map(({ leaf }) => [leaf, Float64Array.from(start.get(leaf.name) ?? [])]),
    );
    let states: readonly Values[] = initialStates(made, optimizer);
    for (let step = 1; step <= 8; step++) {
      const lr = optimizer.rate * scheduleFactor(schedule, step / steps);
      const next = oracleStep(made, optimizer, {
        ...tokens(step - 1, made.context, made.vocabulary),
        parameters,
        states,
        step,
        lr,
        ...(clip !== undefined && { clip }),
      });
      expect(next.loss).toBeCloseTo(expected.losses[step - 1] ?? NaN, 10);
      ({ parameters, states } = next);
    }
  });
});
