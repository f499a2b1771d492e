/**
 * @file A hand-written compiled program for the runtime's tests: a bigram model (a table of logits per token, and a bias) trained with momentum. Small, yet it has all
 * that plans have: sorted inputs, scalars with a derived one, constants, clears, several outputs, states, and a decode program with a cache.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { stepFiles } from "../../codegen/c/print-step.ts";
import type { CompiledProgram, Plan, PlanBuffer, PlanKernel } from "../../src/runtime/index.ts";

export interface BigramSizes {
  readonly vocabulary: number;
  readonly batch: number;
  readonly context: number;
}

interface KernelText {
  readonly name: string;
  readonly groups: number;
  readonly lanes: number;
  /** Buffer name to access. */
  readonly uses: Readonly<Record<string, PlanKernel["access"][number]>>;
  readonly types: Readonly<Record<string, string>>;
  readonly body: string;
}

/** For WebGPU, or with `c` for the CPU. */
export function bigramProgram(sizes: BigramSizes, language: "wgsl" | "c" = "wgsl"): CompiledProgram {
  const { vocabulary: V, batch, context } = sizes;
  const buffers = bigramBuffers(sizes);
  const kernels = bigramKernels(sizes, arenaFloats(V));
  const index = (name: string): number => buffers.findIndex((buffer) => buffer.name === name);
  const whole = (name: string) => ({ buffer: index(name), offset: 0, bytes: buffers[index(name)]?.bytes ?? 0 });
  const dispatch = (name: string) => {
    const kernel = kernels.findIndex((candidate) => candidate.name === name);
    return { kernel, bindings: Object.keys(kernels[kernel]?.uses ?? {}).map(whole), computes: [name] };
  };
  const texts = [
    { kind: "tokens", name: "tokens", buffer: index("tokens"), shape: [batch, context], below: V },
    { kind: "targets", name: "targets", buffer: index("targets"), shape: [batch, context], below: V },
  ] as const;
  const plan: Plan = {
    format: 1,
    model: "Bigram",
    hash: `bigram-${V}-${batch}-${context}`,
    parametersHash: `bigram-${V}`,
    dims: { V, T: context },
    batch,
    context,
    vocabulary: V,
    buffers,
    kernels: kernels.map(({ name, groups, lanes, uses }) => ({
      name,
      file: `kernels/${name}.${language}`,
      groups,
      lanes,
      access: Object.values(uses),
    })),
    parameters: [
      { path: "table", shape: [V, V], offset: 0, group: "all", init: "table" },
      { path: "bias", shape: [V], offset: biasOffset(V), group: "all", init: "bias" },
    ],
    states: [{ name: "momentum", buffer: index("momentum"), init: 0 }],
    programs: {
      train: {
        dispatches: ["nll", "mean", "gradient_table", "gradient_bias", "norm", "update"].map(dispatch),
        inputs: [
          ...texts,
          { kind: "order", name: "order", buffer: index("order"), of: "tokens", below: V },
          { kind: "offsets", name: "offsets", buffer: index("offsets"), of: "tokens", below: V },
        ],
        scalars: [
          { name: "step", dtype: "i32" },
          { name: "lr", dtype: "f32" },
          { name: "correction", dtype: "f32", expression: "1 - 0.9 ** step" },
        ],
        outputs: [
          { name: "loss", ...whole("loss") },
          { name: "gradient_norm", ...whole("gradient_norm") },
        ],
        clears: [whole("loss")],
      },
      evaluate: {
        dispatches: ["nll", "mean"].map(dispatch),
        inputs: texts,
        scalars: [],
        outputs: [{ name: "loss", ...whole("loss") }],
        clears: [whole("loss")],
      },
      decode: {
        dispatches: [dispatch("decode")],
        inputs: [{ kind: "tokens", name: "token", buffer: index("token"), shape: [1], below: V }],
        scalars: [{ name: "position", dtype: "i32" }],
        outputs: [
          { name: "logits", ...whole("logits") },
          { name: "fed", ...whole("fed") },
        ],
        clears: [],
      },
    },
    memory: { peakBytes: buffers.reduce((sum, buffer) => sum + buffer.bytes, 0), byRole: {}, alive: [] },
    needs: { bufferBytes: 4 * arenaFloats(V), bindings: 8, sharedBytes: 0, lanes: 64 },
  };
  const others = language === "c" ? new Map([...stepFiles(plan), ["wgsl.h", wgslInC]]) : new Map<string, string>();
  return {
    plan,
    kernel: async (file) => {
      const kernel = kernels.find(({ name }) => file === `kernels/${name}.${language}`);
      const text = kernel === undefined ? others.get(file) : language === "c" ? c(kernel) : wgsl(kernel);
      if (text === undefined) throw new Error(`no file ${file}`);
      return text;
    },
    // The constant does not start the file.
    constants: async () => new Uint8Array(new Float32Array([Number.NaN, 1 / (batch * context)]).buffer),
  };
}

/** Writes the folder that the compiler would. */
export async function writeProgram(program: CompiledProgram, folder: string): Promise<void> {
  const write = async (file: string, content: string | Uint8Array): Promise<void> => {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), content);
  };
  await write("plan.json", JSON.stringify(program.plan));
  await write("constants.bin", await program.constants());
  for (const { file } of program.plan.kernels) await write(file, await program.kernel(file));
  if (program.plan.kernels.some(({ file }) => file.endsWith(".c")))
    for (const file of ["step.c", "run.h", "wgsl.h"]) await write(file, await program.kernel(file));
}

/** Arenas align their entries to 256 bytes. */
const biasOffset = (V: number): number => Math.ceil((4 * V * V) / 256) * 256;
const arenaFloats = (V: number): number => biasOffset(V) / 4 + V;

function bigramBuffers({ vocabulary: V, batch, context }: BigramSizes): readonly PlanBuffer[] {
  const N = batch * context;
  const arena = 4 * arenaFloats(V);
  return [
    { name: "parameters", bytes: arena, role: "parameters" },
    { name: "gradients", bytes: arena, role: "gradients" },
    { name: "momentum", bytes: arena, role: "state" },
    { name: "tokens", bytes: 4 * N, role: "input" },
    { name: "targets", bytes: 4 * N, role: "input" },
    { name: "order", bytes: 4 * N, role: "input" },
    { name: "offsets", bytes: 4 * (V + 1), role: "input" },
    { name: "scalars", bytes: 12, role: "scalars" },
    { name: "share", bytes: 4, role: "constant", offset: 4 },
    { name: "lse", bytes: 4 * N, role: "activation" },
    { name: "nll", bytes: 4 * N, role: "activation" },
    { name: "loss", bytes: 4, role: "workspace" },
    { name: "gradient_norm", bytes: 4, role: "workspace" },
    { name: "token", bytes: 4, role: "input" },
    { name: "place", bytes: 4, role: "scalars" },
    { name: "logits", bytes: 4 * V, role: "activation" },
    { name: "fed", bytes: 8, role: "cache" },
  ];
}

function bigramKernels({ vocabulary: V, batch, context }: BigramSizes, arena: number): readonly KernelText[] {
  const N = batch * context;
  const bias = biasOffset(V) / 4;
  const logit = (row: string, column: string): string =>
    `(parameters[${row} * ${V} + ${column}] + parameters[${bias} + ${column}])`;
  const integers = { tokens: "i32", targets: "i32", order: "i32", offsets: "i32", token: "i32", place: "i32" };
  const kernel = (name: string, count: number, uses: KernelText["uses"], body: string): KernelText => ({
    name,
    groups: Math.ceil(count / 64),
    lanes: 64,
    uses,
    types: integers,
    body: `if (i >= ${count}) { return; }\n${body}`,
  });
  return [
    kernel(
      "nll",
      N,
      { parameters: "read", tokens: "read", targets: "read", lse: "write", nll: "write" },
      `
      let row = tokens[i];
      var high = -1e30;
      for (var c = 0; c < ${V}; c++) { high = max(high, ${logit("row", "c")}); }
      var sum = 0.0;
      for (var c = 0; c < ${V}; c++) { sum += exp(${logit("row", "c")} - high); }
      lse[i] = high + log(sum);
      nll[i] = lse[i] - ${logit("row", "targets[i]")};`,
    ),
    kernel(
      "mean",
      1,
      { nll: "read", share: "read", loss: "read_write" },
      `for (var p = 0; p < ${N}; p++) { loss[0] += nll[p] * share[0]; }`,
    ),
    kernel(
      "gradient_table",
      V * V,
      {
        parameters: "read",
        targets: "read",
        order: "read",
        offsets: "read",
        lse: "read",
        share: "read",
        gradients: "write",
      },
      `
      let row = i / ${V}; let c = i % ${V};
      var g = 0.0;
      for (var o = offsets[row]; o < offsets[row + 1]; o++) {
        let p = order[o];
        g += (exp(${logit("row", "c")} - lse[p]) - select(0.0, 1.0, targets[p] == c)) * share[0];
      }
      gradients[i] = g;`,
    ),
    kernel(
      "gradient_bias",
      V,
      { parameters: "read", tokens: "read", targets: "read", lse: "read", share: "read", gradients: "write" },
      `
      var g = 0.0;
      for (var p = 0; p < ${N}; p++) { g += (exp(${logit("tokens[p]", "i")} - lse[p]) - select(0.0, 1.0, targets[p] == i)) * share[0]; }
      gradients[${bias} + i] = g;`,
    ),
    kernel(
      "norm",
      1,
      { gradients: "read", gradient_norm: "write" },
      `
      var sum = 0.0;
      for (var k = 0; k < ${arena}; k++) { sum += gradients[k] * gradients[k]; }
      gradient_norm[0] = sqrt(sum);`,
    ),
    kernel(
      "update",
      arena,
      { parameters: "read_write", gradients: "read", momentum: "read_write", scalars: "read" },
      `
      momentum[i] = 0.9 * momentum[i] + 0.1 * gradients[i];
      parameters[i] -= scalars[1] * momentum[i] / scalars[2];`,
    ),
    kernel(
      "decode",
      V,
      { parameters: "read", token: "read", place: "read", logits: "write", fed: "read_write" },
      `
      logits[i] = ${logit("token[0]", "i")};
      if (i == 0) { fed[0] += 1.0; fed[1] = f32(place[0]); }`,
    ),
  ];
}

function wgsl({ uses, types, lanes, body }: KernelText): string {
  const bindings = Object.entries(uses).map(
    ([name, access], i) =>
      `@group(0) @binding(${i}) var<storage, ${access === "read" ? "read" : "read_write"}> ${name}: array<${types[name] ?? "f32"}>;`,
  );
  return `${bindings.join("\n")}\n@compute @workgroup_size(${lanes}) fn main(@builtin(global_invocation_id) id: vec3u) {\nlet i = i32(id.x);\n${body}\n}\n`;
}

/** What makes the bodies above C. */
const wgslInC = `#pragma once
#include <math.h>
#include <stdint.h>
#define let const __auto_type
#define var __auto_type
#define f32(x) ((float)(x))
#define max(a, b) ((a) > (b) ? (a) : (b))
#define select(no, yes, when) ((when) ? (yes) : (no))
`;

function c({ name, uses, types, lanes, body }: KernelText): string {
  const bindings = Object.keys(uses).map(
    (binding, i) => `  ${types[binding] === "i32" ? "int32_t" : "float"} *${binding} = bindings[${i}];`,
  );
  return `#include "wgsl.h"
static void ${name}_element(int32_t i, void *const *bindings) {
${bindings.join("\n")}
  ${body}
}
void ${name}(int32_t group_from, int32_t group_to, void *const *bindings) {
  for (int32_t i = group_from * ${lanes}; i < group_to * ${lanes}; i++) ${name}_element(i, bindings);
}
`;
}
