import { expect, test } from "vitest";
import { gradients } from "../../src/grad/gradients.ts";
import { recogniseAttention } from "../../src/optimize/attention/recognise.ts";
import { substituteAttention } from "../../src/optimize/attention/gradient.ts";
import { clusterGraph } from "../../src/optimize/clusters.ts";
import { printClusters } from "../../src/cluster/print.ts";
import { compile } from "../../src/plan/build-plan.ts";
import { printPlan } from "../../src/plan/print.ts";
import { tinyModel, tinyOptimizer, tinySchedule } from "../support/tiny-model.ts";

const sizes = { batch: 4, context: 256, width: 256, heads: 4, hidden: 512, vocabulary: 512, layers: 1 };

test("a decoder of one layer clusters as written down", async () => {
  const model = tinyModel(sizes);
  const recognised = recogniseAttention([model.loss]);
  const [loss = model.loss] = recognised.roots;
  const found = gradients(
    loss,
    model.parameters.map((p) => p.leaf),
  );
  const { roots } = substituteAttention([loss, ...found.gradients.values()], recognised.found, found);
  const { clusters } = clusterGraph(roots, { bindings: 8, forwardRoots: 1 });
  await expect(`${printClusters(clusters)}\n`).toMatchFileSnapshot("../fixtures/clusters/decoder-layer.txt");
});

test("a layer takes ten dispatches forward and twenty-two backward at most, the optimizer four", () => {
  const counts = [1, 2].map((layers) => {
    const { plan } = compile(tinyModel({ ...sizes, layers }), tinyOptimizer(), tinySchedule(), {
      clip: 1,
      programs: ["train", "evaluate"],
    });
    const train = plan.programs.train?.dispatches ?? [];
    return {
      train: train.length,
      forward: plan.programs.evaluate?.dispatches.length ?? 0,
      optimizer: train.filter((d) => d.computes.some((c) => c === "gradient_norm" || c.endsWith(".next"))).length,
    };
  });
  const [one, two] = counts;
  const forward = (two?.forward ?? 0) - (one?.forward ?? 0);
  expect(forward).toBeLessThanOrEqual(10);
  expect((two?.train ?? 0) - (one?.train ?? 0) - forward).toBeLessThanOrEqual(22);
  expect(one?.optimizer).toBeLessThanOrEqual(4);
});

test("nothing over queries and keys is stored, and equal layers share their kernels", () => {
  const plans = [2, 3].map(
    (layers) => compile(tinyModel({ ...sizes, layers }), tinyOptimizer(), tinySchedule(), { programs: ["train"] }).plan,
  );
  const scores = 4 * sizes.batch * sizes.heads * sizes.context ** 2;
  for (const { buffers } of plans)
    for (const b of buffers) if (b.role === "activation") expect(b.bytes, b.name).toBeLessThan(scores);
  expect(plans[1]?.kernels.length).toBe(plans[0]?.kernels.length);
});

test("the same model compiles to the same plan", () => {
  const [a, b] = [0, 1].map(() => compile(tinyModel(sizes), tinyOptimizer(), tinySchedule(), { clip: 1 }));
  expect(b?.plan).toEqual(a?.plan);
  expect(b && printPlan(b.plan)).toBe(a && printPlan(a.plan));
  expect([...(b?.kernels ?? [])].map(([name, k]) => [name, k.groups, k.bindings])).toEqual(
    [...(a?.kernels ?? [])].map(([name, k]) => [name, k.groups, k.bindings]),
  );
});
