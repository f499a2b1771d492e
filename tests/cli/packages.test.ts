/** @file The program without the packages that an installation may leave out: what works, and what is said of what does not. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { hasCompiler } from "../support/c-kernels.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "llmc-packages-"));
  for (const part of ["dist", "stdlib", "package.json"]) cpSync(part, join(folder, part), { recursive: true });
  for (const name of Object.keys(manifest.dependencies)) {
    const to = join(folder, "node_modules", name);
    mkdirSync(dirname(to), { recursive: true });
    symlinkSync(resolve("node_modules", name), to);
  }
  writeFileSync(
    join(folder, "t.txt"),
    "All that is gold does not glitter. Not all those who wander are lost.\n".repeat(60),
  );
  writeFileSync(
    join(folder, "m.llm"),
    `
data Own { source a { files: "t.txt" } split { val: 10%, by: position } }
model Mine { data: Own  dims { T = 16  L = 1  D = 16  H = 2  F = 32  V = Own.vocab }  embed: table  layers: L * layer  head: tied }
train Mine { budget: 3 steps, batch: 2 sequences, optimizer: adamw(lr: 1e-3) }
`,
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const llmc = (...args: readonly string[]): { readonly status: number | null; readonly out: string } => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, "dist/llmc.js"), ...args], {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, XDG_CACHE_HOME: join(folder, "cache") },
  });
  return { status, out: stdout + stderr };
};

test("a file is checked", () => {
  expect(llmc("check", "m.llm")).toMatchObject({ status: 0 });
});

test.skipIf(!hasCompiler)(
  "a model trains on the CPU, and the device's reason says that WebGPU was not looked for",
  () => {
    const { status, out } = llmc("train", "m.llm");
    expect(out).toContain("step 3/3");
    expect(status).toBe(0);
    expect(llmc("devices").out).toContain("the npm package `webgpu` is not installed, and there is a C compiler");
  },
);

test.each(["webgpu", "software"])("--device %s names the package that it needs", (device) => {
  const { status, out } = llmc("train", "m.llm", "--out", `runs/${device}`, "--device", device);
  expect(status).toBe(1);
  expect(out).toMatch(/npm install .*webgpu/);
});
