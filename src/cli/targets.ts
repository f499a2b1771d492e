/** @file What kernels can be tuned for, by name. */
import { suggest } from "../diagnostics/suggest.ts";
import { vectorWidth } from "../runtime/cpu/processor.ts";
import { cpuTarget, gpuTarget, softwareTarget, type Target } from "../schedule/lowered.ts";

/** The CPU with vectors as wide as this machine's. */
export const targetOfThisProcessor = (): Target => cpuTarget(vectorWidth());

const targets: readonly Target[] = [gpuTarget, softwareTarget, targetOfThisProcessor()];

export const targetNames: readonly string[] = targets.map((t) => t.name);

/** The target, or why there is none. */
export function targetNamed(name: string | undefined): Target | string {
  if (name === undefined) return gpuTarget;
  const found = targets.find((t) => t.name === name);
  if (found) return found;
  const near = suggest(name, targetNames);
  return `there is no target \`${name}\`${near ? `; did you mean \`${near}\`?` : `, only ${targetNames.join(", ")}`}`;
}
