/** @file Contractions: chooses the engine for the target and the sizes. */
import type { ContractCluster } from "../optimize/cluster.ts";
import { shapeOf } from "./contract-operands.ts";
import { lowerInPanels } from "./contract-panels.ts";
import { lowerInRegisters } from "./contract-registers.ts";
import { lowerStaged } from "./contract-staged.ts";
import { lowerThin } from "./contract-thin.ts";
import type { Lowered, ScalarLayout, Target } from "./lowered.ts";

/** Rows up to which a contraction reads the matrix as a stream instead of in tiles: one token, or a few. */
const thin = 4;

export function lowerContract(cluster: ContractCluster, target: Target, layout: ScalarLayout): Lowered {
  if (target.simd) return lowerInPanels(cluster, target, layout);
  if (!target.staging) return lowerInRegisters(cluster, target, layout);
  return shapeOf(cluster).m <= thin ? lowerThin(cluster, target, layout) : lowerStaged(cluster, target, layout);
}
