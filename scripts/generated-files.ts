/** @file Every file of the repository that is generated from the language's own tables, and its text. */
import { cstTypes } from "../grammar/cst-types.ts";

export interface GeneratedFile {
  /** Relative to the root of the repository. */
  readonly path: string;
  readonly text: () => string;
}

export const generatedFiles: readonly GeneratedFile[] = [{ path: "grammar/cst.gen.ts", text: cstTypes }];
