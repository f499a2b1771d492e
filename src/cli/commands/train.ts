/** @file `llmc train`: builds the program for this machine's device into the run's folder, and runs exactly that program. */
import { join, resolve } from "node:path";
import type { RunOptions } from "../../runtime/node/run.ts";
import type { RunResult } from "../../runtime/training/train.ts";
import type { Command, Input } from "../frame/command.ts";
import { withFailures } from "../frame/failures.ts";
import { jsonText } from "../frame/json.ts";
import type { ExitCode, Host } from "../frame/host.ts";
import { shown } from "../frame/report.ts";

export const train: Command = {
  name: "train",
  summary: "train a model and sample from it",
  positionals: ["FILE"],
  options: {
    model: {
      type: "string",
      short: "m",
      value: "NAME",
      help: "a model or variant of the file; default: the first that is trained",
    },
    out: {
      type: "string",
      short: "o",
      value: "DIR",
      help: "folder of the program, the log and the checkpoints; default: runs/NAME",
    },
    device: { type: "string", value: "NAME", help: "auto, webgpu, software or cpu; default: auto" },
    adapter: { type: "string", value: "NAME", help: "one of several adapters, by its driver's name" },
    seed: { type: "count", value: "N", help: "seed of the initial values, the data order and dropout" },
    steps: { type: "count", min: 1, value: "N", help: "steps to train; the schedule spans them" },
    resume: { type: "boolean", help: "go on from the newest checkpoint" },
    from: { type: "string", value: "CHECKPOINT", help: "go on from this checkpoint" },
    fresh: { type: "boolean", help: "remove the checkpoints of an earlier run and start over" },
    force: {
      type: "string",
      value: "NAMES",
      help: "go on although these have changed since the checkpoint: as the refusal names them, with commas; `program`: write over an edited program",
    },
    json: { type: "boolean", help: "print the result as JSON" },
  },
  examples: [
    "llmc train models/quickstart.llm",
    "llmc train models/quickstart.llm --model LayerNorm",
    "llmc train models/quickstart.llm --resume",
  ],
  run: (input, host) => withFailures(host, () => runTrain(input, host)),
};

async function runTrain(input: Input, host: Host): Promise<ExitCode> {
  const path = input.positionals[0] ?? "";
  const { loadTrainable } = await import("../model/model.ts");
  const loaded = await loadTrainable(path, input.text("model"), host);
  if (!loaded) return 1;
  const out = input.text("out") ?? join("runs", loaded.name);
  const options = optionsOf(input, out, loaded.name, host);
  // What is cheap to find wrong comes before anything is compiled or written.
  const { chooseCheckpoints } = await import("../../runtime/node/run.ts");
  await chooseCheckpoints(options.out, options);
  const { openRunFolder } = await import("../../runtime/node/run-folder.ts");
  const home = await openRunFolder(options.out);
  let result: RunResult;
  let writes: boolean;
  try {
    const { preparedData } = await import("../data/prepared-data.ts");
    await preparedData(loaded.data.use, host);
    const { chooseTarget } = await import("../model/device-target.ts");
    const target = await chooseTarget(options);
    const { stageModelProject } = await import("../model/project.ts");
    const { stagingName } = await import("../../runtime/node/written-folder.ts");
    // Beside the program of an earlier run, which stays as it is until all that can refuse has passed.
    const staging = join(options.out, stagingName);
    const { compiled, staged } = await stageModelProject(
      loaded,
      target,
      join(options.out, "program"),
      { holds: "program", force: options.force?.includes("program") === true, forceOption: "--force program", staging },
      host,
    );
    writes = compiled.plan.generation?.kind !== "refused";
    const { importProgram } = await import("../frame/generated.ts");
    const program = await importProgram(staged.folder);
    result = await program.train({ ...options, home, ready: staged.commit });
  } finally {
    await home.release();
  }
  if (input.flag("json")) host.out(jsonText({ model: loaded.name, out, ...result }));
  if (result.status === "interrupted") return 130;
  const prompt = loaded.elaboration.evaluation?.sample.map((s) => s.prompt).find((p) => !p.includes("\n"));
  host.err(
    `log: ${join(out, "log.jsonl")}\nnext: llmc ${writes ? "generate" : "show"} ${shown(writes ? out : path)}${prompt === undefined ? "" : ` --prompt ${shown(prompt)}`}\n`,
  );
  return 0;
}

function optionsOf(input: Input, out: string, model: string, host: Host): RunOptions & { readonly out: string } {
  const [device, adapter, seed, steps] = [
    input.text("device"),
    input.text("adapter"),
    input.number("seed"),
    input.number("steps"),
  ];
  const [from, force] = [input.text("from"), input.text("force")];
  const resume = from === undefined ? (input.flag("resume") ? true : undefined) : resolve(host.cwd, from);
  return {
    ...(device === undefined ? {} : { device }),
    ...(adapter === undefined ? {} : { adapter }),
    ...(seed === undefined ? {} : { seed }),
    ...(steps === undefined ? {} : { steps }),
    ...(resume === undefined ? {} : { resume }),
    ...(input.flag("fresh") ? { fresh: true } : {}),
    ...(force === undefined ? {} : { force: force.split(",").map((name) => name.trim()) }),
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
  return [
    "llmc train",
    shown(input.positionals[0] ?? ""),
    ...(input.text("model") === undefined ? [] : [`--model ${model}`]),
    ...repeated,
    "--resume",
  ].join(" ");
}
