/** @file Files for the compiler: sources relative to the working directory, and the standard library that ships beside the program. */
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Host as SourceHost } from "../../semantics/load/program.ts";

/** The folder of the package: where `stdlib/` is, from the bundle in dist/ as well as from the sources. */
export function packageFolder(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    if (existsSync(join(folder, "stdlib")) && existsSync(join(folder, "package.json"))) return folder;
    if (folder === dirname(folder)) throw new Error("internal: the standard library is not beside the program");
  }
}

function readStdlib(): SourceHost["stdlib"] {
  const folder = join(packageFolder(), "stdlib");
  const names = readdirSync(folder)
    .filter((name) => name.endsWith(".llm"))
    .toSorted();
  return names.map((name) => ({ name, text: readFileSync(join(folder, name), "utf8") }));
}

export function sourceHost(cwd: string): SourceHost {
  return { readFile: (path) => readSource(resolve(cwd, path)), stdlib: readStdlib() };
}

/** The text of a file, if there is one that can be read. */
function readSource(path: string): string | undefined {
  try {
    if (!statSync(path).isFile()) return undefined;
    // A byte order mark is no part of the text.
    return readFileSync(path, "utf8").replace(/^\uFEFF/, "");
  } catch {
    return undefined;
  }
}

/** Why a path cannot be compiled: said before anything is parsed. */
export function problemWithSource(path: string, cwd: string): string | undefined {
  const absolute = resolve(cwd, path);
  try {
    const found = statSync(absolute);
    if (found.isDirectory()) return `${path} is a folder; name a .llm file in it`;
    // A pipe gives its text once, and this is read more than once; one that nobody writes to would be waited for without end.
    if (!found.isFile()) return `${path} is not a file; write the text to one`;
    new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(absolute));
    return undefined;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return `there is no file ${path}`;
    if (code === "ERR_ENCODING_INVALID_ENCODED_DATA") return `${path} is not UTF-8 text`;
    return `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Where a folder is without links, though it need not exist yet: Node says so of the programs in it, whose paths to data are relative. */
export function realFolder(path: string): string {
  for (let at = path, rest = ""; ; rest = join(basename(at), rest), at = dirname(at)) {
    try {
      return join(realpathSync(at), rest);
    } catch {
      if (at === dirname(at)) return path;
    }
  }
}
