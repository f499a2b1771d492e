/** @file `llmc fmt`: the one canonical layout. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Command, Input } from "../frame/command.ts";
import { withFailures } from "../frame/failures.ts";
import { problemWithSource } from "../frame/files.ts";
import type { ExitCode, Host } from "../frame/host.ts";
import { isError, plural, printDiagnostics, shown } from "../frame/report.ts";

export const fmt: Command = {
  name: "fmt",
  summary: "lay a file out in the one canonical style",
  positionals: ["FILE"],
  options: {
    check: { type: "boolean", help: "change nothing; fail if the file is not formatted" },
    stdin: {
      type: "boolean",
      help: "read the text from standard input, write it to standard output (FILE names it in messages)",
    },
  },
  examples: ["llmc fmt models/quickstart.llm", "llmc fmt --check models/quickstart.llm"],
  run: (input, host) => withFailures(host, () => runFmt(input, host)),
};

async function runFmt(input: Input, host: Host): Promise<ExitCode> {
  const path = input.positionals[0] ?? "";
  const piped = input.flag("stdin");
  const problem = piped ? undefined : problemWithSource(path, host.cwd);
  if (problem !== undefined) {
    host.err(`${problem}\n`);
    return 1;
  }
  const text = readFileSync(piped ? 0 : resolve(host.cwd, path), "utf8").replace(/^\uFEFF/, "");
  const { parseFile } = await import("../../../grammar/parse.ts");
  const { diagnostics } = parseFile({ path, text });
  if (diagnostics.some(isError)) {
    printDiagnostics(diagnostics, host);
    host.err(
      `${path} is left as it is: ${plural(diagnostics.filter(isError).length, "error")} first\nnext: llmc check ${shown(path)}\n`,
    );
    return 1;
  }
  const { formatText } = await import("../../../grammar/print.ts");
  const formatted = await formatText(text);
  if (piped) {
    host.out(formatted);
    return 0;
  }
  if (input.flag("check")) {
    host.err(
      formatted === text ? `${path} is formatted\n` : `${path} is not formatted\nnext: llmc fmt ${shown(path)}\n`,
    );
    return formatted === text ? 0 : 1;
  }
  if (formatted !== text) {
    const { replaceText } = await import("../../runtime/files/write-atomically.ts");
    await replaceText(resolve(host.cwd, path), formatted);
  }
  host.err(
    formatted === text
      ? `${path} was formatted already\nnext: llmc check ${shown(path)}\n`
      : `formatted ${path}\nnext: llmc check ${shown(path)}\n`,
  );
  return 0;
}
