/**
 * @file A whole training step against jax-js on the software adapter, same model. The two take turns, each in a process of its own, as jax-js takes `navigator`
 * for itself.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { prepareSoftwareAdapter } from "../../src/runtime/webgpu/software-adapter.ts";
import { timing } from "./measure.ts";
import type { Table } from "./report.ts";

const run = promisify(execFile);
const tokens = 8 * 64;
const rounds = 4;

export async function benchJaxJs(root: string): Promise<Table> {
  const title = "train: beside jax-js: 8 sequences of 64 tokens, 2 layers, width 128, software adapter";
  const columns = [
    { key: "medianMs", title: "median ms", digits: 0 },
    { key: "bestMs", title: "best ms", digits: 0 },
    { key: "tokensPerSecond", title: "tokens/s", digits: 0 },
    { key: "llmcIs", title: "llmc is", digits: 2 },
  ];
  const adapter = await prepareSoftwareAdapter();
  if (adapter.kind === "unavailable") return { title, columns, rows: [], notes: [adapter.reason] };
  const folder = await mkdtemp(join(tmpdir(), "llmc-bench-"));
  try {
    await run("node", [
      join(root, "dist/llmc.js"),
      "build",
      join(root, "scripts/bench/models/baseline.llm"),
      "--target",
      "webgpu-software",
      "--out",
      folder,
    ]);
    // jax-js finds the loader by name, as Dawn does: the folder of the unpacked adapter on the library path gives it one.
    const environment = {
      ...process.env,
      VK_ICD_FILENAMES: join(adapter.folder, "vk_swiftshader_icd.json"),
      LD_LIBRARY_PATH: adapter.folder,
    };
    const times = { llmc: [] as number[], "jax-js": [] as number[] };
    for (let round = 0; round < rounds; round++) {
      times.llmc.push(...(await steps(["scripts/bench/llmc-step.mjs", folder, "5"], root, environment)));
      times["jax-js"].push(...(await steps(["scripts/bench/jax-js.mjs", "3"], root, environment)));
    }
    const timings = Object.entries(times).map(([name, ms]) => timing(name, ms));
    const rows = timings.map(({ name, median, best }) => ({
      name,
      values: {
        medianMs: median,
        bestMs: best,
        tokensPerSecond: (tokens / median) * 1000,
        ...(name !== "llmc" && { llmcIs: median / (timings[0]?.median ?? NaN) }),
      },
    }));
    return { title, columns, rows, notes: [] };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function steps(command: readonly string[], root: string, env: NodeJS.ProcessEnv): Promise<readonly number[]> {
  const { stdout } = await run("node", [...command], { cwd: root, env });
  const times: unknown = JSON.parse(stdout.trim().split("\n").at(-1) ?? "[]");
  return Array.isArray(times) ? times.map(Number) : [];
}
