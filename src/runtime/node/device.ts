/**
 * @file Choosing a device in Node. `auto` takes the adapter of a driver if there is one, else the software adapter from an npm package; the device carries the
 * reason. Programs compiled for the CPU run on the CPU. Dawn prints warnings of its own when Vulkan is absent, so on Linux the loader is looked for first.
 */
import type { Device } from "../device.ts";
import { languageOf } from "../device.ts";
import { RuntimeFailure, messageOf } from "../failure.ts";
import { didYouMean } from "../nearest.ts";
import type { Plan } from "../plan.ts";
import { adapterName, openWebGpuDevice } from "../webgpu/device.ts";

export interface DeviceOptions {
  /** `auto` (the default), `webgpu`: an adapter of a driver, `software`: WebGPU on the CPU, or `cpu`: kernels in C. */
  readonly device?: string;
  /** An adapter by its driver's name, when there are several. */
  readonly adapter?: string;
}

export const deviceNames = ["auto", "webgpu", "software", "cpu"] as const;
type DeviceName = (typeof deviceNames)[number];

/**
 * Dawn clamps every index by default. On the CPU that costs a fifth of a step, and every kernel's indices were shown to be in range when its schedule
 * was tested, so the software adapter runs without.
 */
const softwareFlags = ["enable-dawn-features=disable_robustness"];

/** Once loaded, the software adapter is what Dawn finds, as if the system had it. */
let softwareLoaded = false;

/** With a plan, `auto` is a device for which it was compiled. */
export async function openDevice(options: DeviceOptions = {}, plan?: Plan): Promise<Device> {
  const name = deviceName(options.device ?? "auto");
  if (options.adapter !== undefined) return openNamedAdapter(options.adapter);
  if (name === "cpu" || (name === "auto" && plan !== undefined && languageOf(plan) === "c")) {
    const { openCpuDevice } = await import("../cpu/device.ts");
    return openCpuDevice(name === "cpu" ? "as asked for" : "the program was compiled for it");
  }
  if (name !== "software") {
    const found = softwareLoaded || (await vulkanIsAbsent()) ? undefined : await findAdapter([]);
    if (found !== undefined) {
      const software = isSoftware(found.adapter);
      const reason = options.device === name ? "as asked for" : software ? "no GPU was found, but the system has a software adapter" : "the system's GPU";
      return openWebGpuDevice({ ...found, software, reason });
    }
    if (name === "webgpu") {
      throw new RuntimeFailure("device/none", "no WebGPU adapter was found: the machine has no GPU, or its driver is not installed", "use --device=software");
    }
  }
  return openSoftware(name === "software" ? "as asked for" : "no GPU was found");
}

function deviceName(text: string): DeviceName {
  const known = deviceNames.find((name) => name === text);
  if (known !== undefined) return known;
  throw new RuntimeFailure("device/unknown", `there is no device \`${text}\``, didYouMean(text, deviceNames));
}

async function openSoftware(reason: string): Promise<Device> {
  const { prepareSoftwareAdapter } = await import("../software-adapter.ts");
  const prepared = await prepareSoftwareAdapter();
  if (prepared.kind === "unavailable") {
    throw new RuntimeFailure("device/none", `${reason === "no GPU was found" ? "no GPU was found, and " : ""}${prepared.reason}`, "install a GPU driver with WebGPU support (Vulkan, Metal or Direct3D 12)");
  }
  softwareLoaded = true;
  const found = await findAdapter(softwareFlags);
  if (found === undefined) throw new RuntimeFailure("device/none", `${prepared.name} was loaded but gives no adapter`);
  return openWebGpuDevice({ ...found, software: isSoftware(found.adapter), reason });
}

async function openNamedAdapter(name: string): Promise<Device> {
  if (await vulkanIsAbsent()) {
    const { prepareSoftwareAdapter } = await import("../software-adapter.ts");
    softwareLoaded = (await prepareSoftwareAdapter()).kind === "ready";
  }
  try {
    const found = await findAdapter([`adapter=${name}`]);
    if (found !== undefined) return await openWebGpuDevice({ ...found, software: isSoftware(found.adapter), reason: `adapter \`${name}\` was asked for` });
    throw new RuntimeFailure("device/unknown", `there is no adapter \`${name}\``);
  } catch (error) {
    // Dawn answers an unknown name with the list of the known ones.
    const names = [...messageOf(error).matchAll(/name: '([^']*)'/g)].map((match) => match[1] ?? "");
    if (names.length === 0) throw error;
    throw new RuntimeFailure("device/unknown", `there is no adapter \`${name}\``, didYouMean(name, names));
  }
}

interface Found {
  readonly adapter: GPUAdapter;
  readonly release: () => void;
}

async function findAdapter(flags: string[]): Promise<Found | undefined> {
  const { create } = await import("webgpu");
  // Dawn lives as long as this object is referred to: from here until the device is closed, and no longer, or the process would not end.
  let gpu: GPU | undefined = create(flags);
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (adapter === null) return undefined;
  return {
    adapter,
    release: () => {
      gpu = undefined;
    },
  };
}

function isSoftware(adapter: GPUAdapter): boolean {
  return adapter.info.isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|software/i.test(adapterName(adapter));
}

/** Only on Linux does Dawn depend on a library that may be missing. */
async function vulkanIsAbsent(): Promise<boolean> {
  if (process.platform !== "linux") return false;
  const { default: koffi } = await import("koffi");
  try {
    koffi.load("libvulkan.so.1");
    return false;
  } catch {
    return true;
  }
}
