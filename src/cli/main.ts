/** @file The `llmc` command: finds the command, parses its arguments, runs it and sets the exit code. Everything heavy is imported by the commands. */
import { suggest } from "../util/suggest.ts";
import { parseArguments } from "./frame/arguments.ts";
import { commands } from "./commands.ts";
import { failureJson, withJsonFailures } from "./frame/json-failures.ts";
import { commandHelp, overview, usage } from "./frame/help.ts";
import { type ExitCode, type Host, processHost } from "./frame/host.ts";
import { diskCause } from "../runtime/files/write-atomically.ts";
import { terminalText } from "../runtime/util/terminal-text.ts";

export async function main(words: readonly string[], host: Host): Promise<ExitCode> {
  const [name, ...rest] = words;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    host.out(overview(commands));
    return 0;
  }
  if (name === "--version" || name === "-V") {
    const { version } = await import("./frame/version.ts");
    host.out(`${version}\n`);
    return 0;
  }
  const command = commands.find((c) => c.name === name);
  if (!command) {
    const close = suggest(
      name,
      commands.map((c) => c.name),
    );
    host.err(
      `\`${name}\` is not a command of llmc${close ? `; did you mean \`llmc ${close}\`?` : `, which has ${commands.map((c) => c.name).join(", ")}`}\n\`llmc --help\` tells what they do\n`,
    );
    return 2;
  }
  const parsed = parseArguments(command, rest);
  switch (parsed.kind) {
    case "help":
      host.out(commandHelp(command));
      return 0;
    case "error":
      if (rest.includes("--json") && command.options["json"])
        host.out(failureJson({ code: "usage", message: parsed.message }));
      host.err(
        `${parsed.message}\n${usage(command)}\n\`llmc ${command.name} --help\` shows examples and every option\n`,
      );
      return 2;
    case "ok":
      return parsed.input.flag("json")
        ? withJsonFailures(host, (inner) => command.run(parsed.input, inner))
        : command.run(parsed.input, host);
  }
}

/** A bug: say so, with what a report needs. */
function reportBug(error: unknown, words: readonly string[]): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(
    terminalText(
      `This is a bug in llmc, not in your file. Please report it with the file and these lines:\n\n  llmc ${words.join(" ")}\n  node ${process.version} ${process.platform}\n${text.replace(/^/gm, "  ")}\n`,
    ),
  );
}

const words = process.argv.slice(2);
// Progress that nobody reads, because the pipe or the terminal is gone, ends nothing.
process.stderr.on("error", () => undefined);
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") {
    process.stderr.write(`cannot write the output: ${diskCause(error) ?? error.message}\n`);
    process.exit(1);
  }
  // A reader that left (`llmc show … | head`) has what it wanted. A run writes there only once all is saved, and keeps its exit code.
  setImmediate(() => process.exit(process.exitCode ?? 0));
});
try {
  process.exitCode = await main(words, processHost());
} catch (error) {
  reportBug(error, words);
  process.exitCode = 70;
}
