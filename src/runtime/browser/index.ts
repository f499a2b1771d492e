/** @file `llmc-lang/runtime` in a browser: the device of `navigator.gpu`, programs and texts by fetch. Generated programs load as they are; a page of one's own may also bring its log, storage and screen to `Run`. */
import { openRunOn, type RunOptions, type RunSetup } from "./run.ts";
import type { TextFile } from "../data/corpus.ts";
import type { CompiledProgram, Device } from "../session/device.ts";
import { RuntimeFailure } from "../util/failure.ts";
import { parsePlan } from "../session/program.ts";
import { type SpecFacts, specFacts } from "../session/spec-facts.ts";
import type { Run } from "../training/train.ts";
import { openWebGpuDevice } from "../webgpu/device.ts";

export type { RunOptions, RunSetup } from "./run.ts";
export * from "../common.ts";

/** What a generated program trains with. */
export function openRun(setup: RunSetup, options: RunOptions = {}): Promise<Run> {
  return openRunOn(openDevice, fetchText, setup, options);
}

/** A program is started by the page that imports it, never by itself. */
export async function runMain(): Promise<void> {}

/** The page's WebGPU device. Works in workers too. */
export async function openDevice(): Promise<Device> {
  const gpu = (globalThis as { readonly navigator?: { readonly gpu?: GPU } }).navigator?.gpu;
  if (gpu === undefined) {
    throw new RuntimeFailure(
      "device/none",
      "this browser has no WebGPU, or the page is not served over https or from localhost",
      "use a current Chrome, Edge, Safari or Firefox",
    );
  }
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (adapter === null)
    throw new RuntimeFailure(
      "device/none",
      "this browser found no WebGPU adapter",
      "switch hardware acceleration on in its settings",
    );
  const software = adapter.info.isFallbackAdapter;
  return openWebGpuDevice({ adapter, software, reason: software ? "the browser found no GPU" : "the browser's GPU" });
}

/** Loads a compiled program from the URL of its folder. */
export async function loadProgram(folder: URL | string): Promise<CompiledProgram> {
  const get = async (file: string): Promise<Response> =>
    fetched(`${String(folder).replace(/\/?$/, "/")}${file}`, "program/invalid");
  const text = async (file: string): Promise<string> => (await get(file)).text();
  const spec = await specIn(`${String(folder).replace(/\/?$/, "/")}spec.json`);
  return {
    ...(spec && { spec }),
    plan: parsePlan(await text("plan.json"), `${folder}plan.json`),
    kernel: text,
    constants: async () => new Uint8Array(await (await get("constants.bin")).arrayBuffer()),
  };
}

/** What a run that goes on from a checkpoint must have in common with it; programs that were not built from a file have none. */
async function specIn(url: string): Promise<SpecFacts | undefined> {
  const response = await fetch(url);
  return response.ok ? specFacts(await response.json()) : undefined;
}

/** A text file of a corpus. */
export async function fetchText(url: string): Promise<TextFile> {
  return { name: url, bytes: new Uint8Array(await (await fetched(url, "data/missing")).arrayBuffer()) };
}

async function fetched(url: string, code: "program/invalid" | "data/missing"): Promise<Response> {
  const response = await fetch(url);
  if (!response.ok)
    throw new RuntimeFailure(code, `${url} could not be loaded: ${response.status} ${response.statusText}`);
  return response;
}
