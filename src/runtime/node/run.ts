/** @file Opening a run in Node: device, data, session, the checkpoint to resume from, the log and the signals, in the order in which mistakes are cheapest. */
import { existsSync } from "node:fs";
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
import type { Checkpoints } from "./checkpoints.ts";
import { openCheckpointFile, openCheckpoints } from "./checkpoints.ts";
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
  readonly initialisers: (seed: number) => Initialisers;
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
}

export async function openRun(setup: RunSetup, options: RunOptions = {}): Promise<Run> {
  const { program } = setup;
  const { plan } = program;
  const out = options.out ?? setup.out;
  const steps = options.steps ?? setup.steps;
  const checkpoints = await openCheckpoints(join(out, "checkpoints"), setup.keep);
  const checkpoint = await checkpointToResume(checkpoints, options);
  const closing: (() => void)[] = [];
  try {
    const seed = chooseSeed(setup.seed, options.seed, checkpoint?.info.seed);
    const start = checkpoint?.info.step ?? 0;
    const tokenizer = createTokenizer(setup.tokenizer);
    if (checkpoint !== undefined) requireTokenizer(checkpoint, setup.tokenizer);
    const data = await loadData(setup.data, { tokenizer, batch: plan.batch, context: plan.context, total: steps * plan.batch, seed, ...(setup.evaluateOn === undefined ? {} : { validation: setup.evaluateOn }) }, typeof setup.folder === "string" ? setup.folder : fileURLToPath(setup.folder));

    const screen = openScreen(options.output ?? processOutput(), steps);
    const device = await openDevice(options, plan);
    closing.push(() => device.close());
    screen.note(describeDevice(device));
    const session = await device.open(program);
    if (checkpoint === undefined) initialise(session, setup.initialisers(seed));
    else await restoreCheckpoint(session, checkpoint);

    const log = await openLogFile(join(out, "log.jsonl"), start);
    closing.push(() => log.close());
    const { batch, context } = plan;
    const parameters = plan.parameters.reduce((sum, parameter) => sum + elementsOf(parameter), 0);
    log.write({ kind: "run", model: plan.model, device: describeDevice(device), seed, start, steps, batch, context, parameters });
    const interrupt = onInterrupt(() => screen.note("stopping after this step; press Ctrl-C again to stop at once"));
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
      resumeHint: `--resume${options.out === undefined ? "" : ` --out=${options.out}`}`,
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

async function checkpointToResume(checkpoints: Checkpoints, options: RunOptions): Promise<Awaited<ReturnType<typeof openCheckpointFile>> | undefined> {
  if (typeof options.resume === "string") return openCheckpointFile(options.resume);
  const newest = (await checkpoints.list()).at(-1);
  if (options.resume === true) {
    if (newest === undefined) throw new RuntimeFailure("checkpoint/missing", `there is no checkpoint in ${checkpoints.folder}`, "start without --resume");
    return openCheckpointFile(newest);
  }
  if (newest === undefined || !existsSync(newest)) return undefined;
  if (options.fresh !== true) {
    throw new RuntimeFailure(
      "checkpoint/exists",
      `${checkpoints.folder} holds the checkpoints of an earlier run`,
      "go on with --resume, start over with --fresh (which removes them), or choose another folder with --out",
    );
  }
  await checkpoints.removeAll();
  return undefined;
}

/** A resumed run keeps its seed: data order and dropout continue. */
function chooseSeed(declared: number, asked: number | undefined, saved: number | undefined): number {
  if (saved !== undefined && asked !== undefined && asked !== saved) {
    throw new RuntimeFailure("checkpoint/mismatch", `the checkpoint was trained with seed ${saved}, not ${asked}`, "leave out --seed, or train anew with --fresh");
  }
  return saved ?? asked ?? declared;
}
