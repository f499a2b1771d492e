/**
 * @file Where things are kept that were made once for this machine: an unpacked software adapter, compiled kernels, curated text. Code is loaded from here, so the folder
 * must be one that nobody else can write to or put another in the place of.
 */
import { chmod, lstat, mkdir, mkdtemp, readlink, stat } from "node:fs/promises";
import { accessSync, constants, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, isAbsolute, join, parse, resolve, sep } from "node:path";
import { RuntimeFailure, messageOf } from "./failure.ts";

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
  if (unsafe !== undefined) throw new RuntimeFailure("disk/write", `there is no safe folder for the cache: ${problem}; ${unsafe}`, "name a folder of yours with XDG_CACHE_HOME");
  const made = await mkdtemp(join(base, "llmc-cache-")).catch((error: unknown) => {
    throw new RuntimeFailure("disk/write", `there is no folder for the cache: ${problem}; cannot write ${base}: ${messageOf(error)}`, "name a folder of yours with XDG_CACHE_HOME");
  });
  process.once("exit", () => rmSync(made, { recursive: true, force: true }));
  say(`${problem}; what would be kept there is made for this command alone (XDG_CACHE_HOME names another place)`);
  return made;
}

/** A line for the person, from where nobody waits for one. */
export function say(text: string): void {
  process.stderr.write(`note: ${text}\n`);
}

/** Makes the folder, for its owner alone. Says why it cannot be used. */
async function problemWith(folder: string): Promise<string | undefined> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const entry = await lstat(folder);
    if (!entry.isDirectory()) return `${folder} is ${entry.isSymbolicLink() ? "a link" : "no folder"}`;
    const user = process.getuid?.();
    // Windows keeps the folders of a user for that user.
    if (user === undefined) return undefined;
    if (entry.uid !== user) return `${folder} belongs to another user`;
    if (isOpen(entry)) return `others can write to ${folder}`;
    const unsafe = await unsafeIn(dirname(folder));
    if (unsafe !== undefined) return unsafe;
    if ((entry.mode & 0o077) !== 0) await chmod(folder, 0o700);
    accessSync(folder, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    return `${folder} cannot be written: ${messageOf(error)}`;
  }
}

/** Whether others than its owner may write. The group of a user's own name, which many systems give, is the user; that its number is the user's tells it. */
function isOpen({ mode, uid, gid }: { readonly mode: number; readonly uid: number; readonly gid: number }): boolean {
  return (mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && gid !== uid && gid !== 0);
}

const mostLinks = 40;

/**
 * Goes down to a folder, through links, and names the first part where somebody else could put another folder in the place of the next: who owns a part must be this user
 * or the system, and where others may write, only the owner of a file may move it (as in /tmp).
 */
async function unsafeIn(folder: string): Promise<string | undefined> {
  const user = process.getuid?.();
  if (user === undefined) return undefined;
  const { root } = parse(folder);
  // Where users have other numbers inside than outside, that of the system is whose the root is.
  const trusted = new Set([0, user, (await stat(root)).uid]);
  let at = root;
  let rest = folder.slice(root.length).split(sep);
  for (let links = 0; ; ) {
    const entry = await lstat(at);
    if (!trusted.has(entry.uid)) return `${at} belongs to another user`;
    if (entry.isSymbolicLink()) {
      if (++links > mostLinks) return `${at} is a link that leads in a circle`;
      rest = [...resolve(dirname(at), await readlink(at)).slice(root.length).split(sep), ...rest];
      at = root;
      continue;
    }
    if (isOpen(entry) && (entry.mode & 0o1000) === 0) return `others can write to ${at}`;
    rest = rest.filter((part) => part !== "");
    const [next] = rest;
    if (next === undefined) return undefined;
    rest = rest.slice(1);
    at = join(at, next);
  }
}
