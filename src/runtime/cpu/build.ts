/**
 * @file From C, such as a compiled program's, to a shared library. What was built once for the same text, compiler and processor is taken from the cache.
 */
import { createHash } from "node:crypto";
import { lstat, mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { cachedFolder } from "../files/cached-folder.ts";
import type { CompiledProgram } from "../session/device.ts";
import { RuntimeFailure, messageOf } from "../util/failure.ts";
import { requirePlainPath } from "../util/plain-path.ts";
import { diskFailure } from "../files/write-atomically.ts";
import type { Compiler } from "./compiler.ts";
import { execute } from "./compiler.ts";

/** Enough that a core with short parts can take over some of another's. */
const partsPerCore = 2;
const libraryName = "program.so";
/** Libraries that no run has used for so long are removed. */
const keptMilliseconds = 60 * 24 * 3600 * 1000;

/** The path of the program's library, compiled unless it is in the cache. */
export const buildLibrary = async (program: CompiledProgram, compiler: Compiler): Promise<string> =>
  libraryOf(await sourcesOf(program), compiler);

/** The path of a library made of C files and their headers, by their paths; compiled unless it is in the cache. */
export async function libraryOf(sources: ReadonlyMap<string, string>, compiler: Compiler): Promise<string> {
  for (const file of sources.keys()) requirePlainPath(file);
  const hash = createHash("sha256")
    .update(JSON.stringify([compiler.identity, [...sources].toSorted(([a], [b]) => (a < b ? -1 : 1))]))
    .digest("hex");
  const folder = await cachedFolder(`cpu-${hash.slice(0, 32)}`, async (made) => {
    const build = join(made, "build");
    for (const [file, text] of sources) {
      await mkdir(dirname(join(build, file)), { recursive: true });
      await writeFile(join(build, file), text);
    }
    await compile(build, sources, compiler);
    await rename(join(build, libraryName), join(made, libraryName));
    await rm(build, { recursive: true });
    return [libraryName];
  });
  await removeUnused(dirname(folder));
  return join(folder, libraryName);
}

/** The kernels, `step.c` and what they include, by their paths in the compiled program's folder. */
async function sourcesOf(program: CompiledProgram): Promise<ReadonlyMap<string, string>> {
  const sources = new Map<string, string>();
  const add = async (file: string): Promise<void> => {
    if (sources.has(file)) return;
    requirePlainPath(file);
    const text = await program.kernel(file);
    sources.set(file, text);
    for (const [, included = ""] of text.matchAll(/^#include "([^"]+)"/gm)) await add(included);
  };
  for (const file of new Set(["step.c", ...program.plan.kernels.map((kernel) => kernel.file)])) await add(file);
  return sources;
}

/**
 * Compiles all C files, as many at a time as there are cores, and links them to the library. A compilation takes several files: the headers that they all
 * include cost more than most kernels.
 */
async function compile(
  folder: string,
  sources: ReadonlyMap<string, string>,
  { command, flags }: Compiler,
): Promise<void> {
  const cc = (...args: string[]): Promise<string> =>
    execute([...command, ...flags, ...args], folder).catch((error: unknown) => {
      throw rejected(messageOf(error), command, folder);
    });
  const parts = inParts(
    [...sources].filter(([file]) => file.endsWith(".c")),
    partsPerCore * availableParallelism(),
  );
  const waiting = parts.entries();
  const compileSome = async (): Promise<void> => {
    for (const [i, files] of waiting) {
      await writeFile(join(folder, `part${i}.c`), files.map((file) => `#include "${file}"\n`).join(""));
      await cc("-I", ".", "-c", `part${i}.c`, "-o", `part${i}.o`);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, compileSome));
  await cc("-shared", ...parts.map((_, i) => `part${i}.o`), "-o", libraryName, "-lm");
}

/** Files in at most so many parts of about equal length of text. */
function inParts(
  files: readonly (readonly [file: string, text: string])[],
  most: number,
): readonly (readonly string[])[] {
  const parts = Array.from({ length: Math.min(most, files.length) }, () => ({ files: [] as string[], length: 0 }));
  for (const [file, text] of files.toSorted(([, a], [, b]) => b.length - a.length)) {
    const shortest = parts.reduce((a, b) => (b.length < a.length ? b : a));
    shortest.files.push(file);
    shortest.length += text.length;
  }
  return parts.map((part) => part.files);
}

function rejected(complaints: string, command: Compiler["command"], folder: string): RuntimeFailure {
  if (/No space left on device|Disk quota exceeded/.test(complaints))
    return diskFailure(folder, Object.assign(new Error(complaints), { code: "ENOSPC" }));
  const first =
    complaints.split("\n").find((line) => /\berror\b|undefined/.test(line)) ?? complaints.split("\n")[0] ?? "";
  const file = /^([^\s:]+\.[ch]):/.exec(first)?.[1] ?? "a kernel";
  return new RuntimeFailure(
    "device/kernel",
    `${file} was rejected by \`${command.join(" ")}\`: ${first}`,
    "if CFLAGS is set, try without it; otherwise this is a bug of the compiler: please report it with the model's source",
  );
}

async function removeUnused(cache: string): Promise<void> {
  const oldest = Date.now() - keptMilliseconds;
  for (const file of await readdir(cache)) {
    if (!file.startsWith("cpu-")) continue;
    const path = join(cache, file);
    const entry = await lstat(path).catch(() => undefined);
    if (entry !== undefined && entry.mtimeMs < oldest) await rm(path, { recursive: true, force: true });
  }
}
