/** The folder that `llmc build` writes: the same every time, correct TypeScript, and the very program that `llmc train` runs. */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { llmc, run, workspace } from "./setup/run-llmc.ts";

const root = join(import.meta.dirname, "../..");

function filesOf(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map((entry) => [
      join(entry.parentPath.slice(folder.length), entry.name),
      readFileSync(join(entry.parentPath, entry.name), "latin1"),
    ]),
  );
}

test("builds the same files every time, without those of an earlier build", async () => {
  const cwd = workspace();
  const first = await llmc(["build", "tiny.llm", "--out", "a"], { cwd });
  expect(first.stderr).toMatch(
    /^wrote a: \d+ kernels, \d+ dispatches a training step, \d+ files, in \d+\.\d s\nnext: llmc train tiny\.llm\n$/,
  );
  expect(first).toMatchObject({ code: 0, stdout: "" });
  expect((await llmc(["build", "tiny.llm", "--model", "LayerNorm", "--out", "b"], { cwd })).code).toBe(0);
  const second = await llmc(["build", "tiny.llm", "--out", "b", "--json"], { cwd });
  expect(filesOf(join(cwd, "b"))).toEqual(filesOf(join(cwd, "a")));
  expect(JSON.parse(second.stdout)).toMatchObject({
    model: "Tiny",
    folder: "b",
    memory: { peak_bytes: expect.any(Number) },
  });
  const plan = JSON.parse(readFileSync(join(cwd, "a/plan.json"), "utf8")) as { kernels: { file: string }[] };
  expect(plan.kernels.map((k) => k.file.replace("kernels/", "")).toSorted()).toEqual(
    readdirSync(join(cwd, "a/kernels")).toSorted(),
  );
});

test("for the CPU the kernels are C, with the step that calls them and their headers beside", async () => {
  const cwd = workspace();
  expect((await llmc(["build", "tiny.llm", "--out", "out", "--target", "cpu"], { cwd })).code).toBe(0);
  expect(readdirSync(join(cwd, "out")).toSorted()).toEqual([
    "constants.bin",
    "kernels",
    "llmc.h",
    "llmc.json",
    "package.json",
    "plan.json",
    "run.h",
    "spec.json",
    "step.c",
    "tokenizer-data.json",
    "train.mjs",
    "train.ts",
  ]);
  expect(readdirSync(join(cwd, "out/kernels")).filter((file) => !file.endsWith(".c"))).toEqual([]);
  // Nothing of it stays behind.
  expect((await llmc(["build", "tiny.llm", "--out", "out"], { cwd })).code).toBe(0);
  expect(readdirSync(join(cwd, "out")).toSorted()).toEqual([
    "constants.bin",
    "kernels",
    "llmc.json",
    "package.json",
    "plan.json",
    "spec.json",
    "tokenizer-data.json",
    "train.mjs",
    "train.ts",
  ]);
});

/** Every file below a folder with its content. */
const snapshot = (folder: string): string => JSON.stringify(filesOf(folder));

test("writes only into a folder that is empty or its own, and over nothing that a person wrote", async () => {
  const cwd = workspace();
  for (const path of ["data/corpus.txt", "kernels/mine.c", "train.ts"]) {
    mkdirSync(join(cwd, path, ".."), { recursive: true });
    writeFileSync(join(cwd, path), "mine");
  }
  symlinkSync("nowhere", join(cwd, "dangling"));
  symlinkSync("data", join(cwd, "linked"));
  mkdirSync(join(cwd, "below"));
  const before = snapshot(cwd);
  for (const [out, from] of [
    [".", cwd],
    ["..", join(cwd, "below")],
    ["data", cwd],
    ["linked", cwd],
    ["dangling", cwd],
    ["emma.txt", cwd],
    [cwd, cwd],
  ] as const) {
    const { code, stderr } = await llmc(["build", join(cwd, "tiny.llm"), "--out", out], { cwd: from });
    expect(stderr, out).toContain("error[folder/foreign]: cannot write into");
    expect(code).toBe(1);
    expect(snapshot(cwd)).toBe(before);
  }
  expect((await llmc(["build", "tiny.llm", "--out", "out"], { cwd })).code).toBe(0);
  for (const [path, text] of [
    ["train.ts", "edited"],
    ["kernels/own.wgsl", "mine"],
    ["notes.txt", "mine"],
  ] as const)
    writeFileSync(join(cwd, "out", path), text);
  const edited = snapshot(cwd);
  const refused = await llmc(["build", "tiny.llm", "--out", "out"], { cwd });
  expect(refused).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/error\[file\/edited\]: .*out\/train\.ts was edited/),
  });
  expect(snapshot(cwd)).toBe(edited);
  expect((await llmc(["build", "tiny.llm", "--out", "out", "--target", "cpu", "--force"], { cwd })).code).toBe(0);
  expect(readFileSync(join(cwd, "out/train.ts"), "utf8")).toContain("Trains `Tiny`");
  expect([
    readFileSync(join(cwd, "out/kernels/own.wgsl"), "utf8"),
    readFileSync(join(cwd, "out/notes.txt"), "utf8"),
  ]).toEqual(["mine", "mine"]);
  expect(readdirSync(join(cwd, "out/kernels")).filter((file) => file.endsWith(".wgsl"))).toEqual(["own.wgsl"]);
});

test("a model without text has kernels and a plan, and no program", async () => {
  const cwd = workspace();
  writeFileSync(
    join(cwd, "bare.llm"),
    readFileSync(join(cwd, "tiny.llm"), "utf8")
      .replace(/^(data|eval) [^]*?^}/gm, "")
      .replace("  data: Emma\n", "")
      .replace("Emma.vocab", "64"),
  );
  const { code, stderr } = await llmc(["build", "bare.llm", "--out", "out"], { cwd });
  expect(stderr).toContain("it has no training program: name the text");
  expect(code).toBe(0);
  expect(readdirSync(join(cwd, "out")).toSorted()).toEqual(["constants.bin", "kernels", "llmc.json", "plan.json"]);
});

test("the program is correct TypeScript, runs by itself, and is what llmc train runs", async () => {
  const cwd = workspace();
  expect((await llmc(["build", "tiny.llm", "--out", "program", "--target", "webgpu-software"], { cwd })).code).toBe(0);
  const text = readFileSync(join(cwd, "program/train.ts"), "utf8");
  await expect(text).toMatchFileSnapshot("golden/train.ts.txt");

  // Checked under the strictest options, against the runtime's own types.
  const config = JSON.parse(readFileSync(join(root, "tsconfig.json"), "utf8")) as { compilerOptions: object };
  const paths = { "llmc-lang/runtime": [join(root, "src/runtime/index.ts")] };
  const typeRoots = [join(root, "node_modules/@types"), join(root, "node_modules")];
  writeFileSync(
    join(cwd, "tsconfig.json"),
    JSON.stringify({ compilerOptions: { ...config.compilerOptions, paths, typeRoots }, files: ["program/train.ts"] }),
  );
  writeFileSync(join(cwd, "package.json"), '{ "type": "module" }');
  execFileSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", cwd], { stdio: "pipe" });

  const moved = async (from: string): Promise<string> =>
    (await run(join(cwd, from, "train.mjs"), ["--device=software"], { cwd })).stderr;
  expect(await moved("program")).toBe(
    "error: this program needs the package llmc-lang, which is not installed in its folder or above\n  help: install it there as docs/install.md of llmc says: npm install PATH/TO/llmc-lang-VERSION.tgz\n",
  );

  // Where llmc is installed the program finds the runtime.
  mkdirSync(join(cwd, "node_modules"));
  symlinkSync(root, join(cwd, "node_modules/llmc-lang"));
  const alone = await run(join(cwd, "program/train.mjs"), ["--device=software", "--out=alone"], { cwd });
  expect(alone.stderr).toContain("saved alone/checkpoints/step-00000012.safetensors");
  expect(alone.code).toBe(0);
  // Elsewhere it says what to do about its text.
  cpSync(join(cwd, "program"), join(cwd, "deep/moved"), { recursive: true });
  expect(await moved("deep/moved")).toMatch(
    /^error\[data\/missing\]: there is no file .*emma\.txt\n  help: paths are relative to .*deep\/moved\/?; if the program was moved, correct `files` in its train\.mjs, or build it again where it is to lie\n$/,
  );
  expect((await llmc(["train", "tiny.llm", "--device", "software", "--out", "run"], { cwd })).code).toBe(0);
  expect(readFileSync(join(cwd, "run/program/train.mjs"), "utf8")).toBe(
    readFileSync(join(cwd, "program/train.mjs"), "utf8").replace('files: ["../emma.txt"]', 'files: ["../../emma.txt"]'),
  );
  // All but the header, which says which plan it was.
  const last = (folder: string): Buffer => {
    const file = readFileSync(join(cwd, folder, "checkpoints/step-00000012.safetensors"));
    return file.subarray(8 + Number(file.readBigUInt64LE()));
  };
  expect(last("run").equals(last("alone"))).toBe(true);
});
