/** @file The tokenizer that an argument names: a source's, a `tokenizer.json`, or that of a run. */
import { basename, resolve } from "node:path";
import type { Section } from "../../grammar/ast.ts";
import { suggest } from "../diagnostics/suggest.ts";
import { readTokenizerJson } from "../data/tokenizer/tokenizer-json.ts";
import type { TokenizerData } from "../runtime/data/tokens.ts";
import { RuntimeFailure } from "../runtime/failure.ts";
import { checkFile } from "../semantics/check.ts";
import { dataText, declaredTokenizer, tokenizerUse } from "../semantics/texts.ts";
import { problemWithSource, sourceHost } from "./files.ts";
import { findRun } from "./find-run.ts";
import type { Host } from "./host.ts";
import { makeTokenizer, textOf, vocabularyInFiles } from "./make-tokenizer.ts";
import { countDiagnostics, isError, printDiagnostics } from "./report.ts";

/** `undefined` after the reasons were printed. `wanted` names a declaration of a source. */
export async function findTokenizer(given: string, wanted: string | undefined, host: Host): Promise<TokenizerData | undefined> {
  if (given.endsWith(".llm")) return ofSource(given, wanted, host);
  if (wanted !== undefined) throw new RuntimeFailure("usage", `${given} has one tokenizer, and \`--name\` chooses among those of a source`, "leave out --name");
  if (given.endsWith(".json")) return readTokenizerJson(textOf(resolve(host.cwd, given), given), given);
  const { openCheckpointFile } = await import("../runtime/node/checkpoints.ts");
  const checkpoint = await openCheckpointFile((await findRun(given, host)).checkpoint);
  await checkpoint.close();
  return checkpoint.info.tokenizer;
}

async function ofSource(path: string, wanted: string | undefined, host: Host): Promise<TokenizerData | undefined> {
  const problem = problemWithSource(path, host.cwd);
  if (problem !== undefined) return refuse(problem, host);
  const { program, diagnostics } = checkFile(path, sourceHost(host.cwd), vocabularyInFiles(host.cwd));
  printDiagnostics(diagnostics, host);
  if (diagnostics.some(isError)) return refuse(`${countDiagnostics(diagnostics)} in ${path}`, host);
  const sections = program.entry.file.declarations.filter((d): d is Section => d.kind === "section" && (d.keyword === "data" || d.keyword === "tokenizer"));
  const names = sections.map((section) => section.name.text);
  const section = wanted === undefined ? sections[0] : sections.find(({ name }) => name.text === wanted);
  if (!section) {
    const near = wanted === undefined ? undefined : suggest(wanted, names);
    if (wanted === undefined) return refuse(`${basename(path)} declares no data and no tokenizer`, host);
    return refuse(`there is no data or tokenizer \`${wanted}\` in ${path}${near ? `; did you mean \`${near}\`?` : `, only ${names.join(", ")}`}`, host);
  }
  const text = dataText(section.name, program.entry);
  const use = section.keyword === "tokenizer" ? declaredTokenizer(section.name, program.entry) : text && tokenizerUse(text);
  return use ? makeTokenizer(use, text, host) : refuse(`\`${section.name.text}\` has no tokenizer`, host);
}

function refuse(problem: string, host: Host): undefined {
  host.err(`${problem}\n`);
}
