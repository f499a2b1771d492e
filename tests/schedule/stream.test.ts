import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Leaf, Scalar } from "../../src/ir/graph.ts";
import { leaf, update } from "../../src/ir/node.ts";
import { add, axis, binary, div, literal, mul, read, select, slot, unary } from "../../src/ir/scalar.ts";
import type { FoldCluster, RowCluster } from "../../src/cluster/cluster.ts";
import { clusterGraph } from "../../src/optimize/clusters.ts";
import { cpuTarget } from "../../src/schedule/build/lowered.ts";
import type { Target } from "../../src/schedule/build/lowered.ts";
import { hasCompiler } from "../support/c-kernels.ts";
import { define, dim, parameter, tensor } from "../support/build.ts";
import { checkCluster } from "./harness.ts";

const cpus = [cpuTarget(4), cpuTarget(8), cpuTarget(16)] as const;
const devices = hasCompiler ? (["interpreter", "c"] as const) : (["interpreter"] as const);

/** A position in a context, as the decode program has it. */
const positionLeaf = (context: number): Leaf => leaf("scalar", "position", [], "i32", { below: context });

/** One token times a matrix of heads, with a gate beside it, a bias and a residual. */
function tokenTimesMatrix(d: number, h: number, e: number): FoldCluster {
  const [D, H, E] = [dim("D", d), dim("H", h), dim("E", e)];
  const [x, w, g] = [parameter("x", D), parameter("w", D, H, E), parameter("g", D, H, E)];
  const [bias, residual] = [parameter("bias", H, E), parameter("residual", H, E)];
  const value = (h: Scalar, e: Scalar, d: Scalar): Scalar => mul(x(d), w(d, h, e));
  const sum = define("sum", [H, E], [D], value);
  const most = define("most", [H, E], [D], (h, e, d) => mul(x(d), g(d, h, e)), "max");
  const y = define("y", [H, E], [], (h, e) => add(mul(add(sum(h, e), bias(h, e)), most(h, e)), residual(h, e)));
  const [p0, p1, p2] = [axis(0), axis(1), axis(2)];
  return {
    kind: "fold",
    id: 0,
    reasons: [],
    axes: [H, E],
    over: [D],
    values: [
      { op: "sum", value: value(p0, p1, p2) },
      { op: "max", value: mul(x(p2), g(p2, p0, p1)) },
    ],
    outputs: [{ node: y.node, value: add(mul(add(slot(0), bias(p0, p1)), slot(1)), residual(p0, p1)) }],
  };
}

/** What a cache holds at one place: older rows, the current one, nothing beyond. */
const cached = (s: Scalar, here: Scalar, old: Scalar, current: Scalar): Scalar =>
  select(binary("lt", s, here), old, select(binary("eq", s, here), current, literal(0)));

function weightedValues(s: number, h: number, e: number): { readonly cluster: FoldCluster; readonly position: Leaf } {
  const [S, H, E] = [dim("S", s), dim("H", h), dim("E", e)];
  const position = positionLeaf(s);
  const [p, cache, v] = [parameter("p", H, S), parameter("cache", S, H, E), parameter("v", H, E)];
  const value = (h: Scalar, e: Scalar, s: Scalar): Scalar =>
    mul(p(h, s), cached(s, read(position, []), cache(s, h, e), v(h, e)));
  const o = define("o", [H, E], [S], value);
  const cluster: FoldCluster = {
    kind: "fold",
    id: 0,
    reasons: [],
    axes: [H, E],
    over: [S],
    values: [{ op: "sum", value: value(axis(0), axis(1), axis(2)) }],
    outputs: [{ node: o.node, value: slot(0) }],
  };
  return { cluster, position };
}

function scores(s: number, h: number, e: number): { readonly cluster: RowCluster; readonly position: Leaf } {
  const [S, H, E] = [dim("S", s), dim("H", h), dim("E", e)];
  const position = positionLeaf(s);
  const [q, cache, k] = [parameter("q", H, E), parameter("cache", S, H, E), parameter("k", H, E)];
  const value = (h: Scalar, s: Scalar, e: Scalar): Scalar =>
    mul(q(h, e), cached(s, read(position, []), cache(s, h, e), k(h, e)));
  const dot = define("dot", [H, S], [E], value);
  const a = define("a", [H, S], [], (h, s) => div(dot(h, s), literal(8)));
  const cluster: RowCluster = {
    kind: "row",
    id: 0,
    reasons: [],
    rows: [H, S],
    along: [E],
    steps: [
      { kind: "reduce", op: "sum", value: value(axis(0), axis(1), axis(2)) },
      { kind: "output", per: "row", output: { node: a.node, value: div(slot(0), literal(8)), at: [axis(0), axis(1)] } },
    ],
  };
  return { cluster, position };
}

function logits(v: number, d: number): RowCluster {
  const [V, D] = [dim("V", v), dim("D", d)];
  const [w, y] = [parameter("w", V, D), parameter("y", D)];
  const z = define("z", [V], [D], (v, d) => mul(w(v, d), y(d)));
  const most = define("most", [V], [D], (v, d) => unary("abs", w(v, d)), "max");
  return {
    kind: "row",
    id: 0,
    reasons: [],
    rows: [V],
    along: [D],
    steps: [
      { kind: "reduce", op: "sum", value: mul(w(axis(0), axis(1)), y(axis(1))) },
      { kind: "reduce", op: "max", value: unary("abs", w(axis(0), axis(1))) },
      { kind: "output", per: "row", output: { node: z.node, value: slot(0), at: [axis(0)] } },
      { kind: "output", per: "row", output: { node: most.node, value: slot(1), at: [axis(0)] } },
    ],
  };
}

const at =
  (position: Leaf, value: number) =>
  (given: Leaf): Float64Array | undefined =>
    given === position ? Float64Array.of(value) : undefined;
const target = fc.constantFrom<Target>(...cpus);
const device = fc.constantFrom(...devices);
const streamed = expect.stringContaining("a stream of");

describe("large matrices on the CPU", () => {
  test("are multiplied with one token, whatever their sizes", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom([515, 1, 64], [97, 1, 351], [66, 7, 73], [7, 1, 5000]),
        target,
        device,
        async ([d = 1, h = 1, e = 1], target, device) => {
          const { reasons } = await checkCluster(tokenTimesMatrix(d, h, e), { target, device, least: 2 });
          expect(reasons).toEqual([streamed]);
        },
      ),
      { numRuns: 4 },
    );
  });

  test("give the logits of one token, whatever the size of the vocabulary", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom([511, 72], [129, 257], [347, 96], [2049, 16]),
        target,
        device,
        async ([v = 1, d = 1], target, device) => {
          const { reasons } = await checkCluster(logits(v, d), { target, device, least: 2 });
          expect(reasons).toEqual([streamed]);
        },
      ),
      { numRuns: 4 },
    );
  });

  test("are read up to the position where they are a cache", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom([256, 4, 32], [127, 5, 52], [514, 1, 64]),
        fc.double({ min: 0, max: 1, noNaN: true }),
        target,
        device,
        async ([s = 1, h = 1, e = 1], share, target, device) => {
          const here = Math.min(s - 1, Math.floor(share * s));
          for (const { cluster, position } of [weightedValues(s, h, e), scores(s, h, e)]) {
            const { reasons } = await checkCluster(cluster, { target, device, least: 2, values: at(position, here) });
            expect(reasons).toEqual([streamed]);
          }
        },
      ),
      { numRuns: 4 },
    );
  });
});

describe("a cache", () => {
  test("is updated by a kernel over the one row that changes", async () => {
    const [S, H, E] = [dim("S", 9), dim("H", 3), dim("E", 5)];
    const position = positionLeaf(9);
    const [k, cache] = [parameter("k", H, E), tensor(leaf("state", "cache", [S, H, E]))];
    const next = define("next", [S, H, E], [], (s, h, e) =>
      select(binary("eq", s, read(position, [])), k(h, e), cache(s, h, e)),
    );
    const { clusters } = clusterGraph([update(cache.node, next.node)], { bindings: 8 });
    expect(clusters).toMatchObject([{ kind: "map", axes: [H, E] }]);
    for (const here of [0, 4, 8]) {
      for (const cluster of clusters) await checkCluster(cluster, { target: cpuTarget(8), values: at(position, here) });
    }
  });

  test("is updated whole where the row that changes may lie outside of it", () => {
    const S = dim("S", 9);
    const position = positionLeaf(10);
    const cache = tensor(leaf("state", "cache", [S]));
    const next = define("next", [S], [], (s) => select(binary("eq", s, read(position, [])), literal(1), cache(s)));
    const { clusters } = clusterGraph([update(cache.node, next.node)], { bindings: 8 });
    expect(clusters).toMatchObject([{ kind: "map", axes: [S] }]);
  });
});
