/** @file What a WebGPU device can do at best, measured within about a second: multiply-adds in registers, reading a large buffer, and a dispatch that does nothing. */
import type { Calibration } from "../session/device.ts";
import { bestOf, medianOf } from "../util/timing.ts";

/** The constants of GPUBufferUsage and GPUShaderStage are not globals in Node. */
const [storage, copyTarget, compute] = [0x80, 0x8, 0x4];
const lanes = 64;
const chains = Array.from({ length: 8 }, (_, i) => `c${i}`);
/** Long enough to be told from the cost of a submission. */
const sampleSeconds = 0.06;

const arithmetic = `
@group(0) @binding(0) var<storage, read_write> data: array<vec4f>;
@group(0) @binding(1) var<storage, read> rounds: array<u32>;
@compute @workgroup_size(${lanes}) fn main(@builtin(global_invocation_id) id: vec3u) {
  let x = data[id.x];
  let y = x + 1;
  ${chains.map((chain, i) => `var ${chain} = x + ${i};`).join(" ")}
  for (var i = 0u; i < rounds[0]; i++) { ${chains.map((chain) => `${chain} = fma(${chain}, x, y);`).join(" ")} }
  data[id.x] = (${chains.join(" + ")}) * 0;
}`;

/** Each workgroup sums a block of its own, its lanes side by side. */
const reading = `
@group(0) @binding(0) var<storage, read_write> data: array<vec4f>;
@group(0) @binding(1) var<storage, read> rounds: array<u32>;
@compute @workgroup_size(${lanes}) fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {
  var sum = vec4f();
  let first = group.x * rounds[0] * ${lanes} + lane;
  for (var i = 0u; i < rounds[0]; i++) { sum += data[first + i * ${lanes}]; }
  if (sum.x == 12345) { data[first] = sum; }
}`;

const nothing = `
@group(0) @binding(0) var<storage, read_write> data: array<vec4f>;
@group(0) @binding(1) var<storage, read> rounds: array<u32>;
@compute @workgroup_size(1) fn main() { if (rounds[0] == 0xffffffffu) { data[0] = vec4f(); } }`;

export async function calibrateWebGpu(device: GPUDevice): Promise<Calibration> {
  const bytes = Math.min(2 ** 27, device.limits.maxBufferSize, device.limits.maxStorageBufferBindingSize);
  const data = device.createBuffer({ size: bytes, usage: storage });
  const rounds = device.createBuffer({ size: 4, usage: storage | copyTarget });
  const entries = [
    { binding: 0, visibility: compute, buffer: { type: "storage" } },
    { binding: 1, visibility: compute, buffer: { type: "read-only-storage" } },
  ] as const;
  const layout = device.createBindGroupLayout({ entries: [...entries] });
  const group = device.createBindGroup({
    layout,
    entries: [
      { binding: 0, resource: { buffer: data } },
      { binding: 1, resource: { buffer: rounds } },
    ],
  });
  /** A kernel ready to run with so many workgroups and rounds; resolves when the device has finished. */
  const prepare = async (code: string, groups: number): Promise<(count: number) => Promise<void>> => {
    const stage = { module: device.createShaderModule({ code }), entryPoint: "main" };
    const pipeline = await device.createComputePipelineAsync({
      layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: stage,
    });
    return async (count) => {
      device.queue.writeBuffer(rounds, 0, Uint32Array.of(count));
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(groups);
      pass.end();
      device.queue.submit([encoder.finish()]);
      await device.queue.onSubmittedWorkDone();
    };
  };
  try {
    const groups = 1024;
    const multiply = await prepare(arithmetic, groups);
    let count = 8;
    let seconds = await bestOf(1, () => multiply(count));
    while (seconds < sampleSeconds && count < 2 ** 20) {
      count *= 2;
      seconds = await bestOf(1, () => multiply(count));
    }
    seconds = await bestOf(3, () => multiply(count));
    const perThread = 2 ** 5;
    const readGroups = Math.min(65535, Math.floor(bytes / 16 / lanes / perThread));
    const read = await prepare(reading, readGroups);
    const perRun = readGroups * lanes * perThread * 16;
    const readSeconds = await bestOf(4, () => read(perThread));
    const empty = await prepare(nothing, 1);
    await empty(0);
    return {
      flopsPerSecond: (groups * lanes * count * chains.length * 4 * 2) / seconds,
      bytesPerSecond: perRun / readSeconds,
      launchSeconds: await medianOf(21, () => empty(0)),
    };
  } finally {
    data.destroy();
    rounds.destroy();
  }
}
