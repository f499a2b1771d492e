/**
 * @file Updates that change one slice of their target write that slice only: `new[s, d] = if s == position then v[d] else old[s, d]` becomes `old[position, d] = v[d]`.
 * That is how a cache over the whole context costs no more than the row of the current token. A range of rows, `if first <= s and s < first + 64`, is written the same way.
 */
import { affineOf, inRange } from "../../ir/affine.ts";
import type { Scalar } from "../../ir/graph.ts";
import { add, axis, int, sub, substitute } from "../../ir/scalar.ts";
import { simplifyScalar } from "../../ir/simplify-scalar.ts";
import { positionsOf } from "../../ir/sums.ts";
import type { MapCluster, Output } from "../../cluster/cluster.ts";

/** Along one axis what is at one index changes, or at so many from there on. */
interface Slice {
  readonly position: number;
  readonly index: Scalar;
  readonly size: number | undefined;
}

interface Change extends Slice {
  /** What is written there. */
  readonly value: Scalar;
}

/** The map over what changes, if all its outputs are updates that change the same slice. */
export function narrowUpdates(cluster: MapCluster): MapCluster {
  const { axes, outputs } = cluster;
  const changes = outputs.flatMap((output) => changeOf(output, cluster) ?? []);
  const [first] = changes;
  if (
    !first ||
    changes.length < outputs.length ||
    changes.some(
      ({ position, index, size }) => position !== first.position || index !== first.index || size !== first.size,
    )
  )
    return cluster;
  const { position, index, size } = first;
  const left = axes.flatMap((a, p) => (p !== position ? [a] : size === undefined ? [] : [{ ...a, size }]));
  let next = 0;
  const by = axes.map((_, p) =>
    p !== position ? axis(next++) : size === undefined ? index : add(index, axis(next++)),
  );
  const narrowed = (s: Scalar): Scalar => simplifyScalar(substitute(s, by), left);
  return {
    ...cluster,
    axes: left,
    outputs: outputs.map((output, i) => ({
      node: output.node,
      value: narrowed(changes[i]?.value ?? output.value),
      at: placesOf(output, cluster).map(narrowed),
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
  if (kept.kind !== "read" || kept.of !== node.target || !kept.at.every((index, i) => index === places[i]))
    return undefined;
  const slice = sliceOf(condition);
  if (!slice) return undefined;
  const { position, index, size = 1 } = slice;
  // Outside of the target nothing changes, and nothing may be written.
  const along = cluster.axes[position]?.size ?? 0;
  return inRange(index, along, cluster.axes) && inRange(add(index, int(size - 1)), along, cluster.axes)
    ? { ...slice, value: then }
    : undefined;
}

/** Where a condition holds: `s == index`, or `index <= s and s < index + size`. */
function sliceOf(s: Scalar): Slice | undefined {
  if (s.kind !== "binary") return undefined;
  const { op, left, right } = s;
  if (op === "eq") return left.kind === "axis" ? sliceAt(left, right, undefined) : sliceAt(right, left, undefined);
  if (op !== "and" || left.kind !== "binary" || right.kind !== "binary") return undefined;
  const [from, to] = left.op === "le" ? [left, right] : [right, left];
  if (from.op !== "le" || to.op !== "lt" || from.right !== to.left) return undefined;
  const { constant: size, terms } = affineOf(sub(to.right, from.left));
  return terms.size === 0 && size > 0 ? sliceAt(from.right, from.left, size) : undefined;
}

function sliceAt(at: Scalar, index: Scalar, size: number | undefined): Slice | undefined {
  return at.kind === "axis" && positionsOf(index).size === 0 ? { position: at.position, index, size } : undefined;
}
