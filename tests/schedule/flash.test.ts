import { describe, expect, it } from "vitest";
import { gradients } from "../../src/grad/gradients.ts";
import type { Node } from "../../src/ir/graph.ts";
import { comp, leaf } from "../../src/ir/node.ts";
import { axis, mul, read } from "../../src/ir/scalar.ts";
import { recogniseAttention } from "../../src/optimize/attention.ts";
import { substituteAttention } from "../../src/optimize/attention-gradient.ts";
import type { FlashCluster } from "../../src/optimize/cluster.ts";
import { clusterGraph } from "../../src/optimize/clusters.ts";
import { gpuTarget, softwareTarget } from "../../src/schedule/lowered.ts";
import { attentionGraph } from "../support/attention.ts";
import type { Options } from "../support/attention.ts";
import { checkCluster } from "./harness.ts";

/** The flash clusters of a loss on attention and of all its gradients. */
function flashClusters(options: Options): readonly FlashCluster[] {
  const { output, q, k, v, captured } = attentionGraph(options);
  const w = leaf("input", "w", output.axes);
  const here = output.axes.map((_, i) => axis(i));
  const loss = comp({ name: "loss" }, [], mul(read(output, here), read(w, here)), { op: "sum", axes: output.axes });
  const recognised = recogniseAttention([loss]);
  const derived = gradients(recognised.roots[0] as Node, [q, k, v, ...captured]);
  const roots = [recognised.roots[0] as Node, ...derived.gradients.values()];
  const { roots: substituted } = substituteAttention(roots, recognised.found, derived);
  return clusterGraph(substituted, { bindings: 8 }).clusters.filter((c) => c.kind === "flash");
}

const cases: readonly Options[] = [
  {}, { mask: "causal", shape: { S: 7 } }, { mask: "window", shape: { S: 7, T: 7, E: 8, F: 8 } }, { score: "alibi", mask: "prefix" },
  { score: "softcap", mask: "strided", shape: { E: 4, F: 4 } }, { score: "keyBias" }, { dropout: true, mask: "document", shape: { S: 7 } },
  { score: "temperature", mask: "causal", shape: { S: 7 } }, { score: "buckets", mask: "document", shape: { S: 7 } }, { score: "shawCapped", shape: { S: 7 } },
  { score: "table", mask: "causal", dropout: true, shape: { S: 7 } }, { score: "keyBias", mask: "causal", shape: { S: 7 } },
  { shape: { G: 1, E: 16, F: 4 } }, { mask: "strict", shape: { G: 4, H: 4, T: 13, S: 13 } },
];

describe("attention kernels compute what their references say", () => {
  for (const target of [softwareTarget, gpuTarget]) {
    it.each(cases.map((options) => [JSON.stringify(options), options] as const))(`${target.name} %s`, async (_, options) => {
      const clusters = flashClusters(options);
      expect(clusters.map((c) => c.pass)).toEqual(expect.arrayContaining(["forward", "query", "key"]));
      for (const cluster of clusters) await checkCluster(cluster, { target });
    });
  }
});
