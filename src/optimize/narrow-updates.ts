/**
 * @file Updates that change one slice of their target write that slice only: `new[s, d] = if s == position then v[d] else old[s, d]` becomes `old[position, d] = v[d]`.
 * That is how a cache over the whole context costs no more than the row of the current token.
 */
import { inRange } from "../ir/affine.ts";
import type { Scalar } from "../ir/graph.ts";
import { axis, substitute } from "../ir/scalar.ts";
import { positionsOf } from "../ir/sums.ts";
import type { MapCluster, Output } from "./cluster.ts";

interface Change {
  /** The axis along which one index changes, which index, and what is written there. */
  readonly position: number;
  readonly index: Scalar;
  readonly value: Scalar;
}

/** The map over what changes, if all its outputs are updates that change the same slice. */
export function narrowUpdates(cluster: MapCluster): MapCluster {
  const { axes, outputs } = cluster;
  const changes = outputs.flatMap((output) => changeOf(output, cluster) ?? []);
  const [first] = changes;
  if (!first || changes.length < outputs.length || changes.some(({ position, index }) => position !== first.position || index !== first.index)) return cluster;
  const by = axes.map((_, p) => (p === first.position ? first.index : axis(p < first.position ? p : p - 1)));
  return {
    ...cluster,
    axes: axes.filter((_, p) => p !== first.position),
    outputs: outputs.map((output, i) => ({
      node: output.node,
      value: substitute(changes[i]?.value ?? output.value, by),
      at: placesOf(output, cluster).map((place) => substitute(place, by)),
    })),
    reasons: [...cluster.reasons, "only the slice that changes is written"],
  };
}

const placesOf = (output: Output, { axes }: MapCluster): readonly Scalar[] => output.at ?? axes.map((_, p) => axis(p));

function changeOf(output: Output, cluster: MapCluster): Change | undefined {
  const { node, value } = output;
  if (node.kind !== "update" || value.kind !== "select") return undefined;
  const { condition, then, else: kept } = value;
  const places = placesOf(output, cluster);
  if (kept.kind !== "read" || kept.of !== node.target || !kept.at.every((index, i) => index === places[i])) return undefined;
  if (condition.kind !== "binary" || condition.op !== "eq") return undefined;
  for (const [at, index] of [[condition.left, condition.right], [condition.right, condition.left]] as const) {
    if (at.kind !== "axis" || positionsOf(index).size > 0) continue;
    // Outside of the target nothing changes, and nothing may be written.
    if (inRange(index, cluster.axes[at.position]?.size ?? 0, cluster.axes)) return { position: at.position, index, value: then };
  }
  return undefined;
}
