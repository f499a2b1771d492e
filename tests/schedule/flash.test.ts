import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { cpuTarget, gpuTarget, softwareTarget } from "../../src/schedule/build/lowered.ts";
import { flashClusters } from "../support/attention.ts";
import type { MaskName, Options, ScoreName } from "../support/attention.ts";
import { hasCompiler } from "../support/c-kernels.ts";
import { checkCluster } from "./harness.ts";

const fixed: readonly Options[] = [
  { mask: "window", shape: { S: 7, T: 7, E: 8, F: 8 } },
  { score: "softcap", mask: "strict", shape: { B: 1, H: 2, G: 2, E: 4, F: 4 } },
  { score: "shawCapped", mask: "causal", shape: { S: 7 } },
  { score: "table", mask: "causal", dropout: true, shape: { B: 1, S: 7 } },
  { score: "buckets", mask: "document", shape: { S: 7 } },
  { mask: "causal", shape: { B: 1, H: 2, G: 1, T: 70, S: 70, E: 12, F: 36 } },
];

describe("the kernels of attention and of its gradients compute what their references say", () => {
  const onAll = [
    { target: softwareTarget, cases: fixed },
    { target: gpuTarget, cases: [fixed[1], fixed[3], fixed[5]] as Options[] },
    { target: cpuTarget(8), cases: fixed },
  ];
  describe.each(onAll)("$target.name", ({ target, cases }) => {
    it.each(cases.map((options) => [JSON.stringify(options), options] as const))("%s", async (_, options) => {
      const clusters = flashClusters(options);
      expect(clusters.map((c) => c.pass).toSorted()).toEqual(["forward", "key", "query"]);
      for (const cluster of clusters) await checkCluster(cluster, { target });
    });
  });

  it("rows without a key give zeros, and zero gradients", async () => {
    for (const cluster of flashClusters({ mask: "strict", shape: { B: 1, H: 1, G: 1, T: 3, S: 3 } }))
      await checkCluster(cluster, { target: softwareTarget });
  });

  const length = fc.constantFrom(1, 2, 5, 7, 31, 32, 33, 50);
  const features = fc.constantFrom(1, 3, 4, 8, 17, 32, 40);
  const options = fc
    .record({
      heads: fc.constantFrom([1, 1], [2, 1], [3, 3], [4, 2]),
      B: fc.constantFrom(1, 2),
      T: length,
      S: length,
      E: features,
      F: features,
      mask: fc.constantFrom<MaskName>("none", "causal", "window", "prefix", "strict", "strided", "document"),
      score: fc.constantFrom<ScoreName>("plain", "alibi", "softcap", "keyBias", "temperature", "shaw"),
      dropout: fc.boolean(),
      scoreOrder: fc.constantFrom("bhts" as const, "thsb" as const),
    })
    .map(({ heads: [H = 1, G = 1], B, T, S, E, F, ...rest }): Options => ({ ...rest, shape: { B, H, G, T, S, E, F } }));
  const drawnOn = [
    [softwareTarget, 16],
    [gpuTarget, 4],
    [cpuTarget(4), 12],
    [cpuTarget(8), 12],
    [cpuTarget(16), 12],
  ] as const;
  test.each(drawnOn)(
    "for shapes of all kinds, on $name with $lanes lanes",
    async (target, numRuns) => {
      await fc.assert(
        fc.asyncProperty(options, async (drawn) => {
          for (const cluster of flashClusters(drawn)) await checkCluster(cluster, { target, tolerance: 2e-5 });
        }),
        { numRuns, seed: 5, endOnFailure: true },
      );
    },
    120_000,
  );
});

describe("on a device", () => {
  const onDevice: readonly Options[] = [
    { mask: "causal", shape: { B: 1, H: 4, G: 2, T: 70, S: 70, E: 16, F: 16 } },
    { score: "shawCapped", mask: "document", shape: { B: 2, T: 9, S: 9, E: 5, F: 3 } },
    { score: "alibi", mask: "window", dropout: true, shape: { B: 1, T: 40, S: 33, E: 8, F: 12 } },
  ];
  // The kernels for GPUs take a software adapter long to compile.
  describe.each([
    { target: softwareTarget, cases: onDevice },
    { target: gpuTarget, cases: onDevice.slice(2) },
  ])("kernels for $target.name", ({ target, cases }) => {
    it.each(cases.map((options) => [JSON.stringify(options), options] as const))(
      "%s",
      async (_, options) => {
        for (const cluster of flashClusters(options)) await checkCluster(cluster, { target, device: "dawn" });
      },
      120_000,
    );
  });
});

describe.skipIf(!hasCompiler)("compiled from C", () => {
  const compiled: readonly Options[] = [
    { mask: "causal", shape: { B: 1, H: 4, G: 2, T: 150, S: 150, E: 32, F: 16 } },
    { score: "shawCapped", mask: "document", shape: { B: 2, T: 9, S: 9, E: 5, F: 3 } },
    { score: "alibi", mask: "window", dropout: true, shape: { B: 1, T: 40, S: 53, E: 8, F: 12 } },
    { score: "keyBias", mask: "strict", shape: { B: 1, T: 70, S: 70, E: 20, F: 24 } },
  ];
  // Vectors of 16 also where the machine has none: compilers split them.
  test.each([
    [4, 1],
    [8, 4],
    [16, 2],
  ] as const)(
    "with %i lanes",
    async (lanes, cases) => {
      for (const options of compiled.slice(0, cases))
        for (const cluster of flashClusters(options))
          await checkCluster(cluster, { target: cpuTarget(lanes), device: "c" });
    },
    240_000,
  );

  test("stays within its buffers and within what C defines", async () => {
    for (const cluster of flashClusters(compiled[1] as Options))
      await checkCluster(cluster, { target: cpuTarget(8), device: "c with sanitizers" });
  }, 240_000);
});
