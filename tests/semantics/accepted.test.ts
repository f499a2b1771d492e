/** @file Files that are right although they look unusual: each is checked without a word. */
import { expect, test } from "vitest";
import { checkSource } from "../support/check-source.ts";

const dims = "T = 16  L = 2  D = 8  H = 2  F = 16  V = 11";
const cases: Readonly<Record<string, string>> = {
  "a size that is a sum of sizes": `model M { dims { ${dims}  C = 4  R = 2 * C + 1 } embed: table  layers: L * layer(mix: attention(bias: shaw_keys))  head: tied }`,
  "half of a sum is a part of it":
    "op f(x: [T, D]) -> y: [T, P] { dims { D2 = T + D  P = D2 / 2 } z[t, d2] = 1.0 * index(d2)  y[t, p] = z[t, p] + x[t, 0] }",
  "a quotient of sums": "op f[A, B](x: [(A + B) * 2]) -> y: [T] { dims { T = (2 * A + 2 * B) } y[t] = x[t] }",
  "an initialiser with an index inside of a call": `block b[N](x: [T, D]) -> y: [T, D] { learn la: [D, N] = log(n + 1)  y[t, d] = x[t, d] * sum[n](la[d, n]) }
model M { dims { ${dims}  N = 4 }  embed: table  layers: L * layer(mix: b)  head: tied }`,
  "a field that is used above its place": `model M { dims { ${dims} }  embed: table  layers: L * one  one: two  two: layer  head: tied }`,
  "a pattern for a layer that a brief elaboration leaves out": `model M { dims { ${dims.replace("L = 2", "L = 9")} }  embed: table  layers: L * layer  head: tied }
train M { budget: 3 steps, batch: 2 sequences, optimizer: adamw(lr: 1e-3)  group "layers.8.*" { decay: 0 } }`,
  "a swapped block that declares what the old one was given": `model M { dims { ${dims} }  embed: table  layers: L * layer(mix: attention(rotate: rope))  head: tied }
variant A of M { layers.layer: sandwich }`,
  "a guard that bounds a multiple of its index, and one that bounds a part": `block b[C, K](x: [T, D]) -> y: [T, D] {
  dims { P = T div K }
  z[p, d] = x[p + 1, d]
  y[t, d] = sum[c, k](if c < 3 then x[c * K + k, d] else 0) + sum[c](if c * K + K <= T then z[c + 0, d] else 0)
}
model M: encoder { dims { ${dims.replace("T = 16", "T = 14")}  C = 4  K = 4 }  embed: table  layers: L * b  head: tied }`,
  "the ends of lines of old computers":
    "// a comment\rop f(x: [D]) -> y: [D] { y[d] = x[d] } // another\rop g(x: [D]) -> y: [D] { y = f(x) }\r",
};

test.each(Object.entries(cases))("%s", (_what, text) => {
  expect(checkSource({ path: "accepted.llm", text }, []).map((d) => d.message)).toEqual([]);
});
