/** @file What kernels can be tuned for, by name. */
import { suggest } from "../diagnostics/suggest.ts";
import { gpuTarget, softwareTarget, type Target } from "../schedule/lowered.ts";

const targets: readonly Target[] = [gpuTarget, softwareTarget];

export const targetNames: readonly string[] = targets.map((t) => t.name);

/** The target, or why there is none. */
export function targetNamed(name: string | undefined): Target | string {
  if (name === undefined) return gpuTarget;
  const found = targets.find((t) => t.name === name);
  if (found) return found;
  const near = suggest(name, targetNames);
  return `there is no target \`${name}\`${near ? `; did you mean \`${near}\`?` : `, only ${targetNames.join(" and ")}`}`;
}
