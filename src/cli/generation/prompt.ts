/** @file Where the prompt comes from: an option, a file, or standard input. */
import { readFileSync, readdirSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { eachCodePoint } from "../../runtime/data/tokenizer/utf8.ts";
import { RuntimeFailure, messageOf, systemCode } from "../../runtime/util/failure.ts";
import { suggest } from "../../util/suggest.ts";
import type { Input } from "../frame/command.ts";
import type { Host } from "../frame/host.ts";

/** After this many milliseconds, a command that waits for its prompt says so. */
const patience = 1000;

/**
 * The text to go on from. What was typed is taken as it is; of a file or of standard input every byte counts, but for one line end at the very end, which
 * editors and `echo` put there. Standard input is read for `--prompt -`, and where it is a pipe or a file and no prompt was given.
 */
export async function readPrompt(input: Input, host: Host): Promise<string> {
  const [typed, file] = [input.text("prompt"), input.text("prompt-file")];
  if (typed !== undefined && file !== undefined)
    throw new RuntimeFailure("usage", "`--prompt` and `--prompt-file` both give the prompt", "leave out one of them");
  if (typed !== undefined && typed !== "-") return typed;
  if (file !== undefined && file !== "-") return decoded(readPromptFile(resolve(host.cwd, file), file), file);
  const asked = typed === "-" || file === "-";
  if (!asked && !host.piped) return byDefault;
  const waiting = setTimeout(() => host.err("reading the prompt from standard input\n"), patience);
  const bytes = await host.input().finally(() => clearTimeout(waiting));
  // Of an input that nobody asked for, such as /dev/null under a scheduler, nothing follows.
  return !asked && bytes.length === 0 ? byDefault : decoded(bytes, "standard input");
}

const byDefault = "\n";

function readPromptFile(path: string, given: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    const code = systemCode(error);
    if (code === "EISDIR") throw new RuntimeFailure("data/directory", `${given} is a folder, and a prompt is a file`);
    if (code !== "ENOENT") throw new RuntimeFailure("data/unreadable", `cannot read ${given}: ${messageOf(error)}`);
    const near = suggest(basename(path), namesIn(dirname(path)));
    throw new RuntimeFailure(
      "data/missing",
      `there is no file ${given}`,
      near === undefined ? undefined : `did you mean ${join(dirname(given), near)}?`,
    );
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Text of bytes, without one line end at the very end; fails where they are not UTF-8. */
export function decoded(bytes: Uint8Array, name: string): string {
  const invalid = eachCodePoint(bytes, () => undefined);
  if (invalid !== undefined)
    throw new RuntimeFailure(
      "data/encoding",
      `the prompt in ${name} is not UTF-8: byte 0x${invalid.byte.toString(16).padStart(2, "0")} at offset ${invalid.offset}`,
      "convert it to UTF-8",
    );
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes).replace(/\r?\n$/, "");
}
