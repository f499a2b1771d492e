/** @file `llmc check`: everything that can be known to be wrong before anything runs. */
import { resolve } from "node:path";
import { renderJson } from "../../diagnostics/render-json.ts";
import type { CheckResult } from "../../semantics/check/check.ts";
import type { Command, Input } from "../frame/command.ts";
import { withFailures } from "../frame/failures.ts";
import { problemWithSource, sourceHost } from "../frame/files.ts";
import type { ExitCode, Host } from "../frame/host.ts";
import { countDiagnostics, isError, plural, printDiagnostics, shown } from "../frame/report.ts";

export const check: Command = {
  name: "check",
  summary: "find what is wrong in a file before anything runs",
  positionals: ["FILE"],
  options: {
    fix: { type: "boolean", help: "apply the mechanical mends" },
    json: { type: "boolean", help: "print the diagnostics as JSON" },
  },
  examples: ["llmc check models/quickstart.llm", "llmc check --fix models/quickstart.llm"],
  run: (input, host) => withFailures(host, () => runCheck(input, host)),
};

async function runCheck(input: Input, host: Host): Promise<ExitCode> {
  const path = input.positionals[0] ?? "";
  const problem = problemWithSource(path, host.cwd);
  if (problem !== undefined) {
    host.err(`${problem}\n`);
    return 1;
  }
  const { checkWithTokenizers, dataProblems } = await import("../model/data-problems.ts");
  const sources = sourceHost(host.cwd);
  const checked = (texts: ReadonlyMap<string, string> = new Map()): CheckResult => {
    const changed = new Map([...texts].map(([name, text]) => [resolve(host.cwd, name), text] as const));
    return checkWithTokenizers(
      path,
      { ...sources, readFile: (name) => changed.get(resolve(host.cwd, name)) ?? sources.readFile(name) },
      host.cwd,
    );
  };
  if (input.flag("fix")) {
    const { fixAll } = await import("../../semantics/check/fix-all.ts");
    const { replaceText } = await import("../../runtime/files/write-atomically.ts");
    for (const [name, text] of fixAll((texts) => checked(texts).diagnostics).texts) {
      await replaceText(resolve(host.cwd, name), text);
      host.err(`mended ${name}\n`);
    }
  }
  const result = checked();
  const { program } = result;
  const diagnostics = [...result.diagnostics, ...(await dataProblems(result, host.cwd))];
  const failed = diagnostics.some(isError);
  if (input.flag("json")) {
    host.out(`${renderJson(diagnostics)}\n`);
    return failed ? 1 : 0;
  }
  printDiagnostics(diagnostics, host);
  if (failed) {
    const mends = diagnostics.filter((d) => d.fixes.length === 1).length;
    const first = diagnostics.find(isError)?.code ?? "";
    host.err(`${countDiagnostics(diagnostics)} in ${path}\n`);
    host.err(
      `next: ${mends > 0 && !input.flag("fix") ? `llmc check --fix ${shown(path)}, which mends ${mends === diagnostics.length ? "all of it" : mends === 1 ? "one" : `${mends} of them`}` : `llmc explain ${first}`}\n`,
    );
    return 1;
  }
  const declarations = program.entry.file.declarations;
  const models = declarations.filter((d) => d.kind === "section" && d.keyword === "model").length;
  const variants = declarations.filter((d) => d.kind === "variant").length;
  const what =
    models > 0
      ? `${plural(models, "model")}${variants > 0 ? ` and ${plural(variants, "variant")}` : ""}`
      : plural(declarations.length, "declaration");
  const trains = declarations.some((d) => d.kind === "section" && d.keyword === "train");
  if (declarations.length === 0)
    host.err(`${path} declares nothing\nnext: write a model into it, or llmc check models/quickstart.llm\n`);
  else host.err(`${path} is sound: ${what}${diagnostics.length > 0 ? `, ${countDiagnostics(diagnostics)}` : ""}\n`);
  const absent = diagnostics.some(
    (d) => d.code === "data/missing" || d.code === "data/directory" || d.code === "data/unreadable",
  )
    ? "correct `files` or put the text there, then "
    : "";
  if (models > 0) host.err(`next: ${trains ? absent : ""}llmc ${trains ? "train" : "show"} ${shown(path)}\n`);
  else if (declarations.some((d) => d.kind === "section" && d.keyword === "data"))
    host.err(`next: ${absent}llmc data ${shown(path)}\n`);
  else if (declarations.length > 0) host.err(`next: import it in a model's file, or llmc fmt ${shown(path)}\n`);
  return 0;
}
