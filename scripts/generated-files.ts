/** @file Every file of the repository that is generated from the language's own tables, and its text. */
import { readFileSync } from "node:fs";
import { globSync } from "tinyglobby";
import { cstTypes } from "../grammar/parser/cst-types.ts";
import { libraryReference } from "../grammar/docs/library-reference.ts";
import { diagnosticsReference, fieldsReference } from "../grammar/docs/reference.ts";
import { tmLanguage } from "../grammar/docs/tmlanguage.ts";

export interface GeneratedFile {
  /** Relative to the root of the repository, which is the working directory. */
  readonly path: string;
  readonly text: () => string;
}

/** The first message of the first fixture of a code. */
function exampleOf(code: string): string | undefined {
  const folder = `tests/fixtures/errors/${code}`;
  const [first] = globSync("*.llm", { cwd: folder, ignore: ["*.part.llm"] }).toSorted();
  if (first === undefined) return undefined;
  const messages = readFileSync(`${folder}/${first}`, "utf8").split("\n// ---\n")[1] ?? "";
  return messages
    .replace(/^\/\/ ?/gm, "")
    .trim()
    .split("\n\n")
    .find((message) => message.includes(`[${code}]`));
}

export const generatedFiles: readonly GeneratedFile[] = [
  { path: "grammar/parser/cst.gen.ts", text: cstTypes },
  { path: "grammar/llm.tmLanguage.json", text: tmLanguage },
  { path: "docs/fields.md", text: fieldsReference },
  {
    path: "docs/library.md",
    text: () =>
      libraryReference(
        globSync("*.llm", { cwd: "stdlib" })
          .toSorted()
          .map((name) => ({ name, text: readFileSync(`stdlib/${name}`, "utf8") })),
      ),
  },
  { path: "docs/diagnostics.md", text: () => diagnosticsReference(exampleOf) },
];
