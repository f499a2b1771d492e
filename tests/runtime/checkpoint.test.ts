import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { ByteSource, CompiledProgram, Device, Session } from "../../src/runtime/index.ts";
import {
  initialise,
  openCheckpointFile,
  openCheckpoints,
  readHeader,
  restoreCheckpoint,
  writeAtomically,
} from "../../src/runtime/index.ts";
import type { FileCalls } from "../../src/runtime/files/write-atomically.ts";
import { openCheckpoint, verifyCheckpoint } from "../../src/runtime/training/checkpoint.ts";
import { encodeHeader } from "../../src/runtime/training/safetensors.ts";
import { bigramInitialisers } from "./bigram-initialisers.ts";
import { bigramProgram } from "./bigram.ts";
import { openWebGpu } from "../support/webgpu.ts";

const info = {
  step: 3,
  seed: 9,
  sequences: 6,
  tokenizer: { kind: "characters", characters: "aé\n😀" },
  data: "text",
  spec: { clip: { text: "1", hash: "1" } },
} as const;
let device: Device;
let program: CompiledProgram;
let session: Session;
let folder: string;

beforeAll(async () => {
  device = await openWebGpu();
  program = bigramProgram({ vocabulary: 12, batch: 2, context: 4 });
  session = await device.open(program);
});
afterAll(() => device.close());
beforeEach(async () => {
  folder = await fs.mkdtemp(join(tmpdir(), "llmc-checkpoint-"));
  return () => fs.rm(folder, { recursive: true, force: true });
});

/** Files on a disk that is full after `total` bytes and takes at most `atOnce` in one write. */
function disk(total: number, atOnce: number): FileCalls {
  let left = total;
  const open: typeof fs.open = async (path, flags) => {
    const file = await fs.open(path, flags);
    const write = file.write.bind(file) as unknown as (
      buffer: Uint8Array,
      at: number,
      length: number,
    ) => Promise<{ bytesWritten: number }>;
    const limited = async (buffer: Uint8Array, at: number, length: number) => {
      if (left === 0) throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
      const written = await write(buffer, at, Math.min(length, left, atOnce));
      left -= written.bytesWritten;
      return written;
    };
    return Object.assign(file, { write: limited });
  };
  return { open, rename: fs.rename, rm: fs.rm };
}

const bitsOf = (values: Float32Array): number[] => Array.from(new Uint32Array(values.buffer));

const sourceOf = (bytes: Uint8Array): ByteSource => ({
  name: "x.safetensors",
  size: bytes.length,
  read: async (from, length) => bytes.subarray(from, from + length),
});

const read = async (bytes: Uint8Array): Promise<void> => verifyCheckpoint(await openCheckpoint(sourceOf(bytes)));

describe("a checkpoint", () => {
  test("restores every bit of parameters and states, and what the run needs to go on", async () => {
    await initialise(session, 1, bigramInitialisers(4));
    const momentum = session.plan.states[0]?.buffer ?? -1;
    const arenaFloats = (session.plan.buffers[momentum]?.bytes ?? 0) / 4;
    // The bits survive, of negative zero and of subnormal numbers too.
    const state = Float32Array.from({ length: arenaFloats }, (_, i) =>
      i < 144 || i >= 192 ? [-0, 1e-42, 1 / 3, -7][i % 4]! : 0,
    );
    session.write(momentum, state);
    const parameters = await session.read(0);
    const checkpoints = await openCheckpoints(folder, 2);
    const path = await checkpoints.save(session, info);

    const other = await device.open(program);
    const checkpoint = await openCheckpointFile(path);
    expect(checkpoint.info).toEqual({ ...info, model: "Bigram", parametersHash: "bigram-12", plan: program.plan.hash });
    await restoreCheckpoint(other, checkpoint);
    await checkpoint.close();
    expect(bitsOf(await other.read(0))).toEqual(bitsOf(parameters));
    expect(bitsOf(await other.read(momentum))).toEqual(bitsOf(state));
    other.close();
  });

  test("of another model is refused by its first tensor that differs", async () => {
    const path = await (await openCheckpoints(folder, 1)).save(session, info);
    const other = await device.open(bigramProgram({ vocabulary: 16, batch: 2, context: 4 }));
    const checkpoint = await openCheckpointFile(path);
    await expect(restoreCheckpoint(other, checkpoint)).rejects.toMatchObject({
      code: "checkpoint/mismatch",
      message: expect.stringContaining(
        "holds `Bigram`, which does not fit `Bigram`: `table` is [12, 12] there and [16, 16] here",
      ),
    });
    await checkpoint.close();
    const plan = { ...program.plan, states: [] };
    const without = await device.open({ ...program, plan });
    const again = await openCheckpointFile(path);
    await expect(restoreCheckpoint(without, again)).rejects.toMatchObject({
      message: expect.stringContaining("it has `state/momentum/table` in addition"),
    });
    await again.close();
  });

  test("is refused if any one bit of it has changed, or it was cut short", async () => {
    const path = await (await openCheckpoints(folder, 1)).save(session, info);
    const whole = new Uint8Array(await fs.readFile(path));
    await read(whole);
    let random = 1;
    const next = (below: number): number => (random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0) % below;
    for (let flip = 0; flip < 1000; flip++) {
      const bytes = whole.slice();
      // As many in the header as in the tensors.
      const at = flip % 2 === 0 ? next(bytes.length) : next(Math.min(2000, bytes.length));
      bytes[at] = (bytes[at] as number) ^ (1 << next(8));
      await expect(read(bytes), `a bit of byte ${at}`).rejects.toMatchObject({ code: "checkpoint/corrupt" });
    }
    for (const size of [0, 7, 8, 100, whole.length - 1])
      await expect(read(whole.slice(0, size))).rejects.toMatchObject({ code: "checkpoint/corrupt" });
    await expect(read(new Uint8Array([...whole, 0]))).rejects.toMatchObject({ code: "checkpoint/corrupt" });
  });

  test("with numbers that are not finite is not written", async () => {
    const other = await device.open(program);
    await initialise(other, 1, { ...bigramInitialisers(4), bias: (i) => (i === 3 ? Number.NaN : 0) });
    await expect((await openCheckpoints(folder, 1)).save(other, info)).rejects.toMatchObject({
      code: "train/not-finite",
      message: expect.stringContaining("`bias`"),
    });
    expect(await fs.readdir(folder)).toEqual([]);
    other.close();
  });

  test("that meets a full disk leaves the one before untouched and nothing of its own", async () => {
    const first = await (await openCheckpoints(folder, 1)).save(session, info);
    const before = await fs.readFile(first);
    const full = await openCheckpoints(folder, 1, disk(1200, Infinity));
    await expect(full.save(session, { ...info, step: 4 })).rejects.toMatchObject({
      code: "disk/full",
      help: expect.stringContaining("--resume"),
    });
    expect(await fs.readdir(folder)).toEqual(["step-00000003.safetensors"]);
    expect((await fs.readFile(first)).equals(before)).toBe(true);
  });

  test("survives writes that the system does in parts", async () => {
    const pieces = [new Uint8Array(1000).map((_, i) => i % 251), new Uint8Array(0), new Uint8Array([1, 2, 3])];
    await writeAtomically(join(folder, "file"), pieces, disk(Infinity, 7));
    expect(Array.from(await fs.readFile(join(folder, "file")))).toEqual(pieces.flatMap((piece) => Array.from(piece)));
  });

  test("folder keeps the newest few, and forgets what killed processes left", async () => {
    await fs.writeFile(join(folder, ".step-00000001.safetensors.999999999.tmp"), "half");
    await fs.writeFile(join(folder, "notes.txt"), "mine");
    const checkpoints = await openCheckpoints(folder, 2);
    for (const step of [5, 10, 100000000, 20, 30]) {
      await checkpoints.save(session, { ...info, step });
      await checkpoints.prune(step, step);
    }
    // What a later step saved stays: this run has not come so far.
    expect((await fs.readdir(folder)).toSorted()).toEqual([
      "notes.txt",
      "step-00000020.safetensors",
      "step-00000030.safetensors",
      "step-100000000.safetensors",
    ]);
    await checkpoints.save(session, { ...info, step: 40 });
    await checkpoints.save(session, { ...info, step: 50 });
    await checkpoints.prune(50, 25);
    expect(await fs.readdir(folder)).toContain("step-00000020.safetensors");
  });
});

describe("a safetensors header", () => {
  const header = encodeHeader(
    [
      { name: "w", shape: [2, 3] },
      { name: "b", shape: [] },
    ],
    { note: "é" },
  );

  test("says where tensors lie, aligned to eight bytes", async () => {
    const file = await readHeader(sourceOf(new Uint8Array([...header, ...new Uint8Array(28)])));
    expect(header.length % 8).toBe(0);
    expect(file.metadata).toEqual({ note: "é" });
    expect([...file.tensors.values()]).toEqual([
      { name: "w", shape: [2, 3], from: header.length, bytes: 24 },
      { name: "b", shape: [], from: header.length + 24, bytes: 4 },
    ]);
  });

  test("is refused with the file's name when cut anywhere or when it is something else", async () => {
    for (const bytes of [
      new Uint8Array(0),
      header.subarray(0, 20),
      header,
      new Uint8Array(64).fill(255),
      new TextEncoder().encode("\x08\0\0\0\0\0\0\0[1,2,3] "),
    ]) {
      await expect(readHeader(sourceOf(bytes))).rejects.toMatchObject({
        code: "checkpoint/corrupt",
        message: expect.stringContaining("x.safetensors"),
      });
    }
  });
});
