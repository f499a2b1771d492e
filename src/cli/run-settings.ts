/** @file Budgets and intervals in whatever unit they were declared, as numbers of steps. */
import type { RunSettings, SampleSpec } from "../../codegen/typescript/program-spec.ts";
import type { Count } from "../../grammar/schema/types.ts";
import { spanText } from "../diagnostics/source.ts";
import { RuntimeFailure } from "../runtime/failure.ts";
import type { TrainableModel } from "./model.ts";

/** `tokens` counts the training text; it is asked for only when the budget is in epochs. */
export async function runSettings({ elaboration }: TrainableModel, tokens: () => Promise<number>): Promise<RunSettings> {
  const { model, optimizer, train, evaluation } = elaboration;
  const perStep = model.batch * model.context;
  const steps = Math.max(1, await stepsOf(train.budget, perStep, tokens));
  const every = (quantity: Count<"steps" | "tokens" | "seconds"> | undefined): number | undefined => {
    if (!quantity) return undefined;
    if (quantity.unit === "seconds") throw timed(`every: ${quantity.amount}s`);
    return Math.max(1, Math.round(quantity.unit === "tokens" ? quantity.amount / perStep : quantity.amount));
  };
  const evaluateEvery = every(evaluation?.every);
  const checkpointEvery = every(train.checkpoint?.every);
  const budget = train.spans["budget"];
  return {
    seed: train.seed,
    steps,
    budget: budget ? spanText(budget) : `${train.budget.amount} ${train.budget.unit}`,
    learningRate: optimizer.rate,
    ...(evaluateEvery === undefined ? {} : { evaluateEvery }),
    ...(checkpointEvery === undefined ? {} : { checkpointEvery }),
    keepCheckpoints: train.checkpoint?.keep ?? 3,
  };
}

async function stepsOf({ unit, amount }: Count<"tokens" | "steps" | "epochs" | "seconds">, perStep: number, tokens: () => Promise<number>): Promise<number> {
  switch (unit) {
    case "steps": return Math.round(amount);
    case "tokens": return Math.floor(amount / perStep);
    case "epochs": return Math.floor((amount * (await tokens())) / perStep);
    default: throw timed(`budget: ${amount}s`);
  }
}

/** Two runs of one source and seed must give the same bits; a clock would decide otherwise. */
function timed(what: string): RuntimeFailure {
  return new RuntimeFailure("usage", `\`${what}\` is a time, and a run is a function of its source and seed`, "give tokens, steps or epochs; `llmc train` shows the time they take");
}

export function samplesOf({ elaboration }: TrainableModel): readonly SampleSpec[] {
  return (elaboration.evaluation?.sample ?? []).flatMap(({ prompt, length, temperature, top_k, top_p, seed }) =>
    prompt.kind === "text" ? [{ prompt: prompt.text, length: length.amount, temperature, ...(top_k === undefined ? {} : { topK: top_k }), ...(top_p === undefined ? {} : { topP: top_p }), seed }] : []);
}
