/** @file A trained model, ready to write: its program on a device, with the parameters of a checkpoint. */
import { existsSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import type { DeviceOptions } from "../../runtime/node/device.ts";
import type { Tokenizer } from "../../runtime/data/tokenizer/tokenizer.ts";
import type { Session } from "../../runtime/session/device.ts";
import type { SpecFacts } from "../../runtime/session/spec-facts.ts";
import { RuntimeFailure } from "../../runtime/util/failure.ts";
import type { Input } from "../frame/command.ts";
import type { Host } from "../frame/host.ts";
import { findRun } from "../model/find-run.ts";

export interface OpenModel {
  readonly session: Session;
  readonly tokenizer: Tokenizer;
  readonly name: string;
  readonly step: number;
  /** Its path, from where the command was started. */
  readonly checkpoint: string;
}

/** Opens the model that an argument names, for as long as `use` takes. */
export async function withModel<T>(input: Input, host: Host, use: (model: OpenModel) => Promise<T>): Promise<T> {
  const found = await findRun(input.positionals[0] ?? "", host);
  const folder = resolve(host.cwd, input.text("program") ?? found.program);
  if (!existsSync(join(folder, "plan.json")))
    throw new RuntimeFailure(
      "program/missing",
      `there is no compiled program in ${folder}`,
      "name it with --program, as llmc build or llmc train wrote it",
    );
  const { openNewestSound } = await import("../../runtime/node/checkpoints.ts");
  const { requireSameSpec } = await import("../../runtime/session/spec-facts.ts");
  const { restoreCheckpoint } = await import("../../runtime/training/checkpoint.ts");
  const { createTokenizer } = await import("../../runtime/data/tokens.ts");
  const { openDevice } = await import("../../runtime/node/device.ts");
  const { describeDevice } = await import("../../runtime/session/device.ts");
  const { loadProgram } = await import("../../runtime/node/program.ts");
  const { onlyPrograms } = await import("../../runtime/session/only-programs.ts");
  const { textPrograms } = await import("../../runtime/generation/sample.ts");
  const whole = await loadProgram(folder, { sealed: !input.flag("trust") });
  const program = onlyPrograms(whole, textPrograms(whole.plan));
  const checkpoint = await openNewestSound(found.checkpoints, (text) => host.err(`${text}\n`));
  try {
    const { source, info } = checkpoint;
    requireSameSpec(source.name, architecture(info.spec), architecture(whole.spec ?? info.spec), []);
    const device = await openDevice(deviceOptions(input), program.plan);
    try {
      host.err(`${describeDevice(device)}\n${program.plan.model}, step ${info.step}\n`);
      const session = await device.open(program);
      await restoreCheckpoint(session, checkpoint);
      const result = await use({
        session,
        tokenizer: createTokenizer(info.tokenizer),
        name: program.plan.model,
        step: info.step,
        checkpoint: relative(host.cwd, source.name),
      });
      session.close();
      return result;
    } finally {
      device.close();
    }
  } finally {
    await checkpoint.close();
  }
}

/** Of the spec, what the model computes: how it was trained makes no difference to text. */
function architecture(spec: SpecFacts): SpecFacts {
  return Object.fromEntries(Object.entries(spec).filter(([name]) => name === "model" || name.startsWith("dims.")));
}

function deviceOptions(input: Input): DeviceOptions {
  const [device, adapter] = [input.text("device"), input.text("adapter")];
  return { ...(device === undefined ? {} : { device }), ...(adapter === undefined ? {} : { adapter }) };
}
