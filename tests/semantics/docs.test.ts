import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { renderDiagnostics } from "../../src/diagnostics/render-terminal.ts";
import { reservedNames } from "../../src/semantics/evaluate/names.ts";
import { checkSource } from "../support/check-source.ts";

const page = readFileSync(new URL("../../docs/language.md", import.meta.url), "utf8");
const examples = [...page.matchAll(/```llm\n([\s\S]*?)```/g)].map((match, i) => [i + 1, match[1] ?? ""] as const);

test.each(examples)("example %i of the language reference is checked without a word", (_, text) => {
  expect(renderDiagnostics(checkSource({ path: "example.llm", text }, []))).toBe("");
});

test("the words of the language that the reference lists are those that cannot be declared", () => {
  const missing = [...reservedNames].filter((name) => !page.includes(name));
  expect(missing).toEqual([]);
});
