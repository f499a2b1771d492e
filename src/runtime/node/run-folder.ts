/**
 * @file The folder of a run: that it is one, and that only one process writes to it. The lock is a file with the process and the host. On the same host a process that
 * is gone frees it; of another host only the file's age can tell, which the holder keeps young.
 */
import * as fs from "node:fs/promises";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { RuntimeFailure, isFailure, systemCode } from "../util/failure.ts";
import { diskFailure, writerOf } from "../files/write-atomically.ts";
import { inspectFolder, lockName, readManifest, removeEmpty, stagingName, writeManifest } from "./written-folder.ts";

export interface RunFolder {
  readonly path: string;
  /** Marks the folder as a run's: from now on it stays. Says what was wrong with the mark. */
  claim(): Promise<string | undefined>;
  /** Fails if another process has taken the folder over. */
  requireHeld(): Promise<void>;
  /** Frees it for others, and removes it if it was made and not claimed. */
  release(): Promise<void>;
}

interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When the process began, as the system counts it: a number that is given to another process later is told apart. */
  readonly began: string;
}

const keptYoungEvery = 20_000;
/** A holder on another host that has not touched its lock for so long is taken to be gone. */
const oldAfter = 10 * 60_000;

/** The folders that this process holds. */
const held = new Set<string>();

/** Takes the folder, which is made if need be. Fails where it is not a run's, or another process trains into it. */
export async function openRunFolder(given: string): Promise<RunFolder> {
  const path = resolve(given);
  await inspectFolder(path, "run");
  const made = await fs
    .mkdir(path, { recursive: true })
    .catch((error: unknown) => Promise.reject(diskFailure(path, error)));
  const lock = join(path, lockName);
  const text = JSON.stringify({ pid: process.pid, host: hostname(), began: beganAt(process.pid) } satisfies Holder);
  try {
    await take(lock, text, path);
  } catch (error) {
    await removeEmpty(path, made);
    throw error;
  }
  held.add(path);
  const young = setInterval(() => void fs.utimes(lock, new Date(), new Date()).catch(() => undefined), keptYoungEvery);
  young.unref();
  const isHeld = async (): Promise<boolean> => (await fs.readFile(lock, "utf8").catch(() => "")) === text;
  let [claimed, released] = [false, false];
  return {
    path,
    claim: async () => {
      const manifest = await readManifest(path);
      if (manifest === undefined || manifest.damaged) await writeManifest(path, { holds: "run", files: new Map() });
      claimed = true;
      for (const file of await fs.readdir(path))
        if (writerOf(file) !== undefined) await fs.rm(join(path, file), { force: true });
      return manifest?.damaged === true ? `${path}/llmc.json was damaged; it is written anew` : undefined;
    },
    requireHeld: async () => {
      if (!(await isHeld()))
        throw new RuntimeFailure(
          "run/locked",
          `another process has taken ${path} over; nothing more is written to it`,
          "see which of them should go on",
        );
    },
    release: async () => {
      if (released) return;
      released = true;
      clearInterval(young);
      held.delete(path);
      if (await isHeld()) await fs.rm(lock, { force: true }).catch(() => undefined);
      if (claimed) return;
      await fs.rm(join(path, stagingName), { recursive: true, force: true }).catch(() => undefined);
      await removeEmpty(path, made);
    },
  };
}

async function take(lock: string, text: string, folder: string): Promise<void> {
  const own = `${lock}.${process.pid}.tmp`;
  try {
    await fs.writeFile(own, text);
    for (let attempt = 0; attempt < 5; attempt++) {
      if (await make(lock, own, text)) return;
      const found = await fs.readFile(lock, "utf8").catch(() => undefined);
      // Gone meanwhile.
      if (found === undefined) continue;
      const holder = holderIn(found);
      if (holder !== undefined && (await isAlive(holder, lock, own, folder))) {
        throw new RuntimeFailure(
          "run/locked",
          `process ${holder.pid} on ${holder.host} is training into ${folder}`,
          `wait until it ends, stop it, or choose another folder with --out${holder.host === hostname() ? "" : `; if it is gone, remove ${lock}`}`,
        );
      }
      await removeStale(lock, found);
    }
  } catch (error) {
    throw isFailure(error) ? error : diskFailure(lock, error);
  } finally {
    await fs.rm(own, { force: true }).catch(() => undefined);
  }
  throw new RuntimeFailure("run/locked", `several processes want ${folder} at once`, "start one of them");
}

/** Makes the lock with its content at once, unless there is one: a link can do that on network file systems as well. */
async function make(lock: string, own: string, text: string): Promise<boolean> {
  try {
    await fs.link(own, lock);
    return true;
  } catch (error) {
    if (systemCode(error) === "EEXIST") return false;
  }
  // There are file systems without links.
  try {
    await fs.writeFile(lock, text, { flag: "wx" });
    return true;
  } catch (error) {
    if (systemCode(error) === "EEXIST") return false;
    throw error;
  }
}

/** Of two processes that find the same stale lock one moves it away; the other puts back what it moved if that was a new one. */
async function removeStale(lock: string, found: string): Promise<void> {
  const aside = `${lock}.${process.pid}.stale.tmp`;
  try {
    await fs.rename(lock, aside);
  } catch {
    return;
  }
  if ((await fs.readFile(aside, "utf8").catch(() => found)) !== found)
    await fs.link(aside, lock).catch(() => undefined);
  await fs.rm(aside, { force: true });
}

function holderIn(text: string): Holder | undefined {
  try {
    const value = JSON.parse(text) as Partial<Holder> | null;
    if (Number.isSafeInteger(value?.pid) && typeof value?.host === "string")
      return { pid: value.pid as number, host: value.host, began: String(value.began ?? "") };
  } catch {
    // A lock that was cut short by a full disk holds nobody.
  }
  return undefined;
}

async function isAlive({ pid, host, began }: Holder, lock: string, own: string, folder: string): Promise<boolean> {
  if (host !== hostname()) {
    // Both times are of the same file server, whatever the clocks of the hosts say.
    const [mark, now] = await Promise.all([fs.stat(lock), fs.stat(own)]);
    return now.mtimeMs - mark.mtimeMs < oldAfter;
  }
  if (pid === process.pid) return held.has(folder);
  return isRunning(pid) && (began === "" || beganAt(pid) === began);
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) === "EPERM";
  }
}

/** Ticks from the start of the machine to that of the process; empty where the system does not tell. */
function beganAt(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name of the program, in parentheses, may hold anything.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}
