/**
 * @file Speed of single kernels on this machine's WebGPU adapter: `node scripts/run.mjs scripts/bench/kernels.ts [pattern]`. Contractions come in the three layouts that
 * training has (forward NN, gradient of the input NT, gradient of the weights TN), the others by the memory they move.
 */
import { comp, leaf } from "../../src/ir/node.ts";
import { add, axis, div, literal, mul, read, slot, sub, unary } from "../../src/ir/scalar.ts";
import type { Axis } from "../../src/ir/graph.ts";
import type { Cluster } from "../../src/optimize/cluster.ts";
import { lower } from "../../src/schedule/lower.ts";
import { gpuTarget, softwareTarget } from "../../src/schedule/lowered.ts";
import type { Target } from "../../src/schedule/lowered.ts";
import { measure, openDevice } from "./dawn.ts";
import type { Candidate } from "./dawn.ts";

type Layout = "NN" | "NT" | "TN";

const dim = (name: string, size: number): Axis => ({ name, size });
const [i, j, l] = [axis(0), axis(1), axis(2)];
const common = { id: 0, reasons: [] } as const;

function contraction(layout: Layout, m: number, n: number, k: number): Cluster {
  const [M, N, K] = [dim("M", m), dim("N", n), dim("K", k)];
  const x = leaf("input", "x", layout === "TN" ? [K, M] : [M, K]);
  const w = leaf("parameter", "w", layout === "NT" ? [N, K] : [K, N]);
  const a = read(x, layout === "TN" ? [l, i] : [i, l]);
  const b = read(w, layout === "NT" ? [j, l] : [l, j]);
  const node = comp({ name: "y" }, [M, N], mul(a, b), { op: "sum", axes: [K] });
  return { ...common, kind: "contract", batch: [], m: [M], n: [N], k: [K], products: [{ into: 0, a, b }], accumulators: 1, outputs: [{ node, value: slot(0) }] };
}

function norm(rows: number, size: number): Cluster {
  const [R, D] = [dim("R", rows), dim("D", size)];
  const x = read(leaf("input", "x", [R, D]), [i, j]);
  const value = mul(x, unary("rsqrt", add(div(slot(0), literal(size)), literal(1e-6))));
  return {
    ...common, kind: "row", rows: [R], along: [D],
    steps: [{ kind: "reduce", op: "sum", value: mul(x, x) }, { kind: "output", per: "element", output: { node: comp({ name: "y" }, [R, D], x), value } }],
  };
}

function softmax(rows: number, size: number): Cluster {
  const [R, S] = [dim("R", rows), dim("S", size)];
  const x = read(leaf("input", "x", [R, S]), [i, j]);
  return {
    ...common, kind: "row", rows: [R], along: [S],
    steps: [
      { kind: "reduce", op: "max", value: x }, { kind: "element", value: unary("exp", sub(x, slot(0))) }, { kind: "reduce", op: "sum", value: slot(1) },
      { kind: "output", per: "element", output: { node: comp({ name: "y" }, [R, S], x), value: div(slot(1), slot(2)) } },
    ],
  };
}

function silu(size: number): Cluster {
  const N = dim("N", size);
  const x = read(leaf("input", "x", [N]), [i]);
  return { ...common, kind: "map", axes: [N], outputs: [{ node: comp({ name: "y" }, [N], x), value: div(x, add(unary("exp", unary("neg", x)), literal(1))) }] };
}

function columnSums(rows: number, size: number): Cluster {
  const [R, D] = [dim("R", rows), dim("D", size)];
  const x = read(leaf("input", "x", [R, D]), [j, i]);
  const node = comp({ name: "y" }, [D], x, { op: "sum", axes: [R] });
  return { ...common, kind: "fold", axes: [D], over: [R], values: [{ op: "sum", value: x }], outputs: [{ node, value: slot(0) }] };
}

function candidates(target: Target): Candidate[] {
  const lowered = (cluster: Cluster) => lower(cluster, target, { wordOf: () => 2 });
  const sizes = [[512, 512, 512], [512, 128, 128], [512, 512, 128], [512, 128, 512], [128, 128, 512], [1024, 384, 256], [1024, 65, 128], [1, 512, 512]] as const;
  const contractions = sizes.flatMap(([m, n, k]) =>
    (["NN", "NT", "TN"] as const).map((layout): Candidate => ({ name: `contract ${layout} ${m}x${n}x${k}`, lowered: lowered(contraction(layout, m, n, k)), work: 2 * m * n * k, unit: "FLOP" })));
  const bytes = (name: string, cluster: Cluster, elements: number): Candidate => ({ name, lowered: lowered(cluster), work: 4 * elements, unit: "B" });
  return [
    ...contractions,
    bytes("norm 1024x128", norm(1024, 128), 2 * 1024 * 128), bytes("norm 512x768", norm(512, 768), 2 * 512 * 768),
    bytes("softmax 1024x256", softmax(1024, 256), 2 * 1024 * 256), bytes("softmax 64x50257", softmax(64, 50257), 2 * 64 * 50257),
    bytes("silu 1Mi", silu(2 ** 20), 2 * 2 ** 20), bytes("column sums 4096x256", columnSums(4096, 256), 4096 * 256),
  ];
}

const pattern = new RegExp(process.argv[2] ?? "");
const { device, name } = await openDevice();
const target = /swiftshader|llvmpipe/i.test(name) ? softwareTarget : gpuTarget;
console.log(`${name}, kernels for ${target.name}`);
for (const { name, work, unit, bestMs, medianMs } of await measure(device, candidates(target).filter((candidate) => pattern.test(candidate.name)), 9)) {
  const speed = (ms: number): string => (work / ms / 1e6).toFixed(2).padStart(7);
  console.log(`${name.padEnd(26)} best ${speed(bestMs)}  median ${speed(medianMs)} G${unit}/s  ${bestMs.toFixed(2).padStart(8)} ms`);
}
process.exit(0);
