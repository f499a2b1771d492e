/**
 * @file Every message as the user sees it: each file below `tests/fixtures/errors/<code>/` is a source followed, after a line
 * `// ---`, by the rendered diagnostics as comments. `UPDATE=1` rewrites them. A file `*.part.llm` is imported by others, which find
 * it in their own folder or in the root.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { globSync } from "tinyglobby";
import { describe, expect, test } from "vitest";
import { codes } from "../../src/diagnostics/codes.ts";
import { dataCodes } from "../../src/diagnostics/codes/data.ts";
import { renderDiagnostics } from "../../src/diagnostics/render-terminal.ts";
import { checkSource, checkSourceAndFiles } from "../support/check-source.ts";

const root = fileURLToPath(new URL("../fixtures/errors/", import.meta.url));
const cases = globSync("**/*.llm", { cwd: root, ignore: ["**/*.part.llm"] }).toSorted();
const mark = "// ---\n";

function split(text: string): { readonly source: string; readonly expected: string } {
  const at = text.indexOf(`\n${mark}`);
  return at < 0
    ? { source: text, expected: "" }
    : { source: text.slice(0, at + 1), expected: text.slice(at + 1 + mark.length) };
}

function asComment(text: string): string {
  return text
    .split("\n")
    .map((line) => `// ${line}`.trimEnd())
    .join("\n");
}

describe("messages", () => {
  test.each(cases)("%s", async (name) => {
    const { source, expected } = split(readFileSync(root + name, "utf8"));
    const folder = `${root}${dirname(name)}`;
    const file = { path: basename(name), text: source };
    // Sources that show other codes name files that are nowhere.
    const diagnostics =
      dirname(name) in dataCodes
        ? await checkSourceAndFiles(file, [`${folder}/`, root])
        : checkSource(file, [`${folder}/`, root]);
    const actual = `${asComment(renderDiagnostics(diagnostics).replaceAll(folder, "/model"))}\n`;
    if (process.env["UPDATE"]) writeFileSync(root + name, source + mark + actual);
    else expect(actual).toBe(expected);
    expect(diagnostics.map((diagnostic): string => diagnostic.code)).toContain(dirname(name));
  });
});

test("every code has a file that shows its message", () => {
  const shown = new Set(cases.map((name) => dirname(name)));
  expect(Object.keys(codes).filter((code) => !shown.has(code))).toEqual([]);
});
