/** @file `llmc train`: builds the program for this machine's device into the run's folder, and runs exactly that program. */
import { join, resolve } from "node:path";
import type { RunOptions } from "../../runtime/node/run.ts";
import type { Command, Input } from "../command.ts";
import { withFailures } from "../failures.ts";
import type { ExitCode, Host } from "../host.ts";

export const train: Command = {
  name: "train",
  summary: "train a model and sample from it",
  positionals: ["FILE"],
  options: {
    model: { type: "string", short: "m", value: "NAME", help: "a model or variant of the file; default: the first that is trained" },
    out: { type: "string", short: "o", value: "DIR", help: "folder of the program, the log and the checkpoints; default: runs/NAME" },
    device: { type: "string", value: "NAME", help: "auto, webgpu, software or cpu; default: auto" },
    adapter: { type: "string", value: "NAME", help: "one of several adapters, by its driver's name" },
    seed: { type: "number", value: "N", help: "seed of the initial values, the data order and dropout" },
    steps: { type: "number", value: "N", help: "steps to train; the schedule spans them" },
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
  const { chooseTarget } = await import("../device-target.ts");
  const target = await chooseTarget(optionsOf(input, out, host));
  const { writeModelProject } = await import("../project.ts");
  const { folder } = await writeModelProject(loaded, target, join(out, "program"), host);
  const { importProgram } = await import("../generated.ts");
  const program = await importProgram(resolve(host.cwd, folder));
  const result = await program.train(optionsOf(input, resolve(host.cwd, out), host));
  if (input.flag("json")) host.out(`${JSON.stringify({ model: loaded.name, out, ...result }, undefined, 2)}\n`);
  if (result.status === "interrupted") {
    const model = input.text("model");
    const flags = [...(model === undefined ? [] : [`--model ${model}`]), ...(input.text("out") === undefined ? [] : [`--out ${out}`])];
    host.err(`next: llmc train ${[path, ...flags].join(" ")} --resume\n`);
    return 130;
  }
  host.err(`log: ${join(out, "log.jsonl")}\nnext: llmc generate ${out} --prompt "Once upon a time"\n`);
  return 0;
}

function optionsOf(input: Input, out: string, host: Host): RunOptions {
  const text = <K extends string>(key: K): { readonly [P in K]?: string } => {
    const value = input.text(key);
    return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]?: string });
  };
  const [seed, steps] = [input.number("seed"), input.number("steps")];
  const resume = input.text("from") ?? (input.flag("resume") ? true : undefined);
  return {
    ...text("device"), ...text("adapter"), out,
    ...(seed === undefined ? {} : { seed }), ...(steps === undefined ? {} : { steps }), ...(resume === undefined ? {} : { resume }),
    ...(input.flag("fresh") ? { fresh: true } : {}),
    output: { write: host.err, interactive: host.interactive },
  };
}
