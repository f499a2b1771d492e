/** @file The checkpoints of a run in a folder: `step-00000500.safetensors`, the newest few kept. */
import * as fs from "node:fs/promises";
import { basename, join } from "node:path";
import type { Checkpoint, CheckpointOfRun } from "../training/checkpoint.ts";
import { encodeCheckpoint, openCheckpoint, verifyCheckpoint } from "../training/checkpoint.ts";
import type { Session } from "../session/device.ts";
import { RuntimeFailure, isFailure, messageOf, systemCode } from "../util/failure.ts";
import type { ByteSource } from "../training/safetensors.ts";
import { isRunning } from "./run-folder.ts";
import type { FileCalls } from "../files/write-atomically.ts";
import { diskFailure, writeAtomically, writerOf } from "../files/write-atomically.ts";

export interface Checkpoints {
  readonly folder: string;
  /** Paths, oldest first. */
  list(): Promise<readonly string[]>;
  /** Writes a checkpoint. Gives its path. */
  save(session: Session, info: CheckpointOfRun): Promise<string>;
  /** Removes the oldest up to `step` beyond those to keep. The newest up to `good` stays: of those after it no later step has shown yet that they are good. */
  prune(step: number, good: number): Promise<void>;
  /** Removes every checkpoint of the folder. */
  removeAll(): Promise<void>;
}

/** The checkpoints of a folder, oldest first; none if there is no such folder. */
export async function listCheckpoints(folder: string): Promise<readonly string[]> {
  const files = await fs.readdir(folder).catch((error: unknown) => {
    if (systemCode(error) === "ENOENT" || systemCode(error) === "ENOTDIR") return [];
    throw error;
  });
  const steps = files.flatMap((file) => pattern.exec(file)?.[1] ?? []);
  return steps.toSorted((a, b) => Number(a) - Number(b)).map((step) => join(folder, `step-${step}.safetensors`));
}

const pattern = /^step-(\d+)\.safetensors$/;

const stepOf = (path: string): number => Number(pattern.exec(basename(path))?.[1]);

/** `keep` is how many stay; at least one. */
export async function openCheckpoints(folder: string, keep: number, calls: FileCalls = fs): Promise<Checkpoints> {
  try {
    await fs.mkdir(folder, { recursive: true });
  } catch (error) {
    throw diskFailure(folder, error);
  }
  await removeLeftovers(folder);
  const list = (): Promise<readonly string[]> => listCheckpoints(folder);
  const remove = async (paths: readonly string[]): Promise<void> => {
    for (const path of paths) await calls.rm(path, { force: true });
  };
  return {
    folder,
    list,
    save: async (session, info) => {
      const path = join(folder, `step-${String(info.step).padStart(8, "0")}.safetensors`);
      await writeAtomically(path, encodeCheckpoint(session, info), calls);
      return path;
    },
    prune: async (step, good) => {
      const upTo = (await list()).filter((path) => stepOf(path) <= step);
      const newestGood = upTo.filter((path) => stepOf(path) <= good).at(-1);
      await remove(upTo.slice(0, -Math.max(1, keep)).filter((path) => path !== newestGood));
    },
    removeAll: async () => remove(await list()),
  };
}

/** Opens a checkpoint file. `close` it after restoring. */
export async function openCheckpointFile(path: string): Promise<Checkpoint & { close(): Promise<void> }> {
  let file: fs.FileHandle;
  try {
    file = await fs.open(path);
  } catch (error) {
    if (systemCode(error) === "ENOENT")
      throw new RuntimeFailure("checkpoint/missing", `there is no checkpoint ${path}`);
    throw new RuntimeFailure("checkpoint/missing", `cannot read ${path}: ${messageOf(error)}`);
  }
  try {
    const { size } = await file.stat();
    const checkpoint = await openCheckpoint(byteSource(path, file, size));
    return { ...checkpoint, close: () => file.close() };
  } catch (error) {
    await file.close();
    throw systemCode(error) === "EISDIR"
      ? new RuntimeFailure("checkpoint/missing", `${path} is a folder, not a checkpoint`)
      : error;
  }
}

export type OpenCheckpoint = Awaited<ReturnType<typeof openCheckpointFile>>;

/** Opens the newest of these checkpoints, oldest first, of which every bit is as it was written. `notice` is told of those that are not. */
export async function openNewestSound(
  paths: readonly string[],
  notice: (text: string) => void,
  open: (path: string) => Promise<OpenCheckpoint> = openSound,
): Promise<OpenCheckpoint> {
  let first: RuntimeFailure | undefined;
  for (const path of paths.toReversed()) {
    try {
      return await open(path);
    } catch (error) {
      if (!isFailure(error) || error.code !== "checkpoint/corrupt") throw error;
      first ??= error;
      notice(`warning: ${error.message}${path === paths[0] ? "" : "; taking the one before"}`);
    }
  }
  throw first ?? new RuntimeFailure("checkpoint/missing", "there is no checkpoint");
}

/** Opens a checkpoint and reads all of it. Fails if a bit of it has changed. */
export async function openSound(path: string): Promise<OpenCheckpoint> {
  const checkpoint = await openCheckpointFile(path);
  try {
    await verifyCheckpoint(checkpoint);
    return checkpoint;
  } catch (error) {
    await checkpoint.close();
    throw error;
  }
}

function byteSource(name: string, file: fs.FileHandle, size: number): ByteSource {
  return {
    name,
    size,
    read: async (from, bytes) => {
      const values = new Uint8Array(bytes);
      for (let at = 0; at < bytes;) {
        const { bytesRead } = await file
          .read(values, at, Math.min(2 ** 30, bytes - at), from + at)
          .catch((error: unknown) => {
            throw systemCode(error) === "EISDIR"
              ? error
              : new RuntimeFailure("checkpoint/corrupt", `${name} cannot be read: ${messageOf(error)}`);
          });
        if (bytesRead === 0) throw new RuntimeFailure("checkpoint/corrupt", `${name} ended while it was read`);
        at += bytesRead;
      }
      return values;
    },
  };
}

/** Temporary files of processes that were killed while writing. */
async function removeLeftovers(folder: string): Promise<void> {
  for (const file of await fs.readdir(folder)) {
    const writer = writerOf(file);
    if (writer !== undefined && !isRunning(writer)) await fs.rm(join(folder, file), { force: true });
  }
}
