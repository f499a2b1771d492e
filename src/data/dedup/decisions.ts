/** @file Decisions made from sets of duplicates. */
import type { Cluster, Decisions } from "../rules/rule.ts";

/** Clusters that are shown, and documents of each. */
const [shownClusters, shownDocuments] = [20, 3];

/** For each document of a set of duplicates, the one of them that is kept; -1 for all others. */
export const noneKept = (documents: number): Int32Array => new Int32Array(documents).fill(-1);

/** All of a set but the one that is kept go. */
export function decisionsOf(kept: Int32Array, reason: string): Decisions {
  return {
    of: (index) => {
      const of = kept[index] ?? -1;
      return of < 0 || of === index ? undefined : { kind: "drop", reason, of };
    },
    clusters: largest(kept),
  };
}

/** The largest sets, of equal ones the earliest. */
function largest(kept: Int32Array): readonly Cluster[] {
  const sizes = new Uint32Array(kept.length);
  for (const of of kept) if (of >= 0) sizes[of] = (sizes[of] ?? 0) + 1;
  /** The kept ones of the largest sets so far, by size; sets come in the order of their first documents. */
  const top: number[] = [];
  const met = new Uint8Array(kept.length);
  for (const of of kept) {
    if (of < 0 || met[of] === 1) continue;
    met[of] = 1;
    const size = sizes[of] ?? 0;
    if (top.length === shownClusters && size <= (sizes[top.at(-1) ?? 0] ?? 0)) continue;
    const place = top.findIndex((other) => (sizes[other] ?? 0) < size);
    top.splice(place < 0 ? top.length : place, 0, of);
    top.length = Math.min(top.length, shownClusters);
  }
  const members = new Map(top.map((of) => [of, [] as number[]]));
  for (const [index, of] of kept.entries()) {
    const found = members.get(of);
    if (found !== undefined && found.length < shownDocuments) found.push(index);
  }
  return [...members].map(([of, first]) => ({ size: sizes[of] ?? 0, first }));
}
