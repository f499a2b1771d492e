/** @file What kernels should be tuned for on this machine: the device that training would open decides. */
import { openDevice, type DeviceOptions } from "../../runtime/node/device.ts";
import { gpuTarget, softwareTarget, type Target } from "../../schedule/build/lowered.ts";
import { targetOfThisProcessor } from "./targets.ts";

export async function chooseTarget(options: DeviceOptions): Promise<Target> {
  const device = await openDevice(options);
  try {
    if (device.kind === "cpu") return targetOfThisProcessor();
    const { bindings, lanes, sharedBytes } = device.limits;
    const base = device.software ? softwareTarget : gpuTarget;
    return {
      ...base,
      bindings: Math.max(base.bindings, Math.min(bindings, 10)),
      lanes: Math.min(base.lanes, lanes),
      sharedBytes: Math.min(base.sharedBytes, sharedBytes),
    };
  } finally {
    device.close();
  }
}
