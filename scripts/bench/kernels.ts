/**
 * @file Speed of single kernels on the CPU device. Contractions come in the three layouts that training has (forward NN, gradient of the input NT, gradient of the
 * weights TN); then every kernel of a training step as the compiler fused it: attention, norms, the loss, the update.
 */
import { availableParallelism } from "node:os";
import { targetOfThisProcessor } from "../../src/cli/model/targets.ts";
import { comp, leaf } from "../../src/ir/node.ts";
import { axis, mul, read, slot } from "../../src/ir/scalar.ts";
import type { Axis } from "../../src/ir/graph.ts";
import type { Cluster } from "../../src/cluster/cluster.ts";
import { openDevice } from "../../src/runtime/node/device.ts";
import type { Device } from "../../src/runtime/session/device.ts";
import { lower } from "../../src/schedule/lower.ts";
import { kernelContender, programOfDispatch, programOfLowered } from "./kernel-run.ts";
import { compileForCpu } from "./llmc-cpu.ts";
import type { Bench } from "./machine.ts";
import { interleave } from "./measure.ts";
import type { Contender } from "./measure.ts";
import type { Table } from "./report.ts";
import { workloads } from "./workloads.ts";

const layouts = ["NN", "NT", "TN"] as const;
type Layout = (typeof layouts)[number];

/** Tokens, outputs, inputs. */
const sizes = [
  [2048, 384, 384],
  [4096, 1152, 384],
  [4096, 1536, 384],
  [4096, 384, 1536],
  [2048, 288, 288],
  [2048, 768, 288],
  [4096, 768, 768],
  [2048, 3072, 768],
  [2048, 768, 3072],
  [8192, 384, 384],
] as const;

/** Each alone, as often in a row as it takes to see it beside the cost of a call from JavaScript, which a step of hundreds of kernels pays once. */
const repetitions = 8;
const patience = { rounds: 9, seconds: 90 };
const dim = (name: string, size: number): Axis => ({ name, size });

/** `y[M, N] = x w` over K. */
function contraction(layout: Layout, m: number, n: number, k: number): Cluster {
  const [M, N, K] = [dim("M", m), dim("N", n), dim("K", k)];
  const [i, j, l] = [axis(0), axis(1), axis(2)];
  const x = leaf("input", "x", layout === "TN" ? [K, M] : [M, K]);
  const w = leaf(layout === "TN" ? "input" : "parameter", "w", layout === "NT" ? [N, K] : [K, N]);
  const a = read(x, layout === "TN" ? [l, i] : [i, l]);
  const b = read(w, layout === "NT" ? [j, l] : [l, j]);
  const node = comp({ name: "y" }, [M, N], mul(a, b), { op: "sum", axes: [K] });
  return {
    id: 0,
    reasons: [],
    kind: "contract",
    batch: [],
    m: [M],
    n: [N],
    k: [K],
    products: [{ into: 0, a, b }],
    accumulators: 1,
    outputs: [{ node, value: slot(0) }],
  };
}

export async function benchKernels(
  root: string,
  bench: Bench,
  only: RegExp,
  print: (table: Table) => void,
): Promise<readonly Table[]> {
  if (!bench.hasCpuDevice)
    return [
      { title: "kernels", columns: [], rows: [], notes: [`the CPU device is absent: ${bench.machine.compiler}`] },
    ];
  const device = await openDevice({ device: "cpu" });
  try {
    const tables: Table[] = [];
    for (const make of [benchContractions, benchStep]) {
      const table = await make(root, bench, device, only);
      if (table.rows.length === 0) continue;
      print(table);
      tables.push(table);
    }
    return tables;
  } finally {
    device.close();
  }
}

async function benchContractions(_root: string, bench: Bench, device: Device, only: RegExp): Promise<Table> {
  const target = targetOfThisProcessor();
  const contenders: Contender[] = [];
  const flops: number[] = [];
  for (const [m, n, k] of sizes) {
    for (const layout of layouts) {
      const name = `matmul ${layout} ${m}x${n}x${k}`;
      if (!only.test(name)) continue;
      // The gradient of the weights sums over tokens.
      const cluster = layout === "TN" ? contraction(layout, k, n, m) : contraction(layout, m, n, k);
      contenders.push(
        await kernelContender(
          name,
          device,
          programOfLowered(lower(cluster, target, { wordOf: () => 2 }), target, repetitions),
          repetitions,
        ),
      );
      flops.push(2 * m * n * k);
    }
  }
  const columns = [
    { key: "gflops", title: "GFLOP/s", digits: 1 },
    { key: "bestGflops", title: "best", digits: 1 },
    { key: "percentOfPeak", title: "% of peak", digits: 1 },
    { key: "bestPercentOfPeak", title: "% best", digits: 1 },
  ];
  const title = "kernels: matmul f32 on the CPU device, tokens x outputs x inputs";
  if (contenders.length === 0) return { title, columns, rows: [], notes: [] };
  const [peak, ...timings] = await interleave([bench.peak(availableParallelism()), ...contenders], patience);
  for (const contender of contenders) await contender.close();
  const rows = timings.map(({ name, median, best }, i) => {
    const gflop = (flops[i] ?? NaN) / 1e9;
    return {
      name,
      values: {
        gflops: gflop / median,
        bestGflops: gflop / best,
        percentOfPeak: (100 * gflop * (peak?.median ?? NaN)) / median,
        bestPercentOfPeak: (100 * gflop * (peak?.best ?? NaN)) / best,
      },
    };
  });
  return { title: `${title}, peak ${(1 / (peak?.median ?? NaN)).toFixed(0)} GFLOP/s`, columns, rows, notes: [] };
}

async function benchStep(root: string, _bench: Bench, device: Device, only: RegExp): Promise<Table> {
  const [workload] = workloads;
  const title = `kernels: each of a training step of ${workload?.name}`;
  const columns = [
    { key: "runs", title: "in a step", digits: 0 },
    { key: "medianUs", title: "median us", digits: 0 },
    { key: "bestUs", title: "best us", digits: 0 },
    { key: "percentOfStep", title: "% of step", digits: 1 },
  ];
  if (!workload || !only.test("step")) return { title, columns, rows: [], notes: [] };
  const { compiled } = compileForCpu(root, workload, { programs: ["train"] });
  const dispatches = compiled.plan.programs.train?.dispatches ?? [];
  const kernels = compiled.plan.kernels.map(({ name }, number) => ({
    name,
    of: dispatches.filter(({ kernel }) => kernel === number),
  }));
  const used = kernels.flatMap(({ name, of }) => (of[0] ? [{ name, dispatch: of[0], runs: of.length }] : []));
  const rows: { name: string; values: { runs: number; medianUs: number; bestUs: number } }[] = [];
  // One after the other: each has the memory of a whole step.
  for (const { name, dispatch, runs } of used) {
    const contender = await kernelContender(
      name,
      device,
      programOfDispatch(compiled, dispatch, repetitions),
      repetitions,
    );
    const [time] = await interleave([contender], { rounds: 5, seconds: 5 });
    await contender.close();
    rows.push({ name, values: { runs, medianUs: (time?.median ?? NaN) * 1e6, bestUs: (time?.best ?? NaN) * 1e6 } });
  }
  const total = rows.reduce((sum, { values }) => sum + values.runs * values.medianUs, 0);
  const shared = rows.map(({ name, values }) => ({
    name,
    values: { ...values, percentOfStep: (100 * values.runs * values.medianUs) / total },
  }));
  return {
    title,
    columns,
    rows: shared.toSorted((a, b) => b.values.percentOfStep - a.values.percentOfStep),
    notes: [`${(total / 1000).toFixed(1)} ms in all`],
  };
}
