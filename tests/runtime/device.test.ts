import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { create } from "webgpu";
import type { CompiledProgram, Device, Plan } from "../../src/runtime/index.ts";
import { openDevice } from "../../src/runtime/index.ts";
import { openWebGpuDevice } from "../../src/runtime/webgpu/device.ts";
import { bigramProgram } from "./bigram.ts";
import { openWebGpu } from "../support/webgpu.ts";

const sizes = { vocabulary: 8, batch: 2, context: 4 };
let device: Device;

beforeAll(async () => {
  device = await openWebGpu();
});
afterAll(() => device.close());

/** A program whose one kernel writes `f(group)` to `out`. */
function groupsProgram(groups: number): CompiledProgram {
  const plan: Plan = {
    ...bigramProgram(sizes).plan,
    model: "Groups",
    buffers: [
      { name: "out", bytes: 4 * groups, role: "workspace" },
      { name: "scalars", bytes: 12, role: "scalars" },
    ],
    kernels: [{ name: "groups", file: "kernels/groups.wgsl", groups, lanes: 1, access: ["write", "read"] }],
    parameters: [],
    states: [],
    programs: {
      train: {
        dispatches: [
          {
            kernel: 0,
            bindings: [
              { buffer: 0, offset: 0, bytes: 4 * groups },
              { buffer: 1, offset: 0, bytes: 12 },
            ],
            computes: ["out"],
          },
        ],
        inputs: [],
        scalars: [
          { name: "a", dtype: "f32" },
          { name: "b", dtype: "i32" },
          { name: "c", dtype: "u32" },
        ],
        outputs: [{ name: "last", buffer: 0, offset: 4 * (groups - 1), bytes: 4 }],
        clears: [],
      },
    },
  };
  const kernel = `
    struct Scalars { a: f32, b: i32, c: u32 }
    @group(0) @binding(0) var<storage, read_write> out: array<f32>;
    @group(0) @binding(1) var<storage, read> scalars: Scalars;
    @compute @workgroup_size(1) fn main(@builtin(workgroup_id) id: vec3u) {
      let group = id.x + id.y * 65535;
      if group >= ${groups} { return; }
      out[group] = f32(group) + scalars.a * f32(scalars.b) + f32(scalars.c >> 31u);
    }`;
  return { plan, kernel: async () => kernel, constants: async () => new Uint8Array() };
}

// Kept for as long as the process lives: what waits on a closed device still asks its instance for events.
const gpu = create([]);

/** A device like those of `openDevice`, with its inner device at hand. */
async function exposedDevice(): Promise<{ device: Device; raw: GPUDevice }> {
  const adapter = (await gpu.requestAdapter()) as GPUAdapter;
  let raw: GPUDevice | undefined;
  const requestDevice = async (descriptor?: GPUDeviceDescriptor): Promise<GPUDevice> =>
    (raw = await adapter.requestDevice(descriptor));
  const recording = { info: adapter.info, limits: adapter.limits, requestDevice } as unknown as GPUAdapter;
  const opened = await openWebGpuDevice({ adapter: recording, software: true, reason: "for a test" });
  return { device: opened, raw: raw as GPUDevice };
}

describe("replay", () => {
  test("gives the results of many runs in order, each with its scalars, while runs overlap", async () => {
    const session = await device.open(groupsProgram(70_000));
    const replay = session.replay("train");
    const seen: [number, number][] = [];
    const take = (): void => {
      for (const { scalars, outputs } of replay.finished())
        seen.push([scalars["b"] ?? Number.NaN, outputs["last"]?.[0] ?? Number.NaN]);
    };
    for (let b = 0; b < 25; b++) {
      await replay.run({ a: -2, b: -b, c: 2 ** 32 - 1 });
      take();
    }
    await replay.flush();
    take();
    expect(seen).toEqual(Array.from({ length: 25 }, (_, b) => [-b, 69_999 + 2 * b + 1]));
  });

  test("reaches every group when there are more than one dimension takes", async () => {
    const session = await device.open(groupsProgram(70_000));
    await session.replay("train").once({ a: 0, b: 0, c: 0 });
    const out = await session.read(0);
    expect(out.every((value, i) => value === i)).toBe(true);
  });

  test("names a scalar, an input or a program that is not there", async () => {
    const session = await device.open(groupsProgram(1));
    await expect(session.replay("train").run({ a: 1, b: 1 })).rejects.toMatchObject({
      code: "program/input",
      message: expect.stringContaining("`c`"),
    });
    expect(() => session.replay("train").input("tokens")).toThrow(/no input `tokens`/);
    expect(() => session.replay("decode")).toThrow(/no program `decode`, only train/);
  });
});

describe("failures of a device", () => {
  const program = bigramProgram(sizes);
  const withPlan = (change: Partial<Plan>): CompiledProgram => ({ ...program, plan: { ...program.plan, ...change } });

  test("list everything that a plan needs and the device lacks", async () => {
    const needs = { ...program.plan.needs, bindings: 999, lanes: 4096 };
    await expect(device.open(withPlan({ needs }))).rejects.toMatchObject({
      code: "device/limits",
      message: expect.stringMatching(/999 buffers.*4096 lanes/),
    });
  });

  test("name the kernel that the device does not compile", async () => {
    const broken = {
      ...program,
      kernel: async (file: string) => (file.includes("norm") ? "fn main( {" : program.kernel(file)),
    };
    await expect(device.open(broken)).rejects.toMatchObject({
      code: "device/kernel",
      message: expect.stringMatching(/`norm` \(kernels\/norm\.wgsl\).*expected/s),
    });
  });

  test("name the dispatch with a binding outside its buffer", async () => {
    const { train } = program.plan.programs;
    const [first, ...rest] = train?.dispatches ?? [];
    if (train === undefined || first === undefined) throw new Error("no dispatches");
    const outside = {
      ...first,
      bindings: first.bindings.map((binding) => ({ ...binding, offset: 256, bytes: 2 ** 20 })),
    };
    await expect(
      device.open(withPlan({ programs: { train: { ...train, dispatches: [outside, ...rest] } } })),
    ).rejects.toMatchObject({
      code: "device/validation",
      message: expect.stringContaining("train 0: nll"),
    });
  });

  test("name the dispatch that reads and writes one buffer", async () => {
    const { train } = program.plan.programs;
    const [first, ...rest] = train?.dispatches ?? [];
    if (train === undefined || first === undefined) throw new Error("no dispatches");
    const [parameters, ...others] = first.bindings;
    const aliased = {
      ...first,
      bindings: [parameters, ...others.slice(0, -1), parameters].filter((binding) => binding !== undefined),
    };
    await expect(
      device.open(withPlan({ programs: { train: { ...train, dispatches: [aliased, ...rest] } } })),
    ).rejects.toMatchObject({
      code: "program/invalid",
      message: expect.stringContaining("train 0: nll binds buffer `parameters` twice, as read and as write"),
    });
  });

  test("name the dispatch that is found invalid when it is first run", async () => {
    const { device: exposed } = await exposedDevice();
    const kernel = async (file: string) =>
      (await program.kernel(file)).replace("logits: array<f32>", "logits: array<f32, 4096>");
    const session = await exposed.open({ ...program, kernel });
    await expect(session.replay("decode").once({ position: 0 })).rejects.toMatchObject({
      code: "device/validation",
      message: expect.stringContaining("decode 0: decode"),
    });
    exposed.close();
  });

  test("say what was running when the device was lost, to every call from then on", async () => {
    const { device: exposed, raw } = await exposedDevice();
    const session = await exposed.open(program);
    const replay = session.replay("train");
    const scalars = { step: 1, lr: 1, correction: 1 };
    await replay.once(scalars);
    await replay.run(scalars);
    raw.destroy();
    const lost = { code: "device/lost", message: expect.stringContaining("running program `train` of `Bigram`") };
    await expect(replay.flush()).rejects.toMatchObject(lost);
    await expect(replay.run(scalars)).rejects.toMatchObject(lost);
    await expect(session.read(0)).rejects.toMatchObject({ code: "device/lost" });
    exposed.close();
  });

  test("offer the nearest name for one that is unknown", async () => {
    await expect(openDevice({ device: "webgup" })).rejects.toMatchObject({
      code: "device/unknown",
      help: expect.stringContaining("did you mean `webgpu`?"),
    });
    await expect(openDevice({ adapter: "no such adapter" })).rejects.toMatchObject({
      code: "device/unknown",
      help: expect.stringContaining(device.name.split(" driver")[0]?.slice(0, 5) ?? ""),
    });
  });
});
