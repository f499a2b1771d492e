/** @file Files of the cache that are not as they were written. What they belong to is removed and made again. */
import { readdir, rm } from "node:fs/promises";
import { join, relative, sep } from "node:path";

/** Thrown where one is read; the run begins again, and finds everything else made. */
export class CacheDamage extends Error {
  override readonly name = "CacheDamage";
  readonly path: string;

  constructor(path: string) {
    super(`${path} is not as it was written`);
    this.path = path;
  }
}

/** Removes what is made together with a file: the stage of a shard, the counts of a stage, a model with what was measured of it. */
export async function forget(folder: string, path: string): Promise<void> {
  const [kind = "", ...rest] = relative(folder, path).split(sep);
  const above = kind === "tokens" ? join(folder, kind, rest[0] ?? "") : join(folder, kind);
  const stem = (kind === "tokens" ? rest[1] : rest[0])?.split(".")[0];
  if (stem === undefined || stem === "") throw new Error(`${path} is no file of the cache`);
  for (const name of await readdir(above))
    if (name.split(".")[0] === stem) await rm(join(above, name), { recursive: true, force: true });
}
