import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { compile } from "../../src/plan/build-plan.ts";
import type { Compiled } from "../../src/plan/build-plan.ts";
import type { Device } from "../../src/runtime/session/device.ts";
import { openCheckpointFile, openCheckpoints, restoreCheckpoint } from "../../src/runtime/index.ts";
import { gpuTarget, softwareTarget } from "../../src/schedule/build/lowered.ts";
import { DeviceRun } from "../support/device-run.ts";
import { elaborated } from "../support/elaborated.ts";
import { initialParameters, someTokens } from "../support/training-step.ts";
import { openWebGpu } from "../support/webgpu.ts";

// Everything with an order that could vary: sums over many rows, gradients of tables, dropout, attention, clipping.
const text = `
model X {
  dims { T = 24  L = 2  D = 24  H = 4  G = 2  F = 40  V = 50 }
  embed:  table |> learned |> dropout
  layers: L * layer(norm: layernorm, mix: attention(bias: shaw_keys(R: 5), drop: dropout), ffn: swiglu, drop: dropout)
  head:   tied(norm: layernorm)
}
train X { batch: 3 sequences, optimizer: adamw(lr: 3e-3), clip: 1, budget: 8 steps }
`;

let device: Device;
let folder: string;
let compiled: Compiled;
let start: ReadonlyMap<string, Float64Array>;
const steps = 8;

beforeAll(async () => {
  device = await openWebGpu();
  folder = await mkdtemp(join(tmpdir(), "llmc-bits-"));
  const { model, optimizer, schedule } = elaborated(text, "X", 3);
  if (!optimizer || !schedule) throw new Error("the model says how it is trained");
  compiled = compile(model, optimizer, schedule, {
    target: device.software ? softwareTarget : gpuTarget,
    clip: 1,
    programs: ["train"],
  });
  start = new Map([...initialParameters(model)].map(([leaf, values]) => [leaf.name, values]));
});
afterAll(async () => {
  device.close();
  await rm(folder, { recursive: true, force: true });
});

/** Steps from one after `from` to `to`: losses, and the bytes of a checkpoint at the end. */
async function train(
  from: number,
  to: number,
  name: string,
  seed = 5,
  checkpoint?: string,
): Promise<{ readonly losses: readonly number[]; readonly path: string; readonly bytes: Buffer }> {
  const run = await DeviceRun.open(device, compiled, start);
  if (checkpoint !== undefined) {
    const file = await openCheckpointFile(checkpoint);
    await restoreCheckpoint(run.session, file);
    await file.close();
  }
  const losses: number[] = [];
  for (let step = from + 1; step <= to; step++) {
    const { batch, context, vocabulary } = compiled.plan;
    const [tokens, targets] = [
      someTokens(batch * context, vocabulary, step),
      someTokens(batch * context, vocabulary, step + 100),
    ];
    const { loss } = await run.run("train", { tokens, targets }, { seed, step, lr: 3e-3 });
    losses.push(loss?.[0] ?? NaN);
  }
  const path = await (
    await openCheckpoints(join(folder, name), 1)
  ).save(run.session, { step: to, seed, sequences: 3 * to, tokenizer: { kind: "bytes" }, data: "", spec: {} });
  run.close();
  return { losses, path, bytes: await readFile(path) };
}

test("one seed gives the same bits twice, another seed others", async () => {
  const [first, again, other] = [
    await train(0, steps, "first"),
    await train(0, steps, "again"),
    await train(0, steps, "other", 6),
  ];
  expect(again.losses).toEqual(first.losses);
  expect(again.bytes.equals(first.bytes)).toBe(true);
  expect(other.losses).not.toEqual(first.losses);
}, 120_000);

test("a run that goes on from a checkpoint has the bits of one that never stopped", async () => {
  const whole = await train(0, steps, "whole");
  const half = await train(0, 3, "half");
  const rest = await train(3, steps, "rest", 5, half.path);
  expect([...half.losses, ...rest.losses]).toEqual(whole.losses);
  expect(rest.bytes.equals(whole.bytes)).toBe(true);
}, 120_000);
