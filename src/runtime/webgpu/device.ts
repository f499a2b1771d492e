/**
 * @file A WebGPU device from an adapter, the same in Node and in a browser. How the adapter is found is the caller's: `node/device.ts` asks Dawn,
 * `browser.ts` asks `navigator.gpu`.
 */
import type { Calibration, CompiledProgram, Device, DeviceLimits, Session } from "../session/device.ts";
import { checkLanguage, checkNeeds } from "../session/device.ts";
import { RuntimeFailure, messageOf } from "../util/failure.ts";
import { calibrateWebGpu } from "./calibrate.ts";
import { Health } from "./health.ts";
import { openWebGpuSession } from "./session.ts";

/** The limits that matter to compute; the defaults are far below what adapters offer, so their maxima are requested. */
const requested = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
] as const;

export interface WebGpuOptions {
  readonly adapter: GPUAdapter;
  readonly software: boolean;
  readonly reason: string;
}

export async function openWebGpuDevice(options: WebGpuOptions): Promise<Device> {
  const { adapter } = options;
  const requiredLimits: Record<string, number> = {};
  for (const limit of requested) requiredLimits[limit] = adapter.limits[limit];
  const name = adapterName(adapter);
  let gpuDevice: GPUDevice;
  try {
    gpuDevice = await adapter.requestDevice({ label: "llmc", requiredLimits });
  } catch (error) {
    throw new RuntimeFailure("device/none", `${name} gave no device: ${messageOf(error)}`);
  }
  return new WebGpuDevice(name, options, gpuDevice);
}

export function adapterName(adapter: GPUAdapter): string {
  const { description, device, vendor, architecture } = adapter.info;
  return (
    description || [vendor, device || architecture].filter((part) => part !== "").join(" ") || "an unnamed adapter"
  );
}

class WebGpuDevice implements Device {
  readonly kind = "webgpu";
  readonly name: string;
  readonly software: boolean;
  readonly reason: string;
  readonly limits: DeviceLimits;
  readonly #device: GPUDevice;
  readonly #health: Health;

  constructor(name: string, options: WebGpuOptions, device: GPUDevice) {
    this.name = name;
    this.software = options.software;
    this.reason = options.reason;
    this.#device = device;
    this.#health = new Health(device);
    this.limits = {
      bufferBytes: Math.min(device.limits.maxBufferSize, device.limits.maxStorageBufferBindingSize),
      bindings: device.limits.maxStorageBuffersPerShaderStage,
      sharedBytes: device.limits.maxComputeWorkgroupStorageSize,
      lanes: Math.min(device.limits.maxComputeInvocationsPerWorkgroup, device.limits.maxComputeWorkgroupSizeX),
    };
  }

  async open(program: CompiledProgram): Promise<Session> {
    checkLanguage(program.plan, "wgsl", this.name);
    checkNeeds(program.plan, this.limits, this.name);
    return openWebGpuSession(this, this.#device, this.#health, program);
  }

  calibrate(): Promise<Calibration> {
    return calibrateWebGpu(this.#device);
  }

  close(): void {
    this.#health.closing();
    this.#device.destroy();
  }
}
