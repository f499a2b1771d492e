/** @file Help texts, made from the commands' descriptions. Examples come first: most readers want one to copy. */
import type { Command } from "./command.ts";

/** What llmc is, and its commands. */
export function overview(commands: readonly Command[]): string {
  const width = Math.max(...commands.map((c) => c.name.length));
  return [
    "llmc compiles language models declared in .llm files: data, model, training, evaluation.",
    "",
    "  llmc train models/quickstart.llm              train a model and sample from it",
    "  llmc show models/quickstart.llm               its sizes, parameters, FLOPs and memory, before anything runs",
    "",
    ...commands.map((c) => `  ${c.name.padEnd(width)}  ${c.summary}`),
    "",
    "`llmc COMMAND --help` shows a command's options.",
    "",
  ].join("\n");
}

/** `llmc check FILE [OPTIONS]`. */
export function usage({ name, positionals, options }: Command): string {
  return `llmc ${[name, ...positionals].join(" ")}${Object.keys(options).length > 0 ? " [OPTIONS]" : ""}`;
}

export function commandHelp(command: Command): string {
  const options = Object.entries(command.options).map(([name, spec]) => {
    const short = spec.short ? `-${spec.short}, ` : "";
    return [`${short}--${name}${spec.type === "boolean" ? "" : ` ${spec.value ?? "VALUE"}`}`, spec.help] as const;
  });
  const width = Math.max(0, ...options.map(([flags]) => flags.length));
  return [
    ...command.examples.map((example) => `  ${example}`),
    "",
    usage(command),
    `${command.summary[0]?.toUpperCase()}${command.summary.slice(1)}.`,
    ...(options.length > 0 ? ["", ...options.map(([flags, help]) => `  ${flags.padEnd(width)}  ${help}`)] : []),
    "",
  ].join("\n");
}
