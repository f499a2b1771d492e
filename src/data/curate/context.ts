/** @file What a run of curation has at hand, and the files it reads: named, and known by what they hold. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, stat } from "node:fs/promises";
import { isAbsolute, join, relative } from "node:path";
import { expand } from "../../runtime/node/files.ts";
import { RuntimeFailure, messageOf } from "../../runtime/failure.ts";
import type { Damage } from "../read/item.ts";
import type { FilesToRead } from "./plan.ts";
import type { Pool } from "./pool.ts";
import { hashOf, put, stored, type Store } from "./store.ts";

export interface Progress {
  /** What is being done, by the names of the steps. */
  readonly step: string;
  /** Of what was done in this run; what was done before is not said again. */
  readonly documents: number;
  readonly bytes: number;
}

export interface Context {
  readonly store: Store;
  /** Where relative paths start. */
  readonly folder: string;
  readonly pool: Pool;
  readonly progress: (progress: Progress) => void;
  readonly signal: AbortSignal | undefined;
}

export interface KnownFile {
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** The files of a source in the order in which they are read. */
export async function filesOf(name: string, { patterns }: FilesToRead, context: Context): Promise<readonly KnownFile[]> {
  const files: KnownFile[] = [];
  for (const found of await expand({ name, files: patterns }, context.folder)) {
    context.signal?.throwIfAborted();
    const shown = isAbsolute(found.name) ? relative(context.folder, found.path) : found.name;
    files.push({ name: shown, path: found.path, ...(await known(found.path, shown, context.store)) });
  }
  return files;
}

interface Seen {
  readonly bytes: number;
  readonly modified: number;
  readonly sha256: string;
}

/** A file whose size and time are as they were holds what it held. */
async function known(path: string, name: string, store: Store): Promise<{ readonly bytes: number; readonly sha256: string }> {
  try {
    const { size: bytes, mtimeMs: modified } = await stat(path);
    const folder = join(store.folder, "files");
    const memo = join(folder, `${hashOf(path)}.json`);
    const seen = await stored<Seen>(memo);
    if (seen?.bytes === bytes && seen.modified === modified) return { bytes, sha256: seen.sha256 };
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) hash.update(chunk as Uint8Array);
    const sha256 = hash.digest("hex");
    await mkdir(folder, { recursive: true });
    await put(store.temporary, memo, JSON.stringify({ bytes, modified, sha256 } satisfies Seen));
    return { bytes, sha256 };
  } catch (error) {
    throw error instanceof RuntimeFailure ? error : new RuntimeFailure("data/unreadable", `cannot read ${name}: ${messageOf(error)}`);
  }
}

/** What makes the same files give other documents. */
export const readingOf = ({ format, field, id, separator, damaged }: FilesToRead): unknown => ({ version: 1, format, field, id, separator, damaged });

export function damageFailure(file: string, { at, message, help }: Damage): RuntimeFailure {
  const skip = "or skip what is damaged: `damaged: skip`";
  return new RuntimeFailure("data/damaged", `${file}${at === undefined ? "" : `, ${at}`}: ${message}`, help === undefined ? skip.slice(3) : `${help}; ${skip}`);
}
