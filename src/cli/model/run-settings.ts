/** @file Budgets and intervals in whatever unit they were declared, as numbers of steps. */
import type { RunSettings, SampleSpec } from "../../../codegen/typescript/program-spec.ts";
import type { Count } from "../../../grammar/schema/types.ts";
import { spanText } from "../../diagnostics/source.ts";
import { type Tokenizer } from "../../runtime/data/tokenizer/tokenizer.ts";
import { encodeText } from "../../runtime/data/tokens.ts";
import type { TrainableModel } from "./model.ts";

/** `tokens` counts the training text; it is asked for only when the budget is in epochs. */
export async function runSettings(
  { elaboration }: TrainableModel,
  tokens: () => Promise<number>,
): Promise<RunSettings> {
  const { model, optimizer, train, evaluation } = elaboration;
  const perStep = model.batch * model.context;
  const every = (quantity: Count<"steps" | "tokens"> | undefined): number | undefined =>
    quantity && Math.max(1, Math.round(quantity.unit === "tokens" ? quantity.amount / perStep : quantity.amount));
  const evaluateEvery = every(evaluation?.every);
  const checkpointEvery = every(train.checkpoint?.every);
  const budget = train.spans["budget"];
  return {
    seed: train.seed,
    steps: Math.max(1, await stepsOf(train.budget, perStep, tokens)),
    budget: budget ? spanText(budget) : `${train.budget.amount} ${train.budget.unit}`,
    learningRate: optimizer.rate,
    ...(evaluateEvery === undefined ? {} : { evaluateEvery }),
    ...(evaluation ? { evaluateOn: evaluation.size.amount } : {}),
    ...(evaluation?.metrics ? { metrics: [...new Set(evaluation.metrics.map((m) => m.name))] } : {}),
    ...(checkpointEvery === undefined ? {} : { checkpointEvery }),
    keepCheckpoints: train.checkpoint?.keep ?? 3,
    patience: train.patience,
  };
}

/** Whole steps of a budget. */
export async function stepsOf(
  { unit, amount }: Count<"tokens" | "steps" | "epochs">,
  perStep: number,
  tokens: () => Promise<number>,
): Promise<number> {
  switch (unit) {
    case "steps":
      return amount;
    case "tokens":
      return Math.floor(amount / perStep);
    case "epochs":
      return Math.floor((amount * (await tokens())) / perStep);
  }
}

/** What is sampled at each evaluation. Fails where the tokenizer cannot write a prompt: better now than in the middle of the run. */
export function samplesOf({ elaboration }: TrainableModel, tokenizer: Tokenizer): readonly SampleSpec[] {
  return (elaboration.evaluation?.sample ?? []).map(({ prompt, length, temperature, top_k, top_p, seed }) => {
    encodeText(tokenizer, prompt, `the prompt ${JSON.stringify(prompt)}`);
    return {
      prompt,
      length: length.amount,
      temperature,
      ...(top_k === undefined ? {} : { topK: top_k }),
      ...(top_p === undefined ? {} : { topP: top_p }),
      seed,
    };
  });
}
