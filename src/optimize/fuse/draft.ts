/**
 * @file Clusters while they grow. A draft has a space of output positions and members placed in it. Drafts form a graph that must stay
 * acyclic: what a new member needs may not depend on the draft it joins. Levels (longest path from the leaves) answer nearly every such
 * question at once; the rest is a search between two levels.
 */
import type { Axis, Node, RegionForm } from "../../ir/graph.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import type { Contraction } from "../canonical/contraction.ts";

/** Where a node's axes lie in a draft's space. An axis of one element may lie nowhere: -1, index 0. */
export type Place = readonly number[];

export interface Member {
  readonly node: Node;
  readonly place: Place;
  /** For reductions that the draft computes; for contractions with their operands' classes. */
  readonly contraction?: Contraction;
}

export class Draft {
  readonly id: number;
  kind: Cluster["kind"];
  /** Positions of outputs: a row's rows and then along; a contraction's batch, m, n; bins, then the rest. */
  axes: readonly Axis[];
  /** Reduced axes that outputs do not have: a contraction's k, a fold's over. */
  readonly inner: readonly Axis[];
  /** How many of `axes` come before what a row runs along; of a contraction, its batch, m and n. */
  parts: readonly number[];
  members = new Map<Node, Member>();
  level = 0;
  readonly inputs = new Set<Draft>();
  readonly users = new Set<Draft>();
  readonly reasons: string[] = [];
  readonly form: { readonly form: RegionForm; readonly pass: "forward" | "query" | "key" } | undefined;

  constructor(
    id: number,
    kind: Cluster["kind"],
    axes: readonly Axis[],
    inner: readonly Axis[],
    parts: readonly number[],
    form?: Draft["form"],
  ) {
    this.id = id;
    this.kind = kind;
    this.axes = axes;
    this.inner = inner;
    this.parts = parts;
    this.form = form;
  }

  /** Leading positions of a row that its statistics have. */
  get rows(): number {
    return this.kind === "row" ? (this.parts[0] ?? 0) : this.axes.length;
  }
}

const mostVisits = 4000;

/** Whether `to` depends on `from`. Gives up, on the safe side, after a long search. */
export function reaches(from: Draft, to: Draft): boolean {
  if (from === to) return true;
  if (from.level >= to.level) return false;
  const seen = new Set<Draft>([from]);
  const stack = [from];
  for (let draft = stack.pop(); draft; draft = stack.pop()) {
    for (const user of draft.users) {
      if (user === to) return true;
      if (user.level >= to.level || seen.has(user)) continue;
      if (seen.size >= mostVisits) return true;
      seen.add(user);
      stack.push(user);
    }
  }
  return false;
}

/** Whether a draft may take a member that needs these drafts. */
export function mayDependOn(draft: Draft, needed: Iterable<Draft>): boolean {
  for (const other of needed) if (other !== draft && reaches(draft, other)) return false;
  return true;
}

/** Records that a draft needs others, and lifts what stands above it. */
export function dependOn(draft: Draft, needed: Iterable<Draft>): void {
  for (const other of needed) {
    if (other === draft) continue;
    draft.inputs.add(other);
    other.users.add(draft);
  }
  lift(draft);
}

function lift(draft: Draft): void {
  const stack = [draft];
  for (let next = stack.pop(); next; next = stack.pop()) {
    let level = 0;
    for (const input of next.inputs) level = Math.max(level, input.level + 1);
    if (level <= next.level) continue;
    next.level = level;
    stack.push(...next.users);
  }
}

/** Moves the members of one draft into another, placed by `move` (position there for each position here). */
export function absorb(into: Draft, from: Draft, move: readonly number[]): void {
  for (const [node, member] of from.members) {
    into.members.set(node, { ...member, place: member.place.map((p) => (p < 0 ? p : (move[p] ?? -1))) });
  }
  into.reasons.push(...from.reasons);
  for (const user of from.users) {
    user.inputs.delete(from);
    if (user !== into) dependOn(user, [into]);
  }
  for (const input of from.inputs) input.users.delete(from);
  into.inputs.delete(from);
  dependOn(into, from.inputs);
  into.users.delete(from);
  from.members.clear();
  from.inputs.clear();
  from.users.clear();
}
