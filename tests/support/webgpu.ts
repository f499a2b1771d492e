/** @file A WebGPU device for programs in WGSL: the system's, else the software adapter, which `auto` takes only where there is no C compiler. */
import type { Device } from "../../src/runtime/session/device.ts";
import { openDevice } from "../../src/runtime/node/device.ts";

export const openWebGpu = (): Promise<Device> =>
  openDevice({ device: "webgpu" }).catch(() => openDevice({ device: "software" }));
