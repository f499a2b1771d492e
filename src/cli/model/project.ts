/** @file Compiles a trainable model and writes its folder; what `build` and `train` share. */
import { resolve } from "node:path";
import { projectFiles, stageProject } from "../../../codegen/project.ts";
import type { ProgramSpec } from "../../../codegen/typescript/program-spec.ts";
import { spanText } from "../../diagnostics/source.ts";
import { formatBytes } from "../../util/format-bytes.ts";
import { compile, type Compiled } from "../../plan/build-plan.ts";
import { describeGeneration } from "../../plan/print.ts";
import { RuntimeFailure } from "../../runtime/util/failure.ts";
import {
  inspectFolder,
  type EntryContent,
  type StagedFolder,
  type StageOptions,
} from "../../runtime/node/written-folder.ts";
import type { Target } from "../../schedule/build/lowered.ts";
import { elaborate } from "../../semantics/model/elaborate.ts";
import { realFolder } from "../frame/files.ts";
import type { Host } from "../frame/host.ts";
import { isTrainable, type CompilableModel, type TrainableModel } from "./model.ts";
import { dataIn, preparedData } from "../data/prepared-data.ts";
import { specFactsOf } from "./spec-facts-of.ts";
import { runSettings, samplesOf } from "./run-settings.ts";

export interface StagedProject {
  readonly compiled: Compiled;
  readonly files: number;
  readonly staged: StagedFolder;
}

/** A single activation gets this part of the declared memory, where that is less than it gets anyway. */
const activationShare = 1 / 4;
const largestActivation = 256 * 2 ** 20;

export function compileModel({ name, program, elaboration }: CompilableModel, target: Target): Compiled {
  const { model, optimizer, schedule, train } = elaboration;
  const small = elaborate(program, name, { brief: true, batch: 1, vocabulary: () => model.vocabulary }).model;
  const memory = Math.min(largestActivation, Math.floor((train.memory ?? Infinity) * activationShare));
  const compiled = compile(model, optimizer, schedule, {
    target,
    memory,
    precision: train.precision,
    ...(small && { small }),
    ...(train.clip === undefined ? {} : { clip: train.clip }),
  });
  const { peakBytes } = compiled.plan.memory;
  if (train.memory !== undefined && peakBytes > train.memory) {
    throw new RuntimeFailure(
      "device/memory",
      `${name} needs ${formatBytes(peakBytes)} to train, more than its \`memory: ${formatBytes(train.memory)}\``,
      "make the batch or the context smaller; `llmc show` tells what takes the memory",
    );
  }
  return compiled;
}

/** Compiles the model and writes its folder to where it waits; nothing of an earlier one is touched before it is committed. */
export async function stageModelProject(
  loaded: CompilableModel,
  target: Target,
  folder: string,
  options: Omit<StageOptions, "last">,
  host: Host,
): Promise<StagedProject> {
  const absolute = realFolder(resolve(host.cwd, folder));
  await inspectFolder(absolute, options.holds);
  // What is wrong with the text or the tokenizer is soon found; compiling takes longer.
  if (isTrainable(loaded)) {
    await preparedData(loaded.data.use, host);
    await loaded.data.tokenizer();
  }
  const compiled = compileModel(loaded, target);
  const { generation } = compiled.plan;
  if (generation && generation.kind !== "incremental")
    host.err(`${loaded.name} generates ${describeGeneration(generation)}\n`);
  const parts = isTrainable(loaded) ? await programParts(loaded, compiled, absolute, host) : undefined;
  const files = new Map<string, EntryContent>([
    ...(parts?.files ?? []),
    ...(await projectFiles(compiled, parts?.spec)),
  ]);
  return { compiled, files: files.size, staged: await stageProject(absolute, files, options) };
}

/** The program, and the files of its data. */
async function programParts(
  loaded: TrainableModel,
  { plan, schedule, initialisers }: Compiled,
  folder: string,
  host: Host,
): Promise<{ readonly spec: ProgramSpec; readonly files: ReadonlyMap<string, EntryContent> }> {
  const tokenizerData = await loaded.data.tokenizer();
  const { createTokenizer } = await import("../../runtime/data/tokens.ts");
  const tokenizer = createTokenizer(tokenizerData);
  const { spec: data, files } = await dataIn(folder, loaded.data.use, [...tokenizer.specials.keys()], host);
  const settings = await runSettings(loaded, async () => {
    const { loadData } = await import("../../runtime/node/files.ts");
    const options = { tokenizer, batch: plan.batch, context: plan.context, total: plan.batch, seed: 0 };
    const { spec } = await preparedData(loaded.data.use, host);
    return (
      await loadData(
        { ...data, sources: data.sources.map((source, i) => ({ ...source, files: spec.sources[i]?.files ?? [] })) },
        options,
        host.cwd,
      )
    ).tokens;
  });
  const scheduleSpan = loaded.elaboration.train.spans["schedule"];
  const spec: ProgramSpec = {
    source: loaded.path,
    plan,
    settings,
    schedule,
    initialisers,
    data,
    tokenizer: tokenizerData,
    samples: samplesOf(loaded, tokenizer),
    facts: specFactsOf(loaded, data),
    ...(scheduleSpan ? { scheduleText: spanText(scheduleSpan) } : {}),
  };
  return { spec, files };
}
