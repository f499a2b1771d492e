/**
 * @file Where things are kept that were made once for this machine: an unpacked software adapter, compiled kernels, curated text. Code is loaded from here, so the folder
 * must be one that nobody else can write to or put another in the place of.
 */
import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { RuntimeFailure, messageOf } from "../util/failure.ts";
import { problemWith, unsafeIn } from "./own-folder.ts";

/** By the folder that was asked for: what this process uses. */
const chosen = new Map<string, Promise<string>>();

/** The folder, made if need be. Where that cannot be trusted, a folder of this process, removed at its end; this is said once. */
export function cacheFolder(): Promise<string> {
  const given = process.env["XDG_CACHE_HOME"] ?? "";
  const preferred = join(isAbsolute(given) ? given : join(homedir(), ".cache"), "llmc");
  const known = chosen.get(preferred) ?? choose(preferred);
  chosen.set(preferred, known);
  return known;
}

async function choose(preferred: string): Promise<string> {
  const problem = await problemWith(preferred);
  if (problem === undefined) return preferred;
  const base = resolve(tmpdir());
  const unsafe = await unsafeIn(base);
  if (unsafe !== undefined)
    throw new RuntimeFailure(
      "disk/write",
      `there is no safe folder for the cache: ${problem}; ${unsafe}`,
      "name a folder of yours with XDG_CACHE_HOME",
    );
  const made = await mkdtemp(join(base, "llmc-cache-")).catch((error: unknown) => {
    throw new RuntimeFailure(
      "disk/write",
      `there is no folder for the cache: ${problem}; cannot write ${base}: ${messageOf(error)}`,
      "name a folder of yours with XDG_CACHE_HOME",
    );
  });
  process.once("exit", () => rmSync(made, { recursive: true, force: true }));
  say(`${problem}; what would be kept there is made for this command alone (XDG_CACHE_HOME names another place)`);
  return made;
}

/** A line for the person, from where nobody waits for one. */
export function say(text: string): void {
  process.stderr.write(`note: ${text}\n`);
}
