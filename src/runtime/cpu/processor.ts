/** @file This machine's processor: what tells it from others, and how wide its vectors are. */
import { readFileSync } from "node:fs";
import { cpus } from "node:os";

let text: string | undefined;

/** Its model and its instructions: what `native` stands for in a compiler's flags. */
export function processor(): string {
  text ??= [
    ...new Set([cpus()[0]?.model ?? "", ...cpuinfo().filter((line) => /^(flags|Features|CPU part)\s*:/.test(line))]),
  ].join("\n");
  return text;
}

/** Numbers that a vector register holds. */
export function vectorWidth(): 4 | 8 | 16 {
  if (/\bavx512f\b/.test(processor())) return 16;
  return /\bavx2\b/.test(processor()) || (process.platform === "darwin" && process.arch === "x64") ? 8 : 4;
}

/** Whether it has instructions that multiply pairs of bfloat16: AVX512-BF16. */
export const multipliesPairs = (): boolean => /\bavx512_bf16\b/.test(processor());

/** Linux tells; elsewhere there is no such file, and the model has to do. */
function cpuinfo(): readonly string[] {
  try {
    return readFileSync("/proc/cpuinfo", "utf8").split("\n");
  } catch {
    return [];
  }
}
