/**
 * @file How a fold is spread over lanes. Lanes form units along the result's axes times slices of what is reduced; each slice gives a partial result, and a second kernel
 * combines those in order. Neighbouring lanes, and the four elements of a vector, lie along whatever is contiguous in the memory that the fold reads: neighbouring units for
 * sums over columns, neighbouring slices of one unit for sums along rows.
 */
import { affineOf } from "../../ir/affine.ts";
import type { Axis } from "../../ir/graph.ts";
import { elementCount } from "../../ir/node.ts";
import { subexpressions } from "../../ir/scalar.ts";
import type { FoldCluster } from "../../cluster/cluster.ts";
import type { Target } from "../build/lowered.ts";
import { powerOfTwoAbove } from "../build/powers.ts";
import { stridesOf } from "../build/axis-mapping.ts";

export interface FoldShape {
  /** Along which list of axes memory is contiguous, and lanes are neighbours. */
  readonly along: "axes" | "over";
  /** Elements a lane takes at once, along the last of those axes. */
  readonly vector: 1 | 4;
  /** Results, or vectors of four of them. */
  readonly units: number;
  readonly slices: number;
  /** How many neighbouring slices take turns along `over`; each such run of slices has a stretch of its own. */
  readonly interleaved: number;
  /** Steps along `over` that one lane makes. */
  readonly steps: number;
  readonly lanes: number;
  readonly groups: number;
  /** Partial results of a unit: one a slice, or one a workgroup when its lanes combine theirs. One: the first kernel is the only one. */
  readonly partials: number;
  readonly reason: string;
}

/** Lanes in flight, and steps a lane makes at least. */
const wanted = { software: 64, simd: 512, gpu: 32768, steps: 8 };

/** Lanes that a software adapter runs as one. */
const softwareSimd = 4;

export function foldShape(cluster: FoldCluster, target: Target): FoldShape {
  const { axes, over } = cluster;
  const [results, reduced] = [elementCount(axes), elementCount(over)];
  const along = foldDirection(cluster);
  const vector = !target.simd && divides(along === "axes" ? axes : over) ? 4 : 1;
  const units = along === "axes" ? results / vector : results;
  const length = along === "over" ? reduced / vector : reduced;
  const inFlight = target.staging ? wanted.gpu : target.simd ? wanted.simd : wanted.software;
  let slices = Math.max(1, Math.min(Math.floor(inFlight / units), Math.floor(length / wanted.steps)));
  // When neighbouring lanes work for one unit, the lanes of a workgroup combine their parts, all of them.
  const shared = along === "over" && (target.simd || (target.staging && slices > 32));
  const lanes = target.simd
    ? target.lanes
    : Math.min(shared ? target.lanes : target.staging ? 64 : 16, powerOfTwoAbove(shared ? slices : units * slices));
  if (shared) slices = Math.ceil(slices / lanes) * lanes;
  const partials = shared ? slices / lanes : slices;
  const steps = Math.ceil(length / slices);
  const simd = target.simd ? target.lanes : softwareSimd;
  // Loads of a GPU's lanes coalesce when all slices take turns. On a CPU it is the SIMD lanes' loads that should be together, and memory should be walked in order.
  const interleaved = target.staging ? slices : along === "over" && slices % simd === 0 ? simd : 1;
  const layout = `${vector === 4 ? "four elements" : "one element"} at once along the ${along === "axes" ? "result" : "reduced axes"}`;
  return {
    along,
    vector,
    units,
    slices,
    lanes,
    partials,
    interleaved,
    steps,
    groups: Math.ceil((units * slices) / lanes),
    reason: `${layout}, ${partials === 1 ? `one stage: ${units * slices} lanes make ${steps} steps` : `two stages: ${partials} partial results each of ${results}`}`,
  };
}

/** Along which list of axes most of what is read is contiguous. */
export function foldDirection({ axes, over, values }: FoldCluster): "axes" | "over" {
  const elements = {
    axes: contiguousElements(values, innermost(axes, 0)),
    over: contiguousElements(values, innermost(over, axes.length)),
  };
  if (elements.axes !== elements.over) return elements.axes > elements.over ? "axes" : "over";
  return divides(axes) ? "axes" : "over";
}

/** The position of the last axis of a list that is not of size 1. */
function innermost(axes: readonly Axis[], first: number): number | undefined {
  const last = axes.findLastIndex((axis) => axis.size > 1);
  return last < 0 ? undefined : first + last;
}

/** Elements of the tensors whose address moves by one with the axis at a position. */
function contiguousElements(values: FoldCluster["values"], position: number | undefined): number {
  const found = subexpressions(...values.map(({ value }) => value)).flatMap((part) => {
    if (part.kind !== "read") return [];
    const strides = stridesOf(part.of.axes);
    let step = 0;
    part.at.forEach((index, i) => {
      for (const [atom, by] of affineOf(index).terms)
        if (atom.kind === "axis" && atom.position === position) step += by * (strides[i] ?? 0);
    });
    return step === 1 ? [part.of] : [];
  });
  return [...new Set(found)].reduce((sum, node) => sum + elementCount(node.axes), 0);
}

/** Whether vectors of four along the last axis of a list cover it. */
const divides = (axes: readonly Axis[]): boolean => axes.length > 0 && (axes.at(-1)?.size ?? 1) % 4 === 0;
