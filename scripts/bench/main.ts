/**
 * @file `npm run bench [suite …]`: kernels, train, compile. Prints the machine, tables, and ratios measured side by side in one run; `--json FILE` keeps them.
 */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import { benchCompile } from "./compile.ts";
import { benchTrain } from "./train.ts";

const suites = ["kernels", "train", "compile"] as const;
const words = process.argv.slice(2);
const json = words.includes("--json") ? words[words.indexOf("--json") + 1] : undefined;
const asked = words.filter((word) => word !== "--json" && word !== json);
const unknown = asked.find((word) => !suites.some((suite) => suite === word));
if (unknown !== undefined) {
  console.error(`there is no suite \`${unknown}\`, only ${suites.join(", ")}`);
  process.exit(2);
}
const chosen = new Set<string>(asked.length > 0 ? asked : suites);
const root = process.cwd();
const machine = {
  date: new Date().toISOString(), cpu: cpus()[0]?.model ?? "", cores: cpus().length, memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
  node: process.version, system: `${process.platform} ${release()}`, load: loadavg().map((value) => Number(value.toFixed(2))),
};
console.log(`${machine.cpu}, ${machine.cores} cores, ${machine.memory}, node ${machine.node}, ${machine.system}, load ${machine.load.join(" ")}\n`);
const results: unknown[] = [];
const ms = (value: number): string => `${value.toFixed(0).padStart(7)} ms`;

if (chosen.has("compile")) {
  const result = benchCompile(root);
  console.log("compile: whole processes");
  for (const { name, medianMs, bestMs } of result.rows) console.log(`  ${name.padEnd(34)} median ${ms(medianMs)}  best ${ms(bestMs)}`);
  console.log("");
  results.push(result);
}
if (chosen.has("train")) {
  const result = await benchTrain(root);
  console.log("train: one step of 8 sequences of 64 tokens, 2 layers, width 128, software adapter");
  for (const { name, medianMs, bestMs, tokensPerSecond } of result.rows) console.log(`  ${name.padEnd(10)} median ${ms(medianMs)}  best ${ms(bestMs)}  ${String(tokensPerSecond).padStart(6)} tokens/s`);
  console.log(`  llmc is ${result.ratio.toFixed(2)} times as fast\n`);
  results.push(result);
}
if (chosen.has("kernels")) {
  console.log("kernels");
  // A process of its own, so that the device ends with it.
  const { status } = spawnSync("node", ["scripts/run.mjs", "scripts/bench/kernels.ts"], { cwd: root, stdio: "inherit" });
  if (status !== 0) process.exit(1);
}
if (json !== undefined) writeFileSync(json, `${JSON.stringify({ machine, results }, undefined, 2)}\n`);
