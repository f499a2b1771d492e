/**
 * @file A WebGPU device for measurements, and the time of dispatch lists on it. Samples of all candidates are interleaved, so that a slow moment of the machine
 * hits all alike. Times are wall-clock from submission to completion, of several repetitions in one command buffer.
 */
import { create, globals } from "webgpu";
import { printWgsl } from "../../codegen/wgsl/print.ts";
import { elementCount } from "../../src/ir/node.ts";
import type { Node } from "../../src/ir/graph.ts";
import { prepareSoftwareAdapter } from "../../src/runtime/software-adapter.ts";
import type { Lowered } from "../../src/schedule/lowered.ts";

export interface Candidate {
  readonly name: string;
  readonly lowered: Lowered;
  /** Floating-point operations, or bytes that have to move. */
  readonly work: number;
  readonly unit: "FLOP" | "B";
}

export interface Measured {
  readonly name: string;
  readonly bestMs: number;
  readonly medianMs: number;
  readonly work: number;
  readonly unit: Candidate["unit"];
}

/** Dawn's instance must outlive its devices. */
let instance: GPU | undefined;

export async function openDevice(): Promise<{ readonly device: GPUDevice; readonly name: string }> {
  Object.assign(globalThis, globals);
  await prepareSoftwareAdapter();
  instance = create(["enable-dawn-features=disable_robustness"]);
  const adapter = await instance.requestAdapter();
  if (!adapter) throw new Error("no WebGPU adapter");
  return { device: await adapter.requestDevice(), name: adapter.info.description };
}

/** Times every candidate `samples` times, in turns. */
export async function measure(device: GPUDevice, candidates: readonly Candidate[], samples: number, repetitions = 1): Promise<Measured[]> {
  const runs = await Promise.all(candidates.map((candidate) => prepare(device, candidate, repetitions)));
  const times = candidates.map((): number[] => []);
  for (let sample = -1; sample < samples; sample++) {
    for (const [i, run] of runs.entries()) {
      const ms = await run();
      // The first round warms up.
      if (sample >= 0) times[i]?.push(ms / repetitions);
    }
  }
  return candidates.map(({ name, work, unit }, i) => {
    const sorted = (times[i] ?? []).toSorted((a, b) => a - b);
    return { name, work, unit, bestMs: sorted[0] ?? 0, medianMs: sorted[sorted.length >> 1] ?? 0 };
  });
}

async function prepare(device: GPUDevice, { lowered }: Candidate, repetitions: number): Promise<() => Promise<number>> {
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
  const nodes = new Map<Node | number | "scalars", GPUBuffer>();
  const bufferOf = (key: Node | number | "scalars", bytes: number): GPUBuffer => {
    const known = nodes.get(key);
    if (known) return known;
    const buffer = device.createBuffer({ size: Math.max(16, bytes), usage });
    const integers = typeof key === "object" && key.dtype !== "f32";
    const below = typeof key === "object" && key.kind === "leaf" ? (key.below ?? 2) : 2;
    const words = buffer.size / 4;
    const contents = integers ? Int32Array.from({ length: words }, (_, i) => (i * 7919) % below) : Float32Array.from({ length: words }, (_, i) => Math.sin(i));
    device.queue.writeBuffer(buffer, 0, contents);
    nodes.set(key, buffer);
    return buffer;
  };
  const dispatches = await Promise.all(
    lowered.dispatches.map(async ({ kernel, bindings }) => {
      const layout = device.createBindGroupLayout({
        entries: kernel.bindings.map(({ access }, binding) => ({
          binding, visibility: GPUShaderStage.COMPUTE, buffer: { type: access === "read" ? "read-only-storage" : "storage" },
        })),
      });
      const pipeline = await device.createComputePipelineAsync({
        layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
        compute: { module: device.createShaderModule({ code: printWgsl(kernel) }), entryPoint: "main" },
      });
      const group = device.createBindGroup({
        layout,
        entries: bindings.map((source, binding) => {
          const bytes = source.kind === "node" ? 4 * elementCount(source.node.axes) : source.kind === "workspace" ? (lowered.workspaces[source.index] ?? 0) : 256;
          const key = source.kind === "node" ? source.node : source.kind === "workspace" ? source.index : "scalars";
          return { binding, resource: { buffer: bufferOf(key, bytes) } };
        }),
      });
      return { pipeline, group, groups: kernel.groups };
    }),
  );
  return async () => {
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (let i = 0; i < repetitions; i++) {
      for (const { pipeline, group, groups } of dispatches) {
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, group);
        pass.dispatchWorkgroups(Math.min(groups, 65535), Math.ceil(groups / 65535));
      }
    }
    pass.end();
    const start = performance.now();
    device.queue.submit([encoder.finish()]);
    await device.queue.onSubmittedWorkDone();
    return performance.now() - start;
  };
}
