/** @file A process that curates, to be killed: `FOLDER CACHE`, a folder with `plan.json`. Says on standard output when a shard is done. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { curate } from "../../src/data/curate/curate.ts";
import type { CurationPlan } from "../../src/data/steps/plan.ts";

const [, , folder = "", cache = ""] = process.argv;
const { folder: result } = await curate(JSON.parse(readFileSync(join(folder, "plan.json"), "utf8")) as CurationPlan, {
  folder,
  cache,
  workers: 2,
  progress: ({ step, unit, documents }) => unit === undefined && void process.stdout.write(`${step} ${documents}\n`),
});
process.stdout.write(`result ${result}\n`);
