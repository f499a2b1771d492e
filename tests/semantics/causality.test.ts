/** @file The decision whether a model reads the future, against what the model does when future tokens change. */
import { describe, expect, test } from "vitest";
import { evaluateOne } from "../../src/ir/evaluate/evaluate.ts";
import { elementCount } from "../../src/ir/node.ts";
import { causality, Dependences } from "../../src/semantics/model/causality.ts";
import { elaborated } from "../support/elaborated.ts";

const context = 6;
const source = (layer: string, embed = "table", extra = ""): string => `
${extra}
model M: encoder {
  dims { T = ${context}  L = 2  D = 8  H = 2  F = 8  V = 5  N = 2 }
  embed: ${embed}
  layers: L * layer(${layer})
  head: tied(norm: rmsnorm)
}`;

const cases: readonly (readonly [string, string, boolean])[] = [
  ["a causal mask", source("ffn: mlp"), true],
  ["no mask", source("mix: attention(mask: full), ffn: mlp"), false],
  ["a window", source("mix: attention(mask: window(size: 2)), ffn: mlp"), true],
  ["a prefix that is seen in full", source("mix: attention(mask: prefix(length: 3)), ffn: mlp"), false],
  ["a prefix of one token", source("mix: attention(mask: prefix(length: 1)), ffn: mlp"), true],
  [
    "rotary positions, a bias and a cap",
    source("mix: attention(rotate: rope, bias: alibi, cap: softcap), ffn: mlp"),
    true,
  ],
  ["relative keys", source("mix: attention(bias: shaw_keys), ffn: mlp"), true],
  ["relative buckets", source("mix: attention(bias: t5_bias), ffn: mlp"), true],
  ["a mixture of experts and a token shift", source("ffn: moe", "table |> token_shift"), true],
  [
    "a shift the wrong way",
    source(
      "ffn: mlp",
      "table |> peek",
      "op peek(x: [T, D]) -> y: [T, D] { y[t, d] = if t + 1 < T then x[t + 1, d] else 0 }",
    ),
    false,
  ],
  [
    "a mask off by one",
    source(
      "mix: attention(mask: ahead), ffn: mlp",
      "table",
      "op ahead(t: index, s: index) -> keep: bool { keep = s <= t + 1 }",
    ),
    false,
  ],
  [
    "a strict mask written backwards",
    source(
      "mix: attention(mask: back), ffn: mlp",
      "table",
      "op back(t: index, s: index) -> keep: bool { keep = not (s > t) }",
    ),
    true,
  ],
  [
    "a mask in two steps",
    source(
      "mix: attention(mask: steps), ffn: mlp",
      "table",
      "op steps(t: index, s: index) -> keep: bool { keep = if s <= t then t - s < 3 else false }",
    ),
    true,
  ],
  [
    "a mask that leaves rows without a key",
    source(
      "mix: attention(mask: before), ffn: mlp",
      "table",
      "op before(t: index, s: index) -> keep: bool { keep = s < t }",
    ),
    true,
  ],
  [
    "a norm over time",
    source("ffn: centred", "table", "op centred(x: [T, D]) -> y: [T, D] { y[t, d] = x[t, d] - mean[t'](x[t', d]) }"),
    false,
  ],
  [
    "a running mean",
    source(
      "ffn: running",
      "table",
      "op running(x: [T, D]) -> y: [T, D] { y[t, d] = sum[t'](if t' <= t then x[t', d] else 0) / (t + 1) }",
    ),
    true,
  ],
  [
    "halves of time",
    source("ffn: coarse", "table", "op coarse(x: [T, D]) -> y: [T, D] { y[t, d] = x[t div 2, d] }"),
    true,
  ],
  [
    "shifts one after the other",
    source(
      "ffn: twice",
      "table",
      `op shifted(x: [T, D], by = 1) -> y: [T, D] { y[t, d] = if t >= by then x[t - by, d] + x[t, d] else x[t, d] }
block twice(x: [T, D]) -> y: [T, D] { y = shifted(shifted(x), by: 2) }`,
    ),
    true,
  ],
  [
    "a shift back and one too many forward",
    source(
      "ffn: twice",
      "table",
      `op back(x: [T, D]) -> y: [T, D] { y[t, d] = if t >= 1 then x[t - 1, d] else 0 }
op forth(x: [T, D]) -> y: [T, D] { y[t, d] = if t + 2 < T then x[t + 2, d] else 0 }
block twice(x: [T, D]) -> y: [T, D] { y = forth(back(x)) }`,
    ),
    false,
  ],
  [
    "a mask of two conditions and an equality",
    source(
      "mix: weighed",
      "table",
      `block weighed(x: [T, D]) -> y: [T, D] {
  p[t, t'] = softmax[t'](if t' < t then -1 else if t' == t then 0 else -inf)
  y[t, d]  = sum[t'](p[t, t'] * x[t', d])
}`,
    ),
    true,
  ],
  [
    "the same with the future where the present was meant",
    source(
      "mix: weighed",
      "table",
      `block weighed(x: [T, D]) -> y: [T, D] {
  p[t, t'] = softmax[t'](if t' < t then -1 else if t' == t + 1 then 0 else -inf)
  y[t, d]  = sum[t'](p[t, t'] * x[t', d])
}`,
    ),
    false,
  ],
  [
    "sums of the chunks before",
    source(
      "ffn: chunked(C: 3)",
      "table",
      `block chunked[C, N](x: [T, D]) -> y: [T, D] where T == N * C {
  state[n, d]  = sum[c](x[n * C + c, d])
  before[n, d] = sum[n'](if n' < n then state[n', d] else 0)
  y[t, d]      = x[t, d] + before[t div C, d]
}`,
    ),
    true,
  ],
  [
    "sums of the chunks up to here",
    source(
      "ffn: chunked(C: 3)",
      "table",
      `block chunked[C, N](x: [T, D]) -> y: [T, D] where T == N * C {
  state[n, d]  = sum[c](x[n * C + c, d])
  before[n, d] = sum[n'](if n' <= n then state[n', d] else 0)
  y[t, d]      = x[t, d] + before[t div C, d]
}`,
    ),
    false,
  ],
  [
    "running sums inside of chunks",
    source(
      "ffn: chunked(C: 3)",
      "table",
      `block chunked[C, N](x: [T, D]) -> y: [T, D] where T == N * C {
  a[n, c, d] = sum[c'](if c' <= c then x[n * C + c', d] else 0)
  y[t, d]    = x[t, d] + a[t div C, t mod C, d]
}`,
    ),
    true,
  ],
  [
    "a mask by chunks",
    source(
      "mix: attention(mask: chunks)",
      "table",
      "op chunks(t: index, s: index) -> keep: bool { keep = s div 2 < t div 2 or s == t }",
    ),
    true,
  ],
  [
    "a mask by chunks that are seen in full",
    source(
      "mix: attention(mask: chunks)",
      "table",
      "op chunks(t: index, s: index) -> keep: bool { keep = s div 2 <= t div 2 }",
    ),
    false,
  ],
  ["the last token", source("ffn: last", "table", "op last(x: [T, D]) -> y: [T, D] { y[t, d] = x[T - 1, d] }"), false],
];

/** Whether changing later tokens changes earlier logits. */
function leaks(text: string): boolean {
  const { model } = elaborated(text, "M", 1);
  const values = new Map(
    model.parameters.map(
      (p, k) =>
        [p.leaf, Float64Array.from({ length: elementCount(p.leaf.axes) }, (_, i) => Math.sin(1.7 * i + k))] as const,
    ),
  );
  const logits = (tokens: readonly number[]): Float64Array =>
    evaluateOne(model.logits, (l) => values.get(l) ?? Float64Array.from(tokens));
  const tokens = [1, 4, 2, 0, 3, 1];
  const before = logits(tokens);
  return tokens.some((_, cut) => {
    const after = logits(tokens.map((token, i) => (i > cut ? (token + 2) % 5 : token)));
    return before.some((value, i) => i < (cut + 1) * model.vocabulary && Math.abs(value - (after[i] ?? 0)) > 1e-9);
  });
}

describe("what is decided from indices is what happens", () => {
  test.each(cases)("%s", (_, text, causal) => {
    const { model } = elaborated(text, "M", 1);
    const [tokens] = model.inputs;
    if (!tokens) throw new Error("no input");
    expect(leaks(text)).toBe(!causal);
    expect(causality(model.logits, 1, new Dependences(new Map([[tokens.leaf, 1]]))).kind).toBe(
      causal ? "proof" : "future",
    );
  });
});

test("the offending read is named", () => {
  const { model } = elaborated(cases[9]?.[1] ?? "", "M", 1);
  const [tokens] = model.inputs;
  const decided = tokens && causality(model.logits, 1, new Dependences(new Map([[tokens.leaf, 1]])));
  expect(decided?.kind === "future" ? decided.node.name : decided).toBe("embed.peek.y");
});

test("an architecture that promises nothing may read everything; a decoder may not", () => {
  const encoder = elaborated(source("mix: attention(mask: full), ffn: mlp"), "M");
  expect(encoder.causality).toBeUndefined();
  const decoder = source("mix: attention(mask: full), ffn: mlp").replace("M: encoder", "M");
  expect(() => elaborated(decoder, "M")).toThrow("model/future");
  expect(elaborated(decoder.replace("(mask: full)", ""), "M").causality).toEqual({ kind: "proof" });
});
