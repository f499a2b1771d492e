/** @file Writes every generated file: `node scripts/run.mjs scripts/generate.ts`, from the root of the repository. */
import { writeFileSync } from "node:fs";
import { generatedFiles } from "./generated-files.ts";

for (const file of generatedFiles) writeFileSync(file.path, file.text());
