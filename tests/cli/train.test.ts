/** Training from the command line, from the first step to text: what is printed, what is written, and that stopping changes nothing. */
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { llmc, transcript, workspace, type Finished } from "./setup/run-llmc.ts";

const software = ["--device", "software"];
const long = (out: string, ...more: readonly string[]): readonly string[] =>
  train("--out", out, "--steps", "60", ...more);
const train = (...more: readonly string[]): readonly string[] => ["train", "tiny.llm", ...software, ...more];

/** Losses, speeds and drawn text depend on the machine's arithmetic. */
function masked(text: string): string {
  return text
    .replaceAll(/loss \d\.\d+( [▁-█]+ .*left)?/g, "loss …")
    .replaceAll(/\d\.\d+ bits per byte/g, "… bits per byte")
    .replaceAll(/^(step \d+: Emma).*(\n(?!step|saved|next|log|webgpu).*)*/gm, "$1…")
    .replaceAll(/SwiftShader driver \S+/g, "SwiftShader");
}

function without(finished: Finished): Finished {
  return { ...finished, stdout: masked(finished.stdout), stderr: masked(finished.stderr) };
}

test("trains, keeps a log and checkpoints, and writes text afterwards, the same for the same seed", async () => {
  const cwd = workspace();
  const args = train("--json");
  const trained = await llmc(args, { cwd });
  const result = JSON.parse(trained.stdout) as Record<string, unknown>;
  expect(result).toMatchObject({ model: "Tiny", status: "finished", step: 12, evaluation: { tokens: 128 } });
  await expect(transcript(args, cwd, without({ ...trained, stdout: "" }))).toMatchFileSnapshot("golden/train.txt");
  expect(readdirSync(join(cwd, "runs/Tiny/checkpoints"))).toEqual([
    "step-00000006.safetensors",
    "step-00000012.safetensors",
  ]);
  const log = readFileSync(join(cwd, "runs/Tiny/log.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { kind: string; loss?: number; step?: number });
  expect(log.map((r) => r.kind).filter((kind) => kind !== "step")).toEqual([
    "run",
    "evaluation",
    "sample",
    "sample",
    "evaluation",
    "sample",
    "sample",
  ]);
  const losses = log.filter((r) => r.kind === "step").map((r) => r.loss ?? Infinity);
  expect(losses).toHaveLength(12);
  expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) - 0.5);

  const before = readdirSync(join(cwd, "runs/Tiny"));
  const texts: string[] = [];
  for (const run of ["runs/Tiny", "runs/Tiny/checkpoints/step-00000012.safetensors"]) {
    const { code, stdout, stderr } = await llmc(
      ["generate", run, "--prompt", "Emma", "--length", "20", "--seed", "5", ...software],
      { cwd },
    );
    expect(code).toBe(0);
    expect(stderr).toMatch(/^webgpu: .*\nTiny, step 12\nnext: llmc generate runs\/Tiny\S* --seed 6\n$/);
    texts.push(stdout);
  }
  expect(texts[0]).toMatch(/^Emma[^]{20}\n$/);
  expect(texts[1]).toBe(texts[0]);
  expect(readdirSync(join(cwd, "runs/Tiny"))).toEqual(before);

  const again = await llmc(train(), { cwd });
  expect(again).toMatchObject({ code: 1, stdout: "" });
  expect(again.stderr).toContain("error[checkpoint/exists]");
});

// A suite that was started by `nohup` is no run that was.
delete process.env["_"];

test("stopped by Ctrl-C or with its terminal it saves, says how to go on, and goes on to the very same bits", async () => {
  const cwd = workspace();
  // Whoever stops reading ends nothing.
  expect((await llmc(long("my runs/whole"), { cwd, leaveAt: "step 1/60" })).code).toBe(0);
  const stopped = [
    await llmc(long("parts"), { cwd, signalAt: { text: "step 1/60", signal: "SIGINT" } }),
    await llmc(long("parts", "--resume"), { cwd, signalAt: { text: "/60  loss", signal: "SIGHUP" } }),
  ];
  for (const { code, signal, stderr } of stopped) {
    expect(stderr).toMatch(/stopping after this step, then saving/);
    expect(stderr).toMatch(
      /stopped after step \d+ of 60; go on with llmc train tiny\.llm --out parts --steps 60 --device software --resume\n$/,
    );
    expect({ code, signal }).toEqual({ code: 130, signal: null });
  }
  const last = "step-00000060.safetensors";
  expect(existsSync(join(cwd, "parts/checkpoints", last))).toBe(false);
  expect((await llmc(long("parts", "--resume"), { cwd })).code).toBe(0);
  const bytes = (folder: string): Buffer => readFileSync(join(cwd, folder, "checkpoints", last));
  expect(bytes("parts").equals(bytes("my runs/whole"))).toBe(true);
});

test("a resumed run is refused where the spec means something else, with nothing touched, and goes on where it means the same", async () => {
  const cwd = workspace();
  const path = join(cwd, "tiny.llm");
  const spec = readFileSync(path, "utf8").replace(/^eval [^]*?^}/m, "");
  const resumed = (change: (text: string) => string, ...more: readonly string[]): Promise<Finished> => {
    writeFileSync(path, change(spec));
    return llmc(["train", "tiny.llm", "--device", "cpu", "--resume", ...more], { cwd });
  };
  writeFileSync(path, spec);
  // Runs are kept where there is space for them.
  mkdirSync(join(cwd, "large/and/far"), { recursive: true });
  symlinkSync("large/and/far", join(cwd, "runs"));
  expect((await llmc(["train", "tiny.llm", "--device", "cpu", "--steps", "2"], { cwd })).code).toBe(0);
  const files = (): string =>
    JSON.stringify(
      readdirSync(join(cwd, "runs"), { recursive: true, withFileTypes: true }).map((entry) => [
        entry.name,
        entry.isFile() ? readFileSync(join(entry.parentPath, entry.name), "latin1") : "",
      ]),
    );
  const before = files();
  const both = await resumed((text) => text.replace("1e-2", "2e-2").replace("batch:     4", "batch:     2"));
  expect(both).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(
      /the spec has changed since .*: `batch` was 4 sequences, and is 2 sequences; `optimizer` was `adamw\(lr: 1e-2\)`, and is `adamw\(lr: 2e-2\)`\n.*--force batch,optimizer/,
    ),
  });
  expect((await resumed((text) => text.replace("gelu", "silu"))).stderr).toContain(
    "what `model` is made of has changed",
  );
  const text = readFileSync(join(cwd, "emma.txt"), "utf8");
  writeFileSync(join(cwd, "emma.txt"), text.replace("Emma", "mEma"));
  expect((await resumed((same) => same)).stderr).toContain("--force data");
  writeFileSync(join(cwd, "emma.txt"), text);
  expect(files()).toBe(before);
  const harmless = await resumed((same) =>
    same
      .replace("12 steps", "3 steps // shorter")
      .replace("every: 6 steps", "every: 1 steps")
      .replace("1e-2", "0.01")
      .replace("0 -> 1", "0->1"),
  );
  expect(harmless.stderr).toContain("step-00000003.safetensors");
  expect(
    (await resumed((same) => same.replace("1e-2", "2e-2"), "--steps", "4", "--force", "optimizer")).stderr,
  ).toContain("step-00000004.safetensors");
});

describe("a checkpoint is refused", () => {
  test("when it is cut short or of another model", async () => {
    const cwd = workspace();
    expect((await llmc(train("--steps", "1", "--out", join(cwd, "absolute")), { cwd })).code).toBe(0);
    const checkpoint = join(cwd, "absolute/checkpoints/step-00000001.safetensors");
    const other = await llmc(train("--model", "LayerNorm", "--from", checkpoint), { cwd });
    expect(other.stderr).toMatch(
      /error\[checkpoint\/mismatch\]: .* holds `Tiny`, which does not fit `LayerNorm`: it has no `layers\.0\./,
    );
    expect(other.code).toBe(1);
    truncateSync(checkpoint, 5000);
    const cut = await llmc(["generate", "absolute", ...software], { cwd });
    expect(cut.stderr).toContain("error[checkpoint/corrupt]");
    expect(cut).toMatchObject({ code: 1, stdout: "" });
    writeFileSync(checkpoint, "");
    expect(await llmc(["generate", "absolute", ...software], { cwd })).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringContaining("error[checkpoint/corrupt]"),
    });
  });
});
