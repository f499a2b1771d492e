/** @file The folder that `llmc build` writes: readable kernels, the plan, the constants and the training program. */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Compiled } from "../src/plan/build-plan.ts";
import { kernelFiles } from "./kernel-files.ts";
import { printProgram } from "./typescript/print-program.ts";
import type { ProgramSpec } from "./typescript/program-spec.ts";

/** Files of the project by their path in the folder. */
export type ProjectFiles = ReadonlyMap<string, string | Uint8Array>;

export async function projectFiles(compiled: Compiled, spec: ProgramSpec): Promise<ProjectFiles> {
  const { plan, constants } = compiled;
  const program = await printProgram(spec);
  return new Map<string, string | Uint8Array>([
    ["train.ts", program.typescript],
    ["train.mjs", program.javascript],
    ["plan.json", `${JSON.stringify(plan, undefined, 1)}\n`],
    ["constants.bin", constants],
    ...kernelFiles(compiled),
  ]);
}

/** Writes the folder; kernels of an earlier build do not stay behind. */
export async function writeProject(folder: string, files: ProjectFiles): Promise<void> {
  await rm(join(folder, "kernels"), { recursive: true, force: true });
  await mkdir(join(folder, "kernels"), { recursive: true });
  for (const [file, content] of files) await writeFile(join(folder, file), content);
}
