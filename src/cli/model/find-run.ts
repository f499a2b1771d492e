/** @file The run that an argument names: its folder, a checkpoint or the program in it, a folder of runs, the source that it was trained from, or a built program. */
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { RuntimeFailure } from "../../runtime/util/failure.ts";
import { listCheckpoints } from "../../runtime/node/checkpoints.ts";
import { suggest } from "../../util/suggest.ts";
import type { Host } from "../frame/host.ts";
import { shown } from "../frame/report.ts";

export interface FoundRun {
  readonly folder: string;
  /** Oldest first, or the one that was named alone. */
  readonly checkpoints: readonly string[];
  /** The folder of the program to run: the one that was named, else that of the run. */
  readonly program: string;
}

/** Fails with what is there instead where the argument names no run, or several. */
export async function findRun(given: string, host: Host): Promise<FoundRun> {
  const target = resolve(host.cwd, given);
  if (!existsSync(target)) throw missing(`there is no run or checkpoint ${given}`, nearestPath(target, host));
  if (!statSync(target).isDirectory()) {
    if (given.endsWith(".llm")) return ofSource(given, target, host);
    const folder = dirname(basename(dirname(target)) === "checkpoints" ? dirname(target) : target);
    return { folder, checkpoints: [target], program: join(folder, "program") };
  }
  const direct =
    (await runIn(target)) ?? (basename(target) === "checkpoints" ? await runIn(dirname(target)) : undefined);
  if (direct) return direct;
  const model = builtModel(target);
  if (model !== undefined) {
    const run = (await runIn(dirname(target))) ?? (await runIn(join(host.cwd, "runs", model)));
    if (run) return { ...run, program: target };
    throw missing(
      `${given} is a compiled program without a checkpoint`,
      `train it first: node ${shown(join(given, "train.mjs"))}`,
    );
  }
  return onlyOne(
    await runsIn(target, readdirSync(target)),
    `there is no checkpoint in ${given}`,
    `${given} holds`,
    host,
  );
}

/** The run of a source's model, where `train` puts it. */
async function ofSource(given: string, target: string, host: Host): Promise<FoundRun> {
  const { parseFile } = await import("../../../grammar/parse.ts");
  const { declarations } = parseFile({ path: given, text: readFileSync(target, "utf8").replace(/^\uFEFF/, "") }).file;
  const names = declarations.flatMap((d) =>
    d.kind === "variant" || (d.kind === "section" && d.keyword === "model") ? [d.name.text] : [],
  );
  const runs = await runsIn(join(host.cwd, "runs"), names);
  if (runs.length > 0) return onlyOne(runs, "", `${given} has been trained to`, host);
  throw new RuntimeFailure(
    "usage",
    `${given} is a source, and runs/ holds no trained model of it`,
    `train it first with llmc train ${shown(given)}; of a run elsewhere, name the folder: llmc generate FOLDER`,
  );
}

function onlyOne(runs: readonly FoundRun[], none: string, several: string, host: Host): FoundRun {
  const [run, ...others] = runs;
  if (run === undefined) throw missing(none, "train first: llmc train FILE");
  if (others.length === 0) return run;
  const paths = runs.map(({ folder }) => shown(relative(host.cwd, folder) || "."));
  throw new RuntimeFailure(
    "usage",
    `${several} several runs: ${paths.join(", ")}`,
    `name one of them, such as ${paths[0]}`,
  );
}

async function runIn(folder: string): Promise<FoundRun | undefined> {
  const checkpoints = await listCheckpoints(join(folder, "checkpoints"));
  return checkpoints.length > 0 ? { folder, checkpoints, program: join(folder, "program") } : undefined;
}

async function runsIn(folder: string, names: readonly string[]): Promise<readonly FoundRun[]> {
  const found = await Promise.all(names.toSorted().map((name) => runIn(join(folder, name))));
  return found.filter((run) => run !== undefined);
}

/** The model of the compiled program in a folder, if there is one. */
function builtModel(folder: string): string | undefined {
  const plan = join(folder, "plan.json");
  if (!existsSync(plan)) return undefined;
  try {
    const { model } = JSON.parse(readFileSync(plan, "utf8")) as { readonly model?: unknown };
    return typeof model === "string" && basename(model) === model ? model : "";
  } catch {
    return "";
  }
}

/** What there is of a similar name in the same folder, or among the runs. */
function nearestPath(target: string, { cwd }: Host): string {
  for (const folder of [dirname(target), join(cwd, "runs")]) {
    const near = suggest(basename(target), namesIn(folder));
    const exact = namesIn(folder).includes(basename(target)) ? basename(target) : near;
    if (exact !== undefined) return `did you mean ${shown(relative(cwd, join(folder, exact)))}?`;
  }
  const runs = namesIn(join(cwd, "runs")).slice(0, 10);
  return runs.length === 0
    ? "train first: llmc train FILE"
    : `there are ${runs.map((name) => shown(join("runs", name))).join(", ")}`;
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

const missing = (what: string, help: string): RuntimeFailure => new RuntimeFailure("checkpoint/missing", what, help);
