/** @file Starting values of the bigram model: apart from its plan, because pages import it too. */
import type { Initialisers } from "../../src/runtime/session/arenas.ts";
import { streamOf, uniform } from "../../src/abi/random.ts";

export function bigramInitialisers(seed: number): Initialisers {
  const table = streamOf("table");
  return { table: (index) => uniform(seed, 0, table, index) - 0.5, bias: () => 0 };
}
