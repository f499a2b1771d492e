/**
 * @file Imports a generated program. It imports `llmc-lang/runtime`, which Node finds where llmc is installed; a program run from here gets the runtime of
 * this very command, wherever its folder lies.
 */
import { register } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { runtimeModule } from "../../runtime/module.ts";
import type { RunOptions } from "../../runtime/node/run.ts";
import type { RunResult } from "../../runtime/training/train.ts";
import { packageFolder } from "./files.ts";

export interface GeneratedProgram {
  readonly train: (options?: RunOptions) => Promise<RunResult>;
}

let registered = false;

export async function importProgram(folder: string): Promise<GeneratedProgram> {
  if (!registered) {
    const runtime = pathToFileURL(join(packageFolder(), "dist", "runtime.js")).href;
    const hook = `export const resolve = (name, context, next) => name === ${JSON.stringify(runtimeModule)} ? { url: ${JSON.stringify(runtime)}, shortCircuit: true } : next(name, context);`;
    register(`data:text/javascript,${encodeURIComponent(hook)}`);
    registered = true;
  }
  const program: unknown = await import(pathToFileURL(resolve(folder, "train.mjs")).href);
  if (typeof program !== "object" || program === null || !("train" in program) || typeof program.train !== "function")
    throw new Error(`internal: ${folder}/train.mjs exports no train`);
  return program as GeneratedProgram;
}
