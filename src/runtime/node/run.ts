/** @file Opening a run in Node: device, data, session, the checkpoint to resume from, the log and the signals, in the order in which mistakes are cheapest. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Initialisers } from "../arenas.ts";
import { elementsOf, initialise } from "../arenas.ts";
import { requireTokenizer, restoreCheckpoint } from "../checkpoint.ts";
import type { DataSpec } from "../data/data.ts";
import type { TokenizerData } from "../data/tokens.ts";
import { createTokenizer } from "../data/tokens.ts";
import type { CompiledProgram } from "../device.ts";
import { describeDevice } from "../device.ts";
import type { MetricName } from "../evaluate.ts";
import { RuntimeFailure } from "../failure.ts";
import { Run } from "../train.ts";
import { listCheckpoints, openCheckpointFile, openCheckpoints } from "./checkpoints.ts";
import type { DeviceOptions } from "./device.ts";
import { openDevice } from "./device.ts";
import { loadData } from "./files.ts";
import { onInterrupt } from "./interrupt.ts";
import { openLogFile } from "./log-file.ts";
import type { Output } from "./screen.ts";
import { openScreen, processOutput } from "./screen.ts";

/** What a generated program says of its run. */
export interface RunSetup {
  readonly program: CompiledProgram;
  readonly data: DataSpec;
  readonly tokenizer: TokenizerData;
  /** Where relative paths of the data start: a path, or the URL of a folder. */
  readonly folder: URL | string;
  /** For parameters that the program `start` does not set. */
  readonly initialisers?: (seed: number) => Initialisers;
  readonly seed: number;
  readonly steps: number;
  /** Checkpoints to keep. */
  readonly keep: number;
  /** Sequences of the validation text to evaluate on. */
  readonly evaluateOn?: number;
  /** What is shown of an evaluation; absent: everything. */
  readonly metrics?: readonly MetricName[];
  /** Folder of the log and the checkpoints. */
  readonly out: string;
}

/** What the person who starts it may change. */
export interface RunOptions extends DeviceOptions {
  readonly out?: string;
  readonly seed?: number;
  readonly steps?: number;
  /** Go on from the newest checkpoint of the folder, or from this file. */
  readonly resume?: boolean | string;
  /** Remove the checkpoints of an earlier run in the folder. */
  readonly fresh?: boolean;
  readonly output?: Output;
  /** What to tell someone who interrupted the run: the command that goes on with it. */
  readonly resumeHint?: string;
}

export async function openRun(setup: RunSetup, options: RunOptions = {}): Promise<Run> {
  const { program } = setup;
  const { plan } = program;
  const out = options.out ?? setup.out;
  const steps = options.steps ?? setup.steps;
  const checkpoint = await checkpointToResume(out, options);
  const closing: (() => void)[] = [];
  try {
    const seed = chooseSeed(setup.seed, options.seed, checkpoint?.info.seed);
    const start = checkpoint?.info.step ?? 0;
    const tokenizer = createTokenizer(setup.tokenizer);
    if (checkpoint !== undefined) requireTokenizer(checkpoint, setup.tokenizer);
    const data = await loadData(setup.data, { tokenizer, batch: plan.batch, context: plan.context, total: steps * plan.batch, seed, ...(setup.evaluateOn === undefined ? {} : { validation: setup.evaluateOn }) }, typeof setup.folder === "string" ? setup.folder : fileURLToPath(setup.folder));

    const screen = openScreen(options.output ?? processOutput(), steps);
    for (const warning of data.warnings) screen.note(`warning: ${warning}`);
    const device = await openDevice(options, plan);
    closing.push(() => device.close());
    screen.note(describeDevice(device));
    const session = await device.open(program);
    if (checkpoint === undefined) await initialise(session, seed, setup.initialisers?.(seed));
    else await restoreCheckpoint(session, checkpoint);
    const checkpoints = await openCheckpoints(join(out, "checkpoints"), setup.keep);
    // Only now that everything else is known to work.
    if (checkpoint === undefined && options.fresh === true) await checkpoints.removeAll();

    const log = await openLogFile(join(out, "log.jsonl"), start);
    closing.push(() => log.close());
    const { batch, context } = plan;
    const parameters = plan.parameters.reduce((sum, parameter) => sum + elementsOf(parameter), 0);
    log.write({ kind: "run", model: plan.model, device: describeDevice(device), seed, start, steps, batch, context, parameters });
    const interrupt = onInterrupt((signal) => screen.note(`stopping after this step, then saving${signal === "SIGINT" ? "; Ctrl-C again stops at once, without saving" : ""}`));
    return new Run({
      session,
      data,
      tokenizer,
      start,
      steps,
      seed,
      log,
      screen,
      metrics: setup.metrics,
      stopRequested: interrupt.requested,
      save: (info) => checkpoints.save(session, { ...info, tokenizer: setup.tokenizer }),
      resumeHint: options.resumeHint ?? resumeHint(options),
      close: () => {
        interrupt.release();
        log.close();
        session.close();
        device.close();
      },
    });
  } catch (error) {
    for (const close of closing.toReversed()) close();
    throw error;
  } finally {
    await checkpoint?.close();
  }
}

/** The program as it was started, to go on: the number of steps decides the schedule. */
function resumeHint({ out, steps }: RunOptions): string {
  return `--resume${steps === undefined ? "" : ` --steps=${steps}`}${out === undefined ? "" : ` --out=${out}`}`;
}

/** The file to go on from, if any. Fails where checkpoints of an earlier run are in the way, or the one to go on from is missing. */
export async function chooseCheckpoint(out: string, { resume, fresh }: Pick<RunOptions, "resume" | "fresh">): Promise<string | undefined> {
  if (typeof resume === "string") return resume;
  const folder = join(out, "checkpoints");
  const newest = (await listCheckpoints(folder)).at(-1);
  if (resume === true) {
    if (newest === undefined) throw new RuntimeFailure("checkpoint/missing", `there is no checkpoint in ${folder}`, "start without --resume");
    return newest;
  }
  if (newest === undefined || fresh === true) return undefined;
  throw new RuntimeFailure(
    "checkpoint/exists",
    `${folder} holds the checkpoints of an earlier run`,
    "go on with --resume, start over with --fresh (which removes them), or choose another folder with --out",
  );
}

async function checkpointToResume(out: string, options: RunOptions): Promise<Awaited<ReturnType<typeof openCheckpointFile>> | undefined> {
  const path = await chooseCheckpoint(out, options);
  return path === undefined ? undefined : openCheckpointFile(path);
}

/** A resumed run keeps its seed: data order and dropout continue. */
function chooseSeed(declared: number, asked: number | undefined, saved: number | undefined): number {
  if (saved !== undefined && asked !== undefined && asked !== saved) {
    throw new RuntimeFailure("checkpoint/mismatch", `the checkpoint was trained with seed ${saved}, not ${asked}`, "leave out --seed, or train anew with --fresh");
  }
  return saved ?? asked ?? declared;
}
