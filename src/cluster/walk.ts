/** @file Clusters seen as what they read and write, and clusters with their nodes replaced. */
import { unreachable } from "../util/invariant.ts";
import type { Axis, Node, Scalar } from "../ir/graph.ts";
import { inputsOf, nodesRead } from "../ir/node.ts";
import { read, rewrite } from "../ir/scalar.ts";
import type { Cluster, Output } from "./cluster.ts";

/** The outputs of a cluster, for those archetypes that write values of scalars. */
export function outputsOfCluster(cluster: Cluster): readonly Output[] {
  switch (cluster.kind) {
    case "map":
    case "contract":
    case "fold":
      return cluster.outputs;
    case "row":
      return cluster.steps.flatMap((s) => (s.kind === "output" ? [s.output] : []));
    case "bins":
      return [cluster.output];
    case "flash":
      return [];
    default:
      return unreachable(cluster);
  }
}

/** The nodes a cluster writes. */
export function nodesWritten(cluster: Cluster): readonly Node[] {
  return cluster.kind === "flash" ? cluster.outputs.map((o) => o.node) : outputsOfCluster(cluster).map((o) => o.node);
}

/** Every scalar of a cluster but those of an attention form. */
export function scalarsOf(cluster: Cluster): readonly Scalar[] {
  const outputs = outputsOfCluster(cluster).flatMap((o) => [o.value, ...(o.at ?? [])]);
  switch (cluster.kind) {
    case "map":
      return outputs;
    case "row":
      return [...cluster.steps.flatMap((s) => (s.kind === "output" ? [] : [s.value])), ...outputs];
    case "contract":
      return [...cluster.products.flatMap((p) => [p.a, p.b]), ...outputs];
    case "fold":
      return [...cluster.values.map((v) => v.value), ...outputs];
    case "bins":
      return [cluster.value, ...outputs];
    case "flash":
      return [];
    default:
      return unreachable(cluster);
  }
}

/** The nodes a cluster reads: leaves and what other clusters write. Rank-0 host scalars are among them. */
export function nodesReadBy(cluster: Cluster): readonly Node[] {
  if (cluster.kind === "flash") return [...new Set(cluster.outputs.flatMap((o) => inputsOf(o.node)))];
  const own = nodesRead(...scalarsOf(cluster));
  return cluster.kind === "bins" ? [...own, cluster.order, cluster.offsets] : own;
}

/** A cluster with every scalar rewritten and every written node replaced. Attention keeps its form. */
export function mapCluster(
  cluster: Cluster,
  scalar: (s: Scalar) => Scalar,
  written: (node: Node) => Node = (n) => n,
): Cluster {
  const output = (o: Output): Output => ({
    node: written(o.node),
    value: scalar(o.value),
    ...(o.at && { at: o.at.map(scalar) }),
  });
  switch (cluster.kind) {
    case "map":
      return { ...cluster, outputs: cluster.outputs.map(output) };
    case "row":
      return {
        ...cluster,
        steps: cluster.steps.map((s) =>
          s.kind === "output" ? { ...s, output: output(s.output) } : { ...s, value: scalar(s.value) },
        ),
      };
    case "contract":
      return {
        ...cluster,
        products: cluster.products.map((p) => ({ ...p, a: scalar(p.a), b: scalar(p.b) })),
        outputs: cluster.outputs.map(output),
      };
    case "fold":
      return {
        ...cluster,
        values: cluster.values.map((v) => ({ ...v, value: scalar(v.value) })),
        outputs: cluster.outputs.map(output),
      };
    case "bins":
      return { ...cluster, value: scalar(cluster.value), output: output(cluster.output) };
    case "flash":
      return cluster;
    default:
      return unreachable(cluster);
  }
}

/** A rewriting of scalars that exchanges the nodes they read. */
export function renameReads(rename: (node: Node) => Node): (s: Scalar) => Scalar {
  const memo = new Map<Scalar, Scalar>();
  const visit = (s: Scalar): Scalar =>
    rewrite(
      s,
      (e) => (e.kind === "read" && rename(e.of) !== e.of ? read(rename(e.of), e.at.map(visit)) : undefined),
      memo,
    );
  return visit;
}

/** A cluster with its axes replaced; positions number them as in its scalars. Attention and bins stay as they are. */
export function mapAxes(cluster: Cluster, change: (axis: Axis, position: number) => Axis): Cluster {
  const from = (start: number, axes: readonly Axis[]): readonly Axis[] => axes.map((a, i) => change(a, start + i));
  switch (cluster.kind) {
    case "map":
      return { ...cluster, axes: from(0, cluster.axes) };
    case "row":
      return { ...cluster, rows: from(0, cluster.rows), along: from(cluster.rows.length, cluster.along) };
    case "fold":
      return { ...cluster, axes: from(0, cluster.axes), over: from(cluster.axes.length, cluster.over) };
    case "contract": {
      const [b, m, n] = [cluster.batch.length, cluster.m.length, cluster.n.length];
      return {
        ...cluster,
        batch: from(0, cluster.batch),
        m: from(b, cluster.m),
        n: from(b + m, cluster.n),
        k: from(b + m + n, cluster.k),
      };
    }
    case "flash":
    case "bins":
      return cluster;
    default:
      return unreachable(cluster);
  }
}

/** How many positions outputs may use; what comes after is reduced. */
export function outputRank(cluster: Cluster): number {
  switch (cluster.kind) {
    case "map":
    case "fold":
      return cluster.axes.length;
    case "row":
      return cluster.rows.length + cluster.along.length;
    case "contract":
      return cluster.batch.length + cluster.m.length + cluster.n.length;
    case "bins":
      return 1 + cluster.rest.length;
    case "flash":
      return 0;
    default:
      return unreachable(cluster);
  }
}
