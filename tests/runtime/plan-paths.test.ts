/** Files that a plan names: only those of its folder are read, compiled or written. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { loadProgram } from "../../src/runtime/node/program.ts";

const plan = (file: unknown): string =>
  JSON.stringify({
    format: 1,
    buffers: [],
    programs: {},
    kernels: [{ name: "evil", file, groups: 1, lanes: 1, access: [] }],
  });

function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "llmc-plan-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, "run/kernels"), { recursive: true });
  writeFileSync(join(folder, "secret.c"), "int secret;");
  for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, "run", path), text);
  return folder;
}

test.each([
  "../secret.c",
  "kernels/../../secret.c",
  "/etc/hostname",
  "kernels//x.c",
  "",
  ".",
  "C:/x.c",
  "c:x.c",
  "kernels\\..\\..\\x.c",
  "kernels/\0x.c",
  7,
  null,
  ["x.c"],
])("a plan with the kernel file %j is refused", async (file) => {
  const folder = folderWith({ "plan.json": plan(file) });
  await expect(loadProgram(join(folder, "run"))).rejects.toMatchObject({
    code: "program/invalid",
    message: expect.stringContaining("not in its folder"),
  });
});

test("a header that leads out of the folder is refused, and so is a link", async () => {
  const folder = folderWith({ "plan.json": plan("kernels/x.c"), "kernels/x.c": '#include "../secret.c"\n' });
  const program = await loadProgram(join(folder, "run"));
  expect(await program.kernel("kernels/x.c")).toContain("include");
  for (const file of ["../secret.c", "/etc/hostname"])
    await expect(program.kernel(file)).rejects.toMatchObject({ code: "program/invalid" });
  symlinkSync(join(folder, "secret.c"), join(folder, "run/kernels/link.c"));
  symlinkSync(folder, join(folder, "run/out"));
  for (const file of ["kernels/link.c", "out/secret.c", "kernels"])
    await expect(program.kernel(file)).rejects.toMatchObject({
      code: "program/invalid",
      message: expect.stringContaining("it is a link, or no file"),
    });
  rmSync(join(folder, "run/plan.json"));
  symlinkSync(join(folder, "secret.c"), join(folder, "run/plan.json"));
  await expect(loadProgram(join(folder, "run"))).rejects.toMatchObject({ code: "program/invalid" });
});
