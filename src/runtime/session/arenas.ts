/** @file Parameters and optimizer states inside their arenas: one buffer each, all with the layout of the plan's parameters. */
import type { Session } from "./device.ts";
import { RuntimeFailure } from "../util/failure.ts";
import type { Plan, PlanParameter } from "../../abi/plan.ts";

/** Starting values by the initialiser's name in the plan: an element's row-major index in, its value out. */
export type Initialisers = Readonly<Record<string, (index: number) => number>>;

/** The buffer of all parameters. */
export function parameterArena(plan: Plan): number {
  const index = plan.buffers.findIndex((buffer) => buffer.role === "parameters");
  if (index < 0) throw new RuntimeFailure("program/invalid", `the plan of \`${plan.model}\` has no parameters`);
  return index;
}

export function elementsOf(parameter: PlanParameter): number {
  return parameter.shape.reduce((product, size) => product * size, 1);
}

/** The elements of a parameter (or of its state) as a view of the arena's values. */
export function slotOf(arena: Float32Array, parameter: PlanParameter): Float32Array {
  const from = parameter.offset / 4;
  return arena.subarray(from, from + elementsOf(parameter));
}

/** Sets every parameter and state of a session that was just opened, whose buffers are zero, to its starting value. */
export async function initialise(session: Session, seed: number, initialisers: Initialisers = {}): Promise<void> {
  const { plan } = session;
  if (session.has("start")) await session.replay("start").once({ seed, step: 0 });
  const arena = parameterArena(plan);
  for (const parameter of plan.parameters) {
    const { init, path, offset } = parameter;
    if (init === undefined) continue;
    const value = initialisers[init];
    if (value === undefined)
      throw new RuntimeFailure("program/invalid", `the program has no initialiser \`${init}\` for \`${path}\``);
    session.write(
      arena,
      Float32Array.from({ length: elementsOf(parameter) }, (_, i) => value(i)),
      offset,
    );
  }
}

/** Every parameter by its path. */
export async function readParameters(session: Session): Promise<ReadonlyMap<string, Float32Array>> {
  const arena = await session.read(parameterArena(session.plan));
  return new Map(session.plan.parameters.map((parameter) => [parameter.path, slotOf(arena, parameter)]));
}
