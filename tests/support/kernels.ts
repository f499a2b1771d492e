/** @file Running kernels in tests: on Dawn (a GPU or the software adapter) and in the interpreter, by the same signature. */
import { expect } from "vitest";
import { printWgsl } from "../../codegen/wgsl/print.ts";
import { checkKernel } from "../../src/kernel/verify/check.ts";
import { interpret } from "../../src/kernel/verify/interpret.ts";
import type { Finding } from "../../src/kernel/verify/interpret.ts";
import type { Binding, Kernel } from "../../src/kernel/ir.ts";
import { dawn } from "./dawn.ts";

export type Buffer = Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

export interface Run {
  /** The buffers afterwards, one a binding. Those given are not changed. */
  readonly outputs: readonly Buffer[];
  readonly findings: readonly Finding[];
}

/** The contents of a binding in numbers (a vec4 element is four). Without contents it starts as NaN (integers as 0x7fffffff). */
export function bufferFor(binding: Binding, contents?: ArrayLike<number>): Buffer {
  const length = binding.length * binding.element.width;
  if (contents && contents.length !== length)
    throw new Error(`${binding.name} has ${length} numbers, not ${contents.length}`);
  switch (binding.element.scalar) {
    case "f32":
      return contents ? Float32Array.from(contents) : new Float32Array(length).fill(Number.NaN);
    case "i32":
      return contents ? Int32Array.from(contents) : new Int32Array(length).fill(0x7fffffff);
    case "u32":
      return contents ? Uint32Array.from(contents) : new Uint32Array(length).fill(0x7fffffff);
    case "bool":
      throw new Error(`${binding.name}: storage holds no booleans`);
  }
}

/** Runs a kernel in the interpreter. An absent buffer is an output without contents: reading it before writing is a finding. */
export async function runOnInterpreter(
  kernel: Kernel,
  buffers: readonly (ArrayLike<number> | undefined)[],
): Promise<Run> {
  checkKernel(kernel);
  const outputs = kernel.bindings.map((binding, index) => bufferFor(binding, buffers[index]));
  const findings = interpret(kernel, outputs, {
    uninitialised: kernel.bindings.filter((_, index) => !buffers[index]).map(({ name }) => name),
  });
  return { outputs, findings };
}

/** Runs a kernel on WebGPU. Compilation and validation errors throw with the module's text. */
export async function runOnDawn(kernel: Kernel, buffers: readonly (ArrayLike<number> | undefined)[]): Promise<Run> {
  const { device } = await dawn();
  const code = printWgsl(kernel);
  const fail = (message: string): never => {
    throw new Error(`${message}\n\n${code}`);
  };
  device.pushErrorScope("validation");
  const module = device.createShaderModule({ code });
  const { messages } = await module.getCompilationInfo();
  const errors = messages
    .filter((message) => message.type === "error")
    .map(({ lineNum, message }) => `line ${lineNum}: ${message}`);
  if (errors.length > 0) fail(errors.join("\n"));
  const layout = device.createBindGroupLayout({
    entries: kernel.bindings.map(({ access }, binding) => ({
      binding,
      visibility: GPUShaderStage.COMPUTE,
      buffer: { type: access === "read" ? "read-only-storage" : "storage" },
    })),
  });
  const pipeline = device.createComputePipeline({
    layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
    compute: { module, entryPoint: "main" },
  });
  const contents = kernel.bindings.map((binding, index) => bufferFor(binding, buffers[index]));
  const storage = contents.map((content) => {
    const buffer = device.createBuffer({
      size: content.byteLength,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC,
    });
    device.queue.writeBuffer(buffer, 0, content);
    return buffer;
  });
  const readable = contents.map((content) =>
    device.createBuffer({ size: content.byteLength, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST }),
  );
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(
    0,
    device.createBindGroup({ layout, entries: storage.map((buffer, binding) => ({ binding, resource: { buffer } })) }),
  );
  pass.dispatchWorkgroups(Math.min(kernel.groups, 65535), Math.ceil(kernel.groups / 65535));
  pass.end();
  storage.forEach((buffer, index) =>
    encoder.copyBufferToBuffer(buffer, 0, readable[index] as GPUBuffer, 0, buffer.size),
  );
  device.queue.submit([encoder.finish()]);
  const error = await device.popErrorScope();
  if (error) fail(error.message);
  await Promise.all(readable.map((buffer) => buffer.mapAsync(GPUMapMode.READ)));
  const outputs = readable.map((buffer, index) => {
    const bytes = buffer.getMappedRange().slice(0);
    const Type = (contents[index] as Buffer).constructor as new (bytes: ArrayBuffer) => Buffer;
    return new Type(bytes);
  });
  for (const buffer of [...storage, ...readable]) buffer.destroy();
  return { outputs, findings: [] };
}

/** No races, no accesses out of bounds, no reads of what was never written. */
export function expectClean(findings: readonly Finding[]): void {
  expect(findings.map((finding) => finding.message)).toEqual([]);
}
