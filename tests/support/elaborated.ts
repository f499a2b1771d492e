/** @file Models from text, for tests: the standard library from its folder, files from a map. Throws what a user would be told. */
import { readdirSync, readFileSync } from "node:fs";
import { elaborate } from "../../src/semantics/model/elaborate.ts";
import type { Elaboration } from "../../src/semantics/model/elaborate.ts";
import { loadProgram } from "../../src/semantics/load/program.ts";
import type { Model } from "../../src/ir/model.ts";

const folder = new URL("../../stdlib/", import.meta.url);
export const stdlib = readdirSync(folder)
  .filter((name) => name.endsWith(".llm"))
  .map((name) => ({ name, text: readFileSync(new URL(name, folder), "utf8") }));

/** The named model of a text. */
export function elaborated(text: string, name: string, batch = 2): Elaboration & { readonly model: Model } {
  const program = loadProgram("test.llm", { readFile: (path) => (path === "test.llm" ? text : undefined), stdlib });
  const made = elaborate(program, name, { batch });
  const errors = [...program.diagnostics, ...made.diagnostics].filter((d) => d.severity === "error");
  if (errors.length > 0 || !made.model)
    throw new Error(
      errors.map((d) => `${d.code}: ${d.message} at ${d.primary.span.file.path}:${d.primary.span.start}`).join("\n"),
    );
  return { ...made, model: made.model };
}
