/** @file A declaration of a source that a command works on: by its name, or the one that is meant without one. */
import { basename } from "node:path";
import type { Section } from "../../../grammar/syntax/ast.ts";
import { suggest } from "../../util/suggest.ts";
import { checkFile } from "../../semantics/check/check.ts";
import type { Program } from "../../semantics/load/program.ts";
import { problemWithSource, sourceHost } from "../frame/files.ts";
import type { Host } from "../frame/host.ts";
import { vocabularyInFiles } from "../tokenizer/make-tokenizer.ts";
import { countDiagnostics, isError, printDiagnostics } from "../frame/report.ts";

export interface FoundSection {
  readonly program: Program;
  readonly section: Section;
}

/** What is looked for, as messages name it: "data or tokenizer". Without a name `choose` takes one. */
export interface Wanted {
  readonly keywords: readonly Section["keyword"][];
  readonly choose: (sections: readonly Section[], program: Program) => Section | undefined;
}

/** `undefined` after the reasons were printed. */
export function findSection(
  path: string,
  name: string | undefined,
  { keywords, choose }: Wanted,
  host: Host,
): FoundSection | undefined {
  const problem = problemWithSource(path, host.cwd);
  if (problem !== undefined) return refuse(problem, host);
  const { program, diagnostics } = checkFile(path, sourceHost(host.cwd), vocabularyInFiles(host.cwd));
  printDiagnostics(diagnostics, host);
  if (diagnostics.some(isError)) return refuse(`${countDiagnostics(diagnostics)} in ${path}`, host);
  const sections = program.entry.file.declarations.filter(
    (d): d is Section => d.kind === "section" && keywords.includes(d.keyword),
  );
  const section = name === undefined ? choose(sections, program) : sections.find((s) => s.name.text === name);
  if (section) return { program, section };
  if (name === undefined)
    return refuse(`${basename(path)} declares ${keywords.map((word) => `no ${word}`).join(" and ")}`, host);
  const names = sections.map((s) => s.name.text);
  const near = suggest(name, names);
  const known = names.length > 0 ? `, only ${names.join(", ")}` : "";
  return refuse(
    `there is no ${keywords.join(" or ")} \`${name}\` in ${path}${near ? `; did you mean \`${near}\`?` : known}`,
    host,
  );
}

function refuse(problem: string, host: Host): undefined {
  host.err(`${problem}\n`);
}
