/** Training from the command line, from the first step to text: what is printed, what is written, and that stopping changes nothing. */
import { existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { llmc, transcript, workspace, type Finished } from "./setup/run-llmc.ts";

const software = ["--device", "software"];
const long = (out: string, ...more: readonly string[]): readonly string[] => train("--out", out, "--steps", "60", ...more);
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
  expect(readdirSync(join(cwd, "runs/Tiny/checkpoints"))).toEqual(["step-00000006.safetensors", "step-00000012.safetensors"]);
  const log = readFileSync(join(cwd, "runs/Tiny/log.jsonl"), "utf8").trim().split("\n").map((line) => JSON.parse(line) as { kind: string; loss?: number; step?: number });
  expect(log.map((r) => r.kind).filter((kind) => kind !== "step")).toEqual(["run", "evaluation", "sample", "sample", "evaluation", "sample", "sample"]);
  const losses = log.filter((r) => r.kind === "step").map((r) => r.loss ?? Infinity);
  expect(losses).toHaveLength(12);
  expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) - 0.5);

  const before = readdirSync(join(cwd, "runs/Tiny"));
  const texts: string[] = [];
  for (const run of ["runs/Tiny", "runs/Tiny/checkpoints/step-00000012.safetensors"]) {
    const { code, stdout, stderr } = await llmc(["generate", run, "--prompt", "Emma", "--length", "20", "--seed", "5", ...software], { cwd });
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

test("stopped by Ctrl-C or by a scheduler it saves, says how to go on, and goes on to the very same bits", async () => {
  const cwd = workspace();
  expect((await llmc(long("my runs/whole"), { cwd })).code).toBe(0);
  const stopped = [
    await llmc(long("parts"), { cwd, signalAt: { text: "step 1/60", signal: "SIGINT" } }),
    await llmc(long("parts", "--resume"), { cwd, signalAt: { text: "/60  loss", signal: "SIGTERM" } }),
  ];
  for (const { code, signal, stderr } of stopped) {
    expect(stderr).toMatch(/stopping after this step, then saving/);
    expect(stderr).toMatch(/stopped after step \d+ of 60; go on with llmc train tiny\.llm --out parts --steps 60 --device software --resume\n$/);
    expect({ code, signal }).toEqual({ code: 130, signal: null });
  }
  const last = "step-00000060.safetensors";
  expect(existsSync(join(cwd, "parts/checkpoints", last))).toBe(false);
  expect((await llmc(long("parts", "--resume"), { cwd })).code).toBe(0);
  const bytes = (folder: string): Buffer => readFileSync(join(cwd, folder, "checkpoints", last));
  expect(bytes("parts").equals(bytes("my runs/whole"))).toBe(true);
});

describe("a checkpoint is refused", () => {
  test("when it is cut short or of another model", async () => {
    const cwd = workspace();
    expect((await llmc(train("--steps", "1", "--out", join(cwd, "absolute")), { cwd })).code).toBe(0);
    const checkpoint = join(cwd, "absolute/checkpoints/step-00000001.safetensors");
    const other = await llmc(train("--model", "LayerNorm", "--from", checkpoint), { cwd });
    expect(other.stderr).toMatch(/error\[checkpoint\/mismatch\]: .* holds `Tiny`, which does not fit `LayerNorm`: it has no `layers\.0\./);
    expect(other.code).toBe(1);
    truncateSync(checkpoint, 5000);
    const cut = await llmc(["generate", "absolute", ...software], { cwd });
    expect(cut.stderr).toContain("error[checkpoint/corrupt]");
    expect(cut).toMatchObject({ code: 1, stdout: "" });
    writeFileSync(checkpoint, "");
    expect(await llmc(["generate", "absolute", ...software], { cwd })).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("error[checkpoint/corrupt]") });
  });
});
