import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { add, axis, binary, div, literal, mul, select, slot, sub, unary } from "../../src/ir/scalar.ts";
import type { Node, Scalar } from "../../src/ir/graph.ts";
import { update } from "../../src/ir/node.ts";
import type { RowCluster, RowStep } from "../../src/cluster/cluster.ts";
import { define, dim, integers, parameter, rmsnorm, softmax } from "../support/build.ts";
import { checkCluster, targets } from "./harness.ts";

const reduceStep = (op: "sum" | "max" | "min", value: Scalar): RowStep => ({ kind: "reduce", op, value });
const elementStep = (value: Scalar): RowStep => ({ kind: "element", value });
const output = (per: "row" | "element", node: Node, value: Scalar): RowStep => ({
  kind: "output",
  per,
  output: { node, value },
});

function softmaxCluster(b: number, t: number, s: number, causal: boolean): RowCluster {
  const [B, T, S] = [dim("B", b), dim("T", t), dim("S", s)];
  const raw = parameter("raw", B, T, S);
  const mask = (t: Scalar, s: Scalar, v: Scalar): Scalar =>
    causal ? select(binary("le", s, t), v, literal(-Infinity)) : v;
  const x = define("x", [B, T, S], [], (b, t, s) => mask(t, s, mul(raw(b, t, s), literal(4))));
  const p = softmax("p", x, [B, T], S);
  const lse = define("lse", [B, T], [S], (b, t, s) => unary("exp", x(b, t, s)));
  const [b0, t0, s0] = [axis(0), axis(1), axis(2)];
  const score = mask(t0, s0, mul(raw(b0, t0, s0), literal(4)));
  return {
    kind: "row",
    id: 0,
    reasons: [],
    rows: [B, T],
    along: [S],
    steps: [
      reduceStep("max", score),
      elementStep(unary("exp", sub(score, slot(0)))),
      reduceStep("sum", slot(1)),
      output("element", p.node, div(slot(1), slot(2))),
      output("row", lse.node, mul(slot(2), unary("exp", slot(0)))),
    ],
  };
}

/** A norm over two axes, with its residual updated in place, a gain, and the reciprocal root kept for the gradient. */
function normCluster(b: number, h: number, e: number): RowCluster {
  const [B, H, E] = [dim("B", b), dim("H", h), dim("E", e)];
  const [x, y, gain] = [parameter("x", B, H, E), parameter("y", B, H, E), parameter("gain", H, E)];
  const size = H.size * E.size;
  const sum = define("sum", [B, H, E], [], (b, h, e) => add(x(b, h, e), y(b, h, e)));
  const ms = define("ms", [B], [H, E], (b, h, e) => div(mul(sum(b, h, e), sum(b, h, e)), literal(size)));
  const rstd = define("rstd", [B], [], (b) => unary("rsqrt", add(ms(b), literal(1e-5))));
  const normed = define("normed", [B, H, E], [], (b, h, e) => mul(mul(sum(b, h, e), rstd(b)), gain(h, e)));
  const at = [axis(0), axis(1), axis(2)] as const;
  const total = add(x(...at), y(...at));
  return {
    kind: "row",
    id: 0,
    reasons: [],
    rows: [B],
    along: [H, E],
    steps: [
      elementStep(total),
      output("element", update(x.node, sum.node), slot(0)),
      reduceStep("sum", mul(slot(0), slot(0))),
      output(
        "element",
        normed.node,
        mul(mul(slot(0), unary("rsqrt", add(div(slot(2), literal(size)), literal(1e-5)))), gain(axis(1), axis(2))),
      ),
      output("row", rstd.node, unary("rsqrt", add(div(slot(2), literal(size)), literal(1e-5)))),
    ],
  };
}

/** Cross-entropy with the gradient of the logits: a gather by id, two reductions, an element output. */
function crossEntropy(t: number, v: number): RowCluster {
  const [T, V] = [dim("T", t), dim("V", v)];
  const logits = parameter("logits", T, V);
  const target = integers("target", v, T);
  const m = define("m", [T], [V], (t, v) => logits(t, v), "max");
  const z = define("z", [T], [V], (t, v) => unary("exp", sub(logits(t, v), m(t))));
  const loss = define("loss", [T], [], (t) => sub(add(unary("log", z(t)), m(t)), logits(t, target(t))));
  const d = define("d", [T, V], [], (t, v) =>
    sub(div(unary("exp", sub(logits(t, v), m(t))), z(t)), select(binary("eq", v, target(t)), literal(1), literal(0))),
  );
  const [t0, v0] = [axis(0), axis(1)];
  return {
    kind: "row",
    id: 0,
    reasons: [],
    rows: [T],
    along: [V],
    steps: [
      reduceStep("max", logits(t0, v0)),
      reduceStep("sum", unary("exp", sub(logits(t0, v0), slot(0)))),
      output("row", loss.node, sub(add(unary("log", slot(1)), slot(0)), logits(t0, target(t0)))),
      output(
        "element",
        d.node,
        sub(
          div(unary("exp", sub(logits(t0, v0), slot(0))), slot(1)),
          select(binary("eq", v0, target(t0)), literal(1), literal(0)),
        ),
      ),
    ],
  };
}

const small = fc.oneof(fc.constantFrom(1, 2, 3, 4, 8), fc.integer({ min: 1, max: 40 }));
const long = fc.oneof(small, fc.constantFrom(64, 127, 256, 500, 2051, 4096));

describe("rows", () => {
  test("softmax, masked or not, over any sizes", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(1, 2, 3),
        small,
        long,
        fc.boolean(),
        fc.constantFrom(...targets),
        async (b, t, s, causal, target) => {
          await checkCluster(softmaxCluster(b, t, s, causal), { target });
        },
      ),
      { numRuns: 50 },
    );
  });

  test("norms over two axes that write their residual in place", async () => {
    await fc.assert(
      fc.asyncProperty(
        small,
        fc.constantFrom(1, 3, 4),
        fc.constantFrom(1, 3, 4, 17, 64, 600),
        fc.constantFrom(...targets),
        async (b, h, e, target) => {
          await checkCluster(normCluster(b, h, e), { target });
        },
      ),
      { numRuns: 40 },
    );
  });

  test("cross-entropy with its gradient, reading the logit of a data-dependent class", async () => {
    await fc.assert(
      fc.asyncProperty(small, long, fc.constantFrom(...targets), async (t, v, target) => {
        await checkCluster(crossEntropy(t, v), { target });
      }),
      { numRuns: 40 },
    );
  });

  test("one row of a plain node, as the definition of a norm gives it", async () => {
    const [B, D] = [dim("B", 1), dim("D", 96)];
    const [x, gain] = [parameter("x", B, D), parameter("gain", D)];
    const y = rmsnorm("y", x, gain, [B], D);
    const cluster: RowCluster = {
      kind: "row",
      id: 0,
      reasons: [],
      rows: [B],
      along: [D],
      steps: [
        reduceStep("sum", div(mul(x(axis(0), axis(1)), x(axis(0), axis(1))), literal(96))),
        output(
          "element",
          y.node,
          mul(mul(x(axis(0), axis(1)), unary("rsqrt", add(slot(0), literal(1e-6)))), gain(axis(1))),
        ),
      ],
    };
    for (const target of targets) await checkCluster(cluster, { target });
  });

  test("run on WebGPU", async () => {
    for (const target of targets) {
      await checkCluster(softmaxCluster(2, 9, 260, true), { target, device: "dawn" });
      await checkCluster(normCluster(7, 3, 20), { target, device: "dawn" });
      await checkCluster(crossEntropy(5, 2051), { target, device: "dawn" });
    }
    expect.hasAssertions();
  });
});
