/** @file What there is to run on, and which of it `auto` takes. Devices are opened one after the other, as measurements must not overlap. */
import type { Calibration, Device } from "../session/device.ts";
import { isFailure } from "../util/failure.ts";
import type { DeviceOptions } from "./device.ts";
import { adapterNames, openDevice } from "./device.ts";

export interface SurveyEntry {
  /** What `--device` calls it. */
  readonly device: "webgpu" | "cpu" | "software";
  /** What `--adapter` calls it, if it is one of several. */
  readonly adapter?: string;
  readonly found:
    | { readonly kind: "present"; readonly name: string; readonly software: boolean; readonly measured: Calibration }
    | { readonly kind: "absent"; readonly reason: string; readonly help?: string };
}

export interface Survey {
  readonly entries: readonly SurveyEntry[];
  /** What `auto` takes and why; absent if there is nothing. */
  readonly auto?: { readonly device: SurveyEntry["device"]; readonly name: string; readonly reason: string };
}

export async function surveyDevices(): Promise<Survey> {
  // First, as the software adapter hides the system's once it is loaded.
  const names = await adapterNames();
  const entries: SurveyEntry[] = [];
  for (const adapter of names) entries.push({ device: "webgpu", adapter, found: await measured({ adapter }) });
  if (names.length === 0) entries.push({ device: "webgpu", found: await measured({ device: "webgpu" }) });
  const auto = await takenByAuto();
  entries.push(
    { device: "cpu", found: await measured({ device: "cpu" }) },
    { device: "software", found: await measured({ device: "software" }) },
  );
  return { entries, ...(auto && { auto }) };
}

async function measured(options: DeviceOptions): Promise<SurveyEntry["found"]> {
  try {
    return await withDevice(options, async (device) => ({
      kind: "present",
      name: device.name,
      software: device.software,
      measured: await device.calibrate(),
    }));
  } catch (error) {
    if (!isFailure(error)) throw error;
    return { kind: "absent", reason: error.message, ...(error.help !== undefined && { help: error.help }) };
  }
}

async function takenByAuto(): Promise<Survey["auto"]> {
  try {
    return await withDevice({}, ({ kind, name, software, reason }) => ({
      device: kind === "cpu" ? "cpu" : software ? "software" : "webgpu",
      name,
      reason,
    }));
  } catch (error) {
    if (!isFailure(error)) throw error;
    return undefined;
  }
}

async function withDevice<T>(options: DeviceOptions, use: (device: Device) => T | Promise<T>): Promise<T> {
  const device = await openDevice(options);
  try {
    return await use(device);
  } finally {
    device.close();
  }
}
