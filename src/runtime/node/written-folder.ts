/**
 * @file Folders that this program writes. Each holds `llmc.json`, which lists what was written with the SHA-256 of each file, so that a later command removes and replaces
 * only that, and notices what was edited or damaged since. New files are made in a folder beside them and moved into place once all are there.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import * as fs from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { RuntimeFailure, isFailure, systemCode } from "../util/failure.ts";
import { isPlainPath } from "../util/plain-path.ts";
import { brokenSeal, sealOf } from "./seal.ts";
import { diskFailure, writeAtomically } from "../files/write-atomically.ts";

/** A build, the program of a run, a run with its log and checkpoints, or a corpus that was exported. */
export type Holds = "build" | "program" | "run" | "corpus";

/** A text, bytes, or the file of which there should be a copy. */
export type EntryContent = string | Uint8Array | { readonly copyOf: string };

interface Manifest {
  readonly holds: Holds;
  /** By path in the folder: SHA-256 of the content. Two while one replaces the other. */
  readonly files: ReadonlyMap<string, readonly string[]>;
  /** The list cannot be relied on. */
  readonly damaged: boolean;
  /** Tells that this user's llmc wrote all of it. */
  readonly seal?: string;
}

export const manifestName = "llmc.json";

/** Where new files wait, inside of the folder that a person named. */
export const stagingName = ".llmc-new";

/** Held by the process that writes to a run. */
export const lockName = "llmc.lock";

/** What is ours whatever became of the rest, and what systems put into folders by themselves. */
const ignored = /^(\.llmc-new|llmc\.lock(\..*)?|\.llmc\.json\..*\.tmp|\.DS_Store|Thumbs\.db|lost\+found)$/;

/** What is known of a folder that may be written to: absent if there is nothing in it yet. Fails where it is somebody else's. */
export async function inspectFolder(folder: string, holds: Holds): Promise<Manifest | undefined> {
  const entries = await entriesOf(folder);
  if (entries === undefined) return undefined;
  if (entries.includes(manifestName)) {
    const manifest = await readManifest(folder);
    if (manifest !== undefined && !manifest.damaged && manifest.holds !== holds)
      throw foreign(folder, `it holds ${whatIs[manifest.holds]}`);
    return manifest;
  }
  for (const name of entries.filter((entry) => !ignored.test(entry)).toSorted()) {
    // A folder without anything in it may be where a disk is mounted.
    if ((await fs.readdir(join(folder, name)).catch(() => [name])).some((entry) => !ignored.test(entry)))
      throw foreign(folder, `it holds files that llmc did not write there, such as ${name}`);
  }
  return undefined;
}

const whatIs: Readonly<Record<Holds, string>> = {
  build: "what llmc build wrote",
  program: "the program of a run",
  run: "a run",
  corpus: "a corpus that llmc data wrote",
};

function foreign(folder: string, why: string): RuntimeFailure {
  return new RuntimeFailure(
    "folder/foreign",
    `cannot write into ${folder}: ${why}`,
    "choose an empty folder, or one that does not exist yet, with --out",
  );
}

async function entriesOf(folder: string): Promise<readonly string[] | undefined> {
  try {
    return await fs.readdir(folder);
  } catch (error) {
    const link = await fs.lstat(folder).catch(() => undefined);
    if (systemCode(error) === "ENOENT") {
      if (link?.isSymbolicLink() === true) throw foreign(folder, "it is a link to something that does not exist");
      return undefined;
    }
    if (systemCode(error) === "ENOTDIR" && link !== undefined) throw foreign(folder, "it is a file, not a folder");
    throw diskFailure(folder, error);
  }
}

/** The list of a folder; absent where there is none. */
export async function readManifest(folder: string): Promise<Manifest | undefined> {
  let text: string;
  try {
    text = await fs.readFile(join(folder, manifestName), "utf8");
  } catch (error) {
    if (systemCode(error) === "ENOENT" || systemCode(error) === "ENOTDIR") return undefined;
    throw diskFailure(join(folder, manifestName), error);
  }
  try {
    const { holds, files, seal } = JSON.parse(text) as {
      holds: Holds;
      files: Record<string, readonly string[]>;
      seal?: string;
    };
    const manifest: Manifest = {
      holds,
      files: new Map(Object.entries(files)),
      damaged: false,
      ...(typeof seal === "string" && { seal }),
    };
    if (manifestText(manifest) === text && [...manifest.files.keys()].every(isPlainPath)) return manifest;
  } catch {
    // Told by `damaged`.
  }
  return { holds: "build", files: new Map(), damaged: true };
}

type Listed = Pick<Manifest, "holds" | "files">;

const listOf = ({ holds, files }: Listed): object => ({
  format: "llmc-folder-1",
  holds,
  files: Object.fromEntries([...files].toSorted(([a], [b]) => (a < b ? -1 : 1))),
});

/** It ends with the hash of itself. */
function manifestText(manifest: Listed & Pick<Manifest, "seal">): string {
  const body = { ...listOf(manifest), ...(manifest.seal !== undefined && { seal: manifest.seal }) };
  return `${JSON.stringify({ ...body, sha256: sha256(JSON.stringify(body)) }, undefined, 1)}\n`;
}

/** Seals it if all files of the list were written by this process, or are as it would have written them. */
export async function writeManifest(folder: string, manifest: Listed, written: "all" | "some" = "some"): Promise<void> {
  const seal = written === "all" ? await sealOf(JSON.stringify(listOf(manifest))) : undefined;
  await writeAtomically(join(folder, manifestName), [
    new TextEncoder().encode(manifestText({ ...manifest, ...(seal !== undefined && { seal }) })),
  ]);
}

/** Fails unless this user's llmc wrote the folder: its files are code. */
export async function requireSealed(folder: string, manifest: Manifest | undefined): Promise<void> {
  const why =
    manifest === undefined
      ? "it has no list of its files"
      : await brokenSeal(JSON.stringify(listOf(manifest)), manifest.seal);
  if (why === undefined) return;
  throw new RuntimeFailure(
    "program/untrusted",
    `${folder} is a program, and nothing shows that your llmc wrote it (${why}): to run it is to run the code of whoever did`,
    "make it anew from its source with `llmc build FILE --out DIR` and name it with `--program DIR`; or, if you trust where it came from, add --trust",
  );
}

export function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/** The SHA-256 of a file, in pieces; absent where there is none. */
export async function sha256OfFile(path: string): Promise<string | undefined> {
  const hash = createHash("sha256");
  try {
    for await (const piece of createReadStream(path)) hash.update(piece as Uint8Array);
  } catch (error) {
    if (systemCode(error) === "ENOENT" || systemCode(error) === "ENOTDIR") return undefined;
    throw diskFailure(path, error);
  }
  return hash.digest("hex");
}

/** Fails if files of the folder are not as they were written; `under` is where they lie. */
export async function requireUndamaged(folder: string, under: string): Promise<void> {
  const manifest = await readManifest(folder);
  for (const [path, hashes] of manifest?.files ?? []) {
    if (!path.startsWith(under)) continue;
    const hash = await sha256OfFile(join(folder, path));
    if (hash === undefined || !hashes.includes(hash)) throw damaged(join(folder, path));
  }
}

export function damaged(path: string): RuntimeFailure {
  return new RuntimeFailure(
    "program/damaged",
    `${path} is not as llmc wrote it: it was damaged or edited`,
    "build or train again, with --force (for a run: --force program) if it says that the file was edited",
  );
}

export interface StagedFolder {
  /** Where the files are until then. */
  readonly folder: string;
  /** Moves them into place and removes what an earlier command wrote and this one does not. */
  commit(): Promise<void>;
  /** Removes them. */
  discard(): Promise<void>;
}

export interface StageOptions {
  readonly holds: Holds;
  /** Write over files that a person edited. */
  readonly force: boolean;
  /** The option that says so. */
  readonly forceOption: string;
  /** Where the files wait; unless said, inside of the folder. */
  readonly staging?: string;
  /** Of the files, the one without which the others are not used: it is removed first and comes last. */
  readonly last: string;
}

/** Writes the files where they are in nobody's way. Fails, with nothing changed, where they could not take their places. */
export async function stageFolder(
  folder: string,
  files: ReadonlyMap<string, EntryContent>,
  { holds, force, forceOption, last, staging = join(folder, stagingName) }: StageOptions,
): Promise<StagedFolder> {
  const before = await inspectFolder(folder, holds);
  const made = await makeFolder(staging);
  const discard = async (): Promise<void> => {
    await fs.rm(staging, { recursive: true, force: true }).catch(() => undefined);
    await removeEmpty(dirname(staging), made);
  };
  try {
    const hashes = new Map<string, readonly string[]>();
    for (const [path, content] of files) hashes.set(path, [await put(join(staging, path), content)]);
    await writeManifest(staging, { holds, files: hashes });
    const changes = await changesOf(folder, hashes, before, force ? undefined : forceOption);
    return {
      folder: staging,
      commit: () =>
        commit(folder, staging, { holds, last, hashes, before, changes }).catch((error: unknown) =>
          discard().then(() => Promise.reject(error as Error)),
        ),
      discard,
    };
  } catch (error) {
    await discard();
    throw error;
  }
}

/** Gives the first folder that had to be made. */
async function makeFolder(staging: string): Promise<string | undefined> {
  try {
    await fs.rm(staging, { recursive: true, force: true });
    return await fs.mkdir(staging, { recursive: true });
  } catch (error) {
    throw new RuntimeFailure(
      "disk/write",
      `cannot write ${dirname(staging)}: ${systemCode(error) === "ENOENT" ? "the folder cannot be made" : diskFailure("", error).message.replace(/^cannot write : /, "")}`,
    );
  }
}

/** Removes the folders that were made, from the innermost, as long as they are empty. */
export async function removeEmpty(folder: string, first: string | undefined): Promise<void> {
  if (first === undefined) return;
  for (let at = resolve(folder); at.length >= resolve(first).length; at = dirname(at)) {
    const gone = await fs.rmdir(at).then(
      () => true,
      (error: unknown) => systemCode(error) === "ENOENT",
    );
    if (!gone) return;
  }
}

async function put(path: string, content: EntryContent): Promise<string> {
  try {
    await fs.mkdir(dirname(path), { recursive: true });
    if (typeof content === "string" || content instanceof Uint8Array) {
      await fs.writeFile(path, content);
      return sha256(content);
    }
    // A copy, not a link: what happens to one must not happen to the other. Where the file system can, it takes no space until one of them changes.
    await fs.copyFile(content.copyOf, path, fs.constants.COPYFILE_FICLONE);
    await fs.chmod(path, 0o644);
  } catch (error) {
    throw diskFailure(path, error);
  }
  const hash = await sha256OfFile(path);
  if (hash === undefined) throw new RuntimeFailure("disk/write", `cannot write ${path}: it is gone`);
  return hash;
}

interface Changes {
  /** Files that are not there yet as they should be. */
  readonly move: readonly string[];
  /** What an earlier command wrote and nobody edited. */
  readonly remove: readonly string[];
}

async function changesOf(
  folder: string,
  hashes: ReadonlyMap<string, readonly string[]>,
  before: Manifest | undefined,
  forceOption: string | undefined,
): Promise<Changes> {
  const move: string[] = [];
  const remove: string[] = [];
  for (const [path, [wanted = ""]] of hashes) {
    const problem = await obstacle(folder, path);
    if (problem !== undefined)
      throw new RuntimeFailure("file/edited", problem, "move it away, or choose another folder with --out");
    const found = await sha256OfFile(join(folder, path));
    if (found === wanted) continue;
    const known = found === undefined || before?.files.get(path)?.includes(found) === true;
    if (!known && forceOption !== undefined) {
      throw new RuntimeFailure(
        "file/edited",
        `${join(folder, path)} was edited since llmc wrote it, or is not of llmc; nothing was changed`,
        `${forceOption} writes over it; to keep it, choose another folder with --out`,
      );
    }
    move.push(path);
  }
  for (const [path, known] of before?.files ?? []) {
    if (hashes.has(path) || (await obstacle(folder, path)) !== undefined) continue;
    const found = await sha256OfFile(join(folder, path));
    if (found !== undefined && known.includes(found)) remove.push(path);
  }
  return { move, remove };
}

/** What is in the way of a file: a link that leads out of the folder, or a folder where the file goes. */
async function obstacle(folder: string, path: string): Promise<string | undefined> {
  const parts = path.split("/");
  for (let i = 1; i <= parts.length; i++) {
    const at = join(folder, ...parts.slice(0, i));
    const entry = await fs.lstat(at).catch(() => undefined);
    if (entry === undefined) return undefined;
    const wanted = i < parts.length ? entry.isDirectory() : entry.isFile();
    if (!wanted)
      return `${at} is ${entry.isSymbolicLink() ? "a link" : entry.isDirectory() ? "a folder" : "no folder"}, and llmc would write a ${i < parts.length ? "folder" : "file"} there; nothing was changed`;
  }
  return undefined;
}

interface Commit {
  readonly holds: Holds;
  readonly last: string;
  readonly hashes: ReadonlyMap<string, readonly string[]>;
  readonly before: Manifest | undefined;
  readonly changes: Changes;
}

async function commit(
  folder: string,
  staging: string,
  { holds, last, hashes, before, changes }: Commit,
): Promise<void> {
  try {
    await fs.mkdir(folder, { recursive: true });
    if (changes.move.length > 0 || changes.remove.length > 0) {
      // Until all is done a file may be the old one or the new one: a command that finds it cut off here knows both.
      const either = new Map(
        [...(before?.files ?? []), ...hashes].map(([path]) => [
          path,
          [...new Set([...(before?.files.get(path) ?? []), ...(hashes.get(path) ?? [])])],
        ]),
      );
      await writeManifest(folder, { holds, files: either });
      await fs.rm(join(folder, last), { force: true });
      for (const path of changes.remove) await fs.rm(join(folder, path), { force: true });
      const moved = changes.move.filter((path) => path !== last);
      for (const path of [...moved, last]) {
        await fs.mkdir(dirname(join(folder, path)), { recursive: true });
        await fs.rename(join(staging, path), join(folder, path));
      }
      for (const path of changes.remove)
        if (dirname(path) !== ".") await removeEmpty(join(folder, dirname(path)), join(folder, dirname(path)));
    }
    await writeManifest(folder, { holds, files: hashes }, "all");
    await fs.rm(staging, { recursive: true, force: true });
  } catch (error) {
    throw isFailure(error) ? error : diskFailure(folder, error);
  }
}
