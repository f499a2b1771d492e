/** @file Whole-process times of the commands that a user waits for: `check` of the quickstart, `build` of a 12-layer GPT-2. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface CompileResult {
  readonly suite: "compile";
  readonly rows: readonly { readonly name: string; readonly medianMs: number; readonly bestMs: number }[];
}

export function benchCompile(root: string, samples = 7): CompileResult {
  const out = mkdtempSync(join(tmpdir(), "llmc-bench-"));
  const llmc = join(root, "dist/llmc.js");
  const commands: readonly (readonly [name: string, args: readonly string[]])[] = [
    ["node --version (floor)", ["--version"]],
    ["llmc --help", [llmc, "--help"]],
    ["llmc check models/quickstart.llm", [llmc, "check", "models/quickstart.llm"]],
    ["llmc build models/gpt2.llm", [llmc, "build", join(root, "scripts/bench/models/gpt2-books.llm"), "--out", out]],
  ];
  const times = commands.map((): number[] => []);
  for (let sample = 0; sample < samples; sample++) {
    commands.forEach(([name, args], i) => {
      const start = performance.now();
      const { status, stderr } = spawnSync("node", [...args], { cwd: root, encoding: "utf8" });
      if (status !== 0) throw new Error(`${name} failed: ${stderr}`);
      times[i]?.push(performance.now() - start);
    });
  }
  rmSync(out, { recursive: true });
  return {
    suite: "compile",
    rows: commands.map(([name], i) => {
      const sorted = (times[i] ?? []).toSorted((a, b) => a - b);
      return { name, medianMs: sorted[sorted.length >> 1] ?? 0, bestMs: sorted[0] ?? 0 };
    }),
  };
}
