import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { printStep } from "../../codegen/c/print-step.ts";
import type { CompiledProgram, Plan, Session } from "../../src/runtime/index.ts";
import { describeDevice, initialise, loadProgram, openDevice, readLog, tokenInputs } from "../../src/runtime/index.ts";
import { bigramInitialisers } from "./bigram-initialisers.ts";
import { bigramProgram, writeProgram } from "./bigram.ts";
import { train } from "./example-program.ts";
import { referenceLosses } from "./reference.ts";

const compiler = process.env["CC"] ?? "cc";
const absent = spawnSync(compiler, ["--version"]).error !== undefined;
if (absent) console.warn(`no C compiler \`${compiler}\`: the CPU device is not tested`);

const cache = await mkdtemp(join(tmpdir(), "llmc-cpu-test-"));
beforeAll(() => vi.stubEnv("XDG_CACHE_HOME", cache));
afterAll(() => rm(cache, { recursive: true, force: true }));
afterEach(() => {
  vi.unstubAllEnvs();
  vi.stubEnv("XDG_CACHE_HOME", cache);
});

const sizes = { vocabulary: 24, batch: 2, context: 8 };
const libraries = async () => (await readdir(join(cache, "llmc"))).filter((file) => file.startsWith("cpu-"));

/** A session on a device of its own, with so many threads. */
async function opened(program: CompiledProgram, threads?: number): Promise<Session> {
  if (threads !== undefined) vi.stubEnv("LLMC_THREADS", String(threads));
  const device = await openDevice({ device: "cpu" });
  return device.open(program);
}

/** A kernel that does something for each of its groups. */
function groupsKernel(name: string, declarations: string, body: string): string {
  return `#include <stdint.h>
void ${name}(int32_t group_from, int32_t group_to, void *const *bindings) {
  ${declarations}
  for (int32_t g = group_from; g < group_to; g++) ${body}
}
`;
}

const stepsOf = (out: string) =>
  readLog(join(out, "log.jsonl")).flatMap((record) =>
    record.kind === "step" ? [[record.step, record.loss, record.gradient_norm]] : [],
  );

/** A program of chained kernels over many buffers: what it gives depends on every dispatch seeing all that came before it. */
function chainProgram(links: number, groups: number): CompiledProgram {
  const bytes = 4 * groups;
  const plan: Plan = {
    ...bigramProgram(sizes, "c").plan,
    model: "Chain",
    hash: `chain-${links}-${groups}`,
    buffers: Array.from({ length: links + 1 }, (_, i) => ({ name: `x${i}`, bytes, role: "activation" as const })),
    kernels: [
      { name: "start", file: "kernels/start.c", groups, lanes: 1, access: ["write"] },
      { name: "turn", file: "kernels/turn.c", groups, lanes: 1, access: ["read", "write"] },
    ],
    parameters: [],
    states: [],
    programs: {
      train: {
        dispatches: [
          { kernel: 0, bindings: [{ buffer: 0, offset: 0, bytes }], computes: ["start"] },
          ...Array.from({ length: links }, (_, i) => ({
            kernel: 1,
            bindings: [
              { buffer: i, offset: 0, bytes },
              { buffer: i + 1, offset: 0, bytes },
            ],
            computes: ["turn"],
          })),
        ],
        inputs: [],
        scalars: [],
        outputs: [{ name: "last", buffer: links, offset: 0, bytes }],
        clears: [],
      },
    },
  };
  const texts = new Map([
    ["kernels/start.c", groupsKernel("start", "float *x = bindings[0];", "x[g] = g;")],
    // Each element moves by seven places, so that it comes from another thread's share.
    [
      "kernels/turn.c",
      groupsKernel(
        "turn",
        "const float *x = bindings[0]; float *y = bindings[1];",
        `y[(g + 7) % ${groups}] = x[g] + 1;`,
      ),
    ],
    ["step.c", printStep(plan)],
  ]);
  const base = bigramProgram(sizes, "c");
  return {
    plan,
    kernel: async (file) => texts.get(file) ?? base.kernel(file),
    constants: async () => new Uint8Array(),
  };
}

describe.skipIf(absent)("the CPU device", () => {
  test("computes what kernels say: losses follow an f64 reference", async () => {
    const V = sizes.vocabulary;
    const session = await opened(bigramProgram(sizes, "c"));
    const initialisers = bigramInitialisers(3);
    await initialise(session, 1, initialisers);
    const { inputs, targets } = tokenInputs(session, "train");
    const steps = Array.from({ length: 10 }, (_, s) => ({
      tokens: Int32Array.from({ length: 16 }, (_, i) => (i * i + s) % V),
      targets: Int32Array.from({ length: 16 }, (_, i) => (i * i + s + 1) % V),
      lr: 1 + s / 10,
    }));
    const replay = session.replay("train");
    const losses: number[] = [];
    const collect = (): void =>
      void losses.push(...replay.finished().map(({ outputs }) => outputs["loss"]?.[0] ?? NaN));
    for (const [s, step] of steps.entries()) {
      // Inputs may be filled for the next run while one is on.
      inputs.set(step.tokens);
      targets.set(step.targets);
      await replay.run({ step: s + 1, lr: step.lr });
      collect();
    }
    await replay.flush();
    collect();
    const table = Float32Array.from({ length: V * V }, (_, i) => initialisers["table"]?.(i) ?? 0);
    const expected = referenceLosses(V, table, steps);
    expect(losses).toHaveLength(10);
    losses.forEach((loss, s) => expect(Math.abs(loss - (expected[s] ?? 0))).toBeLessThan(1e-5));
    session.device.close();
  });

  test.each([1, 2, 5])("every dispatch sees all that those before it wrote, with %i threads", async (threads) => {
    const [links, groups] = [300, 1000];
    const session = await opened(chainProgram(links, groups), threads);
    for (let run = 0; run < 3; run++) {
      const { outputs } = await session.replay("train").once({});
      const last = Float32Array.from(
        { length: groups },
        (_, g) => ((((g - 7 * links) % groups) + groups) % groups) + links,
      );
      expect(outputs["last"]).toEqual(last);
    }
    session.device.close();
  });

  test("reads, writes and clears take their place among the runs, and closing waits for them", async () => {
    const session = await opened(chainProgram(200, 5000));
    const replay = session.replay("train");
    await replay.run({});
    const first = session.read(200);
    session.write(200, new Float32Array(5000).fill(-1));
    const written = session.read(200);
    session.clear(200);
    const cleared = session.read(200);
    await replay.run({});
    session.close();
    expect((await first).every((x) => x >= 200)).toBe(true);
    expect((await written).every((x) => x === -1)).toBe(true);
    expect((await cleared).every((x) => x === 0)).toBe(true);
    await replay.flush();
    expect(replay.finished()).toHaveLength(2);
    await expect(replay.once({})).rejects.toMatchObject({ code: "device/lost" });
    expect(() => session.clear(0)).toThrow(/was closed/);
  });

  test("JavaScript goes on while a program runs", async () => {
    const session = await opened(chainProgram(400, 20_000));
    let turns = 0;
    let running = true;
    const turn = (): void => {
      turns++;
      if (running) setImmediate(turn);
    };
    setImmediate(turn);
    await session.replay("train").once({});
    running = false;
    expect(turns).toBeGreaterThan(2);
    session.device.close();
  });

  test("a program trains, resumes with the bits of a run that never stopped, and gives the same with one thread as with two", async () => {
    const folder = await mkdtemp(join(tmpdir(), "llmc-cpu-run-"));
    await writeProgram(bigramProgram({ vocabulary: 256, batch: 4, context: 16 }, "c"), folder);
    const [whole, parts] = [join(folder, "whole"), join(folder, "parts")];
    let notes = "";
    let interrupted = false;
    const write = (text: string): void => {
      notes += text;
      if (interrupted || !text.startsWith("step ")) return;
      interrupted = true;
      process.emit("SIGINT");
    };
    vi.stubEnv("LLMC_THREADS", "1");
    await train(folder, { out: whole, output: { write: () => undefined, interactive: false } });
    vi.stubEnv("LLMC_THREADS", "2");
    // Without a word about the device: the program was compiled for this one.
    expect((await train(folder, { out: parts, output: { write, interactive: false } })).status).toBe("interrupted");
    expect(notes).toMatch(/cpu: .*2 threads.*the program was compiled for it/);
    await train(folder, { out: parts, output: { write, interactive: false }, resume: true });
    expect(stepsOf(parts)).toEqual(stepsOf(whole));
    expect(stepsOf(whole)).toHaveLength(40);
    const last = "checkpoints/step-00000040.safetensors";
    expect((await readFile(join(parts, last))).equals(await readFile(join(whole, last)))).toBe(true);
    await rm(folder, { recursive: true });
  });

  test("compiles once for equal text, and anew when the text or the flags change", async () => {
    const program = bigramProgram({ ...sizes, vocabulary: 10 }, "c");
    const before = await libraries();
    const open = async (changed: CompiledProgram): Promise<string[]> => {
      (await opened(changed)).device.close();
      return (await libraries()).filter((file) => !before.includes(file));
    };
    const [first, ...others] = await open(program);
    expect(others).toEqual([]);
    const { ino } = await stat(join(cache, "llmc", first ?? ""));
    expect(await open(program)).toEqual([first]);
    expect((await stat(join(cache, "llmc", first ?? ""))).ino).toBe(ino);
    const kernel = async (file: string): Promise<string> =>
      `${await program.kernel(file)}${file.endsWith(".h") ? "// changed\n" : ""}`;
    expect(await open({ ...program, kernel })).toHaveLength(2);
    vi.stubEnv("CFLAGS", "-O1");
    expect(await open(program)).toHaveLength(3);
  });

  test("says what a machine without a compiler lacks, and what a compiler rejects", async () => {
    vi.stubEnv("CC", "no-such-compiler --fast");
    await expect(openDevice({ device: "cpu" })).rejects.toMatchObject({
      code: "device/none",
      message: expect.stringContaining("there is no `no-such-compiler` here"),
      help: expect.stringMatching(/gcc or clang.*--device=software/),
    });
    vi.stubEnv("CC", compiler);
    const program = bigramProgram(sizes, "c");
    const broken = {
      ...program,
      kernel: async (file: string) => (file === "kernels/norm.c" ? "void norm( {" : program.kernel(file)),
    };
    await expect(opened(broken)).rejects.toMatchObject({
      code: "device/kernel",
      message: expect.stringMatching(/kernels\/norm\.c was rejected by `cc`: kernels\/norm\.c:1:\d+: error/),
    });
    expect((await libraries()).filter((file) => !/^cpu-[0-9a-f]{32}$/.test(file))).toEqual([]);
  });

  test("refuses programs for another device, of another plan, and numbers of threads that are none", async () => {
    await expect(opened(bigramProgram(sizes))).rejects.toMatchObject({
      code: "program/invalid",
      message: "`Bigram` was compiled for WebGPU, not for the CPU",
      help: expect.stringContaining("--target=cpu"),
    });
    const program = bigramProgram(sizes, "c");
    await expect(opened({ ...program, plan: { ...program.plan, hash: "another" } })).rejects.toMatchObject({
      code: "program/invalid",
      help: "compile the model again",
    });
    vi.stubEnv("LLMC_THREADS", "many");
    await expect(openDevice({ device: "cpu" })).rejects.toMatchObject({
      code: "usage",
      message: expect.stringContaining("`many`"),
    });
  });

  test("decodes from a folder, which is enough to choose the device", async () => {
    const folder = await mkdtemp(join(tmpdir(), "llmc-cpu-folder-"));
    await writeProgram(bigramProgram(sizes, "c"), folder);
    const program = await loadProgram(folder);
    const device = await openDevice({}, program.plan);
    expect(describeDevice(device)).toMatch(/^cpu: .*: the program was compiled for it$/);
    const session = await device.open(program);
    await initialise(session, 1, bigramInitialisers(1));
    session.replay("decode").input("token")[0] = 3;
    const { outputs } = await session.replay("decode").once({ position: 0 });
    const row = Float32Array.from(
      { length: sizes.vocabulary },
      (_, i) => bigramInitialisers(1)["table"]?.(3 * sizes.vocabulary + i) ?? NaN,
    );
    expect(outputs["logits"]).toEqual(row);
    device.close();
    await rm(folder, { recursive: true });
  });
});
