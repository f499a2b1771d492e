/**
 * @file Whole training steps (forward, backward, clipping, update, loss read back) on the CPU device beside PyTorch, in turns. The ratio to the processor's
 * peak is of medians of samples taken in the same turns. First all in f32, then all in bf16: the peak is that of f32 in both.
 */
import { availableParallelism } from "node:os";
import { benchJaxJs } from "./jax-js.ts";
import { compileForCpu, llmcTraining } from "./llmc-cpu.ts";
import type { Bench } from "./machine.ts";
import { interleave } from "./measure.ts";
import type { Contender, Entry } from "./measure.ts";
import { pytorchTraining } from "./pytorch.ts";
import type { Column, Row, Table } from "./report.ts";
import { flopsOfToken, sizesOf, workloads } from "./workloads.ts";
import type { Workload } from "./workloads.ts";

const patience = { rounds: 9, seconds: 90 };
const columns: readonly Column[] = [
  { key: "medianMs", title: "median ms", digits: 0 },
  { key: "bestMs", title: "best ms", digits: 0 },
  { key: "tokensPerSecond", title: "tokens/s", digits: 0 },
  { key: "bestTokensPerSecond", title: "best", digits: 0 },
  { key: "gflops", title: "GFLOP/s", digits: 1 },
  { key: "percentOfPeak", title: "% of peak", digits: 1 },
  { key: "bestPercentOfPeak", title: "% best", digits: 1 },
  { key: "llmcIs", title: "llmc is", digits: 2 },
];

export async function benchTrain(
  root: string,
  bench: Bench,
  only: RegExp,
  print: (table: Table) => void,
): Promise<readonly Table[]> {
  const tables: Table[] = [];
  const add = (table: Table): void => {
    print(table);
    tables.push(table);
  };
  for (const workload of workloads.filter(({ name }) => only.test(name))) {
    if (!bench.hasCpuDevice)
      add({ title: workload.name, columns, rows: [], notes: [`the CPU device is absent: ${bench.machine.compiler}`] });
    else {
      add(await benchWorkload(root, bench, workload, "float32"));
      // Without PyTorch there is nothing more to see.
      if ((tables.at(-1)?.rows.length ?? 0) > 1) add(await benchWorkload(root, bench, workload, "bfloat16"));
    }
  }
  if (only.test("jax-js")) add(await benchJaxJs(root));
  return tables;
}

async function benchWorkload(
  root: string,
  bench: Bench,
  workload: Workload,
  dtype: "float32" | "bfloat16",
): Promise<Table> {
  const model = compileForCpu(root, workload, {
    programs: ["start", "train"],
    precision: dtype === "float32" ? "f32" : "bf16",
  });
  const sizes = sizesOf(model.compiled.plan.dims);
  const llmc = await llmcTraining(model);
  const entries: Entry[] = [];
  try {
    for (const compile of [false, true])
      entries.push(await pytorchTraining(root, workload, sizes, model.parameters, { dtype, compile }));
    const rivals = entries.filter((entry): entry is Contender => "sample" in entry);
    const [peak, ...timings] = await interleave([bench.peak(availableParallelism()), llmc, ...rivals], patience);
    const tokens = workload.batch * sizes.context;
    const gflop = (flopsOfToken(model.parameters, sizes, workload.positions) * tokens) / 1e9;
    const rows = timings.map(({ name, median, best, samples }): Row => ({
      name,
      values: {
        medianMs: median * 1000,
        bestMs: best * 1000,
        tokensPerSecond: tokens / median,
        bestTokensPerSecond: tokens / best,
        gflops: gflop / median,
        percentOfPeak: (100 * gflop * (peak?.median ?? NaN)) / median,
        bestPercentOfPeak: (100 * gflop * (peak?.best ?? NaN)) / best,
        ...(name !== llmc.name && { llmcIs: median / (timings[0]?.median ?? NaN) }),
        samples: samples.length,
      },
    }));
    return {
      title: `train: ${workload.name}, beside PyTorch in ${dtype}: ${llmc.about}, ${gflop.toFixed(0)} GFLOP a step, peak ${(1 / (peak?.median ?? NaN)).toFixed(0)} GFLOP/s`,
      columns,
      rows,
      notes: entries.map((entry) =>
        "absent" in entry ? `${entry.name} is absent: ${entry.absent}` : `${entry.name}: ${entry.about}`,
      ),
    };
  } finally {
    for (const contender of [llmc, ...entries]) if ("close" in contender) await contender.close();
  }
}
