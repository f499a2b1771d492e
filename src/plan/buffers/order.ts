/**
 * @file The order of clusters within a stage: operands first, and of those that are ready the one that leaves the least memory in use. What an update
 * overwrites is read by everyone else first.
 */
import { invariant } from "../../util/invariant.ts";
import type { Node } from "../../ir/graph.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import { nodesReadBy, nodesWritten } from "../../cluster/walk.ts";
import type { Homes } from "./allocation.ts";
import { bytesOf } from "./sizes.ts";

/** Runs of clusters in this order with nothing between them: nearly always one run of one cluster; the chunks of a large tensor are runs. */
export type Group = readonly (readonly Cluster[])[];

/** For each group, by index, those that must come before it. */
export function dependences(groups: readonly Group[], homes: Homes): readonly ReadonlySet<number>[] {
  const writers = new Map<Node, number>();
  groups.forEach((g, i) => g.flat().forEach((c) => nodesWritten(c).forEach((n) => writers.set(homes.base(n), i))));
  const before = groups.map(() => new Set<number>());
  groups.forEach((group, i) => {
    for (const node of group.flat().flatMap(nodesReadBy)) {
      const base = homes.base(node);
      const writer = writers.get(base);
      if (writer === undefined || writer === i) continue;
      // Read under its own name an overwritten leaf is the old value; under the name of the new value it is the new one.
      if (base === node && node.kind === "leaf") before[writer]?.add(i);
      else before[i]?.add(writer);
    }
  });
  return before;
}

/** Groups in dispatch order. */
export function orderGroups(groups: readonly Group[], homes: Homes): readonly Group[] {
  const before = dependences(groups, homes);
  const after = groups.map((): number[] => []);
  before.forEach((set, i) => set.forEach((j) => after[j]?.push(i)));
  const activations = (nodes: readonly Node[]): readonly Node[] =>
    [...new Set(nodes.map((n) => homes.base(n)))].filter((n) => n.kind !== "leaf" && !homes.fixed(n));
  const reads = groups.map((g) => activations(g.flat().flatMap(nodesReadBy)));
  const writes = groups.map((g) => activations(g.flat().flatMap(nodesWritten)));
  const readersLeft = new Map<Node, number>();
  for (const list of reads) for (const node of list) readersLeft.set(node, (readersLeft.get(node) ?? 0) + 1);

  const waiting = before.map((set) => set.size);
  const ready = new Set(waiting.flatMap((n, i) => (n === 0 ? [i] : [])));
  const growth = (i: number): number =>
    total(writes[i] ?? []) - total((reads[i] ?? []).filter((n) => readersLeft.get(n) === 1));
  const result: Group[] = [];
  while (ready.size > 0) {
    let best = -1;
    let least = Infinity;
    for (const i of ready) {
      const cost = growth(i);
      if (cost < least || (cost === least && i < best)) [best, least] = [i, cost];
    }
    ready.delete(best);
    const chosen = groups[best];
    invariant(chosen, "a ready group");
    result.push(chosen);
    for (const node of reads[best] ?? []) readersLeft.set(node, (readersLeft.get(node) ?? 1) - 1);
    for (const next of after[best] ?? []) {
      waiting[next] = (waiting[next] ?? 1) - 1;
      if (waiting[next] === 0) ready.add(next);
    }
  }
  invariant(result.length === groups.length, "clusters depend on each other in a ring");
  return result;
}

function total(nodes: readonly Node[]): number {
  return nodes.reduce((sum, n) => sum + bytesOf(n), 0);
}
