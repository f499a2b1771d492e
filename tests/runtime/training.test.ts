import { spawn } from "node:child_process";
import { appendFile, mkdir, mkdtemp, readFile, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { CompiledProgram, Output } from "../../src/runtime/index.ts";
import {
  createTokenizer,
  initialise,
  loadProgram,
  openRunFolder,
  readLog,
  readParameters,
  sample,
  sampleText,
  tokenInputs,
} from "../../src/runtime/index.ts";
import { bigramInitialisers } from "./bigram-initialisers.ts";
import { bigramProgram, writeProgram } from "./bigram.ts";
import { train } from "./example-program.ts";
import { referenceLosses } from "./reference.ts";
import { openWebGpu } from "../support/webgpu.ts";

let folder: string;
let program: CompiledProgram;
const quiet: Output = { write: () => undefined, interactive: false };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "llmc-run-"));
  await writeProgram(bigramProgram({ vocabulary: 256, batch: 4, context: 16 }), folder);
  program = await loadProgram(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const steps = (out: string) => readLog(join(out, "log.jsonl")).filter((record) => record.kind === "step");
const lossesOf = (out: string) =>
  steps(out).map(({ step, loss, lr, gradient_norm }) => ({ step, loss, lr, gradient_norm }));

/** The alphabet, over and over. */
const next = (byte: number): number => (byte === 0x7a ? 0x61 : byte + 1);

describe("a generated program", () => {
  test("trains, evaluates, logs every step in order and keeps the newest checkpoints", async () => {
    const out = join(folder, "whole");
    const result = await train(folder, { out, output: quiet });
    expect(result).toMatchObject({ status: "finished", step: 40 });
    expect(steps(out).map((record) => record.step)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    const evaluations = readLog(join(out, "log.jsonl")).filter((record) => record.kind === "evaluation");
    expect(evaluations.map((record) => record.step)).toEqual([20, 40]);
    // One byte a token: bits per byte are nats per token in another unit.
    for (const { loss, bits_per_byte } of evaluations) expect(bits_per_byte).toBeCloseTo(loss / Math.LN2, 10);
    expect(result.evaluation?.loss).toBeLessThan(5);
    expect(await readdir(join(out, "checkpoints"))).toEqual(["step-00000030.safetensors", "step-00000040.safetensors"]);
  });

  test("goes on after an interruption with the bits of a run that never stopped", async () => {
    const whole = join(folder, "uninterrupted");
    const parts = join(folder, "interrupted");
    await train(folder, { out: whole, output: quiet });
    let notes = "";
    let interrupted = false;
    const interrupting: Output = {
      interactive: false,
      write: (text) => {
        notes += text;
        if (interrupted || !text.startsWith("step ")) return;
        interrupted = true;
        process.emit("SIGINT");
      },
    };
    const first = await train(folder, { out: parts, output: interrupting });
    expect(first.status).toBe("interrupted");
    expect(notes).toContain(`go on with --resume --out=${parts}`);
    await train(folder, { out: parts, output: quiet, resume: true });
    expect(lossesOf(parts)).toEqual(lossesOf(whole));
    const last = "checkpoints/step-00000040.safetensors";
    expect((await readFile(join(parts, last))).equals(await readFile(join(whole, last)))).toBe(true);
  });

  test("resuming an older checkpoint replaces the log after it", async () => {
    const out = join(folder, "rewound");
    await train(folder, { out, output: quiet });
    const before = lossesOf(out);
    await train(folder, { out, output: quiet, resume: join(out, "checkpoints/step-00000030.safetensors") });
    expect(lossesOf(out)).toEqual(before);
  });

  test("does not overwrite an earlier run unasked", async () => {
    const out = join(folder, "whole-again");
    await train(folder, { out, output: quiet });
    await expect(train(folder, { out, output: quiet })).rejects.toMatchObject({ code: "checkpoint/exists" });
    expect((await train(folder, { out, output: quiet, fresh: true, steps: 5 })).step).toBe(5);
  });

  test("refuses to resume with another seed, from nothing, or from a damaged file", async () => {
    const out = join(folder, "seeded");
    await expect(train(folder, { out, output: quiet, resume: true })).rejects.toMatchObject({
      code: "checkpoint/missing",
    });
    await train(folder, { out, output: quiet, seed: 5, steps: 3 });
    await expect(train(folder, { out, output: quiet, resume: true, seed: 6 })).rejects.toMatchObject({
      code: "checkpoint/mismatch",
    });
    const path = join(out, "checkpoints/step-00000003.safetensors");
    const bytes = await readFile(path);
    await writeFile(path, bytes.subarray(0, bytes.length - 4));
    await expect(train(folder, { out, output: quiet, resume: true })).rejects.toMatchObject({
      code: "checkpoint/corrupt",
      message: expect.stringContaining(path),
    });
  });

  test("goes on from the checkpoint before a damaged one, to the same bits", async () => {
    const out = join(folder, "flipped");
    await train(folder, { out, output: quiet });
    const last = join(out, "checkpoints/step-00000040.safetensors");
    const bytes = await readFile(last);
    await writeFile(
      last,
      bytes.map((byte, i) => (i === bytes.length - 9 ? byte ^ 4 : byte)),
    );
    await appendFile(join(out, "log.jsonl"), '{"kind":"step","st\n3\n\0\0');
    let notes = "";
    await train(folder, { out, output: { interactive: false, write: (text) => (notes += text) }, resume: true });
    expect(notes).toMatch(
      /warning: .*step-00000040\.safetensors is damaged: `\S+` is not as it was written; taking the one before/,
    );
    expect(notes).toMatch(/warning: 3 lines of .*log\.jsonl were no records/);
    expect((await readFile(last)).equals(bytes)).toBe(true);
    expect(steps(out).map((record) => record.step)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
  });

  test("that diverges ends, and leaves the last checkpoint from before", async () => {
    const out = join(folder, "diverged");
    await train(folder, { out, output: quiet, steps: 10 });
    const diverging = train(folder, { out, steps: 200, resume: true, output: quiet }, Number.NaN);
    await expect(diverging).rejects.toMatchObject({ code: "train/not-finite" });
    const skipped = steps(out).filter((record) => record.loss === null);
    expect(skipped.map((record) => record.skipped)).toEqual(skipped.map((_, i) => i + 1));
    expect(await readdir(join(out, "checkpoints"))).toEqual(["step-00000010.safetensors"]);
  });

  test("is alone in its folder: another is refused, and the lock of one that was killed is taken over", async () => {
    const out = join(folder, "locked");
    const home = await openRunFolder(out);
    await expect(train(folder, { out, output: quiet })).rejects.toMatchObject({
      code: "run/locked",
      message: expect.stringContaining(`process ${process.pid} on `),
    });
    await home.release();
    expect(await readdir(folder)).not.toContain("locked");
    await mkdir(out);
    for (const holder of [
      JSON.stringify({ pid: 2 ** 22 + 1, host: hostname(), began: "1" }),
      JSON.stringify({ pid: process.ppid, host: hostname(), began: "1" }),
      '{"pid":',
    ]) {
      await writeFile(join(out, "llmc.lock"), holder);
      await (await openRunFolder(out)).release();
    }
    await writeFile(join(out, "llmc.lock"), JSON.stringify({ pid: 1, host: "elsewhere", began: "1" }));
    await expect(openRunFolder(out)).rejects.toMatchObject({
      code: "run/locked",
      help: expect.stringContaining("llmc.lock"),
    });
    await utimes(join(out, "llmc.lock"), 1, 1);
    await (await openRunFolder(out)).release();
  });

  test("writes into no folder that holds other files", async () => {
    const out = join(folder, "mine");
    await mkdir(out);
    await writeFile(join(out, "log.jsonl"), "mine");
    await expect(train(folder, { out, output: quiet, fresh: true })).rejects.toMatchObject({ code: "folder/foreign" });
    expect(await readdir(out)).toEqual(["log.jsonl"]);
    expect(await readFile(join(out, "log.jsonl"), "utf8")).toBe("mine");
  });

  test("as a process: ends by itself, and renders failures without a stack", async () => {
    const script = join(folder, "run.ts");
    const here = JSON.stringify(join(import.meta.dirname, "example-program.ts"));
    await writeFile(
      script,
      `import { runMain } from ${JSON.stringify(join(import.meta.dirname, "../../src/runtime/index.ts"))};
       import { train } from ${here};
       await runMain(import.meta.url, (options) => train(${JSON.stringify(folder)}, options));`,
    );
    const bundled = await bundle(script);
    onTestFinished(() => rm(bundled, { force: true }));
    const ok = await execute(bundled, [`--out=${join(folder, "process")}`, "--steps=12"]);
    expect(ok.code).toBe(0);
    expect(ok.stderr).toMatch(/webgpu: .+: .+\n/);
    expect(ok.stderr).toContain("saved ");
    expect(await execute(bundled, ["--device=softwear"])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(
        "error[device/unknown]: there is no device `softwear`\n  help: did you mean `software`?",
      ),
    });
    expect(await execute(bundled, ["--step=3"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("did you mean `--steps`?"),
    });
    const stopped = await execute(bundled, [`--out=${join(folder, "stopped")}`, "--steps=1000000"], "step 1");
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toMatch(/saved .*\nstopped after step \d+ of 1000000; go on with --resume/);
  });
});

describe("a plan on a device", () => {
  test("computes what its kernels say: losses follow an f64 reference", async () => {
    const V = 24;
    const device = await openWebGpu();
    try {
      const session = await device.open(bigramProgram({ vocabulary: V, batch: 2, context: 8 }));
      const initialisers = bigramInitialisers(3);
      await initialise(session, 1, initialisers);
      const replay = session.replay("train");
      const { inputs, targets } = tokenInputs(session, "train");
      const plan = Array.from({ length: 10 }, (_, s) => ({
        tokens: Int32Array.from({ length: 16 }, (_, i) => (i * i + s) % V),
        targets: Int32Array.from({ length: 16 }, (_, i) => (i * i + s + 1) % V),
        lr: 1 + s / 10,
      }));
      const losses: number[] = [];
      for (const [s, step] of plan.entries()) {
        inputs.set(step.tokens);
        targets.set(step.targets);
        // The plan derives `correction` from the step.
        await replay.run({ step: s + 1, lr: step.lr });
        for (const result of replay.finished()) losses.push(result.outputs["loss"]?.[0] ?? Number.NaN);
      }
      await replay.flush();
      for (const result of replay.finished()) losses.push(result.outputs["loss"]?.[0] ?? Number.NaN);
      const table = Float32Array.from({ length: V * V }, (_, i) => initialisers["table"]?.(i) ?? 0);
      const expected = referenceLosses(V, table, plan);
      expect(losses).toHaveLength(10);
      losses.forEach((loss, s) => expect(Math.abs(loss - (expected[s] ?? 0))).toBeLessThan(1e-5));
    } finally {
      device.close();
    }
  });

  test("samples the same text for a seed, draws what the table says, and outlives its context", async () => {
    const device = await openWebGpu();
    try {
      const session = await device.open(program);
      await initialise(session, 1, { table: (i) => (i % 256 === next(Math.floor(i / 256)) ? 12 : 0), bias: () => 0 });
      expect((await readParameters(session)).get("table")?.[0x61 * 256 + 0x62]).toBe(12);
      const tokenizer = createTokenizer({ kind: "bytes" });
      const options = { prompt: "ab", length: 40, seed: 7, temperature: 0 };
      const text = await sampleText(session, tokenizer, options);
      expect(text).toBe("cdefghijklmnopqrstuvwxyzabcdefghijklmnop");
      const hot = { ...options, temperature: 3 };
      expect(await sampleText(session, tokenizer, hot)).toBe(await sampleText(session, tokenizer, hot));
      expect(await sampleText(session, tokenizer, hot)).not.toBe(
        await sampleText(session, tokenizer, { ...hot, seed: 8 }),
      );
    } finally {
      device.close();
    }
  });

  test("feeds the caches from position 0, clears them for a new text and when the context is full", async () => {
    const device = await openWebGpu();
    try {
      const session = await device.open(program);
      await initialise(session, 1, bigramInitialisers(1));
      const cache = session.plan.buffers.findIndex((buffer) => buffer.role === "cache");
      const state = async () => Array.from(await session.read(cache));
      const tokenizer = createTokenizer({ kind: "bytes" });
      // The cache holds how many tokens were fed since it was cleared, and the last position. The context is 16.
      const pieces = sample(session, tokenizer, { prompt: "0123456789", length: 9, seed: 1, temperature: 1 });
      for (const fed of [10, 11, 12, 13, 14, 15, 16, 8, 9]) {
        await pieces.next();
        expect(await state()).toEqual([fed, fed - 1]);
      }
      await sample(session, tokenizer, { prompt: "xy", length: 1, seed: 1, temperature: 1 }).next();
      expect(await state()).toEqual([2, 1]);
    } finally {
      device.close();
    }
  });
});

async function bundle(script: string): Promise<string> {
  const outfile = join(import.meta.dirname, "../../node_modules/.cache", `runtime-test-${process.pid}.mjs`);
  await build({
    entryPoints: [script],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "external",
    logLevel: "silent",
  });
  return outfile;
}

/** Runs a program to its end; sends Ctrl-C when its messages contain `until`. */
function execute(
  script: string,
  args: readonly string[],
  until?: string,
): Promise<{ code: number | null; stderr: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [script, ...args], { stdio: ["ignore", "ignore", "pipe"], timeout: 30_000 });
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => {
      const had = until !== undefined && stderr.includes(until);
      stderr += chunk.toString();
      if (until !== undefined && !had && stderr.includes(until)) child.kill("SIGINT");
    });
    child.on("close", (code) => resolve({ code, stderr }));
  });
}
