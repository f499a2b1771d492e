/**
 * @file The files of a source, known by what they hold. A file whose size and time are as they were holds what it held: what is known of a source's files is
 * kept in one log, a line a file, so that a hundred thousand small files cost no more than their bytes. A line that was torn by a crash, or has changed, is no line.
 */
import { createHash } from "node:crypto";
import { createReadStream, readFileSync, statSync } from "node:fs";
import { appendFile, mkdir, readFile } from "node:fs/promises";
import { isAbsolute, join, relative } from "node:path";
import { setImmediate } from "node:timers/promises";
import { RuntimeFailure, isFailure, messageOf, systemCode } from "../../runtime/util/failure.ts";
import { expand } from "../../runtime/node/files.ts";
import { diskFailure } from "../../runtime/files/write-atomically.ts";
import type { Context } from "./workers/context.ts";
import type { FilesToRead } from "../steps/plan.ts";
import { hashOf, putPlain } from "./shards/store.ts";

export interface KnownFile {
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

interface Seen {
  readonly path: string;
  readonly bytes: number;
  readonly modified: number;
  readonly sha256: string;
}

/** Files up to here are read at once. */
const smallFile = 2 ** 20;
/** Milliseconds between two turns of the event loop, so that progress is shown and an interrupt is heard, and between two writes of the log. */
const [turn, flush] = [20, 1000];

/** The files of a source in the order in which they are read. */
export async function filesOf(
  name: string,
  { patterns }: FilesToRead,
  context: Context,
): Promise<readonly KnownFile[]> {
  const { store, folder, progress, signal } = context;
  progress({ step: name, unit: "files", documents: 0, bytes: 0 });
  const found = await expand({ name, files: patterns }, folder);
  const logPath = join(store.folder, "files", `${hashOf([folder, patterns])}.jsonl`);
  const { seen, lines } = await logged(logPath);
  const files: KnownFile[] = [];
  let fresh: Seen[] = [];
  let [total, turned, flushed] = [0, performance.now(), performance.now()];
  const write = async (): Promise<void> => {
    if (fresh.length > 0) await append(logPath, fresh);
    [fresh, flushed] = [[], performance.now()];
  };
  try {
    for (const { name: given, path } of found) {
      const shown = isAbsolute(given) ? relative(folder, path) : given;
      const known = await seenNow(path, shown, seen.get(path));
      if (known !== seen.get(path)) fresh.push(known);
      const { bytes, sha256 } = known;
      files.push({ name: shown, path, bytes, sha256 });
      total += bytes;
      const now = performance.now();
      if (now - turned < turn) continue;
      turned = now;
      progress({ step: name, unit: "files", documents: files.length, bytes: total });
      if (now - flushed > flush) await write();
      await setImmediate();
      signal?.throwIfAborted();
    }
  } finally {
    await write();
  }
  // Lines of files that changed or went are dropped once they are most of the log.
  if (lines > 2 * files.length + 1000)
    await rewrite(logPath, await logged(logPath), new Set(files.map(({ path }) => path)), store.temporary);
  return files;
}

async function seenNow(path: string, shown: string, seen: Seen | undefined): Promise<Seen> {
  try {
    const { size: bytes, mtimeMs: modified } = statSync(path);
    if (seen?.bytes === bytes && seen.modified === modified) return seen;
    const hash = createHash("sha256");
    if (bytes <= smallFile) hash.update(readFileSync(path));
    else for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) hash.update(chunk as Uint8Array);
    return { path, bytes, modified, sha256: hash.digest("hex") };
  } catch (error) {
    throw isFailure(error) ? error : new RuntimeFailure("data/unreadable", `cannot read ${shown}: ${messageOf(error)}`);
  }
}

interface Logged {
  readonly seen: ReadonlyMap<string, Seen>;
  readonly lines: number;
}

async function logged(path: string): Promise<Logged> {
  const seen = new Map<string, Seen>();
  let text = "";
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (systemCode(error) !== "ENOENT") throw error;
  }
  const lines = text.split("\n");
  for (const line of lines) {
    const [sum, text = ""] = line.split("\t");
    if (text === "" || sum !== hashOf(text)) continue;
    const one = JSON.parse(text) as Seen;
    seen.set(one.path, one);
  }
  return { seen, lines: lines.length - 1 };
}

/** Each line begins with the sum of its text. */
const linesOf = (all: Iterable<Seen>): string =>
  Array.from(all, (one) => JSON.stringify(one))
    .map((text) => `${hashOf(text)}\t${text}\n`)
    .join("");

/** Not forced to the disk: what is lost is computed again. A line of its own ends what a crash may have torn. */
async function append(path: string, fresh: readonly Seen[]): Promise<void> {
  try {
    await mkdir(join(path, ".."), { recursive: true });
    await appendFile(path, `\n${linesOf(fresh)}`);
  } catch (error) {
    throw diskFailure(path, error);
  }
}

async function rewrite(path: string, { seen }: Logged, there: ReadonlySet<string>, temporary: string): Promise<void> {
  await putPlain(temporary, path, linesOf([...seen.values()].filter((one) => there.has(one.path))));
}
