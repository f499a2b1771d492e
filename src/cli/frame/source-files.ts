/** @file The `.llm` files below a folder that a command was given. */
import { readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";

/**
 * The files in a folder and the folders below it, in order, as paths that begin as the folder was written; nothing where the path is no folder. Links to folders are not
 * followed, as they may lead in circles; packages, hidden folders and what llmc writes (it has an `llmc.json`) are left out.
 */
export function sourcesIn(path: string, cwd: string): readonly string[] | undefined {
  if (statSync(resolve(cwd, path), { throwIfNoEntry: false })?.isDirectory() !== true) return undefined;
  const entries = readdirSync(resolve(cwd, path), { withFileTypes: true }).toSorted((a, b) =>
    a.name < b.name ? -1 : 1,
  );
  if (entries.some(({ name }) => name === "llmc.json")) return [];
  return entries.flatMap((entry) => {
    if (entry.isFile()) return entry.name.endsWith(".llm") ? [join(path, entry.name)] : [];
    const skipped = !entry.isDirectory() || entry.name.startsWith(".") || entry.name === "node_modules";
    return skipped ? [] : (sourcesIn(join(path, entry.name), cwd) ?? []);
  });
}
