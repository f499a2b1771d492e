import { readFileSync, readdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { printWgsl } from "../../codegen/wgsl/print.ts";
import { checkKernel } from "../../src/kernel/verify/check.ts";
import type { Kernel } from "../../src/kernel/ir.ts";
import { nodesWritten } from "../../src/cluster/walk.ts";
import { compile } from "../../src/plan/build-plan.ts";
import type { Compiled } from "../../src/plan/build-plan.ts";
import type { Device } from "../../src/runtime/session/device.ts";
import { gpuTarget, softwareTarget } from "../../src/schedule/build/lowered.ts";
import type { Target } from "../../src/schedule/build/lowered.ts";
import { dawn } from "../support/dawn.ts";
import { elaborated } from "../support/elaborated.ts";
import { openWebGpu } from "../support/webgpu.ts";

const folder = new URL("../../models/", import.meta.url);
const texts = new Map(
  readdirSync(folder)
    .filter((f) => f.endsWith(".llm"))
    .map((f) => [f, readFileSync(new URL(f, folder), "utf8")]),
);
const shipped = [...texts].flatMap(([file, text]) =>
  [...text.matchAll(/^(?:model|variant) (\w+)/gm)].map((m) => [file, m[1] ?? ""] as const),
);

function compiled(text: string, name: string, target: Target, batch = 2): Compiled {
  const { model, optimizer, schedule, train } = elaborated(text, name, batch);
  if (!optimizer || !schedule) throw new Error(`${name} says how it is trained`);
  return compile(model, optimizer, schedule, { target, ...(train?.clip !== undefined && { clip: train.clip }) });
}

let device: Device;
beforeAll(async () => {
  device = await openWebGpu();
});
afterAll(() => device.close());

/** What the device says against a kernel. */
async function complaint(kernel: Kernel, pipeline: boolean): Promise<string> {
  const { device: gpu } = await dawn();
  gpu.pushErrorScope("validation");
  const module = gpu.createShaderModule({ code: printWgsl(kernel) });
  const messages = (await module.getCompilationInfo()).messages
    .filter((m) => m.type === "error")
    .map((m) => `${kernel.name}, line ${m.lineNum}: ${m.message}`);
  if (pipeline && messages.length === 0) {
    await gpu
      .createComputePipelineAsync({ layout: "auto", compute: { module, entryPoint: "main" } })
      .catch((error: unknown) => messages.push(`${kernel.name}: ${String(error)}`));
  }
  const error = await gpu.popErrorScope();
  return [...messages, ...(error ? [`${kernel.name}: ${error.message}`] : [])].join("\n");
}

describe.each([gpuTarget, softwareTarget])(
  "for $name, every kernel is well formed, fits the device and is valid WGSL:",
  (target) => {
    test.each(shipped)(
      "%s, %s",
      async (file, name) => {
        const { kernels, plan } = compiled(texts.get(file) ?? "", name, target, 4);
        // A software adapter takes seconds for each kernel, and minutes for those of a GPU: one model must do.
        const pipelines = !device.software || (target === softwareTarget && name === "LlamaSmall");
        const { bindings, lanes, sharedBytes } = device.limits;
        expect([
          plan.needs.bindings <= bindings,
          plan.needs.lanes <= lanes,
          plan.needs.sharedBytes <= sharedBytes,
        ]).toEqual([true, true, true]);
        const found: string[] = [];
        for (const kernel of kernels.values()) {
          checkKernel(kernel);
          found.push(await complaint(kernel, pipelines));
        }
        expect(found.filter((f) => f !== "")).toEqual([]);
      },
      180_000,
    );
  },
);

const count = ({ plan }: Compiled, program: "train" | "evaluate"): number =>
  plan.programs[program]?.dispatches.length ?? NaN;

/** T is like no other size, so that a tensor over T × T shows. */
const decoder = (layers: number): string => `
model X {
  dims { T = 176  L = ${layers}  D = 192  H = 6  G = 2  F = 512  V = 1000 }
  embed:  table
  layers: L * layer(norm: rmsnorm, mix: attention(rotate: rope), ffn: swiglu)
  head:   tied(norm: rmsnorm)
}
train X { budget: 100 steps, batch: 8 sequences, optimizer: adamw(lr: 6e-4), clip: 1, group vectors { decay: 0 } }
`;

describe.each([gpuTarget, softwareTarget])("for $name,", (target) => {
  const [two, three] = [2, 3].map((layers) => compiled(decoder(layers), "X", target, 8)) as [Compiled, Compiled];

  test("a layer takes at most 10 dispatches forward and 22 backward", () => {
    const forward = count(three, "evaluate") - count(two, "evaluate");
    expect(forward).toBeLessThanOrEqual(10);
    expect(count(three, "train") - count(two, "train") - forward).toBeLessThanOrEqual(22);
  });

  test("the optimizer takes at most 4, with the norm of the gradients", () => {
    const { plan } = three;
    const late = new Set(plan.states.map((s) => s.buffer));
    const isUpdate = (d: {
      readonly bindings: readonly { readonly buffer: number }[];
      readonly computes: readonly string[];
    }): boolean => d.bindings.some((b) => late.has(b.buffer)) || d.computes.includes("gradient_norm");
    const dispatches = plan.programs.train?.dispatches ?? [];
    const first = dispatches.findIndex(isUpdate);
    expect(dispatches.slice(first).every(isUpdate)).toBe(true);
    expect(dispatches.length - first).toBeLessThanOrEqual(4);
  });

  test("nothing over T × T is ever stored", () => {
    for (const clusters of three.stages.clusters.values()) {
      for (const node of clusters.flatMap(nodesWritten))
        expect(node.axes.filter((a) => a.size === 176).length, node.name).toBeLessThanOrEqual(1);
    }
  });
});
