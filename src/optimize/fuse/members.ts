/** @file Members of a draft over the positions of its cluster: their bodies, and what of them the cluster writes and where. */
import type { Leaf, Node, Read, Scalar } from "../../ir/graph.ts";
import { axis, int, read, rewrite } from "../../ir/scalar.ts";
import type { Output } from "../../cluster/cluster.ts";
import type { Draft, Member } from "./draft.ts";
import type { SortedIds } from "./sorted-ids.ts";

export interface Finishing {
  /** Whether something outside of the draft needs a member. */
  readonly isNeeded: (node: Node, draft: Draft) => boolean;
  /** The inputs that the host derives from token ids for bins. */
  readonly sorted: (ids: Leaf) => SortedIds;
}

/** The axes of a node as scalars over the draft's positions. */
export function placeScalars(member: Member): readonly Scalar[] {
  return member.place.map((p) => (p < 0 ? int(0) : axis(p)));
}

/** Members in an order in which each reads only those before it. */
export function membersInOrder(draft: Draft): readonly Member[] {
  return [...draft.members.values()].toSorted((a, b) => a.node.id - b.node.id);
}

/** A body over the draft's positions, with reads of members replaced by their values. `by`: the node's own positions. */
export function placedBody(body: Scalar, by: readonly Scalar[], valueOf: (read: Read) => Scalar | undefined): Scalar {
  const memo = new Map<Scalar, Scalar>();
  const visit = (s: Scalar): Scalar =>
    rewrite(
      s,
      (e) => {
        if (e.kind === "axis") return by[e.position];
        if (e.kind !== "read") return undefined;
        return valueOf(e) ?? read(e.of, e.at.map(visit));
      },
      memo,
    );
  return visit(body);
}

/** What an output writes and where; an update of a value stands for the value. */
function outputOf(draft: Draft, member: Member, value: Scalar): Output {
  const place = member.place.slice(0, member.node.axes.length);
  const plain = place.length === draft.axes.length && place.every((p, i) => p === i);
  return { node: member.node, value, ...(!plain && { at: place.map((p) => (p < 0 ? int(0) : axis(p))) }) };
}

/** Outputs of a draft whose members' values are known; an updated value is written only where it goes. */
export function outputsOf(draft: Draft, values: ReadonlyMap<Node, Scalar>, { isNeeded }: Finishing): readonly Output[] {
  return membersInOrder(draft).flatMap((member) => {
    const { node } = member;
    if (node.kind === "update")
      return [outputOf(draft, member, values.get(node.value) ?? read(node.value, placeScalars(member)))];
    const value = values.get(node);
    const updated = [...draft.members.keys()].some((n) => n.kind === "update" && n.value === node);
    return value && !updated && isNeeded(node, draft) ? [outputOf(draft, member, value)] : [];
  });
}
