/**
 * @file How a fold is spread over lanes. Lanes form units along the result's axes times slices of what is reduced; each slice gives a partial result, and a second kernel
 * combines those in order. Neighbouring lanes are neighbouring units, or with a single unit neighbouring slices, so that loads coalesce.
 */
import { elementCount } from "../ir/node.ts";
import type { FoldCluster } from "../optimize/cluster.ts";
import { divides } from "./contract-operands.ts";
import type { Target } from "./lowered.ts";

export interface FoldShape {
  /** Which axis a lane takes four neighbours of. */
  readonly vector: "axes" | "over" | "none";
  /** Results, or vectors of four of them. */
  readonly units: number;
  readonly slices: number;
  /** Steps along `over` that one lane makes. */
  readonly steps: number;
  readonly lanes: number;
  readonly groups: number;
  /** Partial results of a unit: one a slice, or one a workgroup when its lanes combine theirs. One: the first kernel is the only one. */
  readonly partials: number;
  readonly reason: string;
}

/** Lanes in flight, and steps a lane makes at least. */
const wanted = { software: 64, gpu: 32768, steps: 8 };

export function foldShape({ axes, over }: FoldCluster, target: Target): FoldShape {
  const [results, reduced] = [elementCount(axes), elementCount(over)];
  const vector = axes.length > 0 && divides(axes) ? "axes" : over.length > 0 && divides(over) ? "over" : "none";
  const units = vector === "axes" ? results / 4 : results;
  const length = vector === "over" ? reduced / 4 : reduced;
  const inFlight = target.staging ? wanted.gpu : wanted.software;
  let slices = Math.max(1, Math.min(Math.floor(inFlight / units), Math.floor(length / wanted.steps)));
  const shared = target.staging && units === 1 && slices > 32;
  const lanes = Math.min(shared ? target.lanes : target.staging ? 64 : 16, 2 ** Math.ceil(Math.log2(units * slices)));
  // With a single unit the lanes of a workgroup combine their parts, all of them.
  if (shared) slices = Math.ceil(slices / lanes) * lanes;
  const partials = shared ? slices / lanes : slices;
  return {
    vector, units, slices, lanes, partials, steps: Math.ceil(length / slices), groups: Math.ceil((units * slices) / lanes),
    reason: partials === 1 ? `one stage: ${units * slices} lanes make ${Math.ceil(length / slices)} steps` : `two stages: ${partials} partial results each of ${results}`,
  };
}
