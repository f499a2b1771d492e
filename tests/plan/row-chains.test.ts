import { describe, expect, test, vi } from "vitest";
import { compile } from "../../src/plan/build-plan.ts";
import type { Compiled } from "../../src/plan/build-plan.ts";
import { openDevice } from "../../src/runtime/node/device.ts";
import type { Plan } from "../../src/abi/plan.ts";
import { cpuTarget, gpuTarget } from "../../src/schedule/build/lowered.ts";
import { hasCompiler } from "../support/c-kernels.ts";
import { DeviceRun } from "../support/device-run.ts";
import { tinyModel, tinyOptimizer, tinySchedule } from "../support/tiny-model.ts";
import { initialParameters, someTokens } from "../support/training-step.ts";

// Enough rows for blocks, and no whole number of them.
const [model, optimizer] = [
  tinyModel({ batch: 5, context: 202, width: 16, heads: 2, hidden: 24, layers: 2, vocabulary: 40 }),
  tinyOptimizer(),
];
const compiled = compile(model, optimizer, tinySchedule(), { clip: 0.5, target: cpuTarget(8), programs: ["train"] });
const dispatches = compiled.plan.programs.train?.dispatches ?? [];

/** The losses and parameters of a few steps on the CPU. */
async function trained(plan: Plan, threads: number): Promise<unknown> {
  vi.stubEnv("LLMC_THREADS", `${threads}`);
  const device = await openDevice({ device: "cpu" });
  try {
    const made: Compiled = { ...compiled, plan };
    const run = await DeviceRun.open(
      device,
      made,
      new Map([...initialParameters(model)].map(([leaf, values]) => [leaf.name, values])),
    );
    const count = model.batch * model.context;
    const losses: unknown[] = [];
    for (let step = 1; step <= 3; step++) {
      const tokens = {
        tokens: someTokens(count, model.vocabulary, step),
        targets: someTokens(count, model.vocabulary, step + 100),
      };
      losses.push((await run.run("train", tokens, { seed: 1, step, lr: 0.01 })).loss?.[0]);
    }
    return { losses, parameters: await run.readArena("parameters") };
  } finally {
    vi.unstubAllEnvs();
    device.close();
  }
}

describe("chains of rows", () => {
  test("take a layer from the attention's result to the next layer's queries, keys and values", () => {
    const chains = new Map<number, string[]>();
    for (const { rows, computes } of dispatches)
      if (rows) chains.set(rows.chain, [...(chains.get(rows.chain) ?? []), ...computes]);
    const first = [...chains.values()].find((names) => names.includes("layers.0.y")) ?? [];
    expect(first).toEqual(
      expect.arrayContaining([
        "layers.0.m",
        "layers.0.norm2.y",
        "layers.0.ffn.h",
        "layers.0.y",
        "layers.1.norm1.y",
        "layers.1.mix.wq.out",
        "layers.1.mix.wv.out",
      ]),
    );
  });

  test("follow each other in the plan, and their blocks cover every group once", () => {
    for (const { kernel, rows } of dispatches) {
      if (!rows) continue;
      const members = dispatches.flatMap((d, i) => (d.rows?.chain === rows.chain ? [i] : []));
      expect(members.at(-1)).toBe((members[0] ?? 0) + members.length - 1);
      const groups = compiled.plan.kernels[kernel]?.groups ?? 0;
      expect(rows.groups * rows.blocks).toBeGreaterThanOrEqual(groups);
      expect(rows.groups * (rows.blocks - 1)).toBeLessThan(groups);
    }
  });

  test("have blocks for many threads, however few their rows are", () => {
    const short = tinyModel({ batch: 1, context: 64, width: 192, heads: 12, hidden: 24, layers: 2, vocabulary: 40 });
    const { decode } = compile(short, optimizer, tinySchedule(), { target: cpuTarget(16), programs: ["decode"] }).plan
      .programs;
    const chains = (decode?.dispatches ?? []).flatMap(({ rows }) => rows ?? []);
    expect(chains).not.toEqual([]);
    for (const { blocks } of [...chains, ...dispatches.flatMap(({ rows }) => rows ?? [])])
      expect(blocks).toBeGreaterThanOrEqual(8);
  });

  test.skipIf(!hasCompiler)(
    "give on any number of threads the bits of their dispatches one after the other",
    async () => {
      const { train } = compiled.plan.programs;
      if (!train) throw new Error("a program to train");
      const apart = {
        ...compiled.plan,
        programs: {
          train: {
            ...train,
            dispatches: train.dispatches.map(({ kernel, bindings, computes }) => ({ kernel, bindings, computes })),
          },
        },
      };
      const expected = await trained(apart, 1);
      expect(await trained(compiled.plan, 1)).toEqual(expected);
      expect(await trained(compiled.plan, 5)).toEqual(expected);
    },
    300_000,
  );

  test("are only for devices with caches", () => {
    const { train } = compile(model, optimizer, tinySchedule(), { target: gpuTarget, programs: ["train"] }).plan
      .programs;
    expect(train?.dispatches.filter(({ rows }) => rows)).toEqual([]);
  });
});
