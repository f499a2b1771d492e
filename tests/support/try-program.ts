/** @file One program on every machine that fuzzing has, against the f64 evaluator: what is wrong, in words. */
import { compile } from "../../src/plan/build-plan.ts";
import type { Compiled } from "../../src/plan/build-plan.ts";
import { cpuTarget, gpuTarget, softwareTarget } from "../../src/schedule/build/lowered.ts";
import type { Target } from "../../src/schedule/build/lowered.ts";
import { differences, tooFar } from "./check-model.ts";
import type { Machine } from "./check-model.ts";
import { elaborated } from "./elaborated.ts";
import { compiledC, simulated } from "./machines.ts";

export interface Try {
  readonly name: string;
  readonly target: Target;
  readonly open: (compiled: Compiled) => Machine;
}

const onCpu = (width: 4 | 8 | 16): Try => ({
  name: `cpu, vectors of ${width}`,
  target: cpuTarget(width),
  open: (compiled) => compiledC(compiled, { width, optimise: "-O1" }),
});
/** The interpreter for both targets of WebGPU, and C in vectors of three widths. */
export const everywhere: readonly Try[] = [
  { name: "webgpu, interpreted", target: gpuTarget, open: simulated },
  { name: "webgpu-software, interpreted", target: softwareTarget, open: simulated },
  onCpu(4),
  onCpu(8),
  onCpu(16),
];

export interface Program {
  /** Contains a model and a train section, both named `X`. */
  readonly text: string;
  readonly batch: number;
  readonly memory?: number;
}

/** Terms of random sums cancel more than those of models: what is wrong is further off than this by orders of magnitude. */
const ofAnySum = 3;

/** Nothing if all is well; `invalid` where the program is refused with a message, as a generator may draw one that is. */
export async function tryProgram(
  { text, batch, memory }: Program,
  machines: readonly Try[],
): Promise<{ readonly kind: "right" | "invalid" } | { readonly kind: "wrong"; readonly why: string }> {
  let made;
  try {
    made = elaborated(text, "X", batch);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return /^[a-z]+\/[a-z-]+: /.test(message)
      ? { kind: "invalid" }
      : { kind: "wrong", why: `elaboration: ${stackOf(error)}` };
  }
  const { model, optimizer, schedule, train } = made;
  if (!optimizer || !schedule) return { kind: "invalid" };
  const clip = train?.clip;
  for (const { name, target, open } of machines) {
    try {
      const compiled = compile(model, optimizer, schedule, {
        target,
        programs: ["train", "evaluate"],
        ...(clip !== undefined && { clip }),
        ...(memory !== undefined && { memory }),
      });
      const found = tooFar(await differences(model, optimizer, compiled, open(compiled), clip), ofAnySum);
      if (found.length > 0) return { kind: "wrong", why: `${name}: ${found.slice(0, 4).join("\n  ")}` };
    } catch (error) {
      return { kind: "wrong", why: `${name}: ${stackOf(error)}` };
    }
  }
  return { kind: "right" };
}

const stackOf = (error: unknown): string =>
  (error instanceof Error ? (error.stack ?? error.message) : String(error)).split("\n").slice(0, 6).join("\n  ");
