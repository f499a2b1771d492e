/** @file Checks a source as `llmc check` does, with the standard library of the repository and the files beside the source. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { checkWithTokenizers, dataProblems } from "../../src/cli/model/data-problems.ts";
import type { Diagnostic } from "../../src/diagnostics/diagnostic.ts";
import type { SourceFile } from "../../src/diagnostics/source.ts";
import { checkFile } from "../../src/semantics/check/check.ts";
import type { Host } from "../../src/semantics/load/program.ts";

const library = fileURLToPath(new URL("../../stdlib/", import.meta.url));
const stdlib = readdirSync(library)
  .filter((name) => name.endsWith(".llm"))
  .map((name) => ({ name, text: readFileSync(library + name, "utf8") }));

/** All diagnostics of a source. What it imports is looked up in the folders, in their order. */
export function checkSource(source: SourceFile, folders: readonly string[]): readonly Diagnostic[] {
  return checkFile(source.path, hostOf(source, folders)).diagnostics;
}

/** The same, with what `llmc check` says of files of text and tokenizers, which lie in the first of the folders. */
export async function checkSourceAndFiles(
  source: SourceFile,
  folders: readonly [string, ...string[]],
): Promise<readonly Diagnostic[]> {
  const result = checkWithTokenizers(source.path, hostOf(source, folders), folders[0]);
  return [...result.diagnostics, ...(await dataProblems(result, folders[0]))];
}

function hostOf(source: SourceFile, folders: readonly string[]): Host {
  const readFile = (path: string): string | undefined => {
    if (path === source.path) return source.text;
    const folder = folders.find((known) => existsSync(known + path));
    return folder === undefined ? undefined : readFileSync(folder + path, "utf8");
  };
  return { readFile, stdlib };
}
