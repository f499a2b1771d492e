/**
 * @file A tensor, an op or a parameter may be called by any word that a target reserves, predeclares or uses itself: the words of the standards, the macros that this
 * machine's compiler defines, and every identifier in what the printers put around kernels.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { cPrelude, printModule } from "../../codegen/c/print.ts";
import { printStep } from "../../codegen/c/print-step.ts";
import { runHeader } from "../../codegen/c/run-header.ts";
import { printProgram } from "../../codegen/typescript/print-program.ts";
import { printWgsl } from "../../codegen/wgsl/print.ts";
import { evaluateOne } from "../../src/ir/evaluate/evaluate.ts";
import type { Parameter } from "../../src/ir/graph.ts";
import { comp, leaf } from "../../src/ir/node.ts";
import { add, axis, literal, mul, random, read, unary } from "../../src/ir/scalar.ts";
import type { Kernel } from "../../src/kernel/ir.ts";
import { clusterGraph } from "../../src/optimize/clusters.ts";
import { gaussian } from "../../src/abi/gaussian.ts";
import type { Plan } from "../../src/abi/plan.ts";
import { uniform } from "../../src/abi/random.ts";
import { lower } from "../../src/schedule/lower.ts";
import { cpuTarget, gpuTarget } from "../../src/schedule/build/lowered.ts";
import type { Target } from "../../src/schedule/build/lowered.ts";
import { semanticFlags } from "../../src/runtime/cpu/compiler.ts";
import { hasCompiler } from "../support/c-kernels.ts";
import { dawn } from "../support/dawn.ts";

const standards = `
  alignas alignof asm auto bool break case char const constexpr continue default do double else enum extern false float for goto if inline int long nullptr register restrict return short
  signed sizeof static static_assert struct switch thread_local true typedef typeof typeof_unqual union unsigned void volatile while I complex imaginary noreturn linux unix errno stdin
  alias const_assert continuing diagnostic discard enable fn let loop override requires var NULL Self abstract active asm_fragment async attribute await become cast catch class co_await
  co_return co_yield coherent column_major common compile compile_fragment concept const_cast consteval constinit crate debugger decltype delete demote demote_to_helper dynamic_cast
  explicit export extends external fallthrough filter final finally friend from fxgroup get groupshared highp impl implements import instanceof interface layout lowp macro macro_rules match
  mediump meta mod module move mut mutable namespace new nil noexcept noinline nointerpolation non_coherent noncoherent noperspective null of operator package packoffset partition pass
  patch pixelfragment precise precision premerge priv private protected ptr pub public readonly ref regardless reinterpret_cast require resource restrict_ self set shared smooth snorm
  static_cast std subroutine super target template this throw trait try type typeid typename unless unorm unsafe unsized use using varying virtual wgsl where with writeonly yield
  f16 f32 i32 u32 vec2 vec3 vec4 vec4f mat2x2 mat4x4f array atomic sampler texture_2d bitcast abs exp fma select workgroupBarrier storageBarrier read write read_write function storage
  arguments eval undefined NaN Infinity Math Number Object Array globalThis process constructor prototype __proto__ toString hasOwnProperty enum declare any unknown never string symbol
  settings data tokenizer learningRate initialisers train program run options folder inputs targets step seed stream i x1 x2 main lane group local workgroup first part bindings rows
`
  .trim()
  .split(/\s+/);

const identifiersIn = (text: string): readonly string[] => text.match(/\b[A-Za-z_]\w*/g) ?? [];

/** Run in an empty folder. */
function inFolder<T>(use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "llmc-names-"));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function cc(text: string, ...options: readonly string[]): string {
  return inFolder((folder) => {
    writeFileSync(join(folder, "run.h"), runHeader);
    writeFileSync(join(folder, "names.c"), text);
    return execFileSync("cc", [...semanticFlags, "-O2", "-Wno-psabi", ...options, join(folder, "names.c")], {
      encoding: "utf8",
      stdio: "pipe",
    });
  });
}

const macros = (): readonly string[] =>
  cc(`${cPrelude({ width: 16 })}\n#include "run.h"\n`, "-E", "-dM")
    .split("\n")
    .flatMap((line) => /^#define (\w+)/.exec(line)?.[1] ?? [])
    .filter((name) => !name.startsWith("_"));

/** Words, as many to a kernel: each is a tensor that it reads, one whose gradient it reads, and what it computes. */
function kernelsOf(words: readonly string[], size: number, target: Target): readonly Kernel[] {
  const [T, D] = [
    { name: "T", size: 3 },
    { name: "D", size: 12 },
  ];
  const kernels = Array.from({ length: Math.ceil(words.length / size) }, (_, n) => {
    const some = words.slice(n * size, (n + 1) * size);
    const tensors = some.flatMap((word) => [
      leaf("parameter", word, [T, D]),
      leaf("state", `d ${word}`, [T, D]),
      leaf("parameter", `d_${word}`, [T, D]),
    ]);
    const body = tensors.map((t) => unary("exp", read(t, [axis(0), axis(1)]))).reduce(add);
    const sums = some.map((word, i) => comp({ name: word }, [T], mul(body, literal(i + 1)), { op: "sum", axes: [D] }));
    const { clusters } = clusterGraph(sums, { bindings: target.bindings });
    return clusters.flatMap((c) => lower(c, target, { wordOf: () => 2 }).dispatches.map((d) => d.kernel));
  }).flat();
  return kernels.map((kernel, i) => ({ ...kernel, name: `${kernel.name}_${i}` }));
}

describe.skipIf(!hasCompiler)("in C", () => {
  const words = [
    ...new Set([
      ...standards,
      ...(hasCompiler ? macros() : []),
      ...identifiersIn(cPrelude({ width: 8 })),
      ...identifiersIn(runHeader),
    ]),
  ];

  test("any word may name a tensor", () => {
    expect(words.length).toBeGreaterThan(600);
    cc(printModule(kernelsOf(words, 10, cpuTarget(8)), { width: 8 }), "-fsyntax-only");
  });

  test("any word may name a kernel beside what runs them", () => {
    const names = words
      .flatMap((word) => [word, word.replace(/^[a-z]+_/, "")])
      .flatMap((word) =>
        ["map", "row", "fold", "contract", "flash_key", "bins", "pack"].map((kind) => `${kind}_${word}`),
      );
    const plan = {
      model: "M",
      buffers: [],
      programs: {},
      hash: "",
      kernels: [...new Set(names)].map((name) => ({ name })),
    };
    cc(
      printStep(plan as unknown as Plan)
        .replace("programs[] = {\n};", "programs[1];")
        .replace("buffers[] = {\n};", "buffers[1];"),
      "-fsyntax-only",
    );
  });
});

test("in WGSL any word may name a tensor", async () => {
  const { device } = await dawn();
  const kernels = kernelsOf(standards, 2, gpuTarget);
  const errors: string[] = [];
  for (const kernel of kernels) {
    const { messages } = await device.createShaderModule({ code: printWgsl(kernel) }).getCompilationInfo();
    errors.push(...messages.filter((m) => m.type === "error").map((m) => `${kernel.name}: ${m.message}`));
  }
  expect(errors).toEqual([]);
});

test("in a generated program any word may name the op that a parameter starts from", async () => {
  const D = { name: "D", size: 4 };
  const initialisers = new Map(
    standards.map((word, n): [string, Parameter] => {
      const init = mul(add(random(n, axis(0)), random(n, axis(0), "gaussian")), literal(n + 1));
      return [`p${n}`, { leaf: leaf("parameter", word, [D]), init, declared: `${word}(std: 0.02)` }];
    }),
  );
  const { javascript } = await printProgram({
    source: "m.llm",
    plan: { model: "M", batch: 1, context: 8, programs: {} } as unknown as Plan,
    initialisers,
    facts: {},
    settings: { seed: 1, steps: 1, budget: "1 steps", learningRate: 1, keepCheckpoints: 1, patience: 8 },
    schedule: { progress: leaf("scalar", "progress", []), factor: literal(1) },
    data: { name: "D", sources: [], split: { validation: 0, by: "position" } as never },
    tokenizer: { kind: "bytes" },
    samples: [],
  });
  const from = javascript.indexOf("function initialisers");
  const text = javascript.slice(from, javascript.indexOf("export async function train", from));
  const made = (
    new Function("uniform", "gaussian", `"use strict"; ${text}; return initialisers(7);`) as (
      ...given: unknown[]
    ) => Record<string, (i: number) => number>
  )(uniform, gaussian);
  for (const [
    name,
    {
      leaf: { axes },
      init,
    },
  ] of initialisers) {
    const want = evaluateOne(comp({ name }, axes, init), () => 0, { seed: 7, step: 0 });
    expect(
      Array.from(want, (_, i) => made[name]?.(i)),
      name,
    ).toEqual([...want]);
  }
});
