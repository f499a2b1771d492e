/** @file The documentation shows what is there: its programs are sound, its commands exist, its output is current. `vitest -u` renews the output. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { renderDiagnostics } from "../../src/diagnostics/render-terminal.ts";
import { checkSource } from "../support/check-source.ts";
import { codeBlocks, commandLines, pages, problemOf, prose, root, withCurrentOutput } from "./pages.ts";

describe.each(pages)("$path", (page) => {
  test("shows programs that are checked without a word", () => {
    const messages = codeBlocks(page, "llm").map((text) =>
      renderDiagnostics(checkSource({ path: page.path, text }, [])),
    );
    expect(messages.filter((m) => m !== "")).toEqual([]);
  });

  test("names commands, options and files that exist", () => {
    const problems = commandLines(page).flatMap((line) => problemOf(page, line) ?? []);
    const files = [
      ...page.text.matchAll(/`((?:src|grammar|codegen|stdlib|tests|models|scripts|docs)\/[^`\s…*]*)`/g),
    ].map((m) => m[1] ?? "");
    const links = [...prose(page).matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map((m) =>
      join(dirname(page.path), m[1] ?? ""),
    );
    const absent = [...files, ...links].filter((path) => !existsSync(join(root, path)));
    expect([...problems, ...absent]).toEqual([]);
  });

  if (!page.text.includes("<!-- output of ")) return;
  test("shows output as it is today", async () => {
    await expect(await withCurrentOutput(page)).toMatchFileSnapshot(join(root, page.path));
  }, 120_000);
});
