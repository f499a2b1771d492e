/**
 * @file Speed of single kernels on this machine's WebGPU adapter, `node scripts/run.mjs scripts/bench/kernels.ts [pattern]`: contractions in the three layouts that
 * training has (forward NN, gradient of the input NT, gradient of the weights TN).
 */
import { comp, leaf } from "../../src/ir/node.ts";
import { axis, mul, read } from "../../src/ir/scalar.ts";
import type { Axis } from "../../src/ir/graph.ts";
import type { ContractCluster } from "../../src/optimize/cluster.ts";
import { lower } from "../../src/schedule/lower.ts";
import { softwareTarget } from "../../src/schedule/lowered.ts";
import { measure, openDevice } from "./dawn.ts";
import type { Candidate } from "./dawn.ts";

type Layout = "NN" | "NT" | "TN";

const dim = (name: string, size: number): Axis => ({ name, size });

function contraction(layout: Layout, m: number, n: number, k: number): ContractCluster {
  const [M, N, K] = [dim("M", m), dim("N", n), dim("K", k)];
  const [i, j, l] = [axis(0), axis(1), axis(2)];
  const x = leaf("input", "x", layout === "TN" ? [K, M] : [M, K]);
  const w = leaf("parameter", "w", layout === "NT" ? [N, K] : [K, N]);
  const a = read(x, layout === "TN" ? [l, i] : [i, l]);
  const b = read(w, layout === "NT" ? [j, l] : [l, j]);
  const node = comp({ name: "y" }, [M, N], mul(a, b), { op: "sum", axes: [K] });
  return {
    kind: "contract", id: 0, reasons: [], batch: [], m: [M], n: [N], k: [K], products: [{ into: 0, a, b }], accumulators: 1,
    outputs: [{ node, value: { kind: "slot", id: -1, dtype: "f32", index: 0 } }],
  };
}

const sizes: readonly (readonly [number, number, number])[] = [[512, 512, 512], [512, 128, 128], [512, 512, 128], [512, 128, 512], [128, 128, 512], [1024, 384, 256]];

const candidates = sizes.flatMap(([m, n, k]) =>
  (["NN", "NT", "TN"] as const).map((layout): Candidate => ({
    name: `${layout} ${m}x${n}x${k}`, lowered: lower(contraction(layout, m, n, k), softwareTarget, { wordOf: () => 2 }), work: 2 * m * n * k,
  })));

const pattern = new RegExp(process.argv[2] ?? "");
const { device, name } = await openDevice();
console.log(name);
for (const { name, work, bestMs, medianMs } of await measure(device, candidates.filter((candidate) => pattern.test(candidate.name)), 9)) {
  const speed = (ms: number): string => (work / ms / 1e6).toFixed(2).padStart(6);
  console.log(`${name.padEnd(24)} best ${speed(bestMs)}  median ${speed(medianMs)} GFLOP/s  ${bestMs.toFixed(2).padStart(8)} ms`);
}
process.exit(0);
