/** @file What kernels can be tuned for, by name. */
import { suggest } from "../../util/suggest.ts";
import { multipliesPairs, vectorWidth } from "../../runtime/cpu/processor.ts";
import { cpuTarget, gpuTarget, softwareTarget, type Target } from "../../schedule/build/lowered.ts";

/** The CPU with vectors as wide as this machine's. */
export const targetOfThisProcessor = (): Target => cpuTarget(vectorWidth(), multipliesPairs());

const targets: ReadonlyMap<string, () => Target> = new Map([
  [gpuTarget.name, () => gpuTarget],
  [softwareTarget.name, () => softwareTarget],
  ["cpu", targetOfThisProcessor],
]);
const names = [...targets.keys()];
const list = (word: string): string => `${names.slice(0, -1).join(", ")} ${word} ${names.at(-1)}`;

/** For help: `webgpu, webgpu-software or cpu`. */
export const targetChoices = list("or");
export const defaultTarget = gpuTarget.name;

/** The target, or why there is none. */
export function targetNamed(name: string = defaultTarget): Target | string {
  const found = targets.get(name);
  if (found) return found();
  const near = suggest(name, names);
  return `there is no target \`${name}\`${near ? `; did you mean \`${near}\`?` : `, only ${list("and")}`}`;
}
