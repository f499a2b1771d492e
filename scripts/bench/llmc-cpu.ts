/** @file llmc on the CPU device, in this process: models of scripts/bench/models compiled, opened, and run as a contender. */
import { join } from "node:path";
import { kernelFiles } from "../../codegen/kernel-files.ts";
import { sourceHost } from "../../src/cli/frame/files.ts";
import { targetOfThisProcessor } from "../../src/cli/model/targets.ts";
import { elementCount } from "../../src/ir/node.ts";
import { compile } from "../../src/plan/build-plan.ts";
import type { Compiled, CompileOptions } from "../../src/plan/build-plan.ts";
import type { Precision } from "../../src/optimize/canonical/precision.ts";
import type { CompiledProgram, Device, Session } from "../../src/runtime/session/device.ts";
import { initialise } from "../../src/runtime/session/arenas.ts";
import { tokenInputs } from "../../src/runtime/session/inputs.ts";
import { openDevice } from "../../src/runtime/node/device.ts";
import { checkFile } from "../../src/semantics/check/check.ts";
import { elaborate } from "../../src/semantics/model/elaborate.ts";
import type { Contender } from "./measure.ts";
import { secondsOf } from "./measure.ts";
import type { Workload } from "./workloads.ts";

export interface BenchModel {
  readonly compiled: Compiled;
  readonly parameters: number;
  readonly precision: Precision;
}

/** Compiles a workload's model for this processor. */
export function compileForCpu(
  root: string,
  { file, model: name, batch }: Workload,
  { programs, precision = "f32" }: Pick<CompileOptions, "programs" | "precision"> = {},
): BenchModel {
  const { program, diagnostics } = checkFile(join("scripts/bench/models", file), sourceHost(root));
  const { model, optimizer, schedule, train, diagnostics: more } = elaborate(program, name, { batch });
  const errors = [...diagnostics, ...more].filter((d) => d.severity === "error");
  if (errors.length > 0 || !model || !optimizer || !schedule)
    throw new Error(`${file}: ${errors.map((d) => d.message).join("; ")}`);
  const options = {
    target: targetOfThisProcessor(),
    precision,
    ...(train?.clip !== undefined && { clip: train.clip }),
    ...(programs && { programs }),
  };
  return {
    precision,
    compiled: compile(model, optimizer, schedule, options),
    parameters: model.parameters.reduce((sum, { leaf }) => sum + elementCount(leaf.axes), 0),
  };
}

/** A plan with its kernels. */
export type Runnable = Pick<Compiled, "plan" | "kernels" | "target" | "constants">;

/** What the compiler would write into a folder. */
export function programOf(compiled: Runnable): CompiledProgram {
  const files = kernelFiles(compiled);
  const kernel = (file: string): Promise<string> => Promise.resolve(files.get(file) ?? "");
  return { plan: compiled.plan, kernel, constants: () => Promise.resolve(compiled.constants) };
}

export interface CpuRun {
  readonly session: Session;
  readonly device: Device;
}

/** Opens a compiled model with the parameters of a fresh one. */
export async function openOnCpu(compiled: Runnable): Promise<CpuRun> {
  const device = await openDevice({ device: "cpu" });
  const session = await device.open(programOf(compiled));
  await initialise(session, 1);
  return { session, device };
}

/** Training steps as a contender: random tokens of a fixed seed, the loss read back. */
export async function llmcTraining({ compiled, parameters, precision }: BenchModel): Promise<Contender> {
  const run = await openOnCpu(compiled);
  const { inputs, targets } = tokenInputs(run.session, "train");
  const replay = run.session.replay("train");
  const random = randomNumbers(2);
  const { vocabulary, programs } = compiled.plan;
  const settings = Object.fromEntries((programs.train?.scalars ?? []).map(({ name }) => [name, 1e-4]));
  let step = 0;
  const sample = async (): Promise<number> => {
    for (let i = 0; i < inputs.length; i++) {
      inputs[i] = Math.floor(random() * vocabulary);
      targets[i] = Math.floor(random() * vocabulary);
    }
    let loss: number | undefined;
    const seconds = await secondsOf(async () => {
      loss = (await replay.once({ ...settings, seed: 1, step: ++step })).outputs["loss"]?.[0];
    });
    if (!Number.isFinite(loss)) throw new Error(`the loss of step ${step} is ${loss}`);
    return seconds;
  };
  return { name: `llmc ${precision}`, about: `${parameters} parameters`, sample, close: () => close(run) };
}

export function close({ session, device }: CpuRun): void {
  session.close();
  device.close();
}

/** Numbers in [0, 1), the same for the same seed. */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
