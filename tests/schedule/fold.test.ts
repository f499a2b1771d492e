import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { elementCount, leaf, update } from "../../src/ir/node.ts";
import { add, axis, cast, div, literal, mul, slot, unary } from "../../src/ir/scalar.ts";
import type { Leaf, Reduction } from "../../src/ir/graph.ts";
import type { FoldCluster } from "../../src/cluster/cluster.ts";
import { gpuTarget } from "../../src/schedule/build/lowered.ts";
import { define, dim, integers, parameter, tensor } from "../support/build.ts";
import { checkCluster, targets } from "./harness.ts";

/** The gradients of a gain and a bias: two column sums over the tokens of a batch. */
function columnSums(b: number, t: number, h: number, d: number): FoldCluster {
  const [B, T, H, D] = [dim("B", b), dim("T", t), dim("H", h), dim("D", d)];
  const [dy, x, r] = [parameter("dy", B, T, H, D), parameter("x", B, T, H, D), parameter("r", B, T)];
  const gain = define("gain", [H, D], [B, T], (h, d, b, t) => mul(dy(b, t, h, d), mul(x(b, t, h, d), r(b, t))));
  const bias = define("bias", [H, D], [B, T], (h, d, b, t) => dy(b, t, h, d));
  const [h0, d0, b0, t0] = [axis(0), axis(1), axis(2), axis(3)];
  return {
    kind: "fold",
    id: 0,
    reasons: [],
    axes: [H, D],
    over: [B, T],
    values: [
      { op: "sum", value: mul(dy(b0, t0, h0, d0), mul(x(b0, t0, h0, d0), r(b0, t0))) },
      { op: "sum", value: dy(b0, t0, h0, d0) },
    ],
    outputs: [
      { node: gain.node, value: slot(0) },
      { node: bias.node, value: slot(1) },
    ],
  };
}

/** The norm of an arena and its largest element. */
function norm(n: number): FoldCluster {
  const N = dim("N", n);
  const g = parameter("g", N);
  const squares = define("squares", [], [N], (i) => mul(g(i), g(i)));
  const rms = define("rms", [], [], () => unary("sqrt", div(squares(), literal(n))));
  const most = define("most", [], [N], (i) => unary("abs", g(i)), "max");
  return {
    kind: "fold",
    id: 0,
    reasons: [],
    axes: [],
    over: [N],
    values: [
      { op: "sum", value: mul(g(axis(0)), g(axis(0))) },
      { op: "max", value: unary("abs", g(axis(0))) },
    ],
    outputs: [
      { node: rms.node, value: unary("sqrt", div(slot(0), literal(n))) },
      { node: most.node, value: slot(1) },
    ],
  };
}

/** A running average of the sums of rows, written over itself. */
function runningRowSums(d: number, t: number): FoldCluster {
  const [D, T] = [dim("D", d), dim("T", t)];
  const [x, average] = [parameter("x", D, T), tensor(leaf("state", "average", [D]))];
  const sums = define("sums", [D], [T], (d, t) => x(d, t));
  const next = define("next", [D], [], (d) => add(mul(average(d), literal(0.5)), sums(d)));
  return {
    kind: "fold",
    id: 0,
    reasons: [],
    axes: [D],
    over: [T],
    values: [{ op: "sum", value: x(axis(0), axis(1)) }],
    outputs: [{ node: update(average.node, next.node), value: add(mul(average(axis(0)), literal(0.5)), slot(0)) }],
  };
}

/** A reduction of integers beside one of floats over the same rows, [t, d] to [d]. */
function countsAndValues(t: number, d: number, op: Reduction["op"]): FoldCluster {
  const [T, D] = [dim("T", t), dim("D", d)];
  const ids = integers("ids", 1000, T, D);
  const counts = define("counts", [D], [T], (d, t) => ids(t, d), op);
  const values = define("values", [D], [T], (d, t) => mul(cast(ids(t, d), "f32"), literal(0.5)), op);
  const read = ids(axis(1), axis(0));
  return {
    kind: "fold",
    id: 0,
    reasons: [],
    axes: [D],
    over: [T],
    values: [
      { op, value: read },
      { op, value: mul(cast(read, "f32"), literal(0.5)) },
    ],
    outputs: [
      { node: counts.node, value: slot(0, "i32") },
      { node: values.node, value: slot(1) },
    ],
  };
}

/** What rounds the same way in every addition. */
const constantValues = (leaf: Leaf): Float64Array => new Float64Array(elementCount(leaf.axes)).fill(Math.fround(0.3));

const size = fc.oneof(fc.constantFrom(1, 3, 4, 16), fc.integer({ min: 1, max: 48 }));

describe("folds", () => {
  test("column sums over any sizes", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(1, 2, 5),
        fc.oneof(size, fc.constantFrom(200, 515)),
        fc.constantFrom(1, 2),
        size,
        fc.constantFrom(...targets),
        async (b, t, h, d, target) => {
          await checkCluster(columnSums(b, t, h, d), { target, least: 2 });
        },
      ),
      { numRuns: 50 },
    );
  });

  test("whole arenas", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(size, fc.constantFrom(1000, 4096, 20011, 70000)),
        fc.constantFrom(...targets),
        async (n, target) => {
          await checkCluster(norm(n), { target });
        },
      ),
      { numRuns: 25 },
    );
  });

  test("run on WebGPU, in one stage and in two", async () => {
    const stages: number[] = [];
    for (const target of targets) {
      for (const cluster of [columnSums(2, 100, 2, 12), columnSums(1, 3, 1, 5), norm(20011)]) {
        stages.push((await checkCluster(cluster, { target, device: "dawn" })).dispatches.length);
      }
    }
    expect(new Set(stages)).toEqual(new Set([1, 2]));
  });

  test("combine many partial results with a workgroup", async () => {
    // One lane would add 32 thousand numbers one after another.
    const { dispatches } = await checkCluster(norm(600_000), { target: gpuTarget });
    expect(dispatches.map(({ kernel }) => [kernel.name, kernel.groups])).toEqual([
      ["fold_rms_partial", 74],
      ["fold_rms", 1],
    ]);
  });

  test("minima, maxima and sums of integers are exact, in one stage and in two", async () => {
    const stages: number[] = [];
    for (const target of targets) {
      for (const op of ["min", "max", "sum"] as const) {
        for (const [t, d] of [
          [5, 3],
          [700, 8],
          [3000, 1],
        ] as const) {
          stages.push((await checkCluster(countsAndValues(t, d, op), { target, tolerance: 0 })).dispatches.length);
        }
      }
      await checkCluster(countsAndValues(700, 8, "min"), { target, tolerance: 0, device: "dawn" });
    }
    expect(new Set(stages)).toEqual(new Set([1, 2]));
  });

  test("results are written in place", async () => {
    for (const target of targets)
      for (const [d, t] of [
        [70, 5],
        [3, 4000],
        [1, 20000],
      ] as const)
        await checkCluster(runningRowSums(d, t), { target });
    expect.hasAssertions();
  });

  test("lanes lie along what is contiguous in memory", async () => {
    // Sums along rows load vectors along the rows, although the number of results could be divided into vectors as well.
    for (const target of targets) {
      const { dispatches } = await checkCluster(runningRowSums(8, 16384), { target });
      expect(dispatches[0]?.kernel.bindings[0]).toMatchObject({
        name: "x",
        element: { scalar: "f32", width: target.simd ? 1 : 4 },
      });
    }
  });

  test("sums of millions of equal numbers keep five digits", async () => {
    for (const target of targets) {
      const check = async (cluster: FoldCluster) =>
        checkCluster(cluster, { target, values: constantValues, tolerance: 1e-5, device: "dawn" });
      await check(norm(1 << 20));
      await check(norm(1 << 22));
      await check(columnSums(1, 65536, 1, 8));
      await check(runningRowSums(8, 65536));
    }
    expect.hasAssertions();
  });
});
