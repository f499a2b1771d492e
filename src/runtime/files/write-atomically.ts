/**
 * @file Writing a file so that it is there whole or not at all: to a temporary file beside it, forced to the disk, then renamed. On any failure the
 * temporary file is removed and what was there before is untouched.
 */
import * as fs from "node:fs/promises";
import type { Stats } from "node:fs";
import { basename, dirname, join } from "node:path";
import { RuntimeFailure, isFailure, messageOf, systemCode } from "../util/failure.ts";

/** The calls used; tests replace them to make disks fail. */
export type FileCalls = Pick<typeof fs, "open" | "rename" | "rm">;

let temporaryFiles = 0;

export async function writeAtomically(
  path: string,
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  calls: FileCalls = fs,
  like?: Stats,
): Promise<void> {
  // The beginning of the name is enough: a long one would not leave room for the rest.
  const temporary = join(
    dirname(path),
    `.${[...basename(path)].slice(0, 40).join("")}.${++temporaryFiles}.${process.pid}.tmp`,
  );
  let file: fs.FileHandle | undefined;
  try {
    await calls.rm(temporary, { force: true });
    file = await calls.open(temporary, "wx");
    if (like !== undefined) await takeAfter(file, like);
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

/** Writes a text where a person said: over a file of the same kind, or where there is none. Any other file is left as it is. */
export async function saveText(
  path: string,
  text: string,
  kind: { readonly what: string; readonly is: (before: string) => boolean },
): Promise<void> {
  const before = await fs.readFile(path, "utf8").catch(() => undefined);
  if (before !== undefined && before !== "" && !kind.is(before))
    throw new RuntimeFailure(
      "file/foreign",
      `${path} exists and is not ${kind.what}; it is left as it is`,
      "choose another name",
    );
  await replaceText(path, text);
}

/** Replaces a text of the user's, or makes it: the target of a link, not the link; owner and permissions stay. A file that is marked as read-only is left as it is. */
export async function replaceText(path: string, text: string): Promise<void> {
  const bytes = [new TextEncoder().encode(text)];
  let target: string;
  let before: Stats;
  try {
    target = await fs.realpath(path);
    before = await fs.stat(target);
    // Renaming asks the folder alone, and an administrator may do everything: the marks of the file itself say what its owner wants.
    if ((before.mode & 0o222) === 0) throw Object.assign(new Error("the file is read-only"), { code: "EACCES" });
    await fs.access(target, fs.constants.W_OK);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return writeAtomically(path, bytes);
    throw diskFailure(path, error);
  }
  // A device or a pipe, such as /dev/stdout, is no file that could be replaced.
  if (!before.isFile())
    return fs.writeFile(target, text).catch((error: unknown) => Promise.reject(diskFailure(path, error)));
  await writeAtomically(target, bytes, fs, before);
}

async function takeAfter(file: fs.FileHandle, { mode, uid, gid }: Stats): Promise<void> {
  const made = await file.stat();
  if (made.uid !== uid || made.gid !== gid) await file.chown(uid, gid);
  // After the owner, whose change clears some permissions.
  await file.chmod(mode & 0o7777);
}

const causes: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EIO: "the disk reports an error",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  ENOTDIR: "a part of the path is a file, not a folder",
  EISDIR: "it is a folder",
  EEXIST: "a file of that name is in the way",
  ENAMETOOLONG: "its name is too long",
  ENOENT: "its folder does not exist",
  ELOOP: "its links go in a circle",
  EFBIG: "it is larger than files may be here",
  EMFILE: "too many files are open",
  ENFILE: "too many files are open",
};

/** Why a system call on files failed, in a few words; `undefined` for what is no state of the disk. */
export function diskCause(error: unknown): string | undefined {
  return causes[systemCode(error) ?? ""];
}

/** A failure from a system error of writing `path`. */
export function diskFailure(path: string, error: unknown): RuntimeFailure {
  const code = systemCode(error);
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new RuntimeFailure(
      "disk/full",
      `${diskCause(error)}: ${path} could not be written; what was saved before is untouched`,
      "free some space, then give the same command again (a training run goes on with --resume)",
    );
  }
  return new RuntimeFailure("disk/write", `cannot write ${path}: ${diskCause(error) ?? messageOf(error)}`);
}

/** The process id in the name of a temporary file. */
export function writerOf(file: string): number | undefined {
  const match = /^\..+\.(\d+)\.tmp$/.exec(file);
  return match === null ? undefined : Number(match[1]);
}

/** Node refuses 2 GiB at once. */
const largestWrite = 2 ** 30;

async function writeAll(file: fs.FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, at, Math.min(largestWrite, bytes.length - at));
    at += bytesWritten;
  }
}

/** Makes the rename itself last. Not every file system lets folders be synced; the file's own content is safe already. */
async function syncFolder(folder: string, calls: FileCalls): Promise<void> {
  const handle = await calls.open(folder, "r").catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close().catch(() => undefined);
}
