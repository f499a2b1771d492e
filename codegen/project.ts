/** @file The folder that `llmc build` writes: readable kernels, the plan, the constants and the training program. */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Compiled } from "../src/plan/build-plan.ts";
import { kernelFiles } from "./kernel-files.ts";
import type { ProgramSpec } from "./typescript/program-spec.ts";

/** Files of the project by their path in the folder. */
export type ProjectFiles = ReadonlyMap<string, string | Uint8Array>;

/** Without `spec` there is no training program: nothing says on what text. */
export async function projectFiles(compiled: Compiled, spec?: ProgramSpec): Promise<ProjectFiles> {
  const { plan, constants } = compiled;
  const program = spec && (await (await import("./typescript/print-program.ts")).printProgram(spec));
  return new Map<string, string | Uint8Array>([
    ...(program ? [["train.ts", program.typescript], ["train.mjs", program.javascript]] as const : []),
    ["constants.bin", constants],
    ...kernelFiles(compiled),
    ["plan.json", `${JSON.stringify(plan, undefined, 1)}\n`],
  ]);
}

/** Writes the folder; nothing of an earlier build stays behind. The plan goes first and comes last: where there is one, everything is. */
export async function writeProject(folder: string, files: ProjectFiles): Promise<void> {
  for (const old of ["plan.json", "kernels", "step.c", "run.h", "llmc.h", "train.ts", "train.mjs"]) await rm(join(folder, old), { recursive: true, force: true });
  await mkdir(join(folder, "kernels"), { recursive: true });
  for (const [file, content] of files) await writeFile(join(folder, file), content);
}
