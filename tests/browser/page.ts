/** @file Trains the bigram model in a page, with the runtime's browser entry, and posts what came of it to the server. */
import type { LogRecord } from "../../src/runtime/browser/index.ts";
import {
  Run,
  createTokenizer,
  encodeCheckpoint,
  fetchText,
  initialise,
  loadDataWith,
  loadProgram,
  openDevice,
  tokenInputs,
} from "../../src/runtime/browser/index.ts";
import { bigramInitialisers } from "../runtime/bigram-initialisers.ts";
import type { PageReport } from "./report.ts";

const steps = 12;
const seed = 1;

async function train(): Promise<PageReport> {
  const device = await openDevice();
  const program = await loadProgram("program");
  const session = await device.open(program);
  await initialise(session, seed, bigramInitialisers(seed));
  const { batch, context } = program.plan;
  const tokenizer = createTokenizer({ kind: "bytes" });
  const data = await loadDataWith(
    {
      name: "Poems",
      sources: [{ name: "poems", files: ["poems.txt"], weight: "rest" }],
      split: { by: "tail", validation: 0.1 },
    },
    { tokenizer, batch, context, total: steps * batch, seed },
    async function* (source) {
      for (const file of source.files) yield await fetchText(file);
    },
  );
  const records: LogRecord[] = [];
  let saved = 0;
  const run = new Run({
    session,
    data,
    tokenizer,
    start: 0,
    steps,
    seed,
    patience: 8,
    log: { write: (record) => void records.push(record), close: () => undefined },
    screen: { step: () => undefined, note: () => undefined },
    stopRequested: () => false,
    save: async (info) => {
      for await (const piece of encodeCheckpoint(session, { ...info, tokenizer: tokenizer.data, data: "", spec: {} }))
        saved += piece.length;
      return "memory";
    },
    resumeHint: "",
    close: () => device.close(),
  });
  const { inputs, targets } = tokenInputs(session, "train");
  for (let step = 1; step <= steps; step++) {
    run.data.train.fill((step - 1) * batch, inputs, targets);
    await run.train.run({ step, lr: 2, correction: 1 - 0.9 ** step });
    run.collect();
  }
  const evaluation = await run.evaluate(steps, {});
  const text = await run.sample(steps, { prompt: "The ", length: 24, temperature: 0.8, seed: 7 });
  const result = await run.finish();
  await run.close();
  const losses = records.flatMap((record) => (record.kind === "step" ? [record.loss] : []));
  return { status: result.status, losses, validation: evaluation.loss, text, checkpointBytes: saved };
}

const report = await train().catch((error: unknown) => ({
  error: error instanceof Error ? `${error.message}\n${error.stack ?? ""}` : String(error),
}));
await fetch("report", { method: "POST", body: JSON.stringify(report) });
