/**
 * @file Choosing a device in Node. `auto` takes a GPU if there is one, else the CPU if there is a C compiler, else WebGPU in software: the system's adapter, or
 * one from an npm package. The device carries the reason. A compiled program runs on what it was compiled for. Dawn prints warnings of its own when Vulkan is
 * absent, so on Linux the loader is looked for first.
 */
import type { Device } from "../session/device.ts";
import { languageOf } from "../session/device.ts";
import type { Compiler } from "../cpu/compiler.ts";
import { RuntimeFailure, isFailure, messageOf } from "../util/failure.ts";
import { didYouMean } from "../util/nearest.ts";
import { loadKoffi, optionalPackage } from "../files/optional-package.ts";
import type { Plan } from "../../abi/plan.ts";
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
  const language = name === "auto" && plan !== undefined ? languageOf(plan) : undefined;
  if (name === "cpu") return openCpu("as asked for");
  if (language === "c") return openCpu("the program was compiled for it");
  if (name === "software") return openSoftware("as asked for");
  const dawn = await dawnOrReason();
  if (name === "webgpu" && dawn !== undefined) throw dawn;
  const adapter = dawn !== undefined || softwareLoaded || (await vulkanIsAbsent()) ? undefined : await findAdapter([]);
  const software = adapter !== undefined && isSoftware(adapter);
  if (adapter !== undefined && (name === "webgpu" || !software))
    return openWebGpuDevice({ adapter, software, reason: name === "webgpu" ? "as asked for" : "the system's GPU" });
  if (name === "webgpu")
    throw new RuntimeFailure(
      "device/none",
      "no WebGPU adapter was found: the machine has no GPU, or its driver is not installed",
      "use --device=cpu or --device=software",
    );
  // Its kernels are C, so a program for WebGPU has no choice but the software adapter.
  const found = await compilerOrReason();
  const compiler = language === undefined || typeof found === "string" ? found : "the program was compiled for WebGPU";
  const noGpu = dawn === undefined ? noneFound : "the npm package `webgpu` is not installed";
  if (typeof compiler !== "string") return openCpu(`${noGpu}, and there is a C compiler`, compiler);
  const reason = `${noGpu}, and ${compiler}`;
  return adapter === undefined ? openSoftware(reason) : openWebGpuDevice({ adapter, software, reason });
}

const noneFound = "no GPU was found";

/** Nothing if Dawn can be loaded, else why not: its package may have been left out. */
async function dawnOrReason(): Promise<RuntimeFailure | undefined> {
  try {
    await optionalPackage("webgpu", "WebGPU in Node", () => import("webgpu"));
    return undefined;
  } catch (error) {
    if (isFailure(error)) return error;
    throw error;
  }
}

async function openCpu(reason: string, compiler?: Compiler): Promise<Device> {
  await loadKoffi();
  const { openCpuDevice } = await import("../cpu/device.ts");
  return openCpuDevice(reason, compiler);
}

/** The C compiler, or why there is none. */
async function compilerOrReason(): Promise<Compiler | string> {
  const { findCompiler } = await import("../cpu/compiler.ts");
  return findCompiler().catch((error: unknown) => {
    if (isFailure(error)) return error.message;
    throw error;
  });
}

function deviceName(text: string): DeviceName {
  const known = deviceNames.find((name) => name === text);
  if (known !== undefined) return known;
  throw new RuntimeFailure("device/unknown", `there is no device \`${text}\``, didYouMean(text, deviceNames));
}

async function openSoftware(reason: string): Promise<Device> {
  const { prepareSoftwareAdapter } = await import("../webgpu/software-adapter.ts");
  const prepared = await prepareSoftwareAdapter();
  if (prepared.kind === "unavailable") {
    throw new RuntimeFailure(
      "device/none",
      `${reason.startsWith(noneFound) ? `${reason}, and ` : ""}${prepared.reason}`,
      `install gcc or clang, or a GPU driver with WebGPU support (Vulkan, Metal or Direct3D 12)${prepared.reason.includes("is not installed") ? ", or the packages: npm install webgpu @sparticuz/chromium" : ""}`,
    );
  }
  softwareLoaded = true;
  const adapter = await findAdapter(softwareFlags);
  if (adapter === undefined)
    throw new RuntimeFailure("device/none", `${prepared.name} was loaded but gives no adapter`);
  return openWebGpuDevice({ adapter, software: isSoftware(adapter), reason });
}

async function openNamedAdapter(name: string): Promise<Device> {
  if (await vulkanIsAbsent()) {
    const { prepareSoftwareAdapter } = await import("../webgpu/software-adapter.ts");
    softwareLoaded = (await prepareSoftwareAdapter()).kind === "ready";
  }
  try {
    const adapter = await findAdapter([`adapter=${name}`]);
    if (adapter !== undefined)
      return await openWebGpuDevice({
        adapter,
        software: isSoftware(adapter),
        reason: `adapter \`${name}\` was asked for`,
      });
    throw new RuntimeFailure("device/unknown", `there is no adapter \`${name}\``);
  } catch (error) {
    const names = namesIn(error);
    if (names.length === 0) throw error;
    throw new RuntimeFailure("device/unknown", `there is no adapter \`${name}\``, didYouMean(name, names));
  }
}

/** Dawn answers an unknown name with the list of the known ones. */
const namesIn = (error: unknown): readonly string[] =>
  [...messageOf(error).matchAll(/name: '([^']*)'/g)].map((match) => match[1] ?? "");

/** The adapters of the system's drivers by their names. */
export async function adapterNames(): Promise<readonly string[]> {
  if ((await dawnOrReason()) !== undefined || softwareLoaded || (await vulkanIsAbsent())) return [];
  try {
    await findAdapter(["adapter=none of these"]);
    return [];
  } catch (error) {
    return [...new Set(namesIn(error))];
  }
}

/**
 * Dawn's instances by their flags, kept for as long as the process lives. What is still waiting on a closed device asks its instance for events, and an
 * instance that had been collected by then would be read from freed memory.
 */
const instances = new Map<string, GPU>();

async function findAdapter(flags: string[]): Promise<GPUAdapter | undefined> {
  const { create } = await optionalPackage("webgpu", "WebGPU in Node", () => import("webgpu"));
  const key = flags.join(" ");
  const instance = instances.get(key) ?? create(flags);
  instances.set(key, instance);
  return (await instance.requestAdapter({ powerPreference: "high-performance" })) ?? undefined;
}

function isSoftware(adapter: GPUAdapter): boolean {
  return adapter.info.isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|software/i.test(adapterName(adapter));
}

/** Only on Linux does Dawn depend on a library that may be missing. */
async function vulkanIsAbsent(): Promise<boolean> {
  if (process.platform !== "linux") return false;
  try {
    const koffi = await loadKoffi();
    koffi.load("libvulkan.so.1");
    return false;
  } catch {
    return true;
  }
}
