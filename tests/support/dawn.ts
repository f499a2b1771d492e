/** @file One WebGPU device for a test file: whatever adapter the machine has, else the software adapter. */
import { create, globals } from "webgpu";
import { prepareSoftwareAdapter } from "../../src/runtime/webgpu/software-adapter.ts";

export interface Dawn {
  readonly device: GPUDevice;
  /** The adapter, for messages. */
  readonly name: string;
}

/** Dawn's instance must outlive its devices: when it is collected, the process aborts. */
let instance: GPU | undefined;
let opened: Promise<Dawn> | undefined;

/** The device, opened at first use. Throws with the reason when the machine can have none: such tests must not pass silently. */
export function dawn(): Promise<Dawn> {
  opened ??= open();
  return opened;
}

async function open(): Promise<Dawn> {
  Object.assign(globalThis, globals);
  const software = await prepareSoftwareAdapter();
  instance = create([]);
  const adapter = await instance.requestAdapter();
  if (!adapter)
    throw new Error(
      `no WebGPU adapter: ${software.kind === "unavailable" ? software.reason : "Dawn does not see the software adapter"}`,
    );
  const {
    maxStorageBuffersPerShaderStage,
    maxComputeWorkgroupStorageSize,
    maxStorageBufferBindingSize,
    maxBufferSize,
  } = adapter.limits;
  const device = await adapter.requestDevice({
    requiredLimits: {
      maxStorageBuffersPerShaderStage,
      maxComputeWorkgroupStorageSize,
      maxStorageBufferBindingSize,
      maxBufferSize,
    },
  });
  return { device, name: adapter.info.description };
}
