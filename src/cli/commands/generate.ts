/** @file `llmc generate`: text from a trained model. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { DeviceOptions } from "../../runtime/node/device.ts";
import type { SpecFacts } from "../../runtime/session/spec-facts.ts";
import type { SampleOptions } from "../../runtime/generation/sample.ts";
import type { Command, Input } from "../frame/command.ts";
import { withFailures } from "../frame/failures.ts";
import type { ExitCode, Host } from "../frame/host.ts";
import { shown } from "../frame/report.ts";

export const generate: Command = {
  name: "generate",
  summary: "write text with a trained model",
  positionals: ["RUN"],
  options: {
    prompt: { type: "string", short: "p", value: "TEXT", help: "the text to go on from; default: a line break" },
    length: { type: "count", min: 1, short: "n", value: "N", help: "tokens to write; default: 256" },
    temperature: {
      type: "number",
      short: "t",
      value: "X",
      help: "below 1 safer, above 1 wilder, 0 always the likeliest; default: 0.8",
    },
    "top-k": { type: "count", min: 1, value: "K", help: "draw from the K likeliest tokens only" },
    "top-p": { type: "number", value: "P", help: "draw from the likeliest tokens that together have this probability" },
    seed: { type: "count", value: "N", help: "equal seeds give equal text; default: 1" },
    device: { type: "string", value: "NAME", help: "auto, webgpu, software or cpu; default: auto" },
    adapter: { type: "string", value: "NAME", help: "one of several adapters, by its driver's name" },
    program: { type: "string", value: "DIR", help: "the compiled program; default: the one beside the checkpoint" },
    trust: {
      type: "boolean",
      help: "run a program that your llmc did not write, such as that of a run from elsewhere: its code does what its writer wanted",
    },
    json: { type: "boolean", help: "print the text with its settings as JSON" },
  },
  examples: [
    'llmc generate runs/Tiny --prompt "Once upon a time"',
    "llmc generate runs/Tiny/checkpoints/step-500.safetensors --temperature 0.7 --top-k 40",
  ],
  run: (input, host) => withFailures(host, () => runGenerate(input, host)),
};

async function runGenerate(input: Input, host: Host): Promise<ExitCode> {
  const given = input.positionals[0] ?? "";
  const { checkpoints, programFolder } = await locate(given, input.text("program"), host);
  const { openNewestSound } = await import("../../runtime/node/checkpoints.ts");
  const { requireSameSpec } = await import("../../runtime/session/spec-facts.ts");
  const { restoreCheckpoint } = await import("../../runtime/training/checkpoint.ts");
  const { createTokenizer } = await import("../../runtime/data/tokens.ts");
  const { openDevice } = await import("../../runtime/node/device.ts");
  const { describeDevice } = await import("../../runtime/session/device.ts");
  const { loadProgram } = await import("../../runtime/node/program.ts");
  const { onlyPrograms } = await import("../../runtime/session/only-programs.ts");
  const { sample, textPrograms } = await import("../../runtime/generation/sample.ts");
  const options = sampleOptions(input);
  const json = input.flag("json");
  const whole = await loadProgram(programFolder, { sealed: !input.flag("trust") });
  const program = onlyPrograms(whole, textPrograms(whole.plan));
  const checkpoint = await openNewestSound(checkpoints, (text) => host.err(`${text}\n`));
  try {
    requireSameSpec(
      checkpoint.source.name,
      architecture(checkpoint.info.spec),
      architecture(whole.spec ?? checkpoint.info.spec),
      [],
    );
    const device = await openDevice(deviceOptions(input), program.plan);
    try {
      host.err(`${describeDevice(device)}\n${program.plan.model}, step ${checkpoint.info.step}\n`);
      const session = await device.open(program);
      await restoreCheckpoint(session, checkpoint);
      // A piece is empty while the bytes so far are only the beginning of a character.
      const pieces: string[] = [];
      for await (const piece of sample(session, createTokenizer(checkpoint.info.tokenizer), options)) {
        if (!json) host.out(pieces.length === 0 ? options.prompt + piece : piece);
        pieces.push(piece);
      }
      const text = pieces.join("");
      host.out(
        json
          ? `${JSON.stringify({ model: program.plan.model, step: checkpoint.info.step, ...options, text }, undefined, 2)}\n`
          : "\n",
      );
      session.close();
    } finally {
      device.close();
    }
  } finally {
    await checkpoint.close();
  }
  host.err(`next: llmc generate ${shown(given)} --seed ${options.seed + 1}${input.flag("trust") ? " --trust" : ""}\n`);
  return 0;
}

/** The checkpoint and the program of a run's folder, or of a checkpoint in it. */
async function locate(
  given: string,
  program: string | undefined,
  host: Host,
): Promise<{ readonly checkpoints: readonly string[]; readonly programFolder: string }> {
  const { RuntimeFailure } = await import("../../runtime/util/failure.ts");
  if (given.endsWith(".llm") && existsSync(resolve(host.cwd, given)))
    throw new RuntimeFailure(
      "usage",
      `${given} is a source, and text comes from a trained model`,
      `train it first with llmc train ${shown(given)}, then name its folder: llmc generate runs/NAME`,
    );
  const { findRun } = await import("../model/find-run.ts");
  const { folder, checkpoints } = await findRun(given, host);
  const programFolder = resolve(host.cwd, program ?? join(folder, "program"));
  if (!existsSync(join(programFolder, "plan.json")))
    throw new RuntimeFailure(
      "program/missing",
      `there is no compiled program in ${programFolder}`,
      "name it with --program, as llmc build or llmc train wrote it",
    );
  return { checkpoints, programFolder };
}

/** Of the spec, what the model computes: how it was trained makes no difference to text. */
function architecture(spec: SpecFacts): SpecFacts {
  return Object.fromEntries(Object.entries(spec).filter(([name]) => name === "model" || name.startsWith("dims.")));
}

function sampleOptions(input: Input): SampleOptions {
  const [topK, topP] = [input.number("top-k"), input.number("top-p")];
  return {
    prompt: input.text("prompt") ?? "\n",
    length: input.number("length") ?? 256,
    temperature: input.number("temperature") ?? 0.8,
    ...(topK === undefined ? {} : { topK }),
    ...(topP === undefined ? {} : { topP }),
    seed: input.number("seed") ?? 1,
  };
}

function deviceOptions(input: Input): DeviceOptions {
  const [device, adapter] = [input.text("device"), input.text("adapter")];
  return { ...(device === undefined ? {} : { device }), ...(adapter === undefined ? {} : { adapter }) };
}
