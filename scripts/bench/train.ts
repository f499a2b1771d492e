/**
 * @file A whole training step (forward, backward, update, loss read back) against jax-js on the same adapter, same model. The two take turns, each in a process of
 * its own, so that a slow minute of the machine hits both; the ratio is of medians.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { prepareSoftwareAdapter } from "../../src/runtime/software-adapter.ts";

const run = promisify(execFile);

export interface TrainResult {
  readonly suite: "train";
  readonly rows: readonly { readonly name: string; readonly medianMs: number; readonly bestMs: number; readonly tokensPerSecond: number }[];
  /** Tokens per second of llmc over jax-js. */
  readonly ratio: number;
}

const tokens = 8 * 64;

export async function benchTrain(root: string, rounds = 4): Promise<TrainResult> {
  const adapter = await prepareSoftwareAdapter();
  if (adapter.kind === "unavailable") throw new Error(adapter.reason);
  const folder = await mkdtemp(join(tmpdir(), "llmc-bench-"));
  try {
    const source = fileURLToPath(new URL("models/baseline.llm", `file://${root}/scripts/bench/`));
    await run("node", [join(root, "dist/llmc.js"), "build", source, "--target", "webgpu-software", "--out", folder]);
    // jax-js finds the loader by name, as Dawn does: the folder of the unpacked adapter on the library path gives it one.
    const environment = { ...process.env, VK_ICD_FILENAMES: join(adapter.folder, "vk_swiftshader_icd.json"), LD_LIBRARY_PATH: adapter.folder };
    const times = { llmc: [] as number[], "jax-js": [] as number[] };
    for (let round = 0; round < rounds; round++) {
      times.llmc.push(...(await steps(["scripts/bench/llmc-step.mjs", folder, "5"], root, environment)));
      times["jax-js"].push(...(await steps(["scripts/bench/jax-js.mjs", "3"], root, environment)));
    }
    const rows = Object.entries(times).map(([name, ms]) => {
      const sorted = ms.toSorted((a, b) => a - b);
      const medianMs = sorted[sorted.length >> 1] ?? 0;
      return { name, medianMs, bestMs: sorted[0] ?? 0, tokensPerSecond: Math.round((tokens / medianMs) * 1000) };
    });
    const [ours, theirs] = rows;
    return { suite: "train", rows, ratio: (theirs?.medianMs ?? 0) / (ours?.medianMs ?? 1) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function steps(command: readonly string[], root: string, env: NodeJS.ProcessEnv): Promise<readonly number[]> {
  const { stdout } = await run("node", [...command], { cwd: root, env });
  const times: unknown = JSON.parse(stdout.trim().split("\n").at(-1) ?? "[]");
  return Array.isArray(times) ? times.map(Number) : [];
}
