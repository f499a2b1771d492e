/**
 * @file The layout of the arenas: parameters, gradients and each state of the optimizer have the same one. Parameters are ordered by optimizer group,
 * so that each group is one contiguous range and its step one kernel; entries start at multiples of 256 bytes, as bindings must.
 */
import type { Leaf, Parameter } from "../../ir/graph.ts";
import type { Optimizer, OptimizerGroup } from "../../ir/model.ts";
import { aligned, bytesOf } from "./sizes.ts";

/** Which arena: a state may be called as it likes. */
export type Arena = "parameters" | "gradients" | { readonly state: string };

export interface ArenaEntry {
  readonly parameter: Parameter;
  readonly group: string;
  readonly offset: number;
  readonly bytes: number;
}

export interface ArenaGroup {
  readonly group: OptimizerGroup;
  readonly offset: number;
  readonly bytes: number;
}

export interface ArenaLayout {
  /** In the order of their offsets. */
  readonly entries: readonly ArenaEntry[];
  /** Groups that have parameters. */
  readonly groups: readonly ArenaGroup[];
  readonly bytes: number;
}

export function layoutArenas(parameters: readonly Parameter[], optimizer: Optimizer): ArenaLayout {
  const entries: ArenaEntry[] = [];
  const groups: ArenaGroup[] = [];
  let offset = 0;
  for (const group of optimizer.groups) {
    const from = offset;
    for (const parameter of parameters) {
      if (groupOf(parameter.leaf, optimizer) !== group) continue;
      const bytes = bytesOf(parameter.leaf);
      entries.push({ parameter, group: group.name, offset, bytes });
      offset += aligned(bytes);
    }
    if (offset > from) groups.push({ group, offset: from, bytes: offset - from });
  }
  // A model that learns nothing has arenas too: no buffer is empty.
  return { entries, groups, bytes: Math.max(offset, aligned(1)) };
}

/** A parameter belongs to the last group that takes it. */
function groupOf(leaf: Leaf, optimizer: Optimizer): OptimizerGroup | undefined {
  return optimizer.groups.findLast((g) => g.takes(leaf)) ?? optimizer.groups[0];
}
