import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { add, axis, binary, literal, mul, slot, unary } from "../../src/ir/scalar.ts";
import type { Axis, Scalar } from "../../src/ir/graph.ts";
import type { ContractCluster } from "../../src/cluster/cluster.ts";
import { cpuTarget, gpuTarget, softwareTarget } from "../../src/schedule/build/lowered.ts";
import { define, dim, parameter } from "../support/build.ts";
import type { Tensor } from "../support/build.ts";
import { checkCluster, targets } from "./harness.ts";

const layouts = ["NN", "NT", "TN", "TT"] as const;
type Layout = (typeof layouts)[number];

/** Reads of the two operands at the cluster's positions, for axes given in the order m, n, k. */
function operands(
  layout: Layout,
  M: Axis,
  N: Axis,
  K: Axis,
): {
  readonly x: Tensor;
  readonly w: Tensor;
  readonly a: (m: Scalar, k: Scalar) => Scalar;
  readonly b: (k: Scalar, n: Scalar) => Scalar;
} {
  const x = layout[0] === "N" ? parameter("x", M, K) : parameter("x", K, M);
  const w = layout[1] === "N" ? parameter("w", K, N) : parameter("w", N, K);
  return {
    x,
    w,
    a: (m, k) => (layout[0] === "N" ? x(m, k) : x(k, m)),
    b: (k, n) => (layout[1] === "N" ? w(k, n) : w(n, k)),
  };
}

const asIs = (s: Scalar): Scalar => s;
const half = (s: Scalar): Scalar => unary("bf16", s);

function plain(layout: Layout, m: number, n: number, k: number, round = asIs): ContractCluster {
  const [M, N, K] = [dim("M", m), dim("N", n), dim("K", k)];
  const given = operands(layout, M, N, K);
  const a = (at: Scalar, by: Scalar): Scalar => round(given.a(at, by));
  const b = (by: Scalar, at: Scalar): Scalar => round(given.b(by, at));
  const y = define("y", [M, N], [K], (m, n, k) => mul(a(m, k), b(k, n)));
  return {
    kind: "contract",
    id: 0,
    reasons: [],
    batch: [],
    m: [M],
    n: [N],
    k: [K],
    accumulators: 1,
    products: [{ into: 0, a: a(axis(0), axis(2)), b: b(axis(2), axis(1)) }],
    outputs: [{ node: y.node, value: slot(0) }],
  };
}

const silu = (v: Scalar): Scalar => binary("div", v, add(unary("exp", unary("neg", v)), literal(1)));

/** A gated pair over heads, with a scaled prologue, a bias and a residual in the epilogue, in a batch. */
function rich(b: number, t: number, d: number, h: number, e: number): ContractCluster {
  const [Z, T, D, H, E] = [dim("Z", b), dim("T", t), dim("D", d), dim("H", h), dim("E", e)];
  const x = parameter("x", Z, T, D);
  const scale = parameter("scale", Z, T);
  const [wg, wu] = [parameter("gate", Z, D, H, E), parameter("up", Z, H, E, D)];
  const bias = parameter("bias", H, E);
  const residual = parameter("residual", T, H, E);
  const prologue = (z: Scalar, t: Scalar, d: Scalar): Scalar => mul(x(z, t, d), scale(z, t));
  const gate = define("gated", [Z, T, H, E], [D], (z, t, h, e, d) => mul(prologue(z, t, d), wg(z, d, h, e)));
  const up = define("upward", [Z, T, H, E], [D], (z, t, h, e, d) => mul(prologue(z, t, d), wu(z, h, e, d)));
  const y = define("y", [Z, T, H, E], [], (z, t, h, e) =>
    add(mul(silu(add(gate(z, t, h, e), bias(h, e))), up(z, t, h, e)), residual(t, h, e)),
  );
  const [pz, pt, ph, pe, pd] = [axis(0), axis(1), axis(2), axis(3), axis(4)];
  return {
    kind: "contract",
    id: 0,
    reasons: [],
    batch: [Z],
    m: [T],
    n: [H, E],
    k: [D],
    accumulators: 2,
    products: [
      { into: 0, a: prologue(pz, pt, pd), b: wg(pz, pd, ph, pe) },
      { into: 1, a: prologue(pz, pt, pd), b: wu(pz, ph, pe, pd) },
    ],
    outputs: [
      { node: y.node, value: add(mul(silu(add(slot(0), bias(ph, pe))), slot(1)), residual(pt, ph, pe)) },
      { node: gate.node, value: slot(0) },
    ],
  };
}

const size = fc.oneof(fc.constantFrom(1, 3, 4, 16, 64), fc.integer({ min: 1, max: 80 }));

describe("contractions", () => {
  test("agree with the definition in every layout over any sizes", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...layouts),
        size,
        size,
        size,
        fc.constantFrom(...targets),
        async (layout, m, n, k, target) => {
          await checkCluster(plain(layout, m, n, k), { target });
        },
      ),
      { numRuns: 60 },
    );
  });

  test.each([4, 8, 16] as const)(
    "multiply blocks of rows with packed panels, a long k in pieces, in vectors of %i",
    async (lanes) => {
      for (const layout of layouts) {
        for (const [m, n, k] of [
          [100, 20, 10],
          [97, 3, 400],
          [7, 65, 390],
        ] as const)
          await checkCluster(plain(layout, m, n, k), { target: cpuTarget(lanes), least: 1 });
      }
    },
  );

  test.each([4, 8, 16] as const)("multiply pairs of numbers rounded to bfloat16, in vectors of %i", async (lanes) => {
    for (const layout of layouts) {
      for (const [m, n, k] of [
        [100, 20, 64],
        [97, 3, 900],
        [7, 65, 33],
      ] as const) {
        for (const device of m === 97 ? (["interpreter", "c"] as const) : (["interpreter"] as const)) {
          const { dispatches } = await checkCluster(plain(layout, m, n, k, half), {
            target: cpuTarget(lanes, true),
            least: 1,
            device,
          });
          expect(dispatches[0]?.kernel.bindings.map(({ element }) => element.scalar)).toContain("u32");
        }
      }
    }
  });

  test("take prologues, gated pairs, biases, residuals, batches and several outputs", async () => {
    const small = fc.constantFrom(1, 2, 3, 4, 8, 12, 17);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(1, 2, 3),
        small,
        small,
        fc.constantFrom(1, 2, 3),
        small,
        fc.constantFrom(...targets),
        async (b, t, d, h, e, target) => {
          await checkCluster(rich(b, t, d, h, e), { target });
        },
      ),
      { numRuns: 40 },
    );
  });

  test("sum products of different operands into one accumulator", async () => {
    const [T, D, E, F] = [dim("T", 12), dim("D", 20), dim("E", 20), dim("F", 20)];
    const [p, q, wp, wq] = [parameter("p", T, E), parameter("q", T, F), parameter("wp", D, E), parameter("wq", F, D)];
    const dx = define("dx", [T, D], [E], (t, d, e) => add(mul(p(t, e), wp(d, e)), mul(q(t, e), wq(e, d))));
    const [t, d, e] = [axis(0), axis(1), axis(2)];
    const cluster: ContractCluster = {
      kind: "contract",
      id: 0,
      reasons: [],
      batch: [],
      m: [T],
      n: [D],
      k: [E],
      accumulators: 1,
      products: [
        { into: 0, a: p(t, e), b: wp(d, e) },
        { into: 0, a: q(t, e), b: wq(e, d) },
      ],
      outputs: [{ node: dx.node, value: slot(0) }],
    };
    for (const target of targets) await checkCluster(cluster, { target });
  });

  test("split a long k over workgroups and add the parts in order", async () => {
    for (const n of [36, 30]) {
      const { dispatches, workspaces } = await checkCluster(plain("TN", 40, n, 1203), { target: gpuTarget });
      expect(dispatches.map(({ kernel }) => kernel.name)).toEqual(["contract_y_parts", "contract_y"]);
      expect(workspaces).toEqual([4 * 4 * 40 * n]);
    }
  });

  test("run on WebGPU", async () => {
    for (const target of [softwareTarget, gpuTarget]) {
      for (const layout of layouts) await checkCluster(plain(layout, 68, 40, 24), { target, device: "dawn" });
      await checkCluster(plain("NT", 1, 50, 36), { target, device: "dawn" });
      await checkCluster(plain("TN", 33, 20, 600), { target, device: "dawn" });
      await checkCluster(rich(2, 17, 12, 3, 4), { target, device: "dawn" });
    }
    expect.hasAssertions();
  });
});
