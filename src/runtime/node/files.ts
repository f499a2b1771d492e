/** @file The files of a data source: patterns expanded in a fixed order, files read whole, and what can go wrong with either said plainly. */
import { readFileSync, realpathSync, statSync, type Stats } from "node:fs";
import { isUtf8 } from "node:buffer";
import { open, readdir, stat } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, resolve, sep } from "node:path";
import { setImmediate } from "node:timers/promises";
import { glob, isDynamicPattern } from "tinyglobby";
import type { SourceSpec, TextFile } from "../data/corpus.ts";
import type { DataOptions, DataSpec, TrainingData } from "../data/data.ts";
import { loadDataWith } from "../data/data.ts";
import { RuntimeFailure, messageOf, systemCode } from "../util/failure.ts";
import { eachCodePoint } from "../data/tokenizer/utf8.ts";
import { nearest } from "../util/nearest.ts";

/** Loads the data of a run; relative paths start at `folder`. */
export function loadData(spec: DataSpec, options: DataOptions, folder: string): Promise<TrainingData> {
  return loadDataWith(spec, options, (source) => readSource(source, folder));
}

/** The files of a source, sorted by name, each read when it is asked for. */
export async function* readSource(
  source: Pick<SourceSpec, "name" | "files">,
  folder: string,
): AsyncGenerator<TextFile> {
  let turned = performance.now();
  for (const { path, name } of await expand(source, folder)) {
    yield { name, bytes: textIn(await readWhole(path, name), name) };
    // Small files are read without waiting: without a turn of the event loop no interrupt would be heard.
    if (performance.now() - turned < turn) continue;
    await setImmediate();
    turned = performance.now();
  }
}

/** Milliseconds between two turns of the event loop. */
const turn = 20;

/** The bytes, without the mark that some programs begin files with, if they are text. */
function textIn(bytes: Uint8Array, name: string): Uint8Array {
  if (bytes.includes(0))
    throw new RuntimeFailure(
      "data/encoding",
      `${name} has a zero byte: it is no text`,
      "leave binary files out of the patterns",
    );
  if (!isUtf8(bytes)) {
    const invalid = eachCodePoint(bytes, () => undefined);
    throw new RuntimeFailure(
      "data/encoding",
      `${name} is not UTF-8: byte 0x${(invalid?.byte ?? 0).toString(16).padStart(2, "0")} at offset ${invalid?.offset ?? 0}`,
      "convert the file to UTF-8",
    );
  }
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}

/** Fails if files of the data are missing, without reading any. */
export async function requireFiles(spec: DataSpec, folder: string): Promise<void> {
  for (const source of spec.sources) await expand(source, folder);
}

export interface Named {
  readonly name: string;
  readonly path: string;
}

/** The files that patterns name, sorted by name. */
export async function expand(source: Pick<SourceSpec, "name" | "files">, folder: string): Promise<readonly Named[]> {
  const found = new Map<string, Named>();
  const realFolders = new Map<string, string>();
  const realFolder = (folder: string): string => {
    const real = realFolders.get(folder) ?? realpathSync.native(folder);
    realFolders.set(folder, real);
    return real;
  };
  for (const pattern of source.files) {
    const { root, rest, prefix } = pattern.startsWith("npm:")
      ? await inPackage(pattern, folder)
      : { root: folder, rest: pattern, prefix: "" };
    const paths = isDynamicPattern(rest)
      ? await glob(rest, { cwd: root, dot: false })
      : [await plainFile(root, unescaped(rest), pattern)];
    if (paths.length === 0)
      throw new RuntimeFailure(
        "data/missing",
        `source \`${source.name}\`: no file matches ${pattern} in ${root}`,
        await whereItEnds(root, rest),
      );
    for (const path of paths) {
      const named: Named = { name: prefix + path, path: resolve(root, path) };
      // Links to folders, loops of them among those, lead to a file by many names: the shortest is taken.
      const place = join(realFolder(dirname(named.path)), basename(named.path));
      if (prefix !== "" && !isWithin(realFolder(root), realpathSync(named.path)))
        throw new RuntimeFailure(
          "data/missing",
          `${pattern} leads out of its package, to ${realpathSync(named.path)}`,
          "name that file by its own path",
        );
      const other = found.get(place);
      if (
        other === undefined ||
        named.name.length < other.name.length ||
        (named.name.length === other.name.length && named.name < other.name)
      )
        found.set(place, named);
    }
  }
  // Code unit order: the same on every machine and in every locale.
  return [...found.values()].toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

const isWithin = (folder: string, path: string): boolean => path.startsWith(folder + sep);

/** Why a pattern may fit nothing: the first folder of its path that is not there and the nearest name, or what the last one holds. */
async function whereItEnds(root: string, pattern: string): Promise<string | undefined> {
  const parts = pattern.split("/");
  let at = root;
  for (const [i, part] of parts.entries()) {
    const names = (await readdir(at).catch(() => [])).filter((name) => !name.startsWith("."));
    if (isDynamicPattern(part) || i === parts.length - 1) {
      const shown = names
        .toSorted()
        .slice(0, 3)
        .map((name) => `\`${name}\``)
        .join(", ");
      return names.length === 0
        ? `${at} is empty`
        : `${at} has ${shown}${names.length > 3 ? ` and ${names.length - 3} more` : ""}`;
    }
    const name = unescaped(part);
    const next = resolve(at, name);
    if ((await stat(next).catch(() => undefined))?.isDirectory() !== true) {
      const near = nearest(name, names);
      return near === undefined
        ? `there is no folder \`${name}\` in ${at}`
        : `there is no folder \`${name}\`; did you mean \`${[...parts.slice(0, i), near, ...parts.slice(i + 1)].join("/")}\`?`;
    }
    at = next;
  }
  return undefined;
}

/** Folders with brackets in their names come with backslashes before them. */
function unescaped(path: string): string {
  return path.replace(/\\(?=[()[\]{}*?!|@+])/g, "");
}

async function plainFile(root: string, file: string, shown: string): Promise<string> {
  if (file.includes("\0")) throw new RuntimeFailure("data/unreadable", "no path has a zero byte in it");
  const path = resolve(root, file);
  let entry: Stats;
  try {
    entry = await stat(path);
  } catch (error) {
    if (systemCode(error) !== "ENOENT" && systemCode(error) !== "ENOTDIR") throw unreadable(shown, error);
    const siblings = await readdir(dirname(path)).catch((): string[] => []);
    if (siblings.includes(basename(path)))
      throw new RuntimeFailure("data/missing", `${shown} is a link to a file that is not there`);
    const near = nearest(basename(path), siblings);
    const help =
      near === undefined
        ? isAbsolute(file)
          ? undefined
          : `paths are relative to ${root}`
        : `did you mean \`${join(dirname(file), near)}\`?`;
    throw new RuntimeFailure("data/missing", `there is no file ${shown}`, help);
  }
  if (entry.isDirectory()) {
    throw new RuntimeFailure(
      "data/directory",
      `${shown} is a folder, not a file`,
      `write \`${shown.replace(/\/$/, "")}/**/*.txt\` for the text files in it`,
    );
  }
  return file;
}

/** `npm:name/path`: the folder of the package, looked for upwards from `folder` and from this module, as Node looks for modules. */
async function inPackage(pattern: string, folder: string): Promise<{ root: string; rest: string; prefix: string }> {
  const match = /^npm:((?:@[\w~-][\w.~-]*\/)?[\w~-][\w.~-]*)\/(.+)$/.exec(pattern);
  // Nothing but what the package holds: a name and a path that climb out of it name no file in a package.
  if (match === null || pattern.split(/[\\/]/).includes(".."))
    throw new RuntimeFailure(
      "data/missing",
      `${pattern} names no file in a package`,
      "write `npm:package/path/to/file.txt`",
    );
  const [, name = "", rest = ""] = match;
  for (const start of [folder, import.meta.dirname]) {
    for (let at = resolve(start); ; at = dirname(at)) {
      const root = join(at, "node_modules", name);
      const entry = await stat(root).catch(() => undefined);
      if (entry?.isDirectory() === true) return { root, rest, prefix: `npm:${name}/` };
      if (dirname(at) === at) break;
    }
  }
  throw new RuntimeFailure("data/missing", `the package ${name} of ${pattern} is not installed`, `npm install ${name}`);
}

/** Largest single read: Node refuses 2 GiB and more. */
const pieceBytes = 2 ** 30;
/** Files up to here are read at once: waiting for each would take longer than reading it. */
const smallFile = 2 ** 20;

async function readWhole(path: string, name: string): Promise<Uint8Array> {
  try {
    if (statSync(path).size <= smallFile) return readFileSync(path);
    const file = await open(path);
    try {
      const { size } = await file.stat();
      const bytes = new Uint8Array(size);
      let at = 0;
      while (at < size) {
        const { bytesRead } = await file.read(bytes, at, Math.min(pieceBytes, size - at), at);
        if (bytesRead === 0) break;
        at += bytesRead;
      }
      return bytes.subarray(0, at);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw unreadable(name, error);
  }
}

function unreadable(name: string, error: unknown): RuntimeFailure {
  return new RuntimeFailure("data/unreadable", `cannot read ${name}: ${messageOf(error)}`);
}
