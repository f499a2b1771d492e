/**
 * @file `npm run bench -- [kernels] [train] [generate] [compile] [tokenizer] [--only PATTERN] [--json FILE]`: prints the machine, tables, and what the processor reached at best before and
 * after each suite; `--json` keeps them.
 */
import { writeFileSync } from "node:fs";
import { benchCompile } from "./compile.ts";
import { benchGenerate } from "./generate.ts";
import { benchKernels } from "./kernels.ts";
import { Bench, compareCalibrations, printMachine } from "./machine.ts";
import { printTable } from "./report.ts";
import type { SuiteResult, Table } from "./report.ts";
import { benchTokenizer } from "./tokenizer.ts";
import { benchTrain } from "./train.ts";

type Suite = (root: string, bench: Bench, only: RegExp, print: (table: Table) => void) => Promise<readonly Table[]>;

const suites: ReadonlyMap<string, Suite> = new Map([
  ["kernels", benchKernels],
  ["train", benchTrain],
  ["generate", benchGenerate],
  ["compile", benchCompile],
  ["tokenizer", benchTokenizer],
]);

function refuse(problem: string): never {
  console.error(problem);
  process.exit(2);
}

function options(words: readonly string[]): {
  readonly chosen: readonly string[];
  readonly only: RegExp;
  readonly json: string | undefined;
} {
  const chosen: string[] = [];
  const values = new Map<string, string>();
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? "";
    if (word === "--only" || word === "--json") values.set(word, words[++i] ?? refuse(`${word} needs a value`));
    else if (suites.has(word)) chosen.push(word);
    else refuse(`there is no suite \`${word}\`, only ${[...suites.keys()].join(", ")}`);
  }
  return {
    chosen: chosen.length > 0 ? chosen : [...suites.keys()],
    only: new RegExp(values.get("--only") ?? ""),
    json: values.get("--json"),
  };
}

const { chosen, only, json } = options(process.argv.slice(2));
const bench = await Bench.open();
console.log(printMachine(bench.machine));
const results: SuiteResult[] = [];
for (const suite of chosen) {
  const before = await bench.calibrate();
  const tables =
    (await suites.get(suite)?.(process.cwd(), bench, only, (table) => console.log(printTable(table)))) ?? [];
  const after = await bench.calibrate();
  console.log(compareCalibrations(before, after));
  results.push({ suite, tables, before, after });
  // What was measured stays if a later suite fails.
  if (json !== undefined) writeFileSync(json, `${JSON.stringify({ machine: bench.machine, results }, undefined, 2)}\n`);
}
process.exit(0);
