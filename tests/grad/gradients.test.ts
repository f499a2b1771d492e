import { describe, expect, test } from "vitest";
import type { Leaf, Node, Scalar } from "../../src/ir/graph.ts";
import { add, binary, cast, div, int, literal, mul, random, select, sub, unary } from "../../src/ir/scalar.ts";
import { inputsOf, reachable } from "../../src/ir/node.ts";
import { evaluate } from "../../src/ir/evaluate/evaluate.ts";
import { gradients } from "../../src/grad/gradients.ts";
import { causal, define, dim, gelu, integers, parameter, rmsnorm, softmax } from "../support/build.ts";
import { gradcheck } from "../support/gradcheck.ts";

const [B, T, S, D, E, H, G, V, R] = [
  dim("B", 2),
  dim("T", 5),
  dim("S", 5),
  dim("D", 6),
  dim("E", 3),
  dim("H", 4),
  dim("G", 2),
  dim("V", 7),
  dim("R", 5),
];

const check = (outputs: readonly { readonly node: Node }[], wrt: readonly { readonly node: Leaf }[]): void => {
  expect(
    gradcheck(
      outputs.map((o) => o.node),
      wrt.map((w) => w.node),
    ),
  ).toBeLessThan(1e-6);
};
const idiv = (a: Scalar, b: number): Scalar => binary("idiv", a, int(b));
const mod = (a: Scalar, b: number): Scalar => binary("mod", a, int(b));
const clamp = (a: Scalar, low: number, high: number): Scalar => binary("min", binary("max", a, int(low)), int(high));

const positive = (s: Scalar): Scalar => add(mul(s, s), literal(0.5));

describe("scalar derivatives agree with central differences", () => {
  const x = parameter("x", T, D);
  const y = parameter("y", T, D);
  const functions: Record<string, (a: Scalar, b: Scalar) => Scalar> = {
    exp: (a) => unary("exp", a),
    log: (a) => unary("log", positive(a)),
    sqrt: (a) => unary("sqrt", positive(a)),
    rsqrt: (a) => unary("rsqrt", positive(a)),
    sin: (a) => unary("sin", a),
    cos: (a) => unary("cos", a),
    tanh: (a) => unary("tanh", a),
    erf: (a) => unary("erf", a),
    abs: (a) => unary("abs", a),
    floor: (a) => add(unary("floor", a), a),
    neg: (a) => unary("neg", a),
    sub,
    mul,
    div: (a, b) => div(a, positive(b)),
    cube: (a) => binary("pow", a, literal(3)),
    pow: (a, b) => binary("pow", positive(a), b),
    min: (a, b) => binary("min", a, b),
    max: (a, b) => binary("max", a, b),
    select: (a, b) => select(binary("lt", a, b), mul(a, b), unary("sin", b)),
    nested: (a, b) =>
      select(binary("lt", literal(0), a), select(binary("lt", literal(0), b), unary("log", mul(a, b)), a), mul(a, a)),
  };
  for (const [name, f] of Object.entries(functions)) {
    test(name, () =>
      check([define("o", [T, D], [], (t, d) => f(x(t as Scalar, d as Scalar), y(t as Scalar, d as Scalar)))], [x, y]),
    );
  }
});

test("no gradient flows through `stop`, whose value is that of its operand", () => {
  const x = parameter("x", T);
  const values = Float64Array.from([1, -2, 3, 0.5, 4]);
  const valueAndGradient = (f: (a: Scalar) => Scalar): readonly (readonly number[])[] => {
    const total = define("o", [], [T], (t) => f(x(t as Scalar)));
    const gradient = gradients(total.node, [x.node]).gradients.get(x.node) as Node;
    const found = evaluate([total.node, gradient], () => values);
    return [total.node, gradient].map((node) => [...(found.get(node) as Float64Array)]);
  };
  expect(valueAndGradient((a) => mul(a, a))).toEqual([[30.25], [2, -4, 6, 1, 8]]);
  expect(valueAndGradient((a) => mul(a, unary("stop", a)))).toEqual([[30.25], [1, -2, 3, 0.5, 4]]);
});

describe("reads become gathers, masked sums or scatters", () => {
  const x = parameter("x", T, D);
  const w = parameter("w", D, E);
  const cases: Record<string, () => void> = {
    matmul: () => check([define("y", [T, E], [D], (t, e, d) => mul(x(t!, d!), w(d!, e!)))], [x, w]),
    "transpose and broadcast": () => check([define("y", [B, D, T], [], (_, d, t) => x(t!, d!))], [x]),
    "token shift under a guard": () =>
      check(
        [define("y", [T, D], [], (t, d) => select(binary("lt", int(0), t!), x(sub(t!, int(1)), d!), literal(0)))],
        [x],
      ),
    "a diagonal": () => {
      const m = parameter("m", T, S);
      check([define("y", [T], [], (t) => m(t!, t!))], [m]);
    },
    "reversal and stride": () =>
      check([define("y", [dim("P", 3)], [D], (p, d) => mul(x(sub(int(4), mul(p!, int(2))), d!), x(p!, d!)))], [x]),
    "a causal convolution": () => {
      const k = parameter("k", dim("K", 3), D);
      check(
        [
          define("y", [T, D], [dim("K", 3)], (t, d, i) =>
            select(binary("le", i!, t!), mul(x(sub(t!, i!), d!), k(i!, d!)), literal(0)),
          ),
        ],
        [x, k],
      );
    },
    "merging heads": () => {
      const a = parameter("a", T, dim("HE", 12));
      check([define("y", [T, H, E], [], (t, h, e) => a(t!, add(mul(h!, int(3)), e!)))], [a]);
    },
    "splitting heads": () => {
      const a = parameter("a", T, H, E);
      check([define("y", [T, dim("HE", 12)], [], (t, i) => a(t!, idiv(i!, 3), mod(i!, 3)))], [a]);
    },
    "splitting with a ragged end": () => {
      const a = parameter("a", dim("N", 4), dim("M", 3));
      check(
        [
          define("y", [dim("I", 10)], [], (i) =>
            mul(a(idiv(add(i!, int(1)), 3), mod(add(i!, int(1)), 3)), cast(i!, "f32")),
          ),
        ],
        [a],
      );
    },
    "grouped heads": () => {
      const k = parameter("k", S, G, E);
      const q = parameter("q", T, H, E);
      check([define("y", [H, T, S], [E], (h, t, s, e) => mul(q(t!, h!, e!), k(s!, idiv(h!, 2), e!)))], [k, q]);
    },
    "average pooling": () =>
      check(
        [define("y", [dim("P", 2), D], [dim("K", 2)], (p, d, k) => mul(x(add(mul(p!, int(2)), k!), d!), literal(0.5)))],
        [x],
      ),
    "clamped relative positions": () => {
      const qw = parameter("qw", T, H, R);
      check([define("y", [H, T, S], [], (h, t, s) => qw(t!, h!, add(clamp(sub(s!, t!), -2, 2), int(2))))], [qw]);
    },
    "bucketed relative positions, over a batch": () => {
      const table = parameter("table", R, H);
      const a = parameter("a", B, H, T, S);
      check(
        [
          define("y", [B, H, T, S], [], (b, h, t, s) =>
            mul(a(b!, h!, t!, s!), table(binary("min", idiv(unary("abs", sub(t!, s!)), 2), int(4)), h!)),
          ),
        ],
        [table, a],
      );
    },
    "an embedding": () => {
      const tokens = integers("tokens", V.size, B, T);
      const table = parameter("table", V, D);
      check([define("y", [B, T, D], [], (b, t, d) => mul(table(tokens(b!, t!), d!), x(t!, d!)))], [table, x]);
    },
    "an embedding of the token before": () => {
      const tokens = integers("tokens", V.size, B, T);
      const table = parameter("table", V, D);
      check(
        [
          define("y", [B, T, D], [], (b, t, d) =>
            select(binary("lt", int(0), t!), table(tokens(b!, sub(t!, int(1))), d!), x(t!, d!)),
          ),
        ],
        [table, x],
      );
    },
    "picking the target": () => {
      const targets = integers("targets", D.size, T);
      check([define("y", [T], [], (t) => unary("exp", x(t!, targets(t!))))], [x]);
    },
    "a data-dependent shift": () => {
      const offset = integers("offset", 2, D);
      check([define("y", [dim("T4", 4), D], [], (t, d) => x(add(t!, offset(d!)), d!))], [x]);
    },
    "two pieces that tile an axis": () => {
      const c = parameter("c", T, dim("P", 3));
      check(
        [
          define("y", [T, D], [], (t, d) =>
            select(
              binary("lt", d!, int(3)),
              mul(x(t!, d!), c(t!, d!)),
              mul(x(t!, sub(d!, int(3))), c(t!, sub(d!, int(3)))),
            ),
          ),
        ],
        [x, c],
      );
    },
    "maximum and minimum": () =>
      check(
        [
          define("hi", [T], [D], (t, d) => mul(x(t!, d!), x(t!, d!)), "max"),
          define("lo", [D], [T], (d, t) => x(t!, d!), "min"),
        ],
        [x],
      ),
    dropout: () =>
      check(
        [
          define("y", [T, D], [], (t, d) =>
            select(
              binary("lt", random(7, add(mul(t!, int(6)), d!)), literal(0.3)),
              literal(0),
              div(x(t!, d!), literal(0.7)),
            ),
          ),
        ],
        [x],
      ),
  };
  for (const [name, run] of Object.entries(cases)) test(name, run);

  test("a bias is summed over the cotangent of what it is added to, not over its derivation", () => {
    const b = parameter("b", E);
    const product = define("p", [T, E], [D], (t, e, d) => mul(x(t!, d!), w(d!, e!)));
    const h = gelu(
      "h",
      define("pb", [T, E], [], (t, e) => add(product(t!, e!), b(e!))),
      [T, E],
    );
    const inlined = define("y", [T, E], [], (t, e) => unary("tanh", add(product(t!, e!), b(e!))));
    for (const y of [h, inlined]) {
      const loss = define("loss", [], [T, E], (t, e) => mul(y(t!, e!), y(t!, e!)));
      const found = gradients(loss.node, [x.node, w.node, b.node]);
      const db = found.gradients.get(b.node) as Node;
      expect(inputsOf(db)).toEqual([found.cotangents.get(product.node)]);
    }
  });

  test("a logistic function keeps a finite slope where its exponential overflows", () => {
    const m = parameter("m", T);
    const y = define("y", [], [T], (t) => div(m(t!), add(literal(1), unary("exp", unary("neg", m(t!))))));
    const found = gradients(y.node, [m.node]).gradients.get(m.node) as Node;
    const slopes = evaluateOne(found, new Map([[m.node, Float64Array.of(-800, -5, 0, 5, 800)]]));
    const expected = [-5, 0, 5].map((x) => (1 / (1 + Math.exp(-x))) * (1 + x / (1 + Math.exp(x))));
    expect([...slopes].map((s, i) => s - [0, ...expected, 1][i]!).every((e) => Math.abs(e) < 1e-12)).toBe(true);
  });

  test("ties share the cotangent of a maximum", () => {
    const m = parameter("m", T);
    const top = define("top", [], [T], (t) => m(t!), "max");
    const values = new Map([[m.node, Float64Array.of(1, 3, 2, 3, 0)]]);
    const found = gradients(top.node, [m.node]).gradients.get(m.node) as Node;
    const flat = evaluateOne(found, values);
    expect([...flat]).toEqual([0, 0.5, 0, 0.5, 0]);
  });
});

describe("whole computations", () => {
  const x = parameter("x", B, T, D);
  const gain = parameter("gain", D);
  test("softmax, logsumexp and norms", () => {
    const p = softmax("p", x, [B, T], D);
    const max = define("max", [B, T], [D], (...at) => x(...at), "max");
    const z = define("z", [B, T], [D], (b, t, d) => unary("exp", sub(x(b!, t!, d!), max(b!, t!))));
    const lse = define("lse", [B, T], [], (b, t) => add(max(b!, t!), unary("log", z(b!, t!))));
    check([p, lse, rmsnorm("n", x, gain, [B, T], D)], [x, gain]);
  });

  test("mixture of experts with second maximum", () => {
    const [N, F] = [dim("N", 4), dim("F", 3)];
    const [wr, w1, w2] = [parameter("wr", D, N), parameter("w1", N, D, F), parameter("w2", N, F, D)];
    const r = softmax(
      "r",
      define("l", [B, T, N], [D], (b, t, n, d) => mul(x(b!, t!, d!), wr(d!, n!))),
      [B, T],
      N,
    );
    const top = define("top", [B, T], [N], (...at) => r(...at), "max");
    const second = define(
      "second",
      [B, T],
      [N],
      (b, t, n) => select(binary("lt", r(b!, t!, n!), top(b!, t!)), r(b!, t!, n!), literal(0)),
      "max",
    );
    const c = define("c", [B, T, N], [], (b, t, n) =>
      select(
        binary("le", second(b!, t!), r(b!, t!, n!)),
        div(r(b!, t!, n!), add(top(b!, t!), second(b!, t!))),
        literal(0),
      ),
    );
    const h = gelu(
      "h",
      define("u", [B, T, N, F], [D], (b, t, n, f, d) => mul(x(b!, t!, d!), w1(n!, d!, f!))),
      [B, T, N, F],
    );
    const y = define("y", [B, T, D], [N, F], (b, t, d, n, f) =>
      mul(mul(c(b!, t!, n!), h(b!, t!, n!, f!)), w2(n!, f!, d!)),
    );
    check([y], [x, wr, w1, w2]);
  });

  test("grouped causal attention, with adjoints of the shape that fast kernels want", () => {
    const [wq, wk, wv, wo] = [
      parameter("wq", D, H, E),
      parameter("wk", D, G, E),
      parameter("wv", D, G, E),
      parameter("wo", H, E, D),
    ];
    const q = define("q", [B, T, H, E], [D], (b, t, h, e, d) => mul(x(b!, t!, d!), wq(d!, h!, e!)));
    const k = define("k", [B, T, G, E], [D], (b, t, g, e, d) => mul(x(b!, t!, d!), wk(d!, g!, e!)));
    const v = define("v", [B, T, G, E], [D], (b, t, g, e, d) => mul(x(b!, t!, d!), wv(d!, g!, e!)));
    const s = define("s", [B, H, T, S], [E], (b, h, t, s, e) => mul(q(b!, t!, h!, e!), k(b!, s!, idiv(h!, 2), e!)));
    const a = define("a", [B, H, T, S], [], (b, h, t, j) =>
      causal(t!, j!, div(s(b!, h!, t!, j!), literal(Math.sqrt(3)))),
    );
    const p = softmax("p", a, [B, H, T], S);
    const o = define("o", [B, T, H, E], [S], (b, t, h, e, j) => mul(p(b!, h!, t!, j!), v(b!, j!, idiv(h!, 2), e!)));
    const y = define("y", [B, T, D], [H, E], (b, t, d, h, e) => mul(o(b!, t!, h!, e!), wo(h!, e!, d!)));
    check([y], [x, wq, wk, wv, wo]);

    const loss = define("loss", [], [B, T, D], (...at) => mul(y(...at), y(...at)));
    const result = gradients(
      loss.node,
      [x, wq, wk, wv, wo].map((w) => w.node),
    );
    const made = reachable([...result.gradients.values()]).filter((n) => n.id > loss.node.id);
    const reductions = made.filter((n) => n.kind === "comp" && n.reduce);
    // Two contractions for each of q, k, v, scores, output and projection, and the row sum of the softmax.
    expect(reductions.length).toBe(13);
    expect(made.some((n) => n.kind === "scatter")).toBe(false);
  });
});

describe("a gradient is a computation like any other", () => {
  test("and can be differentiated again, scatters and masked sums included", () => {
    const [table, bias] = [parameter("table", V, D), parameter("bias", R)];
    const tokens = integers("tokens", V.size, T);
    const a = define("a", [T, S], [D], (t, s, d) => mul(table(tokens(t!), d!), table(tokens(s!), d!)));
    const p = softmax(
      "p",
      define("b", [T, S], [], (t, s) =>
        causal(t!, s!, add(mul(a(t!, s!), literal(0.1)), bias(add(clamp(sub(s!, t!), -2, 2), int(2))))),
      ),
      [T],
      S,
    );
    const loss = define("loss", [], [T, S], (t, s) => mul(p(t!, s!), p(t!, s!)));
    const found = gradients(loss.node, [table.node, bias.node]).gradients;
    check(
      [...found.values()].map((node) => ({ node })),
      [table, bias],
    );
  });
});

function evaluateOne(node: Node, values: ReadonlyMap<Leaf, Float64Array>): Float64Array {
  return evaluate([node], (l) => values.get(l) as Float64Array).get(node) as Float64Array;
}
