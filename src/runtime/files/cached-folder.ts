/**
 * @file A folder in the cache, made once by its name. It appears by a rename, so it is complete whenever it is there, and several processes may make the same at once. Its
 * files are loaded as code: each time, they must be what was written, bit for bit; a folder that is not is made again.
 */
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { mkdtemp, open, rename, rm, utimes } from "node:fs/promises";
import { basename, join } from "node:path";
import { cacheFolder, say } from "./cache-folder.ts";
import { isFailure, systemCode } from "../util/failure.ts";
import { diskFailure } from "./write-atomically.ts";

/** A line for each file: its SHA-256 and its name; the last is that of the name of the folder and the lines before. */
const sumsName = "sha256";

/** `make` writes the files, which it names, into the folder that it is given. */
export async function cachedFolder(
  name: string,
  make: (folder: string) => Promise<readonly string[]>,
): Promise<string> {
  const cache = await cacheFolder();
  const folder = join(cache, name);
  for (let attempt = 0; ; attempt++) {
    const damage = await damageIn(folder);
    if (damage === undefined) {
      const now = new Date();
      await utimes(folder, now, now).catch(() => undefined);
      return folder;
    }
    if (attempt === 3) throw diskFailure(folder, new Error(`it is made again and again, and ${damage}`));
    try {
      if (damage !== "absent") {
        say(`${folder} was damaged (${damage}); it is made again`);
        await rm(folder, { recursive: true, force: true });
      }
      await makeFolder(cache, folder, make);
    } catch (error) {
      throw isFailure(error) ? error : diskFailure(folder, error);
    }
  }
}

async function makeFolder(
  cache: string,
  folder: string,
  make: (folder: string) => Promise<readonly string[]>,
): Promise<void> {
  const temporary = await mkdtemp(`${folder}.`);
  try {
    let lines = "";
    for (const file of await make(temporary)) {
      const handle = await open(join(temporary, file), "r+");
      try {
        lines += `${sha256(await handle.readFile())} ${file}\n`;
        await handle.sync();
      } finally {
        await handle.close();
      }
    }
    const sums = await open(join(temporary, sumsName), "wx");
    try {
      await sums.writeFile(`${lines}${sumOf(folder, lines)}\n`);
      await sums.sync();
    } finally {
      await sums.close();
    }
    await sync(temporary);
    await rename(temporary, folder).catch((error: unknown) => {
      // Another process was faster.
      if (!["ENOTEMPTY", "EEXIST", "EPERM"].includes(systemCode(error) ?? "")) throw error;
    });
    await sync(cache);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** What is wrong with the folder; `absent` if there is none. */
async function damageIn(folder: string): Promise<string | undefined> {
  try {
    const sums = (await bytesOf(join(folder, sumsName))).toString("latin1");
    const lines = sums.slice(0, -65);
    if (sums !== `${lines}${sumOf(folder, lines)}\n`) return `its list of sums has changed`;
    for (const line of lines.split("\n").slice(0, -1)) {
      const file = line.slice(65);
      if (sha256(await bytesOf(join(folder, file))) !== line.slice(0, 64)) return `${file} has changed`;
    }
    return undefined;
  } catch (error) {
    if (systemCode(error) !== "ENOENT")
      return systemCode(error) === undefined ? (error as Error).message : `${systemCode(error)}`;
    return (await open(folder).then(
      (handle) => handle.close().then(() => true),
      () => false,
    ))
      ? "a file is missing"
      : "absent";
  }
}

/** Of a file of this user's: no link, and nothing that one could wait for forever. */
async function bytesOf(path: string): Promise<Buffer> {
  const file = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  try {
    const entry = await file.stat();
    if (!entry.isFile()) throw new Error(`${basename(path)} is no file`);
    if (process.getuid !== undefined && entry.uid !== process.getuid())
      throw new Error(`${basename(path)} belongs to another user`);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/** With the name: one folder does not pass for another. */
const sumOf = (folder: string, lines: string): string => sha256(`${basename(folder)}\n${lines}`);

const sha256 = (content: string | Uint8Array): string => createHash("sha256").update(content).digest("hex");

/** Makes a rename last. Not every file system lets folders be synced. */
async function sync(folder: string): Promise<void> {
  const handle = await open(folder, "r").catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close().catch(() => undefined);
}
