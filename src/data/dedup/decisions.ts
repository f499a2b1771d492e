/** @file Decisions made from sets of duplicates. */
import type { Decisions } from "../rules/rule.ts";

export interface DuplicateSet {
  readonly kept: number;
  readonly members: readonly number[];
}

const shown = 100;

/** Clusters for a report: the largest first, then the earliest. */
export const largest = (sets: readonly (readonly number[])[]): readonly (readonly number[])[] =>
  sets.toSorted((a, b) => b.length - a.length || (a[0] ?? 0) - (b[0] ?? 0)).slice(0, shown);

/** All of a set but the one that is kept go. */
export function decisionsOf(sets: readonly DuplicateSet[], reason: string): Decisions {
  const kept = new Map(sets.flatMap((set) => set.members.map((member) => [member, set.kept] as const)));
  return {
    of: (index) => {
      const first = kept.get(index);
      return first === undefined || first === index ? undefined : { kind: "drop", reason, of: first };
    },
    clusters: largest(sets.map(({ members }) => members)),
  };
}
