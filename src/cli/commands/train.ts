/** @file `llmc train`: builds the program for this machine's device into the run's folder, and runs exactly that program. */
import { join, resolve } from "node:path";
import type { RunOptions } from "../../runtime/node/run.ts";
import type { Command, Input } from "../command.ts";
import { withFailures } from "../failures.ts";
import type { ExitCode, Host } from "../host.ts";
import { shown } from "../report.ts";

export const train: Command = {
  name: "train",
  summary: "train a model and sample from it",
  positionals: ["FILE"],
  options: {
    model: { type: "string", short: "m", value: "NAME", help: "a model or variant of the file; default: the first that is trained" },
    out: { type: "string", short: "o", value: "DIR", help: "folder of the program, the log and the checkpoints; default: runs/NAME" },
    device: { type: "string", value: "NAME", help: "auto, webgpu, software or cpu; default: auto" },
    adapter: { type: "string", value: "NAME", help: "one of several adapters, by its driver's name" },
    seed: { type: "count", value: "N", help: "seed of the initial values, the data order and dropout" },
    steps: { type: "count", min: 1, value: "N", help: "steps to train; the schedule spans them" },
    resume: { type: "boolean", help: "go on from the newest checkpoint" },
    from: { type: "string", value: "CHECKPOINT", help: "go on from this checkpoint" },
    fresh: { type: "boolean", help: "remove the checkpoints of an earlier run and start over" },
    json: { type: "boolean", help: "print the result as JSON" },
  },
  examples: ["llmc train models/quickstart.llm", "llmc train models/quickstart.llm --model LayerNorm", "llmc train models/quickstart.llm --resume"],
  run: (input, host) => withFailures(host, () => runTrain(input, host)),
};

async function runTrain(input: Input, host: Host): Promise<ExitCode> {
  const path = input.positionals[0] ?? "";
  const { loadTrainable } = await import("../model.ts");
  const loaded = await loadTrainable(path, input.text("model"), host);
  if (!loaded) return 1;
  const out = input.text("out") ?? join("runs", loaded.name);
  const options = optionsOf(input, out, loaded.name, host);
  // What is cheap to find wrong comes before anything is compiled or written.
  const { chooseCheckpoint } = await import("../../runtime/node/run.ts");
  await chooseCheckpoint(options.out, options);
  const { preparedData } = await import("../prepared-data.ts");
  await preparedData(loaded.data.use, host);

  const { chooseTarget } = await import("../device-target.ts");
  const target = await chooseTarget(options);
  const { writeModelProject } = await import("../project.ts");
  const folder = join(options.out, "program");
  await writeModelProject(loaded, target, folder, host);
  const { importProgram } = await import("../generated.ts");
  const program = await importProgram(folder);
  const result = await program.train(options);
  if (input.flag("json")) host.out(`${JSON.stringify({ model: loaded.name, out, ...result }, undefined, 2)}\n`);
  if (result.status === "interrupted") return 130;
  const prompt = loaded.elaboration.evaluation?.sample.map((s) => s.prompt).find((p) => !p.includes("\n"));
  host.err(`log: ${join(out, "log.jsonl")}\nnext: llmc generate ${shown(out)}${prompt === undefined ? "" : ` --prompt ${shown(prompt)}`}\n`);
  return 0;
}

function optionsOf(input: Input, out: string, model: string, host: Host): RunOptions & { readonly out: string } {
  const [device, adapter, seed, steps] = [input.text("device"), input.text("adapter"), input.number("seed"), input.number("steps")];
  const from = input.text("from");
  const resume = from === undefined ? (input.flag("resume") ? true : undefined) : resolve(host.cwd, from);
  return {
    ...(device === undefined ? {} : { device }),
    ...(adapter === undefined ? {} : { adapter }),
    ...(seed === undefined ? {} : { seed }),
    ...(steps === undefined ? {} : { steps }),
    ...(resume === undefined ? {} : { resume }),
    ...(input.flag("fresh") ? { fresh: true } : {}),
    out: resolve(host.cwd, out),
    output: { write: host.err, interactive: host.interactive },
    resumeHint: resumeCommand(input, model),
  };
}

/** The command that goes on: with the same number of steps, which the schedule spans, and on the same device. */
function resumeCommand(input: Input, model: string): string {
  const repeated = ["out", "steps", "device", "adapter"].flatMap((option) => {
    const value = input.text(option);
    return value === undefined ? [] : [`--${option} ${shown(value)}`];
  });
  return ["llmc train", shown(input.positionals[0] ?? ""), ...(input.text("model") === undefined ? [] : [`--model ${model}`]), ...repeated, "--resume"].join(" ");
}
