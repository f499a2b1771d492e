/**
 * @file Seals: what tells a folder that this user's llmc wrote from one that came from elsewhere, however well its hashes fit. A seal is a keyed hash (HMAC-SHA256) of the
 * folder's list of files; the key is random, made once, and only its user can read it.
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { messageOf, systemCode } from "../util/failure.ts";
import { problemWith } from "../files/own-folder.ts";

/** Where a key cannot be kept, nothing is sealed, and the reason is told where a seal is asked for. */
type Key = { readonly kind: "key"; readonly bytes: Buffer } | { readonly kind: "none"; readonly why: string };

export async function sealOf(text: string): Promise<string | undefined> {
  const key = await keyOf();
  return key.kind === "none" ? undefined : keyed(key.bytes, text).toString("hex");
}

/** Why a seal does not hold; `undefined` where it does. */
export async function brokenSeal(text: string, seal: string | undefined): Promise<string | undefined> {
  const key = await keyOf();
  if (key.kind === "none") return `there is no key of yours to tell by: ${key.why}`;
  if (seal === undefined) return "it carries no seal";
  const given = Buffer.from(seal, "hex");
  const wanted = keyed(key.bytes, text);
  return given.length === wanted.length && timingSafeEqual(given, wanted) ? undefined : "its seal is not yours";
}

const keyed = (key: Buffer, text: string): Buffer => createHmac("sha256", key).update(`llmc-folder\n${text}`).digest();

async function keyOf(): Promise<Key> {
  const given = process.env["XDG_DATA_HOME"] ?? "";
  const folder = join(isAbsolute(given) ? given : join(homedir(), ".local/share"), "llmc");
  const problem = await problemWith(folder);
  if (problem !== undefined) return { kind: "none", why: problem };
  const path = join(folder, "key");
  try {
    return { kind: "key", bytes: (await readKey(path)) ?? (await makeKey(path)) };
  } catch (error) {
    return { kind: "none", why: `${path}: ${messageOf(error)}` };
  }
}

async function readKey(path: string): Promise<Buffer | undefined> {
  const text = await readFile(path, "latin1").catch((error: unknown) => {
    if (systemCode(error) === "ENOENT") return "";
    throw error;
  });
  return /^[0-9a-f]{64}\n$/.test(text) ? Buffer.from(text.trim(), "hex") : undefined;
}

/** Of several processes that make it at once all take that of the first. */
async function makeKey(path: string): Promise<Buffer> {
  const own = `${path}.${process.pid}.${randomBytes(4).toString("hex")}`;
  try {
    await writeFile(own, `${randomBytes(32).toString("hex")}\n`, { flag: "wx", mode: 0o600, flush: true });
    await link(own, path).catch(async (error: unknown) => {
      // One that is damaged, or a file system without links.
      if (systemCode(error) !== "EEXIST" || (await readKey(path)) === undefined) await rename(own, path);
    });
  } finally {
    await rm(own, { force: true });
  }
  const made = await readKey(path);
  if (made === undefined) throw new Error("it could not be written");
  return made;
}
