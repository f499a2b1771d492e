/** @file Contractions: chooses the engine for the target and the sizes. */
import type { ContractCluster } from "../optimize/cluster.ts";
import { lowerInRegisters } from "./contract-registers.ts";
import type { Lowered, ScalarLayout, Target } from "./lowered.ts";

export function lowerContract(cluster: ContractCluster, target: Target, layout: ScalarLayout): Lowered {
  return lowerInRegisters(cluster, target, layout);
}
