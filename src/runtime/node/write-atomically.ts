/**
 * @file Writing a file so that it is there whole or not at all: to a temporary file beside it, forced to the disk, then renamed. On any failure the
 * temporary file is removed and what was there before is untouched.
 */
import * as fs from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { RuntimeFailure, isFailure, messageOf, systemCode } from "../failure.ts";

/** The calls used; tests replace them to make disks fail. */
export type FileCalls = Pick<typeof fs, "open" | "rename" | "rm">;

export async function writeAtomically(path: string, pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, calls: FileCalls = fs): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  let file: fs.FileHandle | undefined;
  try {
    file = await calls.open(temporary, "w");
    for await (const piece of pieces) await writeAll(file, piece);
    await file.sync();
    await file.close();
    file = undefined;
    await calls.rename(temporary, path);
    await syncFolder(dirname(path), calls);
  } catch (error) {
    await file?.close().catch(() => undefined);
    await calls.rm(temporary, { force: true }).catch(() => undefined);
    throw isFailure(error) ? error : diskFailure(path, error);
  }
}

/** A failure from a system error of writing `path`. */
export function diskFailure(path: string, error: unknown): RuntimeFailure {
  const code = systemCode(error);
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new RuntimeFailure("disk/full", `the disk is full: ${path} could not be written; what was saved before is untouched`, "free some space, then give the same command again (a training run goes on with --resume)");
  }
  return new RuntimeFailure("disk/write", `cannot write ${path}: ${messageOf(error)}`);
}

/** The process id in the name of a temporary file. */
export function writerOf(file: string): number | undefined {
  const match = /^\..+\.(\d+)\.tmp$/.exec(file);
  return match === null ? undefined : Number(match[1]);
}

/** Node refuses 2 GiB at once. */
const largestWrite = 2 ** 30;

async function writeAll(file: fs.FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, at, Math.min(largestWrite, bytes.length - at));
    at += bytesWritten;
  }
}

/** Makes the rename itself last. Not every file system lets folders be synced; the file's own content is safe already. */
async function syncFolder(folder: string, calls: FileCalls): Promise<void> {
  const handle = await calls.open(folder, "r").catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}
