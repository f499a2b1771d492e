/** @file Paths into packages stay in them. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { expand } from "../../src/runtime/node/files.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "llmc-paths-"));
  mkdirSync(join(folder, "node_modules/texts/books"), { recursive: true });
  writeFileSync(join(folder, "node_modules/texts/books/a.txt"), "a");
  writeFileSync(join(folder, "secret.txt"), "s");
  symlinkSync(join(folder, "secret.txt"), join(folder, "node_modules/texts/out.txt"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const filesOf = (file: string): Promise<unknown> => expand({ name: "s", files: [file] }, folder);

test("a file of a package is found", async () => {
  expect(await filesOf("npm:texts/books/*.txt")).toMatchObject([{ name: "npm:texts/books/a.txt" }]);
});

test.each([
  "npm:../secret.txt",
  "npm:texts/../../secret.txt",
  "npm:texts/books/..\\..\\..\\secret.txt",
  "npm:./x/../../../secret.txt",
  "npm:@a/../../secret.txt",
  "npm:.bin/../../secret.txt",
])("%s names no file in a package", async (path) => {
  await expect(filesOf(path)).rejects.toThrow("names no file in a package");
});

test("a link that leads out of a package is not followed", async () => {
  await expect(filesOf("npm:texts/out.txt")).rejects.toThrow("leads out of its package");
});
