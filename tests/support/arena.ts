/** @file Arenas of a plan by name, for tests: `parameters`, `gradients`, a state, or `state/parameters` where a state is called as one of the others. */
import type { Plan } from "../../src/abi/plan.ts";

export function arenaIndex({ buffers }: Plan, arena: string): number {
  const exact = buffers.findIndex(
    (b) => (b.role === "state" ? `state/${b.name}` : b.role === b.name ? b.name : undefined) === arena,
  );
  return exact >= 0 ? exact : buffers.findIndex((b) => b.role === "state" && b.name === arena);
}
