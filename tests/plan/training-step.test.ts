import { expect, test } from "vitest";
import { evaluate } from "../../src/ir/evaluate/evaluate.ts";
import type { Leaf } from "../../src/ir/graph.ts";
import type { Model, Optimizer } from "../../src/ir/model.ts";
import { compile } from "../../src/plan/build-plan.ts";
import type { Compiled } from "../../src/plan/build-plan.ts";
import { gpuTarget, softwareTarget } from "../../src/schedule/build/lowered.ts";
import { SimulatedPlan } from "../support/simulate.ts";
import { tinyModel, tinyOptimizer, tinySchedule } from "../support/tiny-model.ts";
import { initialParameters, initialStates, oracleStep, someTokens } from "../support/training-step.ts";
import type { Values } from "../support/training-step.ts";

/** Greatest difference, as a part of the greatest value. */
function difference(got: ArrayLike<number>, want: ArrayLike<number>): number {
  let scale = 1e-6;
  let worst = 0;
  for (let i = 0; i < want.length; i++) {
    scale = Math.max(scale, Math.abs(want[i] ?? 0));
    worst = Math.max(worst, Math.abs((got[i] ?? NaN) - (want[i] ?? 0)));
    if (!Number.isFinite(got[i])) return Infinity;
  }
  return worst / scale;
}

/** Runs steps on the interpreter and on the evaluator, side by side. */
function compareSteps(model: Model, optimizer: Optimizer, compiled: Compiled, steps: number, clip: number): void {
  const count = model.batch * model.context;
  const plan = new SimulatedPlan(compiled);
  let parameters = initialParameters(model);
  let states: readonly Values[] = initialStates(model, optimizer);
  for (const [leaf, values] of parameters) plan.entry(leaf.name).set(values);
  for (let step = 1; step <= steps; step++) {
    const [tokens, targets] = [
      someTokens(count, model.vocabulary, step),
      someTokens(count, model.vocabulary, step + 100),
    ];
    const lr = 0.01 * step;
    const want = oracleStep(model, optimizer, { tokens, targets, parameters, states, step, lr, clip });
    const { loss, gradient_norm: norm } = plan.run("train", { tokens, targets }, { seed: 0, step, lr });
    expect(difference(loss ?? [], [want.loss])).toBeLessThan(1e-5);
    expect(difference(norm ?? [], [want.norm])).toBeLessThan(1e-4);
    for (const [leaf, values] of want.gradients)
      expect
        .soft(difference(plan.entry(leaf.name, "gradients"), values), `gradient of ${leaf.name}`)
        .toBeLessThan(2e-4);
    for (const [leaf, values] of want.parameters)
      expect.soft(difference(plan.entry(leaf.name), values), leaf.name).toBeLessThan(5e-3);
    // Errors of one step must not be counted again in the next.
    [parameters, states] = [want.parameters, want.states];
    for (const [leaf, values] of parameters) plan.entry(leaf.name).set(values);
    states.forEach((state, s) =>
      state.forEach((values, leaf) => plan.entry(leaf.name, optimizer.states[s]?.name).set(values)),
    );
  }
}

test.each([
  ["on a GPU", gpuTarget, 2],
  ["on a software adapter", softwareTarget, 1],
] as const)("a compiled step trains a small decoder as its definition does, %s", (_, target, steps) => {
  const [model, optimizer] = [tinyModel(), tinyOptimizer()];
  compareSteps(
    model,
    optimizer,
    compile(model, optimizer, tinySchedule(), { clip: 0.5, target, programs: ["train"] }),
    steps,
    0.5,
  );
});

test.each([
  ["sequences", 21000],
  ["parts of sequences", 21000],
])("logits beyond the memory budget are made in chunks of %s, with the same result", (kind, memory) => {
  const parts = kind === "sequences" ? { batch: 2, context: 64 } : { batch: 1, context: 128 };
  const [model, optimizer] = [
    tinyModel({ batch: parts.batch, context: parts.context, width: 8, heads: 2, hidden: 8, layers: 1, vocabulary: 80 }),
    tinyOptimizer(),
  ];
  const compiled = compile(model, optimizer, tinySchedule(), { clip: 0.5, memory, programs: ["train"] });
  const logits = compiled.plan.programs.train?.dispatches.filter((d) => d.computes.includes("head.logits")) ?? [];
  expect(logits.length).toBe(2);
  compareSteps(model, optimizer, compiled, 1, 0.5);
});

test("evaluation gives the loss, and decoding token by token the logits of the whole context", () => {
  const model = tinyModel();
  const plan = new SimulatedPlan(compile(model, tinyOptimizer(), tinySchedule(), { programs: ["evaluate", "decode"] }));
  const parameters = initialParameters(model);
  for (const [leaf, values] of parameters) plan.entry(leaf.name).set(values);
  const tokens = someTokens(model.batch * model.context, model.vocabulary, 3);
  const bind = (leaf: Leaf): Float64Array => parameters.get(leaf) ?? Float64Array.from(tokens);
  const want = evaluate([model.evaluationLoss, model.logits], bind);
  const { loss } = plan.run("evaluate", { tokens, targets: tokens }, { seed: 0, step: 1 });
  expect(difference(loss ?? [], want.get(model.evaluationLoss) ?? [])).toBeLessThan(1e-5);
  for (let position = 0; position < model.context; position++) {
    const { logits } = plan.run("decode", { tokens: [tokens[position] ?? 0] }, { seed: 0, step: 1, position });
    const from = position * model.vocabulary;
    expect(
      difference(logits ?? [], want.get(model.logits)?.subarray(from, from + model.vocabulary) ?? []),
    ).toBeLessThan(1e-5);
  }
});

test("a step whose gradient is not finite changes nothing", () => {
  const model = tinyModel();
  const optimizer = tinyOptimizer();
  const compiled = compile(model, optimizer, tinySchedule(), { programs: ["train"] });
  const plan = new SimulatedPlan(compiled);
  for (const [leaf, values] of initialParameters(model)) plan.entry(leaf.name).set(values);
  plan.entry("head.norm.gain").fill(1e38);
  const before = new Uint8Array(plan.buffer(0).slice(0));
  const tokens = someTokens(model.batch * model.context, model.vocabulary, 1);
  plan.run("train", { tokens, targets: tokens }, { seed: 0, step: 1, lr: 1 });
  expect(Buffer.compare(new Uint8Array(plan.buffer(0)), before)).toBe(0);
});
