/** @file `llmc fmt`: the one canonical layout. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Command, Input } from "../frame/command.ts";
import { withFailures } from "../frame/failures.ts";
import { problemWithSource } from "../frame/files.ts";
import type { ExitCode, Host } from "../frame/host.ts";
import { isError, plural, printDiagnostics, shown } from "../frame/report.ts";
import { sourcesIn } from "../frame/source-files.ts";

/** The command `llmc fmt`. */
export const fmt: Command = {
  name: "fmt",
  summary: "lay files out in the one canonical style",
  positionals: ["FILE..."],
  options: {
    check: { type: "boolean", help: "change nothing; fail if a file is not formatted" },
    stdin: {
      type: "boolean",
      help: "read the text from standard input, write it to standard output (FILE names it in messages)",
    },
  },
  examples: ["llmc fmt models/quickstart.llm", "llmc fmt --check models"],
  run: (input, host) => withFailures(host, () => runFmt(input, host)),
};

/** What became of a file. */
type Outcome = "formatted" | "was already" | "is not" | "has errors";

async function runFmt(input: Input, host: Host): Promise<ExitCode> {
  const [first = "", ...more] = input.positionals;
  const check = input.flag("check");
  if (input.flag("stdin")) {
    if (more.length > 0) {
      host.err(`with --stdin there is one text, so one name for it: not ${[first, ...more].map(shown).join(", ")}\n`);
      return 2;
    }
    const formatted = await formattedText(first, readFileSync(0, "utf8"), host);
    if (formatted === undefined) return 1;
    if (!check) host.out(formatted.text);
    else host.err(`${first} is ${formatted.changed ? "not " : ""}formatted\n`);
    return check && formatted.changed ? 1 : 0;
  }
  const found = input.positionals.map((path) => sourcesIn(path, host.cwd));
  const paths = [...new Set(found.flatMap((one) => one ?? []))];
  const named = input.positionals.filter((_, i) => found[i] === undefined);
  const problems = named.flatMap((path) => problemWithSource(path, host.cwd) ?? []);
  for (const problem of problems) host.err(`${problem}\n`);
  const files = [...named.filter((path) => problemWithSource(path, host.cwd) === undefined), ...paths];
  if (files.length === 0 && problems.length === 0) {
    host.err(`no .llm files in ${input.positionals.map(shown).join(", ")}\nnext: name a file\n`);
    return 1;
  }
  const outcomes = new Map<Outcome, string[]>();
  for (const path of files) {
    const outcome = await formatFile(path, check, host);
    outcomes.set(outcome, [...(outcomes.get(outcome) ?? []), path]);
  }
  return report(outcomes, problems.length > 0, host);
}

async function formatFile(path: string, check: boolean, host: Host): Promise<Outcome> {
  const text = readFileSync(resolve(host.cwd, path), "utf8");
  const formatted = await formattedText(path, text, host);
  if (formatted === undefined) return "has errors";
  if (!formatted.changed) return "was already";
  if (check) return "is not";
  const { replaceText } = await import("../../runtime/files/write-atomically.ts");
  await replaceText(resolve(host.cwd, path), formatted.text);
  return "formatted";
}

/** Nothing where the text has errors, which are printed. */
async function formattedText(
  path: string,
  written: string,
  host: Host,
): Promise<{ readonly text: string; readonly changed: boolean } | undefined> {
  const given = written.replace(/^\uFEFF/, "");
  const { parseFile } = await import("../../../grammar/parse.ts");
  const { diagnostics } = parseFile({ path, text: given });
  if (diagnostics.some(isError)) {
    printDiagnostics(diagnostics, host);
    host.err(`${path} is left as it is: ${plural(diagnostics.filter(isError).length, "error")} first\n`);
    return undefined;
  }
  const { formatText } = await import("../../../grammar/print.ts");
  const formatted = await formatText(given);
  return { text: formatted, changed: formatted !== given };
}

function report(outcomes: ReadonlyMap<Outcome, readonly string[]>, missing: boolean, host: Host): ExitCode {
  const [formatted = [], already = [], not = [], failed = []] = (
    ["formatted", "was already", "is not", "has errors"] as const
  ).map((outcome) => outcomes.get(outcome));
  for (const path of formatted) host.err(`formatted ${path}\n`);
  for (const path of not) host.err(`${path} is not formatted\n`);
  if (already.length === 1) host.err(`${already[0]} was formatted already\n`);
  else if (already.length > 1) host.err(`${already.length} files were formatted already\n`);
  const [bad] = failed;
  if (bad !== undefined) host.err(`next: llmc check ${shown(bad)}\n`);
  else if (not.length > 0) host.err(`next: llmc fmt ${not.map(shown).join(" ")}\n`);
  else if (!missing) host.err(`next: llmc check ${shown([...formatted, ...already][0] ?? "")}\n`);
  return missing || failed.length > 0 || not.length > 0 ? 1 : 0;
}
