/** @file Decoding with a cache of keys and values, one sequence: tokens a second, beside the time that reading all weights once takes. */
import { availableParallelism } from "node:os";
import { tokenInputs } from "../../src/runtime/session/inputs.ts";
import { close, compileForCpu, openOnCpu } from "./llmc-cpu.ts";
import type { Bench } from "./machine.ts";
import { interleave, secondsOf } from "./measure.ts";
import type { Contender } from "./measure.ts";
import type { Table } from "./report.ts";
import { workloads } from "./workloads.ts";
import type { Workload } from "./workloads.ts";

const tokensOfSample = 16;
const columns = [
  { key: "tokensPerSecond", title: "tokens/s", digits: 1 },
  { key: "bestTokensPerSecond", title: "best", digits: 1 },
  { key: "percentOfBandwidth", title: "% of bandwidth", digits: 1 },
  { key: "bestPercentOfBandwidth", title: "% best", digits: 1 },
];

export async function benchGenerate(
  root: string,
  bench: Bench,
  only: RegExp,
  print: (table: Table) => void,
): Promise<readonly Table[]> {
  const tables: Table[] = [];
  const models = new Map(workloads.map((workload) => [workload.model, { ...workload, batch: 1 }]));
  for (const workload of [...models.values()].filter(({ model }) => only.test(model))) {
    const table = bench.hasCpuDevice
      ? await benchDecode(root, bench, workload)
      : {
          title: `generate: ${workload.model}`,
          columns,
          rows: [],
          notes: [`the CPU device is absent: ${bench.machine.compiler}`],
        };
    print(table);
    tables.push(table);
  }
  return tables;
}

async function benchDecode(root: string, bench: Bench, workload: Workload): Promise<Table> {
  const { compiled, parameters } = compileForCpu(root, workload, { programs: ["start", "decode", "prefill"] });
  const run = await openOnCpu(compiled);
  const { inputs } = tokenInputs(run.session, "decode");
  const replay = run.session.replay("decode");
  const { context, vocabulary } = compiled.plan;
  let position = 0;
  const decode: Contender = {
    name: "llmc f32",
    about: "",
    sample: async () =>
      (await secondsOf(async () => {
        for (let i = 0; i < tokensOfSample; i++) {
          inputs[0] = (position * 7919) % vocabulary;
          await replay.once({ seed: 1, step: 1, position: position++ % context });
        }
      })) / tokensOfSample,
    close: () => close(run),
  };
  const { inputs: prompt } = tokenInputs(run.session, "prefill");
  const many = run.session.replay("prefill");
  const prefill: Contender = {
    name: `a prompt, ${prompt.length} tokens at once`,
    about: "",
    sample: async () => {
      prompt.forEach((_, i) => (prompt[i] = (i * 7919) % vocabulary));
      return (await secondsOf(async () => void (await many.once({ seed: 1, step: 1, position: 0 })))) / prompt.length;
    },
    close: () => undefined,
  };
  const [reading, decoding, prompting] = await interleave([bench.bandwidth(availableParallelism()), decode, prefill], {
    rounds: 9,
    seconds: 60,
  });
  await decode.close();
  const [median, best] = [decoding?.median ?? NaN, decoding?.best ?? NaN];
  const gigabytes = (4 * (parameters - (workload.positions ? context * (compiled.plan.dims["D"] ?? 0) : 0))) / 1e9;
  const values = {
    tokensPerSecond: 1 / median,
    bestTokensPerSecond: 1 / best,
    percentOfBandwidth: (100 * gigabytes * (reading?.median ?? NaN)) / median,
    bestPercentOfBandwidth: (100 * gigabytes * (reading?.best ?? NaN)) / best,
  };
  return {
    title: `generate: ${workload.model}, one sequence, from position 0: ${(gigabytes * 1000).toFixed(0)} MB of weights a token, read at ${(1 / (reading?.median ?? NaN)).toFixed(1)} GB/s`,
    columns,
    rows: [
      { name: decode.name, values },
      {
        name: prefill.name,
        values: { tokensPerSecond: 1 / (prompting?.median ?? NaN), bestTokensPerSecond: 1 / (prompting?.best ?? NaN) },
      },
    ],
    notes: [],
  };
}
