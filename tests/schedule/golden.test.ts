/**
 * The kernels of one cluster of each archetype, beside the cluster: what a reader should look at first. `UPDATE_GOLDEN=1` writes the files anew.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { printWgsl } from "../../codegen/wgsl/print.ts";
import { leaf, scatter, update } from "../../src/ir/node.ts";
import { add, axis, div, literal, mul, slot, sub, unary } from "../../src/ir/scalar.ts";
import type { Cluster } from "../../src/cluster/cluster.ts";
import { printClusters } from "../../src/cluster/print.ts";
import { lower } from "../../src/schedule/lower.ts";
import { gpuTarget, softwareTarget } from "../../src/schedule/build/lowered.ts";
import type { Target } from "../../src/schedule/build/lowered.ts";
import { flashClusters } from "../support/attention.ts";
import { define, dim, integers, parameter, tensor } from "../support/build.ts";
import { scalarLayout } from "./harness.ts";

const [B, T, D, F, V] = [dim("B", 2), dim("T", 32), dim("D", 64), dim("F", 128), dim("V", 100)];
const [a0, a1, a2] = [axis(0), axis(1), axis(2)];

function mapCluster(): Cluster {
  const N = dim("N", 4096);
  const [p, m, g, lr] = [
    parameter("parameters", N),
    tensor(leaf("state", "momentum", [N])),
    parameter("gradients", N),
    tensor(leaf("scalar", "lr", [])),
  ];
  const blended = add(mul(m(a0), literal(0.9)), g(a0));
  const [momentum, next] = [
    define("momentum", [N], [], () => blended),
    define("parameters", [N], [], () => sub(p(a0), mul(lr(), blended))),
  ];
  return {
    kind: "map",
    id: 0,
    reasons: [],
    axes: [N],
    outputs: [
      { node: update(m.node, momentum.node), value: blended },
      { node: update(p.node, next.node), value: sub(p(a0), mul(lr(), blended)) },
    ],
  };
}

function rowCluster(): Cluster {
  const [x, gain] = [parameter("layers.0.x", B, T, D), parameter("layers.0.norm.gain", D)];
  const ms = define("layers.0.norm.ms", [B, T], [D], (b, t, d) => div(mul(x(b, t, d), x(b, t, d)), literal(64)));
  const y = define("layers.0.norm.y", [B, T, D], [], (b, t, d) =>
    mul(mul(x(b, t, d), unary("rsqrt", add(ms(b, t), literal(1e-6)))), gain(d)),
  );
  return {
    kind: "row",
    id: 0,
    reasons: [],
    rows: [B, T],
    along: [D],
    steps: [
      { kind: "reduce", op: "sum", value: mul(x(a0, a1, a2), x(a0, a1, a2)) },
      {
        kind: "output",
        per: "element",
        output: {
          node: y.node,
          value: mul(mul(x(a0, a1, a2), unary("rsqrt", add(div(slot(0), literal(64)), literal(1e-6)))), gain(a2)),
        },
      },
      { kind: "output", per: "row", output: { node: ms.node, value: div(slot(0), literal(64)) } },
    ],
  };
}

function contractCluster(): Cluster {
  const [x, w, bias] = [parameter("layers.0.x", B, T, D), parameter("layers.0.w", D, F), parameter("layers.0.bias", F)];
  const h = define("layers.0.h", [B, T, F], [D], (b, t, f, d) => mul(x(b, t, d), w(d, f)));
  const y = define("layers.0.y", [B, T, F], [], (b, t, f) => unary("tanh", add(h(b, t, f), bias(f))));
  return {
    kind: "contract",
    id: 0,
    reasons: [],
    batch: [],
    m: [B, T],
    n: [F],
    k: [D],
    accumulators: 1,
    products: [{ into: 0, a: x(a0, a1, axis(3)), b: w(axis(3), a2) }],
    outputs: [{ node: y.node, value: unary("tanh", add(slot(0), bias(a2))) }],
  };
}

function binsCluster(): Cluster {
  const [ids, dy] = [integers("ids", 100, B, T), parameter("dy", B, T, D)];
  const [order, offsets] = [integers("order", 64, dim("BT", 64)), integers("offsets", 65, dim("V1", 101))];
  const d = scatter({ name: "d embed" }, [V, D], [B, T, D], [ids(a0, a1), a2], dy(a0, a1, a2));
  return {
    kind: "bins",
    id: 0,
    reasons: [],
    bins: V,
    rest: [D],
    over: [B, T],
    order: order.node,
    offsets: offsets.node,
    value: dy(a0, a1, a2),
    output: { node: d, value: slot(0) },
  };
}

function flashCluster(): Cluster {
  const shape = { B: 2, H: 4, G: 2, T: 64, S: 64, E: 8, F: 8 };
  return flashClusters({ shape, mask: "causal" }).find((c) => c.pass === "forward") as Cluster;
}

const cases: readonly (readonly [string, () => Cluster, Target])[] = [
  ["map", mapCluster, gpuTarget],
  ["row", rowCluster, gpuTarget],
  ["row-software", rowCluster, softwareTarget],
  ["contract", contractCluster, gpuTarget],
  ["bins", binsCluster, gpuTarget],
  ["flash", flashCluster, gpuTarget],
  ["flash-software", flashCluster, softwareTarget],
];

test.each(cases)("the kernels of a %s", (name, build, target) => {
  const cluster = build();
  const { dispatches, reasons } = lower(cluster, target, scalarLayout());
  const text = [
    ...printClusters([cluster], { reasons: false })
      .split("\n")
      .map((line) => `// ${line}`.trimEnd()),
    ...reasons.map((reason) => `// ${reason}`),
    "",
    ...dispatches.map(({ kernel }) => printWgsl(kernel)),
  ].join("\n");
  const file = fileURLToPath(new URL(`../fixtures/kernels/${name}.wgsl`, import.meta.url));
  if (process.env["UPDATE_GOLDEN"]) writeFileSync(file, text);
  expect(text).toBe(readFileSync(file, "utf8"));
});
