/** @file The checkpoints of a run in a folder: `step-00000500.safetensors`, the newest few kept. */
import * as fs from "node:fs/promises";
import { join } from "node:path";
import type { Checkpoint, CheckpointInfo } from "../checkpoint.ts";
import { encodeCheckpoint, openCheckpoint } from "../checkpoint.ts";
import type { Session } from "../device.ts";
import { RuntimeFailure, messageOf, systemCode } from "../failure.ts";
import type { ByteSource } from "../safetensors.ts";
import type { FileCalls } from "./write-atomically.ts";
import { diskFailure, writeAtomically, writerOf } from "./write-atomically.ts";

export interface Checkpoints {
  readonly folder: string;
  /** Paths, oldest first. */
  list(): Promise<readonly string[]>;
  /** Writes a checkpoint, then removes the oldest beyond those to keep. Gives its path. */
  save(session: Session, info: Omit<CheckpointInfo, "model" | "parametersHash">): Promise<string>;
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
      await remove((await list()).slice(0, -Math.max(1, keep)));
      return path;
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
    if (systemCode(error) === "ENOENT") throw new RuntimeFailure("checkpoint/missing", `there is no checkpoint ${path}`);
    throw new RuntimeFailure("checkpoint/missing", `cannot read ${path}: ${messageOf(error)}`);
  }
  try {
    const { size } = await file.stat();
    const checkpoint = await openCheckpoint(byteSource(path, file, size));
    return { ...checkpoint, close: () => file.close() };
  } catch (error) {
    await file.close();
    throw systemCode(error) === "EISDIR" ? new RuntimeFailure("checkpoint/missing", `${path} is a folder, not a checkpoint`) : error;
  }
}

function byteSource(name: string, file: fs.FileHandle, size: number): ByteSource {
  return {
    name,
    size,
    read: async (from, bytes) => {
      const values = new Uint8Array(bytes);
      for (let at = 0; at < bytes; ) {
        const { bytesRead } = await file.read(values, at, Math.min(2 ** 30, bytes - at), from + at);
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

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) === "EPERM";
  }
}
