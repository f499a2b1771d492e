/** @file Trained tokenizers in the cache: a line with the SHA-256 of the rest, then the tokenizer as JSON. */
import { createHash } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { TokenizerData } from "../../runtime/data/tokenizer/tokenizer.ts";
import { systemCode } from "../../runtime/util/failure.ts";
import { diskFailure, writeAtomically } from "../../runtime/files/write-atomically.ts";

/** What was trained before, if it is there as it was written. */
export async function keptTokenizer(path: string, notice: (text: string) => void): Promise<TokenizerData | undefined> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    if (systemCode(error) !== "ENOENT") notice(`${path} cannot be read (${systemCode(error)}); it is made again`);
    return undefined;
  }
  const end = bytes.indexOf(0x0a);
  const json = bytes.subarray(end + 1);
  if (bytes.toString("latin1", 0, end) === sha256(json)) {
    const { tokenizerData } = await import("../../runtime/data/tokens.ts");
    return tokenizerData(JSON.parse(json.toString()));
  }
  notice(`${path} was damaged; it is made again`);
  return undefined;
}

export async function keepTokenizer(path: string, tokenizer: TokenizerData): Promise<void> {
  const json = Buffer.from(JSON.stringify(tokenizer));
  await mkdir(dirname(path), { recursive: true }).catch((error: unknown) => Promise.reject(diskFailure(path, error)));
  await writeAtomically(path, [Buffer.from(`${sha256(json)}\n`), json]);
}

const sha256 = (content: Uint8Array): string => createHash("sha256").update(content).digest("hex");
