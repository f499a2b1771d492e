/**
 * @file Running kernels printed as C: compiled with the machine's C compiler into a library that is called in this process, or, with sanitizers, into a program of its own.
 * Several kernels are compiled at once, as most of the time goes into starting the compiler.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import koffi from "koffi";
import { cName } from "../../codegen/c/names.ts";
import { printModule } from "../../codegen/c/print.ts";
import type { Kernel } from "../../src/kernel/ir.ts";
import type { KernelBuffer } from "../../src/kernel/verify/interpret.ts";
import { semanticFlags } from "../../src/runtime/cpu/compiler.ts";
import type { Buffer as Content, Run } from "./kernels.ts";
import { bufferFor } from "./kernels.ts";

/** Whether there is a C compiler. Tests that need one are skipped otherwise, and say so. */
export const hasCompiler = spawnSync("cc", ["--version"]).status === 0;
if (!hasCompiler) console.warn("\n*** There is no C compiler (cc): C KERNELS ARE NOT TESTED ***\n");

export interface CompileOptions {
  /** Numbers in a vector. */
  readonly width: number;
  /** Instructions: `native`, or the least that the architecture has. */
  readonly machine?: "native" | "least";
  /** How much the compiler optimises: the meaning is the same. `-O2` unless told otherwise. */
  readonly optimise?: "-O0" | "-O1";
}

/** Compiles kernels of different names; the function runs one of them on buffers in place. */
export function callsOfC(
  kernels: readonly Kernel[],
  { width, machine = "native", optimise }: CompileOptions,
): (kernel: Kernel, buffers: readonly KernelBuffer[]) => void {
  const library = inFolder((folder) => {
    cc(folder, printModule(kernels, { width }), [
      ...(optimise ? [optimise] : []),
      ...(machine === "native" ? ["-march=native"] : []),
      "-shared",
      "-fPIC",
      "-lm",
      "-o",
      join(folder, "kernels.so"),
    ]);
    return koffi.load(join(folder, "kernels.so"));
  });
  return (kernel, buffers) => {
    const call = library.func(`void ${cName(kernel.name)}(int32_t from, int32_t to, void **bindings)`);
    // Two calls: a range of groups may start anywhere.
    const middle = kernel.groups >> 1;
    call(0, middle, buffers);
    call(middle, kernel.groups, buffers);
  };
}

/** The same on copies, which it gives back: what WebGPU or the interpreter would. */
export function compileC(
  kernels: readonly Kernel[],
  options: CompileOptions,
): (kernel: Kernel, buffers: readonly (ArrayLike<number> | undefined)[]) => Run {
  const run = callsOfC(kernels, options);
  return (kernel, buffers) => {
    const outputs = kernel.bindings.map((binding, index) => bufferFor(binding, buffers[index]));
    run(kernel, outputs);
    return { outputs, findings: [] };
  };
}

/** Runs one kernel, in vectors of 16. */
export const runOnC = async (kernel: Kernel, buffers: readonly (ArrayLike<number> | undefined)[]): Promise<Run> =>
  compileC([kernel], { width: 16 })(kernel, buffers);

/** Runs one kernel in a program with the address and undefined-behaviour sanitizers; every buffer is an allocation of its own. What they find is thrown, and so is a program that does not end. */
export function runSanitized(kernel: Kernel, buffers: readonly (ArrayLike<number> | undefined)[], width: number): Run {
  const contents = kernel.bindings.map((binding, index) => bufferFor(binding, buffers[index]));
  return inFolder((folder) => {
    const code = [
      printModule([kernel], { width }),
      "#include <stdio.h>",
      "#include <stdlib.h>",
      "int main(void) {",
      `  void *bindings[${contents.length}];`,
      `  const size_t bytes[] = {${contents.map(({ byteLength }) => byteLength).join(", ")}};`,
      `  for (int i = 0; i < ${contents.length}; i++) { bindings[i] = malloc(bytes[i]); if (fread(bindings[i], 1, bytes[i], stdin) != bytes[i]) return 3; }`,
      `  ${cName(kernel.name)}(0, ${kernel.groups}, bindings);`,
      `  for (int i = 0; i < ${contents.length}; i++) { fwrite(bindings[i], 1, bytes[i], stdout); free(bindings[i]); }`,
      "  return 0;",
      "}",
    ].join("\n");
    const program = join(folder, "kernel");
    cc(folder, code, [
      "-march=native",
      "-g",
      "-fsanitize=address,undefined",
      "-fno-sanitize-recover=all",
      "-lm",
      "-o",
      program,
    ]);
    const input = Buffer.concat(contents.map((each) => Buffer.from(each.buffer, each.byteOffset, each.byteLength)));
    const { status, signal, stdout, stderr } = spawnSync(program, { input, maxBuffer: 1 << 28, timeout: 30_000 });
    if (status !== 0)
      throw new Error(
        `${signal ?? ""} ${stderr.toString().slice(0, 3000)}\n${code.slice(code.indexOf(`// ${kernel.name}`))}`,
      );
    let offset = 0;
    const outputs = contents.map((each): Content => {
      const part = stdout.subarray(offset, (offset += each.byteLength));
      const Type = each.constructor as new (bytes: ArrayBuffer) => Content;
      return new Type(new Uint8Array(part).buffer);
    });
    return { outputs, findings: [] };
  });
}

/** A value that was never set is anything a compiler likes, and what it likes differs between levels of optimisation. */
const warnings = ["-Wno-psabi", "-Wno-unknown-warning-option", "-Werror=uninitialized", "-Werror=maybe-uninitialized"];

function cc(folder: string, code: string, options: readonly string[]): void {
  const source = join(folder, "kernels.c");
  writeFileSync(source, code);
  try {
    execFileSync("cc", [...semanticFlags, "-O2", ...warnings, source, ...options], { stdio: "pipe" });
  } catch (error) {
    const message = error instanceof Error && "stderr" in error ? String(error.stderr) : String(error);
    throw new Error(`${message.slice(0, 3000)}\n\n${code.slice(code.indexOf("// Vectors"))}`, { cause: error });
  }
}

function inFolder<Result>(use: (folder: string) => Result): Result {
  const folder = mkdtempSync(join(tmpdir(), "c-kernels-"));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
