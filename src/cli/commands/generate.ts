/** @file `llmc generate`: text from a trained model. */
import type { Command, Input } from "../frame/command.ts";
import { withFailures } from "../frame/failures.ts";
import type { ExitCode, Host } from "../frame/host.ts";
import { shown } from "../frame/report.ts";
import { RuntimeFailure } from "../../runtime/util/failure.ts";
import { drawingOf, drawingOptions } from "../generation/options.ts";

export const generate: Command = {
  name: "generate",
  summary: "write text with a trained model",
  positionals: ["RUN"],
  options: {
    prompt: {
      type: "string",
      short: "p",
      value: "TEXT",
      help: "the text to go on from, `-` for standard input; default: what is piped in, or a line break",
    },
    "prompt-file": { type: "string", value: "FILE", help: "go on from the text of a file" },
    ...drawingOptions,
    samples: {
      type: "count",
      min: 1,
      value: "N",
      help: "write N texts, with seeds that count up from --seed; default: 1",
    },
    chat: { type: "boolean", help: "answer each line of standard input, as a conversation; needs --template" },
    template: {
      type: "string",
      value: "FILE",
      help: "of --chat: how the model was taught to see one, in Jinja or as a tokenizer_config.json",
    },
    system: { type: "string", value: "TEXT", help: "of --chat: what the model is told first" },
    device: { type: "string", value: "NAME", help: "auto, webgpu, software or cpu; default: auto" },
    adapter: { type: "string", value: "NAME", help: "one of several adapters, by its driver's name" },
    program: { type: "string", value: "DIR", help: "the compiled program; default: the one beside the checkpoint" },
    trust: {
      type: "boolean",
      help: "run a program that your llmc did not write, such as that of a run from elsewhere: its code does what its writer wanted",
    },
    timing: { type: "boolean", help: "print how fast the prompt was read and the text written" },
    json: { type: "boolean", help: "print each text with its tokens and settings as a line of JSON" },
  },
  examples: [
    'llmc generate runs/Tiny --prompt "Once upon a time"',
    "llmc generate runs/Tiny/checkpoints/step-500.safetensors --temperature 0.7 --top-k 40",
    'llmc generate runs/Tiny --prompt-file start.txt --samples 3 --stop "THE END"',
  ],
  run: (input, host) => withFailures(host, () => runGenerate(input, host)),
};

async function runGenerate(input: Input, host: Host): Promise<ExitCode> {
  const given = input.positionals[0] ?? "";
  const drawing = drawingOf(input);
  const samples = input.number("samples") ?? 1;
  if (input.flag("chat")) return runChat(input, host);
  for (const option of ["template", "system"])
    if (input.text(option) !== undefined)
      throw new RuntimeFailure("usage", `\`--${option}\` is for conversations`, "add --chat, or leave it out");
  const { readPrompt } = await import("../generation/prompt.ts");
  const { withModel } = await import("../generation/open-model.ts");
  const { seedAfter, writeSamples } = await import("../generation/write-samples.ts");
  const request = { drawing, samples, json: input.flag("json"), timing: input.flag("timing") };
  const prompt = await readPrompt(input, host);
  const finished = await withModel(input, host, (model) => writeSamples(model, { ...request, prompt }, host));
  if (!finished) return 130;
  const trust = input.flag("trust") ? " --trust" : "";
  host.err(`next: llmc generate ${shown(given)} --seed ${seedAfter(drawing.seed, samples)}${trust}\n`);
  return 0;
}

async function runChat(input: Input, host: Host): Promise<ExitCode> {
  const given = input.positionals[0] ?? "";
  const drawing = drawingOf(input);
  const odd = ["prompt", "prompt-file", "samples"].find((option) => input.text(option) !== undefined);
  if (odd !== undefined || input.flag("json"))
    throw new RuntimeFailure("usage", `\`--${odd ?? "json"}\` does not go with \`--chat\``, "leave out one of them");
  const path = input.text("template");
  if (path === undefined)
    throw new RuntimeFailure(
      "usage",
      "a conversation needs the chat template that the model was trained with, and runs carry none",
      "name it with --template FILE: Jinja, or a tokenizer_config.json with `chat_template`",
    );
  const { openChatTemplate } = await import("../generation/chat-template.ts");
  const { chat } = await import("../generation/chat.ts");
  const { withModel } = await import("../generation/open-model.ts");
  const template = openChatTemplate(path, host.cwd);
  const request = { template, system: input.text("system"), drawing, timing: input.flag("timing") };
  await withModel(input, host, (model) => chat(model, request, host));
  const trust = input.flag("trust") ? " --trust" : "";
  host.err(`next: llmc generate ${shown(given)} --chat --template ${shown(path)}${trust}\n`);
  return 0;
}
