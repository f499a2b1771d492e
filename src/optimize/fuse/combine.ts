/**
 * @file When two contractions are one kernel: their outputs are only added up (then they share an accumulator), or they share an operand and
 * a node reads both (a gate and what it gates). Their extents must agree.
 */
import type { Comp, Node, Scalar } from "../../ir/graph.ts";
import { nodesRead } from "../../ir/node.ts";
import { add, axis, rewrite, slot, substitute } from "../../ir/scalar.ts";
import type { Draft, Member } from "./draft.ts";
import { plainPattern, readsOf } from "./axis-mapping.ts";

export interface Combination {
  /** Position in `into` for each position of `from`. */
  readonly move: readonly number[];
  readonly reason: string;
}

/** How `from` becomes part of `into` for the sake of `reader`, which reads both. */
export function combineContractions(
  into: Draft,
  from: Draft,
  reader: Comp,
  users: (n: Node) => readonly Node[],
): Combination | undefined {
  const [a, b] = [anchorRead(into, reader), anchorRead(from, reader)];
  if (!a || !b || !into.parts.every((p, i) => p === from.parts[i]) || !sameInner(into, from)) return undefined;
  // Where the reader places the axes of each: they must agree position by position.
  const place = new Map<number, number>();
  a.pattern.forEach((own, i) => place.set(own, a.member.place[i] ?? -1));
  const move = from.axes.map((): number => -1);
  b.pattern.forEach((own, i) => {
    const position = b.member.place[i] ?? -1;
    if (position >= 0) move[position] = place.get(own) ?? -1;
  });
  if (
    move.includes(-1) ||
    move.some((p, i) => into.axes[p]?.size !== from.axes[i]?.size || classOf(into, p) !== classOf(from, i))
  )
    return undefined;
  const names = `${a.member.node.name} and ${b.member.node.name}`;
  if (isSum(reader, into, from, users))
    return { move, reason: `${names} are only added: one accumulator for their products` };
  if (shareOperand(into, from, move))
    return { move, reason: `${names} share an operand and ${reader.name} reads both: one kernel, two accumulators` };
  return undefined;
}

function anchorRead(
  draft: Draft,
  reader: Comp,
): { readonly member: Member; readonly pattern: readonly number[] } | undefined {
  for (const read of readsOf(reader)) {
    const member = draft.members.get(read.of);
    const pattern = member?.contraction && plainPattern(read);
    if (member && pattern) return { member, pattern };
  }
  return undefined;
}

function sameInner(a: Draft, b: Draft): boolean {
  return a.inner.length === b.inner.length && a.inner.every((x, i) => x.size === b.inner[i]?.size);
}

function classOf(draft: Draft, position: number): number {
  const [batch = 0, m = 0] = draft.parts;
  return position < batch ? 0 : position < batch + m ? 1 : 2;
}

/** Whether the reader is the only user of every member of both, and uses each pair of them only as a sum. */
function isSum(reader: Comp, into: Draft, from: Draft, users: (n: Node) => readonly Node[]): boolean {
  const anchors = [...into.members.values(), ...from.members.values()];
  if (anchors.some((m) => !m.contraction || users(m.node).some((u) => u !== reader))) return false;
  return addsOnly(reader.body, new Set(anchors.map((m) => m.node)));
}

/** Whether all reads of some nodes in a body are terms of one and the same sum. */
export function addsOnly(body: Scalar, nodes: ReadonlySet<Node>): boolean {
  return replaceSum(body, nodes, slot(0)) !== undefined;
}

/** A body with the one sum of reads of all these nodes replaced; nothing when they are used otherwise. */
export function replaceSum(body: Scalar, nodes: ReadonlySet<Node>, by: Scalar): Scalar | undefined {
  let found = false;
  const replaced = rewrite(body, (s) => {
    const terms = addends(s);
    const own = terms.filter((t) => t.kind === "read" && nodes.has(t.of));
    if (own.length !== nodes.size || new Set(own).size !== own.length) return undefined;
    found = true;
    return terms.filter((t) => !own.includes(t)).reduce(add, by);
  });
  return found && !nodesRead(replaced).some((n) => nodes.has(n)) ? replaced : undefined;
}

/** The terms of a sum. */
function addends(s: Scalar): readonly Scalar[] {
  return s.kind === "binary" && s.op === "add" && s.dtype === "f32" ? [...addends(s.left), ...addends(s.right)] : [s];
}

function shareOperand(into: Draft, from: Draft, move: readonly number[]): boolean {
  const own = operandsOf(
    into,
    into.axes.map((_, i) => i),
  );
  const other = operandsOf(from, move);
  return other.some((s) => own.includes(s));
}

/** Both operands of each contraction over the positions of a space: outputs as `move` says, then k. */
function operandsOf(draft: Draft, move: readonly number[]): readonly Scalar[] {
  return [...draft.members.values()].flatMap((member) => {
    if (!member.contraction) return [];
    const by = operandPositions(draft, member).map((p) => axis(p < draft.axes.length ? (move[p] ?? 0) : p));
    return [substitute(member.contraction.a, by), substitute(member.contraction.b, by)];
  });
}

/** For each position of a contraction's own space (its axes, then its reduced axes): the position in the draft, k after the outputs. */
export function operandPositions(draft: Draft, member: Member): readonly number[] {
  const { contraction, place } = member;
  const rank = place.length;
  const k = contraction?.k ?? [];
  return [...place.map((p) => Math.max(p, 0)), ...k.map((_, i) => draft.axes.length + k.indexOf(rank + i))];
}
