import { describe, expect, test } from "vitest";
import { compile } from "../../src/plan/build-plan.ts";
import { gpuTarget, softwareTarget } from "../../src/schedule/build/lowered.ts";
import type { Target } from "../../src/schedule/build/lowered.ts";
import { elaborated } from "../support/elaborated.ts";
import { SimulatedPlan } from "../support/simulate.ts";
import { tinySchedule } from "../support/tiny-model.ts";
import { initialParameters, oracleGradients, someTokens } from "../support/training-step.ts";

const source = (mix: string): string => `
model Test {
  dims { T = 9  L = 1  D = 8  H = 4  G = 2  E = 2  F = 5  V = 7  R = 5 }
  embed: table
  layers: L * layer(mix: attention(${mix}), ffn: swiglu)
  head: tied(norm: rmsnorm)
}
train Test { budget: 10 steps  batch: 2 sequences  loss: cross_entropy  optimizer: adamw(lr: 1e-3) }
`;

/** Greatest difference, as a part of the greatest value. */
function difference(got: ArrayLike<number>, want: Float64Array): number {
  const scale = want.reduce((most, x) => Math.max(most, Math.abs(x)), 1e-6);
  return (
    want.reduce((worst, x, i) => Math.max(worst, Number.isFinite(got[i]) ? Math.abs((got[i] ?? 0) - x) : Infinity), 0) /
    scale
  );
}

function checkStep(mix: string, target: Target): void {
  const { model, optimizer } = elaborated(source(mix), "Test");
  if (!optimizer) throw new Error("the model is trained");
  const compiled = compile(model, optimizer, tinySchedule(), { target, programs: ["train"] });
  expect([...compiled.kernels.keys()].filter((name) => name.startsWith("flash")).length).toBeGreaterThanOrEqual(3);
  const plan = new SimulatedPlan(compiled);
  const parameters = initialParameters(model);
  for (const [leaf, values] of parameters) plan.entry(leaf.name).set(values);
  const count = model.batch * model.context;
  const [tokens, targets] = [someTokens(count, model.vocabulary, 1), someTokens(count, model.vocabulary, 2)];
  const want = oracleGradients(model, { tokens, targets, parameters, step: 1 });
  const { loss } = plan.run("train", { tokens, targets }, { seed: 0, step: 1, lr: 0.01 });
  expect(difference(loss ?? [], Float64Array.of(want.loss))).toBeLessThan(1e-5);
  for (const [leaf, values] of want.gradients)
    expect.soft(difference(plan.entry(leaf.name, "gradients"), values), `gradient of ${leaf.name}`).toBeLessThan(2e-4);
}

describe("a compiled step has the loss and the gradients of its definition, whatever the attention", () => {
  test.each([
    "rotate: rope",
    "bias: alibi",
    "bias: shaw_keys",
    "bias: t5_bias(reach: 4)",
    "mask: window(size: 2), G: 1",
    "cap: softcap, norm_qk: rmsnorm, heads: add_heads, drop: dropout",
  ])("attention(%s)", (mix) => checkStep(mix, softwareTarget));

  test.each(["bias: shaw_keys, rotate: rope"])("attention(%s), on a GPU", (mix) => checkStep(mix, gpuTarget));
});
