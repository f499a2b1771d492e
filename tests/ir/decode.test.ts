import { describe, expect, test } from "vitest";
import type { Leaf, Node, Scalar } from "../../src/ir/graph.ts";
import type { Model } from "../../src/ir/model.ts";
import { add, binary, cast, div, int, literal, mul, select, sub } from "../../src/ir/scalar.ts";
import { causal, define, dim, integers, parameter, softmax } from "../support/build.ts";
import type { Tensor } from "../support/build.ts";
import { checkDecoding } from "../support/decode-check.ts";
import { tinyModel } from "../support/tiny-model.ts";

const [B, T, S, D, H, G, E, V] = [
  dim("B", 2),
  dim("T", 6),
  dim("T'", 6),
  dim("D", 6),
  dim("H", 4),
  dim("G", 2),
  dim("E", 3),
  dim("V", 7),
];

function modelOf(logits: Node, tokens: Leaf): Model {
  return {
    name: "Test",
    dims: new Map(),
    batch: B.size,
    inputs: [{ leaf: tokens, role: "tokens" }],
    parameters: [],
    logits,
    loss: logits,
    evaluationLoss: logits,
    vocabulary: V.size,
    context: T.size,
  };
}

function attention(
  path: string,
  x: Tensor,
  score: (h: Scalar, t: Scalar, s: Scalar, dot: Scalar, q: Tensor) => Scalar,
): Tensor {
  const [wq, wk, wv, wo] = [
    parameter(`${path}.wq`, D, H, E),
    parameter(`${path}.wk`, D, G, E),
    parameter(`${path}.wv`, D, G, E),
    parameter(`${path}.wo`, H, E, D),
  ];
  const q = define(`${path}.q`, [B, T, H, E], [D], (b, t, h, e, d) => mul(x(b!, t!, d!), wq(d!, h!, e!)));
  const k = define(`${path}.k`, [B, T, G, E], [D], (b, t, g, e, d) => mul(x(b!, t!, d!), wk(d!, g!, e!)));
  const v = define(`${path}.v`, [B, T, G, E], [D], (b, t, g, e, d) => mul(x(b!, t!, d!), wv(d!, g!, e!)));
  const dot = define(`${path}.dot`, [B, H, T, S], [E], (b, h, t, s, e) =>
    mul(q(b!, t!, h!, e!), k(b!, s!, binary("idiv", h!, int(2)), e!)),
  );
  const a = define(`${path}.a`, [B, H, T, S], [], (b, h, t, s) =>
    causal(t!, s!, score(h!, t!, s!, dot(b!, h!, t!, s!), q)),
  );
  const p = softmax(`${path}.p`, a, [B, H, T], S);
  const o = define(`${path}.o`, [B, T, H, E], [S], (b, t, h, e, s) =>
    mul(p(b!, h!, t!, s!), v(b!, s!, binary("idiv", h!, int(2)), e!)),
  );
  const y = define(`${path}.y`, [B, T, D], [H, E], (b, t, d, h, e) => mul(o(b!, t!, h!, e!), wo(h!, e!, d!)));
  return define(`${path}.out`, [B, T, D], [], (b, t, d) => add(x(b!, t!, d!), y(b!, t!, d!)));
}

const slope = (h: Scalar): Scalar => div(literal(1), add(cast(h, "f32"), literal(1)));

describe("decoding one token at a time gives the logits of the full forward pass", () => {
  test("rotary positions: caches of rotated keys and of values, nothing else", () => {
    const program = checkDecoding(tinyModel());
    expect(program.caches.map((c) => c.name)).toEqual(
      [0, 1].flatMap((i) => [`cache.layers.${i}.mix.rk.y`, `cache.layers.${i}.mix.wv.out`]),
    );
  });

  test("learned positions, linear biases, grouped heads, token shift", () => {
    const tokens = integers("tokens", V.size, B, T);
    const [table, places, unembed] = [parameter("w", V, D), parameter("places", T, D), parameter("unembed", D, V)];
    const x = define("x", [B, T, D], [], (b, t, d) => add(table(tokens(b!, t!), d!), places(t!, d!)));
    const shifted = define("shift", [B, T, D], [], (b, t, d) =>
      add(x(b!, t!, d!), select(binary("lt", int(0), t!), x(b!, sub(t!, int(1)), d!), literal(0))),
    );
    const y = attention("one", shifted, (h, t, s, dot) =>
      sub(div(dot, literal(2)), mul(slope(h), cast(sub(t, s), "f32"))),
    );
    const z = attention("two", y, (_, __, ___, dot) => dot);
    const logits = define("logits", [B, T, V], [D], (b, t, v, d) => mul(z(b!, t!, d!), unembed(d!, v!)));
    const program = checkDecoding(modelOf(logits.node, tokens.node));
    expect(program.caches.map((c) => c.name)).toEqual([
      "cache.x",
      "cache.one.k",
      "cache.one.v",
      "cache.two.k",
      "cache.two.v",
    ]);
  });

  test("learned relative positions, the token before as a feature, a window and a running maximum", () => {
    const tokens = integers("tokens", V.size, B, T);
    const [table, before, relative, unembed] = [
      parameter("w", V, D),
      parameter("before", V, D),
      parameter("r", dim("R", 5), E),
      parameter("unembed", D, V),
    ];
    const x = define("x", [B, T, D], [], (b, t, d) =>
      add(
        table(tokens(b!, t!), d!),
        select(binary("lt", int(0), t!), before(tokens(b!, sub(t!, int(1))), d!), literal(0)),
      ),
    );
    const y = attention("mix", x, (h, t, s, dot, q) => {
      const clamped = add(binary("min", binary("max", sub(s, t), int(-2)), int(2)), int(2));
      return select(
        binary("lt", sub(t, s), int(4)),
        add(dot, mul(q(int(0), t, h, int(1)), relative(clamped, int(1)))),
        literal(-Infinity),
      );
    });
    const highest = define(
      "highest",
      [B, T, D],
      [S],
      (b, t, d, s) => select(binary("le", s!, t!), y(b!, s!, d!), literal(-Infinity)),
      "max",
    );
    const logits = define("logits", [B, T, V], [D], (b, t, v, d) =>
      mul(add(y(b!, t!, d!), highest(b!, t!, d!)), unembed(d!, v!)),
    );
    checkDecoding(modelOf(logits.node, tokens.node));
  });
});
