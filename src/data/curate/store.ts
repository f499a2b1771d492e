/**
 * @file The cache: folders named by the hash of what they were made from. A file comes into being whole: it is written in a folder of this run's own,
 * forced to the disk, and renamed. Two runs that make the same file make the same bytes, so either may win.
 */
import { createHash, randomBytes } from "node:crypto";
import { access, mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { systemCode } from "../../runtime/failure.ts";
import { diskFailure } from "../../runtime/node/write-atomically.ts";

export interface Store {
  readonly folder: string;
  /** Where this run writes before it renames. */
  readonly temporary: string;
}

/** Runs of this process that are under way. */
const underWay = new Set<string>();

export async function openStore(folder: string): Promise<Store> {
  const all = join(folder, "temporary");
  const own = `${process.pid}-${randomBytes(6).toString("hex")}`;
  underWay.add(own);
  try {
    await mkdir(join(all, own), { recursive: true });
    for (const name of await readdir(all)) {
      if (!underWay.has(name) && !isRunning(Number(name.split("-")[0]))) await rm(join(all, name), { recursive: true, force: true });
    }
  } catch (error) {
    throw diskFailure(folder, error);
  }
  return { folder, temporary: join(all, own) };
}

export async function closeStore({ temporary }: Store): Promise<void> {
  underWay.delete(temporary.slice(dirname(temporary).length + 1));
  await rm(temporary, { recursive: true, force: true });
}

function isRunning(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) === "EPERM";
  }
}

/** Writes a file of the cache; its folder is there. */
export async function put(temporary: string, path: string, content: string | Iterable<Uint8Array>): Promise<void> {
  const name = join(temporary, randomBytes(8).toString("hex"));
  try {
    const file = await open(name, "wx");
    try {
      if (typeof content === "string") await file.writeFile(content);
      else for (const piece of content) await file.writeFile(piece);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(name, path);
  } catch (error) {
    await rm(name, { force: true });
    throw diskFailure(path, error);
  }
}

export const exists = (path: string): Promise<boolean> => access(path).then(() => true, () => false);

/** What a JSON file of the cache holds, if it is there. */
export async function stored<T>(path: string): Promise<T | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  }
  return JSON.parse(text) as T;
}

export const hashOf = (value: unknown): string => createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 32);
