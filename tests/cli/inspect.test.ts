/** The commands that run nothing: check, fmt, show, explain, and help. */
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { llmc, transcript, workspace } from "./setup/run-llmc.ts";

const broken = `data Books { source books { files: "b.txt", wieght: 100% } }

model Tiny {
  data: Books
  dims { T = 16  L = 1  D = 16  H = 2  F = 32  V = Books.vocab }
  embed:  table
  layers: L * layer(norm: rmsnrm)
  head:   tied
}
`;

describe("check", () => {
  test("says that a file is sound, what is wrong with another, and mends what it can", async () => {
    const cwd = workspace();
    writeFileSync(join(cwd, "my model.llm"), broken);
    const runs = [
      ["check", "tiny.llm"],
      ["check", "my model.llm"],
      ["check", "--json", "my model.llm"],
      ["check", "--fix", "my model.llm"],
    ];
    let text = "";
    for (const args of runs) text += `${transcript(args, cwd, await llmc(args, { cwd }))}\n`;
    await expect(text).toMatchFileSnapshot("golden/check.txt");
    const mended = readFileSync(join(cwd, "my model.llm"), "utf8");
    expect(mended).toContain("weight: 100%");
    expect(mended).toContain("norm: rmsnorm");
  });

  test("warns of text that is not there, from another folder too, where training refuses in the same words", async () => {
    const cwd = workspace();
    mkdirSync(join(cwd, "deep"));
    writeFileSync(join(cwd, "tiny.llm"), readFileSync(join(cwd, "tiny.llm"), "utf8").replace("emma.txt", "ema.txt"));
    const checked = await llmc(["check", "../tiny.llm"], { cwd: join(cwd, "deep") });
    expect(checked).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("warning[data/missing]: there is no file ema.txt\n"),
    });
    expect(checked.stderr).toContain("help: did you mean `emma.txt`?");
    expect(checked.stderr).toContain("next: correct `files` or put the text there, then llmc train ../tiny.llm\n");
    for (const command of ["train", "build"]) {
      const refused = await llmc([command, "../tiny.llm"], { cwd: join(cwd, "deep") });
      expect(refused).toMatchObject({
        code: 1,
        stderr: `${checked.stderr.slice(0, checked.stderr.indexOf("../tiny.llm is")).replace("warning", "error")}1 error in ../tiny.llm\n`,
      });
    }
    expect(readdirSync(join(cwd, "deep"))).toEqual([]);
  });

  test("writes colours only when asked to", async () => {
    const cwd = workspace();
    writeFileSync(join(cwd, "broken.llm"), broken);
    const plain = await llmc(["check", "broken.llm"], { cwd });
    const colored = await llmc(["check", "broken.llm"], { cwd, env: { NO_COLOR: "", FORCE_COLOR: "1" } });
    const escape = String.fromCodePoint(0x1b);
    expect(plain.stderr).not.toContain(escape);
    expect(colored.stderr).toContain(escape);
    expect(colored.stderr.replaceAll(new RegExp(`${escape}\\[[0-9;]*m`, "g"), "")).toBe(plain.stderr);
  });
});

test("fmt lays a file out once, in a file or through a pipe, and keeps its hands off what does not parse", async () => {
  const cwd = workspace();
  const canonical = readFileSync(join(cwd, "tiny.llm"), "utf8");
  const messy = `\uFEFF${canonical.replaceAll(/ {2,}/g, " ").replaceAll("\n", "\r\n")}`;
  writeFileSync(join(cwd, "tiny.llm"), messy);
  expect(await llmc(["fmt", "--check", "tiny.llm"], { cwd })).toMatchObject({
    code: 1,
    stdout: "",
    stderr: "tiny.llm is not formatted\nnext: llmc fmt tiny.llm\n",
  });
  expect(await llmc(["fmt", "--stdin", "tiny.llm"], { cwd, input: messy })).toMatchObject({
    code: 0,
    stdout: canonical,
    stderr: "",
  });
  expect(await llmc(["fmt", "tiny.llm"], { cwd })).toMatchObject({
    code: 0,
    stdout: "",
    stderr: "formatted tiny.llm\nnext: llmc check tiny.llm\n",
  });
  expect(readFileSync(join(cwd, "tiny.llm"), "utf8")).toBe(canonical);
  writeFileSync(join(cwd, "half.llm"), canonical.slice(0, 500));
  expect(await llmc(["fmt", "half.llm"], { cwd })).toMatchObject({ code: 1 });
  expect(readFileSync(join(cwd, "half.llm"), "utf8")).toBe(canonical.slice(0, 500));
});

test("fmt takes files and folders, leaves out what is not a person's, and goes on behind one that does not parse", async () => {
  const cwd = workspace();
  const canonical = readFileSync(join(cwd, "tiny.llm"), "utf8");
  const messy = canonical.replaceAll(/ {2,}/g, " ");
  for (const folder of ["a/b", "a/node_modules", "a/built", "empty"]) mkdirSync(join(cwd, folder), { recursive: true });
  writeFileSync(join(cwd, "a/built/llmc.json"), "{}");
  for (const file of ["a/x.llm", "a/b/y.llm", "a/node_modules/z.llm", "a/built/w.llm"])
    writeFileSync(join(cwd, file), messy);
  writeFileSync(join(cwd, "a/half.llm"), canonical.slice(0, 500));
  symlinkSync(join(cwd, "a"), join(cwd, "a/b/loop"));
  expect(await llmc(["fmt", "--check", "a", "tiny.llm"], { cwd })).toMatchObject({ code: 1, stdout: "" });
  const done = await llmc(["fmt", "a", "tiny.llm"], { cwd });
  expect(done.code).toBe(1);
  expect(done.stderr).toContain("formatted a/x.llm\n");
  expect(done.stderr).toContain("next: llmc check a/half.llm\n");
  expect(["a/x.llm", "a/b/y.llm"].map((file) => readFileSync(join(cwd, file), "utf8"))).toEqual([canonical, canonical]);
  expect(["a/node_modules/z.llm", "a/built/w.llm"].map((file) => readFileSync(join(cwd, file), "utf8"))).toEqual([
    messy,
    messy,
  ]);
  expect(await llmc(["fmt", "empty"], { cwd })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("no .llm files in empty"),
  });
  expect(await llmc(["fmt", "--check", "--stdin", "t.llm"], { cwd, input: messy })).toMatchObject({
    code: 1,
    stdout: "",
  });
  expect(await llmc(["fmt", "--check", "--stdin", "t.llm"], { cwd, input: canonical })).toMatchObject({
    code: 0,
    stdout: "",
  });
});

test("with --json a failure is JSON too, with a code that explain knows", async () => {
  const cwd = workspace();
  const missing = await llmc(["show", "--json", "nowhere.llm"], { cwd });
  expect(missing.code).toBe(1);
  expect(JSON.parse(missing.stdout)).toMatchObject({
    formatVersion: 1,
    error: { message: expect.stringContaining("nowhere.llm") },
  });
  const usage = await llmc(["show", "--json", "--sped", "tiny.llm"], { cwd });
  expect(usage.code).toBe(2);
  expect(JSON.parse(usage.stdout).error).toMatchObject({ code: "usage", message: expect.stringContaining("--sped") });
  expect(await llmc(["explain", "run/locked"], { cwd })).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("Another process"),
  });
  expect(await llmc(["explain", "run/loked"], { cwd })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("run/locked"),
  });
});

test("an unfair comparison fails check, and is only said where a model is compiled by itself", async () => {
  const cwd = workspace();
  const unfair = `\nvariant Wide of Tiny { dims.F: 640 }\ncompare sizes { models: [Tiny, Wide], match: params(within: 1%) }\n`;
  writeFileSync(join(cwd, "tiny.llm"), readFileSync(join(cwd, "tiny.llm"), "utf8") + unfair);
  expect(await llmc(["check", "tiny.llm"], { cwd })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("error[compare/unfair]"),
  });
  expect(await llmc(["show", "tiny.llm"], { cwd })).toMatchObject({
    code: 0,
    stderr: expect.stringContaining("warning[compare/unfair]"),
  });
});

describe("show", () => {
  test("tells sizes, parameters, FLOPs, causality and memory", async () => {
    const cwd = workspace();
    const args = ["show", "tiny.llm"];
    const shown = await llmc(args, { cwd });
    // What the planner decides is another test's business.
    const stable = { ...shown, stdout: shown.stdout.replace(/\nstep [^]*/, "") };
    await expect(transcript(args, cwd, stable)).toMatchFileSnapshot("golden/show.txt");
    const summary = JSON.parse(
      (await llmc(["show", "tiny.llm", "--model", "LayerNorm", "--json"], { cwd })).stdout,
    ) as Record<string, Record<string, unknown>>;
    // V D, two norms with a bias each, four matrices of attention, two of the feed-forward part with biases, and the last norm.
    expect(summary["parameters"]?.["total"]).toBe(63 * 16 + 2 * (16 + 16) + 4 * 16 * 16 + 2 * 16 * 32 + 32 + 16 + 16);
    expect(summary).toMatchObject({ model: "LayerNorm", causality: "proven", dims: { T: 16, V: 63 } });
    expect(summary["flops_per_token"]).toMatchObject({ forward: expect.any(Number), training: expect.any(Number) });
    expect(summary["training"]?.["memory"]).toMatchObject({
      peak_bytes: expect.any(Number),
      by_role: { parameters: expect.any(Number), activation: expect.any(Number) },
    });
  });

  test("shows what can be known of a model that nobody trains", async () => {
    const cwd = workspace();
    writeFileSync(
      join(cwd, "bare.llm"),
      "model Bare {\n  dims { T = 8  L = 2  D = 8  H = 2  F = 16  V = 10 }\n  embed:  table\n  layers: L * layer(ffn: mlp)\n  head:   tied\n}\n",
    );
    const { code, stdout, stderr } = await llmc(["show", "bare.llm"], { cwd });
    expect(code).toBe(0);
    expect(stdout).toContain("layers.*.mix.wq ×2");
    expect(stdout).toContain("a token forward");
    expect(stderr).toContain("give it a `train Bare { … }`");
  });
});

describe("explain", () => {
  test.each([
    ["ast", /^file/],
    ["ir", /head\.logits/],
    ["grad", /\/\/ gradients/],
    ["clusters", /contract/],
    ["kernels", /kernel /],
    ["plan", /program train: \d+ dispatches/],
  ])("prints the stage %s and names the next one", async (stage, contains) => {
    const { code, stdout, stderr } = await llmc(["explain", "tiny.llm", "--stage", stage], { cwd: workspace() });
    expect(stdout).toMatch(contains);
    expect(stderr).toMatch(/^next: llmc (explain|build) /);
    expect(code).toBe(0);
  });

  test("says what a code means", async () => {
    const { code, stdout } = await llmc(["explain", "shape/axis-mismatch"], { cwd: workspace() });
    expect(stdout).toMatch(/^shape\/axis-mismatch \(error\)\n\nAn index ranges over/);
    expect(code).toBe(0);
  });
});

test("help shows an example of everything, and of nothing that is not there", async () => {
  const cwd = workspace();
  const { stdout, code } = await llmc(["--help"], { cwd });
  expect(code).toBe(0);
  let text = stdout;
  for (const [, name = ""] of stdout.matchAll(/^ {2}(\w+) {2}/gm))
    text += `\n${transcript([name, "--help"], cwd, await llmc([name, "--help"], { cwd }))}`;
  await expect(text).toMatchFileSnapshot("golden/help.txt");
});
