import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Axis, Leaf, Node, Scalar } from "../../src/ir/graph.ts";
import { evaluate } from "../../src/ir/evaluate/evaluate.ts";
import { elementCount, leaf } from "../../src/ir/node.ts";
import { add, binary, div, int, literal, mul, sub, unary } from "../../src/ir/scalar.ts";
import { vjp } from "../../src/grad/gradients.ts";
import { causal, define, dim, gelu, integers, parameter, rmsnorm, softmax } from "../support/build.ts";
import type { Tensor } from "../support/build.ts";

interface Expected {
  readonly out: readonly number[];
  readonly gradients: Readonly<Record<string, readonly number[]>>;
}
const expected = JSON.parse(readFileSync(new URL("../fixtures/torch/blocks.json", import.meta.url), "utf8")) as Record<
  string,
  Expected
>;

const [B, T, S, D, H, G, E, V, N] = [
  dim("B", 2),
  dim("T", 5),
  dim("S", 5),
  dim("D", 12),
  dim("H", 4),
  dim("G", 2),
  dim("E", 3),
  dim("V", 7),
  dim("N", 8),
];
const pattern = (seed: number, n: number): Float64Array =>
  Float64Array.from({ length: n }, (_, i) => ((i * 37 + seed * 101) % 64) / 32 - 1);

type Reads = readonly [Scalar, Scalar, Scalar, Scalar, Scalar];
const sum = (name: string, axes: readonly Axis[], over: readonly Axis[], body: (...at: Reads) => Scalar): Tensor =>
  define(name, axes, over, body as never);

/** Evaluates and differentiates, and compares with PyTorch's numbers. The order of `leaves` numbers their patterns. */
function agree(
  name: string,
  out: Tensor,
  leaves: readonly Tensor<Leaf>[],
  integersOf = new Map<Leaf, Float64Array>(),
): void {
  const cotangent = leaf("input", "w", out.node.axes);
  const values = new Map<Leaf, Float64Array>([...integersOf, [cotangent, pattern(50, elementCount(out.node.axes))]]);
  leaves.forEach((l, i) => values.set(l.node, pattern(i, elementCount(l.node.axes))));
  const { gradients } = vjp(
    [out.node],
    [cotangent],
    leaves.map((l) => l.node),
  );
  const found = evaluate([out.node, ...gradients.values()], (l) => values.get(l) as Float64Array);
  const close = (node: Node, want: readonly number[] | undefined): void => {
    const have = found.get(node) as Float64Array;
    expect(want?.length).toBe(have.length);
    have.forEach((x, i) =>
      expect(Math.abs(x - (want?.[i] ?? NaN)), `${name}: ${node.name}[${i}]`).toBeLessThan(
        1e-9 * Math.max(1, Math.abs(x)),
      ),
    );
  };
  close(out.node, expected[name]?.out);
  for (const [l, gradient] of gradients) close(gradient, expected[name]?.gradients[l.name]);
}

const group = (h: Scalar): Scalar => binary("idiv", h, int(2));

function attention(x: Tensor, [wq, wk, wv, wo]: readonly [Tensor, Tensor, Tensor, Tensor]): Tensor {
  const q = sum("q", [B, T, H, E], [D], (b, t, h, e, d) => mul(x(b, t, d), wq(d, h, e)));
  const k = sum("k", [B, T, G, E], [D], (b, t, g, e, d) => mul(x(b, t, d), wk(d, g, e)));
  const v = sum("v", [B, T, G, E], [D], (b, t, g, e, d) => mul(x(b, t, d), wv(d, g, e)));
  const s = sum("s", [B, H, T, S], [E], (b, h, t, j, e) => mul(q(b, t, h, e), k(b, j, group(h), e)));
  const a = sum("a", [B, H, T, S], [], (b, h, t, j) => causal(t, j, div(s(b, h, t, j), literal(Math.sqrt(3)))));
  const p = softmax("p", a, [B, H, T], S);
  const o = sum("o", [B, T, H, E], [S], (b, t, h, e, j) => mul(p(b, h, t, j), v(b, j, group(h), e)));
  return sum("y", [B, T, D], [H, E], (b, t, d, h, e) => mul(o(b, t, h, e), wo(h, e, d)));
}
const heads = (): readonly [Tensor<Leaf>, Tensor<Leaf>, Tensor<Leaf>, Tensor<Leaf>] => [
  parameter("wq", D, H, E),
  parameter("wk", D, G, E),
  parameter("wv", D, G, E),
  parameter("wo", H, E, D),
];

const ids = (k: number, c: number): Float64Array => Float64Array.from({ length: 10 }, (_, i) => (i * k + c) % 7);

describe("values and gradients are PyTorch's", () => {
  const x = parameter("x", B, T, D);

  test("softmax and logsumexp", () => {
    agree("softmax", softmax("p", x, [B, T], D), [x]);
    const m = define("m", [B, T], [D], (...at) => x(...at), "max");
    const z = sum("z", [B, T], [D], (b, t, d) => unary("exp", sub(x(b, t, d), m(b, t))));
    agree(
      "logsumexp",
      sum("lse", [B, T], [], (b, t) => add(unary("log", z(b, t)), m(b, t))),
      [x],
    );
  });

  test("norms", () => {
    const [gain, bias] = [parameter("gain", D), parameter("bias", D)];
    agree("rmsnorm", rmsnorm("n", x, gain, [B, T], D), [x, gain]);
    const mean = sum("mean", [B, T], [D], (b, t, d) => div(x(b, t, d), literal(12)));
    const variance = sum("v", [B, T], [D], (b, t, d) =>
      div(binary("pow", sub(x(b, t, d), mean(b, t)), literal(2)), literal(12)),
    );
    agree(
      "layernorm",
      sum("n", [B, T, D], [], (b, t, d) =>
        add(
          mul(mul(sub(x(b, t, d), mean(b, t)), unary("rsqrt", add(variance(b, t), literal(1e-5)))), gain(d)),
          bias(d),
        ),
      ),
      [x, gain, bias],
    );
  });

  test("gelu", () => agree("gelu", gelu("y", x, [B, T, D]), [x]));

  test("embedding and cross-entropy", () => {
    const tokens = integers("tokens", 7, B, T);
    const w = parameter("w", V, D);
    agree(
      "embedding",
      sum("x", [B, T, D], [], (b, t, d) => w(tokens(b, t), d)),
      [w],
      new Map([[tokens.node, ids(3, 2)]]),
    );

    const logits = parameter("x", B, T, V);
    const p = softmax("p", logits, [B, T], V);
    const loss = sum("loss", [], [B, T], (b, t) => div(unary("neg", unary("log", p(b, t, tokens(b, t)))), literal(10)));
    agree("cross_entropy", loss, [logits], new Map([[tokens.node, ids(5, 1)]]));
  });

  test("grouped causal attention", () => {
    const w = heads();
    agree("attention", attention(x, w), [x, ...w]);
  });

  test("a whole block", () => {
    const w = heads();
    const [g1, g2, w1, w3, w2] = [
      parameter("g1", D),
      parameter("g2", D),
      parameter("w1", D, N),
      parameter("w3", D, N),
      parameter("w2", N, D),
    ];
    const mixed = attention(rmsnorm("n1", x, g1, [B, T], D), w);
    const m = sum("m", [B, T, D], [], (b, t, d) => add(x(b, t, d), mixed(b, t, d)));
    const n = rmsnorm("n2", m, g2, [B, T], D);
    const [gate, up] = [w1, w3].map((u) => sum("u", [B, T, N], [D], (b, t, f, d) => mul(n(b, t, d), u(d, f)))) as [
      Tensor,
      Tensor,
    ];
    const h = sum("h", [B, T, N], [], (b, t, f) =>
      mul(div(gate(b, t, f), add(literal(1), unary("exp", unary("neg", gate(b, t, f))))), up(b, t, f)),
    );
    const down = sum("down", [B, T, D], [N], (b, t, d, f) => mul(h(b, t, f), w2(f, d)));
    agree(
      "block",
      sum("y", [B, T, D], [], (b, t, d) => add(m(b, t, d), down(b, t, d))),
      [x, g1, ...w, g2, w1, w3, w2],
    );
  });
});
