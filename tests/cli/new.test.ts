/** @file A new project: what is written trains once there is text, and nothing that is there is touched. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { llmc, workspace } from "./setup/run-llmc.ts";

test("a new project trains on the text that is put into it, and is not written over another", async () => {
  const cwd = workspace();
  const made = await llmc(["new", "mine"], { cwd });
  expect(made).toMatchObject({
    code: 0,
    stderr: expect.stringContaining("next: put .txt files into mine/text, then: llmc train mine/mine.llm"),
  });
  writeFileSync(join(cwd, "mine/text/a.txt"), readFileSync(join(cwd, "emma.txt")));
  expect((await llmc(["check", "mine/mine.llm"], { cwd })).code).toBe(0);
  expect((await llmc(["train", "mine/mine.llm", "--steps", "2", "--device", "cpu"], { cwd })).stderr).toContain(
    "step 2/2",
  );
  mkdirSync(join(cwd, "other"));
  for (const name of ["mine", "other"])
    expect(await llmc(["new", name], { cwd })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("there already"),
    });
  expect((await llmc(["new", "."], { cwd })).code).toBe(2);
});
