import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { scatter } from "../../src/ir/node.ts";
import { add, axis, literal, mul, slot } from "../../src/ir/scalar.ts";
import type { Leaf } from "../../src/ir/graph.ts";
import type { BinsCluster } from "../../src/optimize/cluster.ts";
import { define, dim, integers, parameter, tensor } from "../support/build.ts";
import { checkCluster, randomValues, targets } from "./harness.ts";

/** The gradient of an embedding table, onto another gradient when the table is tied, with the counting sort that the host would do. */
function embedding(b: number, t: number, v: number, d: number, tied: boolean): { readonly cluster: BinsCluster; readonly values: (leaf: Leaf) => Float64Array | undefined } {
  const [B, T, V, D] = [dim("B", b), dim("T", t), dim("V", v), dim("D", d)];
  const ids = integers("ids", v, B, T);
  const order = integers("order", b * t, dim("BT", b * t));
  const offsets = integers("offsets", b * t + 1, dim("V1", v + 1));
  const [dy, base] = [parameter("dy", B, T, D), parameter("base", V, D)];
  const sum = tensor(scatter({ name: "sum" }, [V, D], [B, T, D], [ids(axis(0), axis(1)), axis(2)], mul(dy(axis(0), axis(1), axis(2)), literal(2))));
  const out = tied ? define("out", [V, D], [], (v, d) => add(sum(v, d), base(v, d))) : sum;
  const idValues = randomValues(ids.node);
  const sorted = Array.from(idValues, (id, p) => ({ id, p })).toSorted((a, c) => a.id - c.id || a.p - c.p);
  return {
    cluster: {
      kind: "bins", id: 0, reasons: [], bins: V, rest: [D], over: [B, T], order: order.node, offsets: offsets.node,
      value: mul(dy(axis(0), axis(1), axis(2)), literal(2)),
      output: { node: out.node, value: tied ? add(slot(0), base(axis(0), axis(1))) : slot(0) },
    },
    values: (leaf) =>
      leaf === order.node ? Float64Array.from(sorted, ({ p }) => p)
      : leaf === offsets.node ? Float64Array.from({ length: v + 1 }, (_, bin) => sorted.filter(({ id }) => id < bin).length)
      : undefined,
  };
}

const size = fc.oneof(fc.constantFrom(1, 4, 16), fc.integer({ min: 1, max: 24 }));

describe("bins", () => {
  test("sum what the points of each id contribute, over any sizes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(1, 3), size, size, size, fc.boolean(), fc.constantFrom(...targets), async (b, t, v, d, tied, target) => {
        const { cluster, values } = embedding(b, t, v, d, tied);
        await checkCluster(cluster, { target, values });
      }),
      { numRuns: 40 },
    );
  });

  test("run on WebGPU", async () => {
    const { cluster, values } = embedding(2, 40, 30, 12, true);
    for (const target of targets) await checkCluster(cluster, { target, values, device: "dawn" });
    expect.hasAssertions();
  });
});
