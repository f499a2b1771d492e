/**
 * @file How long a user waits: whole processes of `check` and `build`, and on the CPU device the kernels of a model of 12 layers, compiled for the first time and found in
 * the cache.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { close, compileForCpu, llmcTraining, openOnCpu } from "./llmc-cpu.ts";
import type { Bench } from "./machine.ts";
import { secondsOf, timing } from "./measure.ts";
import type { Timing } from "./measure.ts";
import type { Table } from "./report.ts";
import { workloads } from "./workloads.ts";

const columns = [
  { key: "medianMs", title: "median ms", digits: 0 },
  { key: "bestMs", title: "best ms", digits: 0 },
] as const;
const rowOf = ({ name, median, best }: Timing): Table["rows"][number] => ({
  name,
  values: { medianMs: median * 1000, bestMs: best * 1000 },
});

export async function benchCompile(
  root: string,
  bench: Bench,
  only: RegExp,
  print: (table: Table) => void,
): Promise<readonly Table[]> {
  const tables = [benchProcesses(root)];
  print(tables[0] as Table);
  for (const model of ["ShakespeareChar", "GPT2"].filter((name) => only.test(name))) {
    const table = bench.hasCpuDevice
      ? await benchKernels(root, model)
      : {
          title: `compile: ${model}`,
          columns,
          rows: [],
          notes: [`the CPU device is absent: ${bench.machine.compiler}`],
        };
    print(table);
    tables.push(table);
  }
  return tables;
}

function benchProcesses(root: string, samples = 7): Table {
  const out = mkdtempSync(join(tmpdir(), "llmc-bench-"));
  const llmc = join(root, "dist/llmc.js");
  const commands: readonly (readonly [name: string, args: readonly string[]])[] = [
    ["node --version (floor)", ["--version"]],
    ["llmc --help", [llmc, "--help"]],
    ["llmc check models/quickstart.llm", [llmc, "check", "models/quickstart.llm"]],
    [
      "llmc build of a 12-layer GPT-2",
      [llmc, "build", join(root, "scripts/bench/models/gpt2-books.llm"), "--out", out],
    ],
  ];
  const times = commands.map((): number[] => []);
  for (let sample = 0; sample < samples; sample++) {
    commands.forEach(([name, args], i) => {
      const start = performance.now();
      const { status, stderr } = spawnSync("node", [...args], { cwd: root, encoding: "utf8" });
      if (status !== 0) throw new Error(`${name} failed: ${stderr}`);
      times[i]?.push((performance.now() - start) / 1000);
    });
  }
  rmSync(out, { recursive: true });
  return {
    title: "compile: whole processes",
    columns,
    rows: commands.map(([name], i) => rowOf(timing(name, times[i] ?? []))),
    notes: [],
  };
}

/** Each cold start has a cache folder of its own. */
async function benchKernels(root: string, model: string): Promise<Table> {
  const workload = workloads.find((known) => known.model === model);
  if (!workload) throw new Error(`there is no workload of ${model}`);
  const [plans, cold, warm, first] = [[], [], [], []] as [number[], number[], number[], number[]];
  const usual = process.env["XDG_CACHE_HOME"];
  let kernels = 0;
  try {
    for (let sample = 0; sample < 3; sample++) {
      const folder = mkdtempSync(join(tmpdir(), "llmc-cache-"));
      process.env["XDG_CACHE_HOME"] = folder;
      const before = performance.now();
      const model = compileForCpu(root, workload);
      plans.push((performance.now() - before) / 1000);
      kernels = model.compiled.plan.kernels.length;
      cold.push(await secondsOf(async () => close(await openOnCpu(model.compiled))));
      const start = performance.now();
      const training = await llmcTraining(model);
      warm.push((performance.now() - start) / 1000);
      first.push(await training.sample());
      await training.close();
      rmSync(folder, { recursive: true });
    }
  } finally {
    if (usual === undefined) delete process.env["XDG_CACHE_HOME"];
    else process.env["XDG_CACHE_HOME"] = usual;
  }
  return {
    title: `compile: ${workload.name}, ${kernels} kernels of four programs on the CPU device`,
    columns,
    rows: [
      timing("from the source to the plan", plans),
      timing("cold: C compiled and loaded, parameters drawn", cold),
      timing("warm: loaded from the cache, parameters drawn", warm),
      timing("then the first training step", first),
    ].map(rowOf),
    notes: [],
  };
}
