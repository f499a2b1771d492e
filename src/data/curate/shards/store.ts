/**
 * @file The cache: folders named by the hash of what they were made from. A file comes into being whole: it is written in a folder of this run's own,
 * forced to the disk, and renamed. Two runs that make the same file make the same bytes, so either may win. Whatever is read is compared with its sum.
 */
import { createHash, randomBytes } from "node:crypto";
import { access, mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { systemCode } from "../../../runtime/util/failure.ts";
import { diskFailure } from "../../../runtime/files/write-atomically.ts";
import { CacheDamage } from "./damage.ts";

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
      if (!underWay.has(name) && !isRunning(Number(name.split("-")[0])))
        await rm(join(all, name), { recursive: true, force: true });
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

type FileContent = string | Iterable<Uint8Array>;

/** Beside each file, its SHA-256. */
const sumPath = (path: string): string => `${path}.sum`;

/** Writes a file of the cache, and its sum before it; its folder is there. */
export async function put(temporary: string, path: string, content: FileContent): Promise<void> {
  const hash = createHash("sha256");
  const pieces = typeof content === "string" ? content : [...content];
  if (typeof pieces === "string") hash.update(pieces);
  else for (const piece of pieces) hash.update(piece);
  await putPlain(temporary, sumPath(path), hash.digest("hex"));
  await putPlain(temporary, path, pieces);
}

/** Writes a file that is read by others, or tells damage by itself. */
export async function putPlain(
  temporary: string,
  path: string,
  content: FileContent | AsyncIterable<Uint8Array>,
): Promise<void> {
  const name = join(temporary, randomBytes(8).toString("hex"));
  try {
    const file = await open(name, "wx");
    try {
      if (typeof content === "string") await file.writeFile(content);
      else for await (const piece of content) await file.writeFile(piece);
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

/** Writes a file of the cache that is made in pieces, and its sum after it: a file without one is no whole file. */
export async function putStream(temporary: string, path: string, content: AsyncIterable<Uint8Array>): Promise<void> {
  const hash = createHash("sha256");
  async function* hashed(): AsyncGenerator<Uint8Array> {
    for await (const piece of content) {
      hash.update(piece);
      yield piece;
    }
  }
  await rm(sumPath(path), { force: true });
  await putPlain(temporary, path, hashed());
  await putPlain(temporary, sumPath(path), hash.digest("hex"));
}

export const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** A file that is there, bit for bit as it was written. */
export async function contentOf(path: string): Promise<Buffer> {
  try {
    const [bytes, sum] = [await readFile(path), await readFile(sumPath(path), "latin1")];
    if (sha256(bytes) === sum) return bytes;
  } catch (error) {
    // Gone, or where the disk cannot be read: made again as well.
    if (!["ENOENT", "EIO", "EISDIR", "ENOTDIR"].includes(systemCode(error) ?? "")) throw error;
  }
  throw new CacheDamage(path);
}

/** Whether a file, which has another name in the cache, holds what was written. */
export async function isAsWritten(path: string, inCache: string): Promise<boolean> {
  const [bytes, sum] = await Promise.all([
    readFile(path).catch(() => undefined),
    readFile(sumPath(inCache), "latin1").catch(() => ""),
  ]);
  return bytes !== undefined && sha256(bytes) === sum;
}

/** What a JSON file of the cache holds, if it is there. */
export async function stored<T>(path: string): Promise<T | undefined> {
  return (await exists(path)) ? (JSON.parse((await contentOf(path)).toString()) as T) : undefined;
}

const sha256 = (content: Uint8Array): string => createHash("sha256").update(content).digest("hex");

export const hashOf = (value: unknown): string =>
  createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 32);
