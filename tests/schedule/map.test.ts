import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { leaf, update } from "../../src/ir/node.ts";
import { add, binary, cast, int, literal, mul, random, select, sub, unary } from "../../src/ir/scalar.ts";
import type { Axis, Node } from "../../src/ir/graph.ts";
import type { MapCluster } from "../../src/cluster/cluster.ts";
import { constant, define, dim, integers, parameter, tensor } from "../support/build.ts";
import { lower } from "../../src/schedule/lower.ts";
import { softwareTarget } from "../../src/schedule/build/lowered.ts";
import { checkCluster, scalarLayout, targets } from "./harness.ts";

function mapOf(axes: readonly Axis[], ...nodes: readonly Node[]): MapCluster {
  return {
    kind: "map",
    id: 0,
    reasons: [],
    axes,
    outputs: nodes.map((node) => {
      const source = node.kind === "update" ? node.value : node;
      if (source.kind !== "comp") throw new Error("a map computes comps");
      return { node, value: source.body };
    }),
  };
}

const size = fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 13 }), fc.constantFrom(4, 8, 16, 17));

describe("maps", () => {
  test("compute pointwise values with broadcasts, transposes, shifts and gathers over any sizes", async () => {
    await fc.assert(
      fc.asyncProperty(size, size, size, fc.constantFrom(...targets), async (b, t, d, target) => {
        const [B, T, D] = [dim("B", b), dim("T", t), dim("D", d)];
        const x = parameter("x", B, T, D);
        const w = parameter("w", D, T);
        const gain = parameter("gain", D);
        const ids = integers("ids", 7, B, T);
        const table = parameter("table", dim("V", 7), D);
        const y = define("y", [B, T, D], [], (b, t, d) => add(mul(x(b, t, d), gain(d)), mul(w(d, t), literal(0.3))));
        const z = define("z", [B, T, D], [], (b, t, d) =>
          select(binary("lt", int(0), t), sub(x(b, sub(t, int(1)), d), table(ids(b, t), d)), literal(-0.5)),
        );
        const even = define("even", [B, T, D], [], (_, t, d) => binary("eq", binary("mod", sub(d, t), int(2)), int(0)));
        await checkCluster(mapOf([B, T, D], y.node, z.node, even.node), { target });
      }),
      { numRuns: 40 },
    );
  });

  test("read flattened and split axes at plain addresses", async () => {
    const [T, H, E, M] = [dim("T", 6), dim("H", 3), dim("E", 8), dim("M", 24)];
    const x = parameter("x", T, M);
    const heads = define("heads", [T, H, E], [], (t, h, e) => unary("exp", x(t, add(mul(h, int(8)), e))));
    const lowered = await checkCluster(mapOf([T, H, E], heads.node));
    const back = define("back", [T, M], [], (t, m) => heads(t, binary("idiv", m, int(8)), binary("mod", m, int(8))));
    const second = await checkCluster(mapOf([T, M], back.node));
    // One vec4 load at the lane's own index: no division is left.
    for (const { dispatches } of [lowered, second])
      expect(JSON.stringify(dispatches[0]?.kernel.body)).not.toMatch(/"op":"(div|mod)"/);
  });

  test("update arenas in place, several at once", async () => {
    const N = dim("N", 260);
    const [p, m, g] = [parameter("p", N), tensor(leaf("state", "m", [N])), parameter("g", N)];
    const lr = tensor(leaf("scalar", "lr", []));
    const momentum = define("momentum", [N], [], (i) => add(mul(m(i), literal(0.9)), mul(g(i), literal(0.1))));
    const next = define("next", [N], [], (i) =>
      sub(p(i), mul(lr(), add(mul(m(i), literal(0.9)), mul(g(i), literal(0.1))))),
    );
    const cluster = mapOf([N], update(p.node, next.node), update(m.node, momentum.node));
    for (const target of targets) {
      const { dispatches } = await checkCluster(cluster, { target });
      const access = Object.fromEntries(
        dispatches[0]?.kernel.bindings.map((binding) => [binding.name, binding.access]) ?? [],
      );
      expect(access).toEqual({ p: "read_write", m: "read_write", g: "read", scalars: "read" });
    }
  });

  test("draw the same random numbers as the evaluator, and compute constants, booleans and integers", async () => {
    const [T, D] = [dim("T", 5), dim("D", 12)];
    const table = constant(
      "table",
      "f32",
      Array.from({ length: 12 }, (_, i) => i / 8),
      D,
    );
    const x = parameter("x", T, D);
    const drop = define("drop", [T, D], [], (t, d) =>
      select(binary("lt", random(77, add(mul(t, int(12)), d)), literal(0.25)), literal(0), mul(x(t, d), table(d))),
    );
    const code = define("code", [T, D], [], (t, d) => binary("idiv", sub(mul(t, int(3)), d), int(4)));
    const power = define("power", [T, D], [], (t, d) =>
      add(binary("pow", x(t, d), literal(3)), cast(binary("le", t, d), "f32")),
    );
    const cluster = mapOf([T, D], drop.node, code.node, power.node);
    for (const target of targets) await checkCluster(cluster, { target });
    await checkCluster(cluster, { device: "dawn" });
  });

  test("of equal layers are equal, whichever was made first", () => {
    const [T, D] = [dim("T", 4), dim("D", 8)];
    const texts = [0, 1].map((layer) => {
      const [x, y] = [parameter(`layers.${layer}.x`, T, D), parameter(`layers.${layer}.y`, T, D)];
      // What reads nothing is made once, after the reads of the first layer and before those of the second.
      const z = define(`layers.${layer}.z`, [T, D], [], (t, d) =>
        add(
          mul(x(t, d), unary("cos", mul(cast(d, "f32"), literal(0.7182)))),
          mul(y(t, d), unary("sin", add(cast(t, "f32"), literal(0.7182)))),
        ),
      );
      const kernel = lower(mapOf([T, D], z.node), softwareTarget, scalarLayout()).dispatches[0]?.kernel;
      return JSON.stringify({ ...kernel, comment: [] });
    });
    expect(texts[0]).toBe(texts[1]);
  });

  test("run for rank 0", async () => {
    const x = parameter("x");
    const y = define("y", [], [], () => unary("sqrt", unary("abs", x())));
    await checkCluster(mapOf([], y.node));
  });
});
