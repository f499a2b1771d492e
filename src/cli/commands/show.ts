/** @file `llmc show`: what a model is and what it will cost, before anything runs. */
import type { Command, Input } from "../frame/command.ts";
import { withFailures } from "../frame/failures.ts";
import { jsonText } from "../frame/json.ts";
import type { ExitCode, Host } from "../frame/host.ts";
import { shown } from "../frame/report.ts";
import { defaultTarget, targetChoices, targetNamed } from "../model/targets.ts";

export const show: Command = {
  name: "show",
  summary: "a model's sizes, parameters, FLOPs and memory, before anything runs",
  positionals: ["FILE"],
  options: {
    model: {
      type: "string",
      short: "m",
      value: "NAME",
      help: "a model or variant of the file; default: the first that is trained",
    },
    target: {
      type: "string",
      value: "NAME",
      help: `${targetChoices}: what the kernels are tuned for; default: ${defaultTarget}`,
    },
    json: { type: "boolean", help: "print it as JSON" },
  },
  examples: ["llmc show models/quickstart.llm", "llmc show models/quickstart.llm --model LayerNorm --json"],
  run: (input, host) => withFailures(host, () => runShow(input, host)),
};

async function runShow(input: Input, host: Host): Promise<ExitCode> {
  const target = targetNamed(input.text("target"));
  if (typeof target === "string") {
    host.err(`${target}\n`);
    return 2;
  }
  const { loadModel } = await import("../model/model.ts");
  const loaded = await loadModel(input.positionals[0] ?? "", input.text("model"), host);
  if (!loaded) return 1;
  const { summarise } = await import("../model/summary.ts");
  const { printSummary } = await import("../model/print-summary.ts");
  const summary = summarise(loaded, target);
  if (input.flag("json")) {
    host.out(jsonText(summary));
    return 0;
  }
  host.out(printSummary(summary, loaded.path));
  const model = input.text("model") === undefined ? "" : ` --model ${loaded.name}`;
  if (summary.training) host.err(`next: llmc train ${shown(loaded.path)}${model}\n`);
  else host.err(`next: give it a \`train ${loaded.name} { … }\`, which tells the memory and what a step does\n`);
  return 0;
}
