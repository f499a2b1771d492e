/** @file Contractions: chooses the engine for the target and the sizes. */
import type { ContractCluster } from "../cluster/cluster.ts";
import { shapeOf } from "./build/operand-layout.ts";
import { lowerInPanels } from "./matmul/panels.ts";
import { lowerInRegisters } from "./matmul/registers.ts";
import { lowerStaged } from "./matmul/staged.ts";
import { lowerThin } from "./matmul/thin.ts";
import type { Lowered, ScalarLayout, Target } from "./build/lowered.ts";

/** Rows up to which a contraction reads the matrix as a stream instead of in tiles: one token, or a few. */
const thin = 4;

export function lowerContract(cluster: ContractCluster, target: Target, layout: ScalarLayout): Lowered {
  if (target.simd) return lowerInPanels(cluster, target, layout);
  if (!target.staging) return lowerInRegisters(cluster, target, layout);
  return shapeOf(cluster).m <= thin ? lowerThin(cluster, target, layout) : lowerStaged(cluster, target, layout);
}
