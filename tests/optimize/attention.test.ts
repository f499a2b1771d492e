import { describe, expect, it } from "vitest";
import { evaluateOne } from "../../src/ir/evaluate.ts";
import type { Leaf, Node } from "../../src/ir/graph.ts";
import { recogniseAttention } from "../../src/optimize/attention.ts";
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
  const spellings: readonly Spelling[] = ["softmax", "divideAfter", "unshifted", "logsumexp", "maskOutside", "inline", "guarded"];
  const masks: readonly MaskName[] = ["none", "causal", "window", "prefix", "strict", "strided", "document"];
  const scores: readonly ScoreName[] = ["plain", "alibi", "softcap", "keyBias", "temperature", "buckets", "shaw", "shawCapped", "table"];
  const cases: readonly Options[] = [
    ...spellings.flatMap((spelling) => [{ spelling }, { spelling, mask: "causal" as const, scoreOrder: "thsb" as const }]),
    ...masks.map((mask) => ({ mask })),
    ...scores.map((score) => ({ score, mask: "causal" as const })),
    { dropout: true, mask: "causal" },
    { shape: { H: 4, G: 4 } }, { shape: { H: 4, G: 1 }, mask: "causal" }, { shape: { H: 1, G: 1, B: 1 } },
  ];
  it.each(cases.map((options) => [JSON.stringify(options), options] as const))("%s", (_, options) => {
    const { graph, root, found, rejected } = recognise(options);
    expect(rejected.map((r) => r.reason)).toEqual([]);
    expect(found).toHaveLength(1);
    const form = found[0]?.form;
    expect([form?.t.name, form?.s.name, form?.e.name, form?.f.name, form?.z.map((a) => a.name).join()]).toEqual(["T", "S", "E", "F", "B,H"]);
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
});
