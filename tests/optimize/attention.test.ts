import { describe, expect, it } from "vitest";
import { evaluateOne } from "../../src/ir/evaluate/evaluate.ts";
import type { Leaf, Node, Scalar } from "../../src/ir/graph.ts";
import { add, binary, div, literal, mul, select, unary } from "../../src/ir/scalar.ts";
import { recogniseAttention } from "../../src/optimize/attention/recognise.ts";
import { define, dim, parameter } from "../support/build.ts";
import { attentionGraph, valuesOf } from "../support/attention.ts";
import type { MaskName, Options, ScoreName, Spelling } from "../support/attention.ts";

const bind = (leaf: Leaf): Float64Array => valuesOf(leaf);

/** The rewritten graph computes the same, wherever the original does not divide zero by zero. */
function expectSame(original: Node, rewritten: Node): void {
  const [before, after] = [evaluateOne(original, bind), evaluateOne(rewritten, bind)];
  before.forEach((x, i) => {
    if (Number.isNaN(x)) expect(after[i]).toBe(0);
    else expect(after[i]).toBeCloseTo(x, 12);
  });
}

function recognise(options: Options) {
  const graph = attentionGraph(options);
  const { roots, found, rejected } = recogniseAttention([graph.output]);
  return { graph, root: roots[0] as Node, found, rejected };
}

describe("attention is recognised", () => {
  const spellings: readonly Spelling[] = [
    "softmax",
    "divideAfter",
    "unshifted",
    "logsumexp",
    "maskOutside",
    "inline",
    "guarded",
  ];
  const masks: readonly MaskName[] = ["none", "causal", "window", "prefix", "strict", "strided", "document"];
  const scores: readonly ScoreName[] = [
    "plain",
    "alibi",
    "softcap",
    "keyBias",
    "temperature",
    "buckets",
    "shaw",
    "shawCapped",
    "table",
  ];
  const cases: readonly Options[] = [
    ...spellings.flatMap((spelling) => [
      { spelling },
      { spelling, mask: "causal" as const, scoreOrder: "thsb" as const },
    ]),
    ...masks.map((mask) => ({ mask })),
    ...scores.map((score) => ({ score, mask: "causal" as const })),
    { dropout: true, mask: "causal" },
    { shape: { H: 4, G: 4 } },
    { shape: { H: 4, G: 1 }, mask: "causal" },
    { shape: { H: 1, G: 1, B: 1 } },
  ];
  it.each(cases.map((options) => [JSON.stringify(options), options] as const))("%s", (_, options) => {
    const { graph, root, found, rejected } = recognise(options);
    expect(rejected.map((r) => r.reason)).toEqual([]);
    expect(found).toHaveLength(1);
    const form = found[0]?.form;
    expect([form?.t.name, form?.s.name, form?.e.name, form?.f.name, form?.z.map((a) => a.name).join()]).toEqual([
      "T",
      "S",
      "E",
      "F",
      "B,H",
    ]);
    expect(form?.mask === undefined).toBe((options.mask ?? "none") === "none");
    expect(form?.weight === undefined).toBe(!options.dropout);
    expectSame(graph.output, root);
  });
});

function expectRejected(roots: readonly Node[], reason: RegExp): void {
  const { roots: after, found, rejected } = recogniseAttention(roots);
  expect(found).toEqual([]);
  expect(rejected.map((r) => r.reason).join()).toMatch(reason);
  expect(after).toEqual(roots);
}

describe("what is not attention, or would be computed twice, is left alone", () => {
  it("when the probabilities are needed elsewhere", () => {
    const { output, probability } = attentionGraph();
    expectRejected([output, probability as Node], /p is needed elsewhere/);
  });
  it("when the scores are needed elsewhere", () => {
    const { output, scores } = attentionGraph({ spelling: "divideAfter" });
    expectRejected([output, scores], /a is needed elsewhere/);
  });
  const [B, T, S, E] = [dim("B", 2), dim("T", 4), dim("S", 4), dim("E", 3)];
  const [q, k, v] = [parameter("q", B, T, E), parameter("k", B, S, E), parameter("v", B, S, E)];
  const dot = define("dot", [B, T, S], [E], (b, t, s, e) => mul(q(b!, t!, e!), k(b!, s!, e!)));
  const weighted = (p: (b: Scalar, t: Scalar, s: Scalar) => Scalar): Node =>
    define("o", [B, T, E], [S], (b, t, e, s) => mul(p(b!, t!, s!), v(b!, s!, e!))).node;
  const exponential = (b: Scalar, t: Scalar, s: Scalar): Scalar => unary("exp", dot(b, t, s));

  it("when the softmax runs over the queries", () => {
    const z = define("z", [B, S], [T], (b, s, t) => exponential(b!, t!, s!));
    expectRejected(
      [weighted((b, t, s) => div(exponential(b, t, s), z(b, s)))],
      /are not divided by their sum|sums other exponentials/,
    );
  });
  it("when the sum is of other exponentials", () => {
    const z = define("z", [B, T], [S], (b, t, s) => unary("exp", mul(dot(b!, t!, s!), literal(2))));
    expectRejected(
      [weighted((b, t, s) => div(exponential(b, t, s), z(b, t)))],
      /z, which divides it, sums other exponentials/,
    );
  });
  it("when the sum has another mask", () => {
    const z = define("z", [B, T], [S], (b, t, s) => select(binary("le", s!, t!), exponential(b!, t!, s!), literal(0)));
    expectRejected(
      [weighted((b, t, s) => div(select(binary("lt", s, t), exponential(b, t, s), literal(0)), z(b, t)))],
      /sums other exponentials/,
    );
  });
  it("when the sum is one of squares", () => {
    const z = define("z", [B, T], [S], (b, t, s) => mul(exponential(b!, t!, s!), exponential(b!, t!, s!)));
    expectRejected(
      [weighted((b, t, s) => div(exponential(b, t, s), z(b, t)))],
      /sums other exponentials|is not a sum of exponentials/,
    );
  });
  it("when it divides by the sum twice", () => {
    const z = define("z", [B, T], [S], (b, t, s) => exponential(b!, t!, s!));
    expectRejected([weighted((b, t, s) => div(div(exponential(b, t, s), z(b, t)), z(b, t)))], /more than once/);
  });
  it("when its scores are no product of queries and keys", () => {
    const bias = parameter("bias", B, T, S);
    const z = define("z", [B, T], [S], (b, t, s) => unary("exp", bias(b!, t!, s!)));
    expectRejected(
      [weighted((b, t, s) => div(unary("exp", bias(b, t, s)), z(b, t)))],
      /no product of queries and keys/,
    );
  });
  it("when two products feed its scores", () => {
    const second = define("second", [B, T, S], [E], (b, t, s, e) => mul(k(b!, t!, e!), q(b!, s!, e!)));
    const both = (b: Scalar, t: Scalar, s: Scalar): Scalar => unary("exp", add(dot(b, t, s), second(b, t, s)));
    const z = define("z", [B, T], [S], (b, t, s) => both(b!, t!, s!));
    expectRejected([weighted((b, t, s) => div(both(b, t, s), z(b, t)))], /more than one product/);
  });
  it("when probabilities are scaled by something learned", () => {
    const gate = parameter("gate", T, S);
    const z = define("z", [B, T], [S], (b, t, s) => exponential(b!, t!, s!));
    expectRejected(
      [weighted((b, t, s) => mul(div(exponential(b, t, s), z(b, t)), gate(t, s)))],
      /scaled by a value that may need a gradient/,
    );
  });
  it("unless it is a mere softmax, of which nothing is said", () => {
    const z = define("z", [B, T], [S], (b, t, s) => exponential(b!, t!, s!));
    const p = define("p", [B, T, S], [], (b, t, s) => div(exponential(b!, t!, s!), z(b!, t!)));
    expect(recogniseAttention([p.node])).toEqual({ roots: [p.node], found: [], rejected: [] });
  });
});
