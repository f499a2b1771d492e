/** @file The run that an argument names: its folder, or a checkpoint in it. */
import { existsSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { RuntimeFailure } from "../../runtime/util/failure.ts";
import { listCheckpoints } from "../../runtime/node/checkpoints.ts";
import type { Host } from "../frame/host.ts";

export interface FoundRun {
  readonly folder: string;
  /** Oldest first, or the one that was named alone. */
  readonly checkpoints: readonly string[];
}

export async function findRun(given: string, host: Host): Promise<FoundRun> {
  const target = resolve(host.cwd, given);
  if (!existsSync(target))
    throw new RuntimeFailure(
      "checkpoint/missing",
      `there is no run or checkpoint ${given}`,
      "train first: llmc train FILE",
    );
  const isFolder = statSync(target).isDirectory();
  const folder = isFolder ? target : dirname(basename(dirname(target)) === "checkpoints" ? dirname(target) : target);
  const checkpoints = isFolder ? await listCheckpoints(join(folder, "checkpoints")) : [target];
  if (checkpoints.length === 0)
    throw new RuntimeFailure(
      "checkpoint/missing",
      `there is no checkpoint in ${given}`,
      "train first: llmc train FILE",
    );
  return { folder, checkpoints };
}
