/** @file The folder that `llmc build` writes: readable kernels, the plan, the constants and the training program. */
import type { Compiled } from "../src/plan/build-plan.ts";
import type { EntryContent, StagedFolder, StageOptions } from "../src/runtime/node/written-folder.ts";
import { stageFolder } from "../src/runtime/node/written-folder.ts";
import { tokenizerFile } from "../src/runtime/load-tokenizer.ts";
import { kernelFiles } from "./kernel-files.ts";
import type { ProgramSpec } from "./typescript/program-spec.ts";

/** Files of the project by their path in the folder. */
export type ProjectFiles = ReadonlyMap<string, string | Uint8Array>;

/** Says that `train.ts` is a module, whatever the folders above say, and lets a person install what it needs beside it. */
const packageJson = '{ "private": true, "type": "module" }\n';

/** Without `spec` there is no training program: nothing says on what text. */
export async function projectFiles(compiled: Compiled, spec?: ProgramSpec): Promise<ProjectFiles> {
  const { plan, constants } = compiled;
  const program = spec && (await (await import("./typescript/print-program.ts")).printProgram(spec));
  return new Map<string, string | Uint8Array>([
    ...(program && spec
      ? ([
          ["train.ts", program.typescript],
          ["train.mjs", program.javascript],
          ["spec.json", `${JSON.stringify(spec.facts, undefined, 1)}\n`],
          [tokenizerFile, `${JSON.stringify(spec.tokenizer)}\n`],
          ["package.json", packageJson],
        ] as const)
      : []),
    ["constants.bin", constants],
    ...kernelFiles(compiled),
    ["plan.json", `${JSON.stringify(plan, undefined, 1)}\n`],
  ]);
}

/** Writes the folder to where it waits. The plan comes last: where there is one, everything is. */
export function stageProject(
  folder: string,
  files: ReadonlyMap<string, EntryContent>,
  options: Omit<StageOptions, "last">,
): Promise<StagedFolder> {
  return stageFolder(folder, files, { ...options, last: "plan.json" });
}
