/** @file The compiler's output folder, read from disk. */
import { readFile, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { CompiledProgram } from "../session/device.ts";
import { RuntimeFailure, isFailure, messageOf } from "../util/failure.ts";
import { requirePlainPath } from "../util/plain-path.ts";
import { parsePlan } from "../session/program.ts";
import { specFacts } from "../session/spec-facts.ts";
import { damaged, manifestName, readManifest, requireSealed, sha256 } from "./written-folder.ts";

export interface LoadOptions {
  /** Refuse a program that this user's llmc did not write. */
  readonly sealed?: boolean;
}

/** Loads the plan now and kernels when they are asked for. Files that are not as they were written are refused. `folder` is a path or the URL of a folder, ending in a slash. */
export async function loadProgram(
  folder: URL | string,
  { sealed = false }: LoadOptions = {},
): Promise<CompiledProgram> {
  const root = typeof folder === "string" ? folder.replace(/\/?$/, "/") : fileURLToPath(folder);
  const manifest = await readManifest(root);
  if (manifest?.damaged === true) throw damaged(join(root, manifestName));
  if (sealed) await requireSealed(root, manifest);
  const bytes = async (file: string): Promise<Uint8Array> => {
    let content: Uint8Array;
    try {
      requirePlainPath(file);
      const path = join(root, file);
      // A link may lead anywhere, and a file that is none may be endless.
      if ((await realpath(path)) !== join(await realpath(root), file) || !(await stat(path)).isFile())
        throw new Error("it is a link, or no file");
      content = await readFile(path);
    } catch (error) {
      throw isFailure(error)
        ? error
        : new RuntimeFailure(
            "program/invalid",
            `cannot read ${root}${file}: ${messageOf(error)}`,
            "compile the model again",
          );
    }
    if (manifest !== undefined && manifest.files.get(file)?.includes(sha256(content)) !== true)
      throw damaged(join(root, file));
    return content;
  };
  const text = async (file: string): Promise<string> => new TextDecoder().decode(await bytes(file));
  const spec = manifest?.files.has("spec.json") === true ? specFacts(JSON.parse(await text("spec.json"))) : undefined;
  return {
    ...(spec && { spec }),
    plan: parsePlan(await text("plan.json"), `${root}plan.json`),
    kernel: text,
    constants: () => bytes("constants.bin"),
  };
}
