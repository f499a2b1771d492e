/** @file Folders that only this user can write to: what is read from them was put there by this user's programs. */
import { accessSync, constants } from "node:fs";
import { chmod, lstat, mkdir, readlink, stat } from "node:fs/promises";
import { dirname, join, parse, resolve, sep } from "node:path";
import { messageOf } from "../util/failure.ts";

/** Makes the folder, for its owner alone. Says why it cannot be used. */
export async function problemWith(folder: string): Promise<string | undefined> {
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
export async function unsafeIn(folder: string): Promise<string | undefined> {
  const user = process.getuid?.();
  if (user === undefined) return undefined;
  const { root } = parse(folder);
  // Where users have other numbers inside than outside, that of the system is whose the root is.
  const trusted = new Set([0, user, (await stat(root)).uid]);
  let at = root;
  let rest = folder.slice(root.length).split(sep);
  for (let links = 0; ;) {
    const entry = await lstat(at);
    if (!trusted.has(entry.uid)) return `${at} belongs to another user`;
    if (entry.isSymbolicLink()) {
      if (++links > mostLinks) return `${at} is a link that leads in a circle`;
      rest = [
        ...resolve(dirname(at), await readlink(at))
          .slice(root.length)
          .split(sep),
        ...rest,
      ];
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
