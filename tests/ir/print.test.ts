import { expect, test } from "vitest";
import type { Leaf, Node } from "../../src/ir/graph.ts";
import { comp, leaf, reachable, update } from "../../src/ir/node.ts";
import { printGraph, printNode } from "../../src/ir/print/print.ts";
import { add, axis, binary, div, int, literal, mul, select, sub, unary } from "../../src/ir/scalar.ts";
import { gradients } from "../../src/grad/gradients.ts";
import { causal, define, dim, integers, softmax, tensor } from "../support/build.ts";

const [T, S, D, V] = [dim("T", 4), dim("T'", 4), dim("D", 6), dim("V", 9)];

test("a graph and its gradients print in index notation, with paths and lines", () => {
  const file = { path: "tiny.llm", text: "op a\nop b\n" };
  const w = tensor(leaf("parameter", "embed.w", [V, D], "f32", { origin: { file, start: 5, end: 9 } }));
  const tokens = integers("tokens", 9, T);
  const x = define("embed.x", [T, D], [], (t, d) => w(tokens(t!), d!));
  const a = define("mix.a", [T, S], [D], (t, s, d) => mul(x(t!, d!), x(s!, d!)));
  const masked = define("mix.masked", [T, S], [], (t, s) => causal(t!, s!, div(a(t!, s!), literal(Math.sqrt(6)))));
  const p = softmax("mix.p", masked, [T], S);
  const loss = define("loss", [], [T, S], (t, s) => mul(p(t!, s!), p(t!, s!)));
  const { gradients: found } = gradients(loss.node, [w.node]);
  const step = update(w.node as Leaf, found.get(w.node as Leaf) as Node);
  expect(printGraph(reachable([loss.node, step]))).toMatchInlineSnapshot(`
    "// V = 9  D = 6  T = 4  T' = 4

    w[V, D]: parameter                                               // embed.w  tiny.llm:2
    tokens[T]: i32 input below 9                                     // tokens
    x[T, D] = w[tokens[t], d]                                        // embed.x
    a[T, T'] = sum[d](x[t, d] * x[t', d])                            // mix.a
    masked[T, T'] = if t' <= t then a[t, t'] / 2.44949 else -inf     // mix.masked
    m[T] = max[t'](masked[t, t'])                                    // mix.p.m
    e[T, T'] = exp(masked[t, t'] - m[t])                             // mix.p.e
    z[T] = sum[t'](e[t, t'])                                         // mix.p.z
    p[T, T'] = e[t, t'] / z[t]                                       // mix.p
    loss = sum[t, t'](p[t, t'] * p[t, t'])                           // loss
    dp[T, T'] = p[t, t'] + p[t, t']                                  // d mix.p
    dz[T] = sum[t'](p[t, t'] * dp[t, t'])                            // d mix.p.z
    dz_2[T] = -(dz[t] / z[t])                                        // d mix.p.z
    de[T, T'] = dp[t, t'] / z[t]                                     // d mix.p.e
    de_2[T, T'] = dz_2[t]                                            // d mix.p.e
    de_3[T, T'] = de[t, t'] + de_2[t, t']                            // d mix.p.e
    dmasked[T, T'] = e[t, t'] * de_3[t, t']                          // d mix.masked
    da[T, T'] = if t' <= t then dmasked[t, t'] * 0.4082483 else 0    // d mix.a
    dx[T, D] = sum[t'](x[t', d] * da[t', t])                         // d embed.x
    dx_2[T, D] = sum[t'](x[t', d] * da[t, t'])                       // d embed.x
    dx_3[T, D] = dx[t, d] + dx_2[t, d]                               // d embed.x
    dw[tokens[t], d] += dx_3[t, d]  for t in T, d in D               // d embed.w  tiny.llm:2
    w := dw                                                          // embed.w'"
  `);
});

test("operators bind as they are read back, and large repeated parts are named", () => {
  const x = tensor(leaf("parameter", "x", [T]));
  const [t, v] = [axis(0), x(axis(0))];
  const text = (body: Parameters<typeof comp>[2]): readonly string[] => {
    const { lets, text } = printNode(comp({ name: "y" }, [T], body));
    return [...lets, text];
  };
  const big = unary("exp", add(mul(v, v), literal(1)));
  expect([
    text(sub(v, sub(v, literal(1)))),
    text(mul(add(v, literal(1)), unary("neg", v))),
    text(binary("pow", unary("neg", v), literal(2))),
    text(binary("pow", literal(2), binary("pow", v, literal(3)))),
    text(div(v, mul(v, literal(1e-9)))),
    text(select(binary("and", binary("lt", t, int(2)), unary("not", binary("eq", t, int(0)))), v, literal(-Infinity))),
    text(x(binary("mod", binary("idiv", add(t, int(1)), int(2)), int(3)))),
    text(div(big, add(big, literal(2)))),
  ]).toMatchInlineSnapshot(`
    [
      [
        "y[T] = x[t] - (x[t] - 1)",
      ],
      [
        "y[T] = (x[t] + 1) * -x[t]",
      ],
      [
        "y[T] = (-x[t]) ^ 2",
      ],
      [
        "y[T] = 2 ^ x[t] ^ 3",
      ],
      [
        "y[T] = x[t] / (x[t] * 1e-9)",
      ],
      [
        "y[T] = if t < 2 and not (t == 0) then x[t] else -inf",
      ],
      [
        "y[T] = x[(t + 1) div 2 mod 3]",
      ],
      [
        "u1 = exp(x[t] * x[t] + 1)",
        "y[T] = u1 / (u1 + 2)",
      ],
    ]
  `);
});
