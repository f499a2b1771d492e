/** @file From clusters to kernels: one schedule an archetype. */
import { unreachable } from "../util/invariant.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { lowerBins } from "./reduce/bins.ts";
import { lowerContract } from "./matmul.ts";
import { lowerFlash } from "./attention.ts";
import { lowerFold } from "./reduce/fold.ts";
import type { Lowered, ScalarLayout, Target } from "./build/lowered.ts";
import { lowerMap } from "./map.ts";
import { lowerRow } from "./reduce/row.ts";

/** The kernels of a cluster, in dispatch order. */
export function lower(cluster: Cluster, target: Target, scalars: ScalarLayout): Lowered {
  switch (cluster.kind) {
    case "map":
      return lowerMap(cluster, target, scalars);
    case "contract":
      return lowerContract(cluster, target, scalars);
    case "flash":
      return lowerFlash(cluster, target, scalars);
    case "row":
      return lowerRow(cluster, target, scalars);
    case "fold":
      return lowerFold(cluster, target, scalars);
    case "bins":
      return lowerBins(cluster, target, scalars);
    default:
      return unreachable(cluster);
  }
}
