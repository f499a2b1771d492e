/** @file Parameters and optimizer states inside their arenas: one buffer each, all with the layout of the plan's parameters. */
import type { Session } from "./device.ts";
import { RuntimeFailure } from "./failure.ts";
import type { Plan, PlanParameter } from "./plan.ts";

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

/** Sets every parameter and state to its starting value. */
export function initialise(session: Session, initialisers: Initialisers): void {
  const { plan } = session;
  fillArena(session, parameterArena(plan), (slot, parameter) => {
    const value = initialisers[parameter.init];
    if (value === undefined) throw new RuntimeFailure("program/invalid", `the program has no initialiser \`${parameter.init}\` for \`${parameter.path}\``);
    for (let i = 0; i < slot.length; i++) slot[i] = value(i);
  });
  for (const state of plan.states) fillArena(session, state.buffer, (slot) => void slot.fill(state.init));
}

/** Writes an arena whole; what `fill` leaves and the gaps between parameters are zero. */
export function fillArena(session: Session, buffer: number, fill: (slot: Float32Array, parameter: PlanParameter) => void): void {
  const arena = new Float32Array(Math.ceil((session.plan.buffers[buffer]?.bytes ?? 0) / 4));
  for (const parameter of session.plan.parameters) fill(slotOf(arena, parameter), parameter);
  session.write(buffer, arena);
}

/** Every parameter by its path. */
export async function readParameters(session: Session): Promise<ReadonlyMap<string, Float32Array>> {
  const arena = await session.read(parameterArena(session.plan));
  return new Map(session.plan.parameters.map((parameter) => [parameter.path, slotOf(arena, parameter)]));
}
