/**
 * @file Writing over what is not needed any more: a map, a row or bins may write an output into the buffer of an input that they are the last to read,
 * when they read it only at the element they write. The gradient of the logits takes the place of the logits this way; what the gradient of a
 * shared embedding starts from is made in its place among the gradients.
 */
import { unreachable } from "../../util/invariant.ts";
import type { Axis, Leaf, Node, Read, Scalar } from "../../ir/graph.ts";
import { elementCount, leaf, nodesRead, update } from "../../ir/node.ts";
import { axis, int, subexpressions } from "../../ir/scalar.ts";
import type { Cluster, Output } from "../../cluster/cluster.ts";
import { mapCluster, nodesReadBy, outputsOfCluster, renameReads, scalarsOf } from "../../cluster/walk.ts";
import type { Homes } from "./allocation.ts";
import { bytesOf } from "./sizes.ts";

/** Smaller tensors are not worth a kernel of their own. */
const leastBytes = 1 << 12;

/** A cluster with an input overwritten, told as the update of a leaf that stands for both. */
export interface Overwriting {
  readonly cluster: Cluster;
  readonly input: Node;
  readonly output: Node;
  readonly leaf: Leaf;
}

/**
 * `dies` tells whether a cluster is the last reader of a tensor without a fixed home, `soleReader` whether nothing else reads it at all: what moves to the
 * output's fixed home must not be read by kernels that write there.
 */
export function overwriteInput(
  cluster: Cluster,
  dies: (node: Node) => boolean,
  soleReader: (node: Node) => boolean,
  homes: Homes,
): Overwriting | undefined {
  const axes = outputAxes(cluster);
  const full = outputsOfCluster(cluster).filter(
    (o) => o.node.kind !== "update" && elementCount(o.node.axes) === elementCount(axes),
  );
  const [output, ...others] = full;
  if (!output || others.length > 0 || bytesOf(output.node) < leastBytes) return undefined;
  const at = indices(output, axes.length);
  const input = nodesReadBy(cluster).find(
    (node) =>
      node.kind !== "leaf" &&
      node.dtype === output.node.dtype &&
      sameShape(node, output.node) &&
      dies(node) &&
      readOnlyAt(cluster, node, at) &&
      (!homes.fixed(output.node) || soleReader(node)),
  );
  if (!input) return undefined;
  const stand = leaf("state", input.name, input.axes, input.dtype);
  const written = update(stand, output.node);
  const renamed = mapCluster(
    cluster,
    renameReads((n) => (n === input ? stand : n)),
    (n) => (n === output.node ? written : n),
  );
  return { cluster: renamed, input, output: output.node, leaf: stand };
}

function outputAxes(cluster: Cluster): readonly Axis[] {
  switch (cluster.kind) {
    case "map":
      return cluster.axes;
    case "row":
      return [...cluster.rows, ...cluster.along];
    case "bins":
      return [cluster.bins, ...cluster.rest];
    case "contract":
    case "fold":
    case "flash":
      return [];
    default:
      return unreachable(cluster);
  }
}

function indices(output: Output, rank: number): readonly Scalar[] {
  return output.at ?? Array.from({ length: rank }, (_, i) => axis(i));
}

function sameShape(a: Node, b: Node): boolean {
  return a.axes.length === b.axes.length && a.axes.every((x, i) => x.size === b.axes[i]?.size);
}

function readOnlyAt(cluster: Cluster, node: Node, at: readonly Scalar[]): boolean {
  // What bins add up is read at other elements, whose positions mean something else.
  if (cluster.kind === "bins" && nodesRead(cluster.value).includes(node)) return false;
  const reads = subexpressions(...scalarsOf(cluster)).filter((s): s is Read => s.kind === "read" && s.of === node);
  const same = (index: Scalar, i: number): boolean =>
    index === at[i] || (node.axes[i]?.size === 1 && (index === int(0) || at[i] === int(0)));
  return reads.length > 0 && reads.every((r) => r.at.every(same));
}
