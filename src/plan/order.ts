/**
 * @file The order of clusters within a stage: operands first, and of those that are ready the one that leaves the least memory in use. What an update
 * overwrites is read by everyone else first.
 */
import { invariant } from "../diagnostics/invariant.ts";
import type { Node } from "../ir/graph.ts";
import type { Cluster } from "../optimize/cluster.ts";
import { nodesReadBy, nodesWritten } from "../optimize/walk.ts";
import { bytesOf } from "./homes.ts";
import type { Homes } from "./homes.ts";

/** For each cluster, by index, those that must come before it. */
export function dependences(clusters: readonly Cluster[], homes: Homes): readonly ReadonlySet<number>[] {
  const writers = new Map<Node, number>();
  clusters.forEach((c, i) => nodesWritten(c).forEach((n) => writers.set(homes.canonical(n), i)));
  const before = clusters.map(() => new Set<number>());
  clusters.forEach((cluster, i) => {
    for (const node of nodesReadBy(cluster)) {
      const canonical = homes.canonical(node);
      const writer = writers.get(canonical);
      if (writer === undefined || writer === i) continue;
      // Read under its own name an overwritten leaf is the old value; under the name of the new value it is the new one.
      if (canonical === node && node.kind === "leaf") before[writer]?.add(i);
      else before[i]?.add(writer);
    }
  });
  return before;
}

/** Clusters in dispatch order. */
export function orderClusters(clusters: readonly Cluster[], homes: Homes): readonly Cluster[] {
  const before = dependences(clusters, homes);
  const after = clusters.map((): number[] => []);
  before.forEach((set, i) => set.forEach((j) => after[j]?.push(i)));
  const activations = (nodes: readonly Node[]): readonly Node[] => [...new Set(nodes.map((n) => homes.canonical(n)))].filter((n) => n.kind !== "leaf" && !homes.fixed(n));
  const reads = clusters.map((c) => activations(nodesReadBy(c)));
  const writes = clusters.map((c) => activations(nodesWritten(c)));
  const readersLeft = new Map<Node, number>();
  for (const list of reads) for (const node of list) readersLeft.set(node, (readersLeft.get(node) ?? 0) + 1);

  const waiting = before.map((set) => set.size);
  const ready = new Set(waiting.flatMap((n, i) => (n === 0 ? [i] : [])));
  const total = (nodes: readonly Node[]): number => nodes.reduce((sum, n) => sum + bytesOf(n), 0);
  const growth = (i: number): number => total(writes[i] ?? []) - total((reads[i] ?? []).filter((n) => readersLeft.get(n) === 1));
  const result: Cluster[] = [];
  while (ready.size > 0) {
    let best = -1;
    let least = Infinity;
    for (const i of ready) {
      const cost = growth(i);
      if (cost < least || (cost === least && i < best)) [best, least] = [i, cost];
    }
    ready.delete(best);
    const chosen = clusters[best];
    invariant(chosen, "a ready cluster");
    result.push(chosen);
    for (const node of reads[best] ?? []) readersLeft.set(node, (readersLeft.get(node) ?? 1) - 1);
    for (const next of after[best] ?? []) {
      waiting[next] = (waiting[next] ?? 1) - 1;
      if (waiting[next] === 0) ready.add(next);
    }
  }
  invariant(result.length === clusters.length, "clusters depend on each other in a ring");
  return result;
}
