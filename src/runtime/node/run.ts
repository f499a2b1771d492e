/** @file Opening a run in Node: device, data, session, the checkpoint to resume from, the log and the signals, in the order in which mistakes are cheapest. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Initialisers } from "../session/arenas.ts";
import { elementsOf, initialise } from "../session/arenas.ts";
import { requireSameModel, requireTokenizer, restoreCheckpoint } from "../training/checkpoint.ts";
import type { DataOptions, DataSpec, TrainingData } from "../data/data.ts";
import type { TokenizerData } from "../data/tokenizer/tokenizer.ts";
import { createTokenizer } from "../data/tokens.ts";
import type { CompiledProgram } from "../session/device.ts";
import { describeDevice } from "../session/device.ts";
import type { MetricName } from "../training/evaluate.ts";
import { RuntimeFailure, isFailure } from "../util/failure.ts";
import { Run } from "../training/train.ts";
import { requireSameSpec } from "../session/spec-facts.ts";
import { type OpenCheckpoint, listCheckpoints, openCheckpoints, openNewestSound } from "./checkpoints.ts";
import type { DeviceOptions } from "./device.ts";
import { openDevice } from "./device.ts";
import { loadData } from "./files.ts";
import { onInterrupt } from "./interrupt.ts";
import { openLogFile } from "./log-file.ts";
import type { Output } from "./screen.ts";
import { type RunFolder, openRunFolder } from "./run-folder.ts";
import { openScreen, processOutput } from "./screen.ts";
import { requireUndamaged } from "./written-folder.ts";

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
  /** Steps in a row that may have a loss or gradient that is not finite, before the run ends; unless said, eight. */
  readonly patience?: number;
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
  /** Facts of the spec that may differ from those of the checkpoint, or `data`. */
  readonly force?: readonly string[];
  /** The folder of the run, where the caller holds it already; it is freed with the run. */
  readonly home?: RunFolder;
  /** Called when all that can refuse has passed, before anything of an earlier run is touched. */
  readonly ready?: () => Promise<void>;
  readonly output?: Output;
  /** What to tell someone who interrupted the run: the command that goes on with it. */
  readonly resumeHint?: string;
}

export async function openRun(setup: RunSetup, options: RunOptions = {}): Promise<Run> {
  const { program, patience = 8 } = setup;
  const { plan } = program;
  const out = options.out ?? setup.out;
  const steps = options.steps ?? setup.steps;
  const screen = openScreen(options.output ?? processOutput(), steps);
  const folder = typeof setup.folder === "string" ? setup.folder : fileURLToPath(setup.folder);
  // Before the folder is taken: whoever asks for the wrong one should hear that first.
  const candidates = await chooseCheckpoints(out, options);
  const home = options.home ?? (await openRunFolder(out));
  const closing: (() => void | Promise<void>)[] = [() => home.release()];
  let checkpoint: OpenCheckpoint | undefined;
  try {
    checkpoint = candidates.length === 0 ? undefined : await openNewestSound(candidates, (text) => screen.note(text));
    const seed = chooseSeed(setup.seed, options.seed, checkpoint?.info.seed);
    const start = checkpoint?.info.step ?? 0;
    const spec = program.spec ?? {};
    const tokenizer = createTokenizer(setup.tokenizer);
    if (checkpoint !== undefined) {
      requireTokenizer(checkpoint, setup.tokenizer);
      requireSameModel(plan, checkpoint);
      requireSameSpec(checkpoint.source.name, checkpoint.info.spec, spec, options.force ?? []);
      if (checkpoint.info.plan !== plan.hash)
        screen.note(
          "note: another device or version of the compiler wrote the checkpoint; what follows may be rounded otherwise than it would have been there",
        );
    }
    await requireUndamaged(folder, "data/");
    const data = await textOf(
      setup.data,
      {
        tokenizer,
        batch: plan.batch,
        context: plan.context,
        total: steps * plan.batch,
        seed,
        ...(setup.evaluateOn === undefined ? {} : { validation: setup.evaluateOn }),
      },
      folder,
    );
    const dataHash = await data.hash();
    if (checkpoint !== undefined) requireSameData(checkpoint, dataHash, options.force ?? []);
    for (const warning of data.warnings) screen.note(`warning: ${warning}`);
    const device = await openDevice(options, plan);
    closing.push(() => device.close());
    screen.note(describeDevice(device));
    const session = await device.open(program);
    if (checkpoint === undefined) await initialise(session, seed, setup.initialisers?.(seed));
    else await restoreCheckpoint(session, checkpoint);

    // Only now that everything else is known to work.
    const mended = await home.claim();
    if (mended !== undefined) screen.note(`warning: ${mended}`);
    await options.ready?.();
    const checkpoints = await openCheckpoints(join(out, "checkpoints"), setup.keep);
    if (checkpoint === undefined && options.fresh === true) await checkpoints.removeAll();
    const log = await openLogFile(join(out, "log.jsonl"), start);
    closing.push(() => log.close());
    if (log.skipped > 0)
      screen.note(
        `warning: ${log.skipped} line${log.skipped === 1 ? "" : "s"} of ${join(out, "log.jsonl")} were no records, cut short or damaged, and are left out`,
      );
    const { batch, context } = plan;
    const parameters = plan.parameters.reduce((sum, parameter) => sum + elementsOf(parameter), 0);
    log.write({
      kind: "run",
      model: plan.model,
      device: describeDevice(device),
      seed,
      start,
      steps,
      batch,
      context,
      parameters,
    });
    const interrupt = onInterrupt((signal) =>
      screen.note(
        `stopping after this step, then saving${signal === "SIGINT" ? "; Ctrl-C again stops at once, without saving" : ""}`,
      ),
    );
    return new Run({
      session,
      data,
      tokenizer,
      start,
      steps,
      seed,
      patience,
      log,
      screen,
      metrics: setup.metrics,
      stopRequested: interrupt.requested,
      save: async (info) => {
        await home.requireHeld();
        return checkpoints.save(session, { ...info, tokenizer: setup.tokenizer, data: dataHash, spec });
      },
      prune: checkpoints.prune,
      resumeHint: options.resumeHint ?? resumeHint(options),
      close: () => {
        interrupt.release();
        log.close();
        session.close();
        device.close();
        return home.release();
      },
    });
  } catch (error) {
    for (const close of closing.toReversed()) await close();
    throw error;
  } finally {
    await checkpoint?.close();
  }
}

/** The text, from where the program lies: whoever moved it without its text hears what to do. */
async function textOf(spec: DataSpec, options: DataOptions, folder: string): Promise<TrainingData> {
  try {
    return await loadData(spec, options, folder);
  } catch (error) {
    if (
      !isFailure(error) ||
      error.code !== "data/missing" ||
      spec.sources.every(({ files }) => files.every((file) => file.startsWith("npm:")))
    )
      throw error;
    throw new RuntimeFailure(
      error.code,
      error.message,
      `${error.help ?? `paths are relative to ${folder}`}; if the program was moved, correct \`files\` in its train.mjs, or build it again where it is to lie`,
    );
  }
}

/** The program as it was started, to go on: the number of steps decides the schedule. */
function resumeHint({ out, steps }: RunOptions): string {
  return `--resume${steps === undefined ? "" : ` --steps=${steps}`}${out === undefined ? "" : ` --out=${out}`}`;
}

/** The files to go on from, if any, the best one last. Fails where checkpoints of an earlier run are in the way, or the one to go on from is missing. */
export async function chooseCheckpoints(
  out: string,
  { resume, fresh }: Pick<RunOptions, "resume" | "fresh">,
): Promise<readonly string[]> {
  if (typeof resume === "string") return [resume];
  const folder = join(out, "checkpoints");
  const found = await listCheckpoints(folder);
  if (resume === true) {
    if (found.length === 0)
      throw new RuntimeFailure("checkpoint/missing", `there is no checkpoint in ${folder}`, "start without --resume");
    return found;
  }
  if (found.length === 0 || fresh === true) return [];
  throw new RuntimeFailure(
    "checkpoint/exists",
    `${folder} holds the checkpoints of an earlier run`,
    "go on with --resume, start over with --fresh (which removes them), or choose another folder with --out",
  );
}

function requireSameData({ info, source }: OpenCheckpoint, hash: string, force: readonly string[]): void {
  if (info.data === hash || force.includes("data")) return;
  throw new RuntimeFailure(
    "checkpoint/mismatch",
    `the text has changed since ${source.name}: its tokens are others`,
    "go on all the same with --force data, bring the text back, or train anew with another --out",
  );
}

/** A resumed run keeps its seed: data order and dropout continue. */
function chooseSeed(declared: number, asked: number | undefined, saved: number | undefined): number {
  if (saved !== undefined && asked !== undefined && asked !== saved) {
    throw new RuntimeFailure(
      "checkpoint/mismatch",
      `the checkpoint was trained with seed ${saved}, not ${asked}`,
      "leave out --seed, or train anew with --fresh",
    );
  }
  return saved ?? asked ?? declared;
}
