/**
 * @file Placing a node in a draft: which position of the draft's space each of its axes is, found from how it reads members
 * and from what it reads together with them. A node fits when everything it takes from the draft is at the very element (or row)
 * that the draft is computing.
 */
import type { Axis, Comp, Node, Read, Scalar } from "../../ir/graph.ts";
import { subexpressions } from "../../ir/scalar.ts";
import { positionsOf } from "../../ir/sums.ts";
import type { Draft, Place } from "./draft.ts";

const readCache = new WeakMap<Node, readonly Read[]>();

/** Every distinct read in a comp's or scatter's body, reads inside indices too. */
export function readsOf(node: Node): readonly Read[] {
  const known = readCache.get(node);
  if (known) return known;
  const scalars: readonly Scalar[] =
    node.kind === "comp" ? [node.body] : node.kind === "scatter" ? [...node.at, node.body] : [];
  const made = subexpressions(...scalars).filter((s): s is Read => s.kind === "read");
  readCache.set(node, made);
  return made;
}

/** Node axes, then reduced axes, as positions of a draft under discovery. */
class Placing {
  readonly #space: readonly Axis[];
  readonly #draft: Draft;
  readonly place: (number | undefined)[];

  constructor(space: readonly Axis[], draft: Draft) {
    this.#space = space;
    this.#draft = draft;
    this.place = space.map(() => undefined);
  }

  /** Axis `own` must be at `position`; false when that contradicts what is known. */
  unify(own: number, position: number): boolean {
    const known = this.place[own];
    if (known !== undefined) return known === position;
    if (this.place.includes(position) || this.#space[own]?.size !== this.#draft.axes[position]?.size) return false;
    this.place[own] = position;
    return true;
  }

  /** Gives the axes that nothing placed the open positions from `from` to `to`, in order; size-1 axes may stay outside. */
  fill(from: number, to: number, owned: readonly number[]): boolean {
    for (const own of owned) {
      if (this.place[own] !== undefined) continue;
      const size = this.#space[own]?.size ?? 1;
      const position = range(from, to).find((p) => !this.place.includes(p) && this.#draft.axes[p]?.size === size);
      if (position !== undefined) this.place[own] = position;
      else if (size === 1) this.place[own] = -1;
      else return false;
    }
    return true;
  }

  /** Whether all positions of more than one element from `from` to `to` are taken. */
  covers(from: number, to: number): boolean {
    return range(from, to).every((p) => this.place.includes(p) || this.#draft.axes[p]?.size === 1);
  }

  touches(from: number, to: number): boolean {
    return this.place.some((p) => p !== undefined && p >= from && p < to && this.#draft.axes[p]?.size !== 1);
  }

  done(): Place {
    return this.place.map((p) => p ?? -1);
  }
}

/** The place of a pointwise node that reads members of the draft, if it fits. */
export function placePointwise(draft: Draft, node: Comp): Place | undefined {
  const placing = new Placing(node.axes, draft);
  if (!unifyMembers(placing, draft, node)) return undefined;
  return complete(placing, draft, node.axes.length);
}

/** The place of a node that shares with the draft only a tensor both read, at the same element. */
export function placeSibling(draft: Draft, node: Comp, shared: Node, pattern: readonly number[]): Place | undefined {
  const placing = new Placing(node.axes, draft);
  const own = readsOf(node).find((r) => r.of === shared && plainPattern(r));
  const positions = own && plainPattern(own);
  if (!positions?.every((p, i) => unifySide(placing, p, pattern[i]))) return undefined;
  return complete(placing, draft, node.axes.length);
}

function complete(placing: Placing, draft: Draft, rank: number): Place | undefined {
  const owned = range(0, rank);
  const { rows, axes } = draft;
  if (
    draft.kind === "row" &&
    !placing.touches(rows, axes.length) &&
    placing.fill(0, rows, owned) &&
    placing.covers(0, rows)
  )
    return placing.done();
  return placing.fill(0, axes.length, owned) && placing.covers(0, axes.length) ? placing.done() : undefined;
}

/** The place of a reduction in a row draft: its output axes are the rows, its reduced axes run along. Gives both, reduced axes last. */
export function placeReduction(
  draft: Draft,
  node: Comp,
  sibling?: { readonly shared: Node; readonly pattern: readonly number[] },
): Place | undefined {
  const over = node.reduce?.axes ?? [];
  const placing = new Placing([...node.axes, ...over], draft);
  if (sibling) {
    const own = readsOf(node).find((r) => r.of === sibling.shared && plainPattern(r));
    const positions = own && plainPattern(own);
    if (!positions?.every((p, i) => unifySide(placing, p, sibling.pattern[i]))) return undefined;
  } else if (!unifyMembers(placing, draft, node)) return undefined;
  const rank = node.axes.length;
  const { rows, axes } = draft;
  if (placing.place.some((p, own) => p !== undefined && own < rank !== p < rows)) return undefined;
  if (!placing.fill(0, rows, range(0, rank)) || !placing.fill(rows, axes.length, range(rank, rank + over.length)))
    return undefined;
  return placing.covers(0, rows) && placing.covers(rows, axes.length) ? placing.done() : undefined;
}

/** Places a node by its reads of members; false when one of them is of another element than the draft's own. */
function unifyMembers(placing: Placing, draft: Draft, node: Comp): boolean {
  const picks: Scalar[] = [];
  for (const read of readsOf(node)) {
    const member = draft.members.get(read.of);
    if (!member) continue;
    for (const [i, index] of read.at.entries()) {
      const position = member.place[i] ?? -1;
      if (index.kind === "axis") {
        if (position < 0 ? node.axes[index.position]?.size !== 1 : !placing.unify(index.position, position))
          return false;
      } else if (isPickPosition(draft, position)) picks.push(index);
      else if (index.kind !== "literal" || member.node.axes[i]?.size !== 1) return false;
    }
  }
  // The looked-up index must be one for the whole row.
  return picks.every((index) => [...positionsOf(index)].every((p) => (placing.place[p] ?? draft.rows) < draft.rows));
}

/** A row may look up one of its own elements at an index that is the same for the whole row: a reduce step finds it. */
export function isPickPosition(draft: Draft, position: number): boolean {
  return draft.kind === "row" && position === draft.rows && draft.axes.length === draft.rows + 1;
}

function unifySide(placing: Placing, own: number, position: number | undefined): boolean {
  if (position === undefined) return false;
  return own < 0 || position < 0 ? own === position : placing.unify(own, position);
}

/** The positions a read is at, when all its indices are distinct axes (or the one index of a small axis: -1). */
export function plainPattern(read: Read): readonly number[] | undefined {
  const pattern = read.at.map((index, i) =>
    index.kind === "axis" ? index.position : read.of.axes[i]?.size === 1 ? -1 : undefined,
  );
  const plain = pattern.filter((p): p is number => p !== undefined);
  return plain.length === pattern.length &&
    new Set(plain.filter((p) => p >= 0)).size === plain.filter((p) => p >= 0).length
    ? plain
    : undefined;
}

/** Where a draft reads a tensor from outside, as positions of its space; for finding siblings. */
export function patternIn(draft: Draft, shared: Node): readonly number[] | undefined {
  for (const member of draft.members.values()) {
    for (const read of readsOf(member.node)) {
      if (read.of !== shared) continue;
      const pattern = plainPattern(read);
      if (pattern?.every((p) => p < member.place.length))
        return pattern.map((p) => (p < 0 ? -1 : (member.place[p] ?? -1)));
    }
  }
  return undefined;
}

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: Math.max(to - from, 0) }, (_, i) => from + i);
}
