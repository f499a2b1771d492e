/**
 * @file Pipelines of a plan's kernels: each distinct text is compiled once, all at the same time, with explicit layouts (the automatic ones drop bindings that
 * a kernel does not use).
 */
import type { CompiledProgram } from "../session/device.ts";
import { RuntimeFailure, messageOf } from "../util/failure.ts";
import type { PlanKernel } from "../../abi/plan.ts";
import { firstLines } from "./health.ts";

export interface Kernel {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/** The kernels in the order of the plan. */
export async function buildKernels(device: GPUDevice, program: CompiledProgram): Promise<readonly Kernel[]> {
  const layouts = new Map<string, GPUBindGroupLayout>();
  const built = new Map<string, Promise<Kernel>>();
  const texts = await Promise.all(program.plan.kernels.map((kernel) => program.kernel(kernel.file)));
  return Promise.all(
    program.plan.kernels.map((kernel, i) => {
      const text = texts[i] as string;
      const access = kernel.access.join();
      const key = `${access}\n${text}`;
      let promise = built.get(key);
      if (promise === undefined) {
        let layout = layouts.get(access);
        if (layout === undefined) layouts.set(access, (layout = bindGroupLayout(device, kernel)));
        promise = buildKernel(device, kernel, text, layout);
        built.set(key, promise);
      }
      return promise;
    }),
  );
}

function bindGroupLayout(device: GPUDevice, kernel: PlanKernel): GPUBindGroupLayout {
  return device.createBindGroupLayout({
    label: kernel.access.join(" "),
    entries: kernel.access.map((access, binding) => ({
      binding,
      visibility: 0x4, // GPUShaderStage.COMPUTE; the constant is not a global in Node
      buffer: { type: access === "read" ? "read-only-storage" : "storage" },
    })),
  });
}

async function buildKernel(
  device: GPUDevice,
  kernel: PlanKernel,
  code: string,
  layout: GPUBindGroupLayout,
): Promise<Kernel> {
  device.pushErrorScope("validation");
  const module = device.createShaderModule({ label: kernel.name, code });
  const scope = device.popErrorScope();
  try {
    const pipeline = await device.createComputePipelineAsync({
      label: kernel.name,
      layout: device.createPipelineLayout({ label: kernel.name, bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: "main" },
    });
    await scope;
    return { pipeline, layout };
  } catch (error) {
    const text = (await scope)?.message ?? messageOf(error);
    throw new RuntimeFailure(
      "device/kernel",
      `kernel \`${kernel.name}\` (${kernel.file}) was rejected by the device: ${firstLines(text)}`,
      "this is a bug of the compiler: please report it with the model's source",
    );
  }
}
