/** @file Every mend that `llmc check --fix` offers for a message about meaning removes that message and brings no other. */
import { readFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { globSync } from "tinyglobby";
import { expect, test } from "vitest";
import { applyFixes } from "../../src/diagnostics/apply-fixes.ts";
import { semanticsCodes } from "../../src/diagnostics/codes/semantics.ts";
import { checkSource } from "../support/check-source.ts";

const root = fileURLToPath(new URL("../fixtures/errors/", import.meta.url));
const files = globSync("**/*.llm", { cwd: root, ignore: ["**/*.part.llm"] })
  .toSorted()
  .filter((name) => Object.hasOwn(semanticsCodes, dirname(name)));
const sources = files.map((name) => ({ name, text: readFileSync(root + name, "utf8").split("\n// ---\n")[0] ?? "" }));
const mendable = sources.filter(({ name, text }) => check(name, text).some((d) => d.fixes.length === 1));

function check(name: string, text: string): ReturnType<typeof checkSource> {
  return checkSource({ path: basename(name), text }, [`${root}${dirname(name)}/`]);
}

test("there is something to mend", () => expect(mendable.length).toBeGreaterThan(8));

test.each(mendable.map((m) => [m.name, m.text] as const))("%s", (name, text) => {
  const before = check(name, text);
  const [fixed] = applyFixes(before);
  const after = check(name, fixed?.text ?? text);
  const mended = before.filter((d) => d.fixes.length === 1).length;
  expect(after.map((d) => `${d.code}: ${d.message}`)).toEqual(
    before.filter((d) => d.fixes.length !== 1).map((d) => `${d.code}: ${d.message}`),
  );
  expect(after.length).toBe(before.length - mended);
});
