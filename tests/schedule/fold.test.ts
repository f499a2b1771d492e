import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { axis, div, literal, mul, slot, unary } from "../../src/ir/scalar.ts";
import type { FoldCluster } from "../../src/optimize/cluster.ts";
import { gpuTarget } from "../../src/schedule/lowered.ts";
import { define, dim, parameter } from "../support/build.ts";
import { checkCluster, targets } from "./harness.ts";

/** The gradients of a gain and a bias: two column sums over the tokens of a batch. */
function columnSums(b: number, t: number, h: number, d: number): FoldCluster {
  const [B, T, H, D] = [dim("B", b), dim("T", t), dim("H", h), dim("D", d)];
  const [dy, x, r] = [parameter("dy", B, T, H, D), parameter("x", B, T, H, D), parameter("r", B, T)];
  const gain = define("gain", [H, D], [B, T], (h, d, b, t) => mul(dy(b, t, h, d), mul(x(b, t, h, d), r(b, t))));
  const bias = define("bias", [H, D], [B, T], (h, d, b, t) => dy(b, t, h, d));
  const [h0, d0, b0, t0] = [axis(0), axis(1), axis(2), axis(3)];
  return {
    kind: "fold", id: 0, reasons: [], axes: [H, D], over: [B, T],
    values: [{ op: "sum", value: mul(dy(b0, t0, h0, d0), mul(x(b0, t0, h0, d0), r(b0, t0))) }, { op: "sum", value: dy(b0, t0, h0, d0) }],
    outputs: [{ node: gain.node, value: slot(0) }, { node: bias.node, value: slot(1) }],
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
    kind: "fold", id: 0, reasons: [], axes: [], over: [N],
    values: [{ op: "sum", value: mul(g(axis(0)), g(axis(0))) }, { op: "max", value: unary("abs", g(axis(0))) }],
    outputs: [{ node: rms.node, value: unary("sqrt", div(slot(0), literal(n))) }, { node: most.node, value: slot(1) }],
  };
}

const size = fc.oneof(fc.constantFrom(1, 3, 4, 16), fc.integer({ min: 1, max: 48 }));

describe("folds", () => {
  test("column sums over any sizes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(1, 2, 5), fc.oneof(size, fc.constantFrom(200, 515)), fc.constantFrom(1, 2), size, fc.constantFrom(...targets), async (b, t, h, d, target) => {
        await checkCluster(columnSums(b, t, h, d), { target, least: 2 });
      }),
      { numRuns: 50 },
    );
  });

  test("whole arenas", async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(size, fc.constantFrom(1000, 4096, 20011, 70000)), fc.constantFrom(...targets), async (n, target) => {
        await checkCluster(norm(n), { target });
      }),
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
    expect(dispatches.map(({ kernel }) => [kernel.name, kernel.groups])).toEqual([["fold_rms_partial", 74], ["fold_rms", 1]]);
  });
});
