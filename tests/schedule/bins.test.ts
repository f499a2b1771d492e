import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { elementCount, scatter } from "../../src/ir/node.ts";
import { add, axis, literal, mul, slot } from "../../src/ir/scalar.ts";
import type { Leaf } from "../../src/ir/graph.ts";
import type { BinsCluster } from "../../src/cluster/cluster.ts";
import { define, dim, integers, parameter, tensor } from "../support/build.ts";
import { checkCluster, randomValues, targets } from "./harness.ts";
import type { Options } from "./harness.ts";

type Values = (leaf: Leaf) => Float64Array | undefined;

/** The leaves with the points of every bin, and their values: the counting sort that the host would do. */
function sorted(
  ids: Leaf,
  count: number,
  v: number,
): { readonly leaves: { readonly order: Leaf; readonly offsets: Leaf }; readonly values: Values } {
  const order = integers("order", count, dim("P", count)).node;
  const offsets = integers("offsets", count + 1, dim("V1", v + 1)).node;
  const inOrder = Array.from(randomValues(ids), (id, p) => ({ id, p })).toSorted((a, c) => a.id - c.id || a.p - c.p);
  const contents = new Map<Leaf, Float64Array>([
    [order, Float64Array.from(inOrder, ({ p }) => p)],
    [offsets, Float64Array.from({ length: v + 1 }, (_, bin) => inOrder.filter(({ id }) => id < bin).length)],
  ]);
  return { leaves: { order, offsets }, values: (leaf) => contents.get(leaf) };
}

/** The gradient of an embedding table, onto another gradient when the table is tied. */
function embedding(
  b: number,
  t: number,
  v: number,
  d: number,
  tied: boolean,
): { readonly cluster: BinsCluster; readonly values: Values } {
  const [B, T, V, D] = [dim("B", b), dim("T", t), dim("V", v), dim("D", d)];
  const ids = integers("ids", v, B, T);
  const { leaves, values } = sorted(ids.node, b * t, v);
  const [dy, base] = [parameter("dy", B, T, D), parameter("base", V, D)];
  const sum = tensor(
    scatter(
      { name: "sum" },
      [V, D],
      [B, T, D],
      [ids(axis(0), axis(1)), axis(2)],
      mul(dy(axis(0), axis(1), axis(2)), literal(2)),
    ),
  );
  const out = tied ? define("out", [V, D], [], (v, d) => add(sum(v, d), base(v, d))) : sum;
  return {
    cluster: {
      kind: "bins",
      id: 0,
      reasons: [],
      bins: V,
      rest: [D],
      over: [B, T],
      ...leaves,
      value: mul(dy(axis(0), axis(1), axis(2)), literal(2)),
      output: { node: out.node, value: tied ? add(slot(0), base(axis(0), axis(1))) : slot(0) },
    },
    values,
  };
}

/** Values of points, with any axes, summed by ids; as arguments of `checkCluster`. */
function points(
  count: number,
  v: number,
  rest: readonly number[],
  { constant = false, ...options }: Options & { readonly constant?: boolean },
): [BinsCluster, Options] {
  const [P, V, R] = [dim("P", count), dim("V", v), rest.map((n, i) => dim(`R${i}`, n))];
  const ids = integers("ids", v, P);
  const { leaves, values } = sorted(ids.node, count, v);
  const x = parameter("x", P, ...R);
  const at = [P, ...R].map((_, i) => axis(i));
  const sum = scatter({ name: "sum" }, [V, ...R], [P, ...R], [ids(axis(0)), ...at.slice(1)], x(...at));
  return [
    {
      kind: "bins",
      id: 0,
      reasons: [],
      bins: V,
      rest: R,
      over: [P],
      ...leaves,
      value: x(...at),
      output: { node: sum, value: slot(0) },
    },
    {
      ...options,
      values: (leaf) =>
        leaf === x.node && constant ? new Float64Array(elementCount(leaf.axes)).fill(Math.fround(0.3)) : values(leaf),
    },
  ];
}

const size = fc.oneof(fc.constantFrom(1, 4, 16), fc.integer({ min: 1, max: 24 }));

describe("bins", () => {
  test("sum what the points of each id contribute, over any sizes", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(1, 3),
        size,
        size,
        size,
        fc.boolean(),
        fc.constantFrom(...targets),
        async (b, t, v, d, tied, target) => {
          const { cluster, values } = embedding(b, t, v, d, tied);
          await checkCluster(cluster, { target, values });
        },
      ),
      { numRuns: 40 },
    );
  });

  test("sum scalars, and elements with several axes", async () => {
    for (const target of targets) {
      for (const rest of [[], [3, 4], [2, 3, 5], [4, 1]]) await checkCluster(...points(300, 7, rest, { target }));
    }
    expect.hasAssertions();
  });

  test("many equal numbers in one bin keep five digits", async () => {
    for (const target of targets) {
      for (const count of [2600, 65536, 300_000]) {
        await checkCluster(...points(count, 1, [1], { target, device: "dawn", tolerance: 1e-5, constant: true }));
        await checkCluster(...points(count, 1, [], { target, device: "dawn", tolerance: 1e-5, constant: true }));
      }
    }
    expect.hasAssertions();
  });

  test("run on WebGPU", async () => {
    const { cluster, values } = embedding(2, 40, 30, 12, true);
    for (const target of targets) await checkCluster(cluster, { target, values, device: "dawn" });
    expect.hasAssertions();
  });
});
