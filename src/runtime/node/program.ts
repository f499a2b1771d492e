/** @file The compiler's output folder, read from disk. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { CompiledProgram } from "../device.ts";
import { RuntimeFailure, messageOf } from "../failure.ts";
import { parsePlan } from "../program.ts";

/** Loads the plan now and kernels when they are asked for. `folder` is a path or the URL of a folder, ending in a slash. */
export async function loadProgram(folder: URL | string): Promise<CompiledProgram> {
  const root = typeof folder === "string" ? folder.replace(/\/?$/, "/") : fileURLToPath(folder);
  const bytes = async (file: string): Promise<Uint8Array> => {
    try {
      return await readFile(root + file);
    } catch (error) {
      throw new RuntimeFailure("program/invalid", `cannot read ${root}${file}: ${messageOf(error)}`, "compile the model again");
    }
  };
  const text = async (file: string): Promise<string> => new TextDecoder().decode(await bytes(file));
  return { plan: parsePlan(await text("plan.json"), `${root}plan.json`), kernel: text, constants: () => bytes("constants.bin") };
}
