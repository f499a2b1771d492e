/**
 * @file Drafts as clusters: members' bodies over the cluster's positions, what the draft itself computes as slots, what others need as outputs.
 */
import { invariant, unreachable } from "../diagnostics/invariant.ts";
import type { Comp, Leaf, Node, Read, Scalar } from "../ir/graph.ts";
import { leaf } from "../ir/node.ts";
import { axis, int, read, rewrite, slot, substitute } from "../ir/scalar.ts";
import type { BinsCluster, Cluster, ContractCluster, FlashCluster, FoldCluster, MapCluster, Output } from "./cluster.ts";
import { addsOnly, operandPositions, replaceSum } from "./combine.ts";
import type { Draft, Member } from "./draft.ts";
import { finishRow } from "./finish-row.ts";
import { binsFormOf } from "./scatters.ts";

export interface Finishing {
  /** Whether something outside of the draft needs a member. */
  readonly isNeeded: (node: Node, draft: Draft) => boolean;
  /** The inputs that the host derives from token ids for bins. */
  readonly sorted: (ids: Leaf) => SortedIds;
}

export interface SortedIds {
  readonly ids: Leaf;
  readonly order: Leaf;
  readonly offsets: Leaf;
}

/** The order and offsets of each input that bins need, made once each. */
export function sortedIds(): (ids: Leaf) => SortedIds {
  const made = new Map<Leaf, SortedIds>();
  return (ids) => {
    const known = made.get(ids);
    if (known) return known;
    const points = { name: "P", size: ids.axes.reduce((n, a) => n * a.size, 1) };
    const below = ids.below ?? 0;
    const order = leaf("input", `${ids.name}.order`, [points], "i32", { below: points.size });
    const offsets = leaf("input", `${ids.name}.offsets`, [{ name: "V", size: below + 1 }], "i32", { below: points.size + 1 });
    const sorted = { ids, order, offsets };
    made.set(ids, sorted);
    return sorted;
  };
}

export function finishDraft(draft: Draft, finishing: Finishing): Cluster {
  switch (draft.kind) {
    case "map": return finishMap(draft, finishing);
    case "row": return finishRow(draft, finishing);
    case "contract": return finishContract(draft, finishing);
    case "fold": return finishFold(draft, finishing);
    case "bins": return finishBins(draft, finishing);
    case "flash": return finishFlash(draft);
    default: return unreachable(draft.kind);
  }
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
  const visit = (s: Scalar): Scalar => rewrite(s, (e) => {
    if (e.kind === "axis") return by[e.position];
    if (e.kind !== "read") return undefined;
    return valueOf(e) ?? read(e.of, e.at.map(visit));
  }, memo);
  return visit(body);
}

/** What an output writes and where; an update of a value stands for the value. */
export function outputOf(draft: Draft, member: Member, value: Scalar): Output {
  const place = member.place.slice(0, member.node.axes.length);
  const plain = place.length === draft.axes.length && place.every((p, i) => p === i);
  return { node: member.node, value, ...(!plain && { at: place.map((p) => (p < 0 ? int(0) : axis(p))) }) };
}

/** Outputs of a draft whose members' values are known; an updated value is written only where it goes. */
export function outputsOf(draft: Draft, values: ReadonlyMap<Node, Scalar>, { isNeeded }: Finishing): readonly Output[] {
  return membersInOrder(draft).flatMap((member) => {
    const { node } = member;
    if (node.kind === "update") return [outputOf(draft, member, values.get(node.value) ?? read(node.value, placeScalars(member)))];
    const value = values.get(node);
    const updated = [...draft.members.keys()].some((n) => n.kind === "update" && n.value === node);
    return value && !updated && isNeeded(node, draft) ? [outputOf(draft, member, value)] : [];
  });
}

/** Values of pointwise members from the slots that reductions have. */
function pointwiseValues(draft: Draft, slots: ReadonlyMap<Node, Scalar>): Map<Node, Scalar> {
  const values = new Map(slots);
  for (const member of membersInOrder(draft)) {
    const { node } = member;
    if (values.has(node) || node.kind !== "comp" || node.reduce) continue;
    values.set(node, placedBody(node.body, placeScalars(member), (r) => values.get(r.of)));
  }
  return values;
}

function finishMap(draft: Draft, finishing: Finishing): MapCluster {
  const values = pointwiseValues(draft, new Map());
  return { kind: "map", id: draft.id, axes: draft.axes, outputs: outputsOf(draft, values, finishing), reasons: draft.reasons };
}

function finishContract(draft: Draft, finishing: Finishing): ContractCluster {
  const [batch = 0, m = 0] = draft.parts;
  const anchors = membersInOrder(draft).filter((member) => member.contraction);
  const summed = summedAnchors(draft, anchors, finishing);
  const slots = new Map(anchors.map((member, i): [Node, Scalar] => [member.node, slot(summed ? 0 : i)]));
  const values = summed ? summedValues(draft, new Set(anchors.map((a) => a.node)), summed) : pointwiseValues(draft, slots);
  const products = anchors.map((member, i) => {
    const by = operandPositions(draft, member).map((p) => axis(p));
    const { contraction } = member;
    invariant(contraction, `${member.node.name} has operands`);
    const [a, b] = [substitute(contraction.a, by), substitute(contraction.b, by)];
    return { into: summed ? 0 : i, ...(isFirstOperand(draft, member) ? { a, b } : { a: b, b: a }) };
  });
  return {
    kind: "contract", id: draft.id,
    batch: draft.axes.slice(0, batch), m: draft.axes.slice(batch, batch + m), n: draft.axes.slice(batch + m), k: draft.inner,
    products, accumulators: summed ? 1 : anchors.length, outputs: outputsOf(draft, values, finishing), reasons: draft.reasons,
  };
}

/** A combined contraction may have met its host with m and n exchanged; its first operand is the one with the host's m. */
function isFirstOperand(draft: Draft, { contraction, place }: Member): boolean {
  const [batch = 0, m = 0] = draft.parts;
  const own = contraction?.m.map((p) => place[p] ?? -1).find((p) => p >= batch);
  return own === undefined || own < batch + m;
}

/** The one member that adds up all accumulators, when nothing else needs them. */
function summedAnchors(draft: Draft, anchors: readonly Member[], { isNeeded }: Finishing): Comp | undefined {
  if (anchors.length < 2 || anchors.some((a) => isNeeded(a.node, draft))) return undefined;
  const nodes = new Set(anchors.map((a) => a.node));
  const readers = membersInOrder(draft).filter(({ node }) => node.kind === "comp" && !nodes.has(node) && !addsNone(node, nodes));
  const [only, ...more] = readers;
  return only && more.length === 0 && only.node.kind === "comp" && addsOnly(only.node.body, nodes) ? only.node : undefined;
}

function addsNone(node: Comp, nodes: ReadonlySet<Node>): boolean {
  let reads = false;
  rewrite(node.body, (s) => {
    if (s.kind === "read" && nodes.has(s.of)) reads = true;
    return undefined;
  });
  return !reads;
}

function summedValues(draft: Draft, anchors: ReadonlySet<Node>, sum: Comp): Map<Node, Scalar> {
  const member = draft.members.get(sum);
  const body = replaceSum(sum.body, anchors, slot(0));
  invariant(member && body, `${sum.name} adds the accumulators`);
  return pointwiseValues(draft, new Map([[sum, placedBody(body, placeScalars(member), () => undefined)]]));
}

function finishFold(draft: Draft, finishing: Finishing): FoldCluster {
  const anchors = membersInOrder(draft).filter(({ node }) => node.kind === "comp" && node.reduce);
  const slots = new Map(anchors.map(({ node }, i): [Node, Scalar] => [node, slot(i, node.dtype)]));
  const values = anchors.map((member) => {
    const { node } = member;
    invariant(node.kind === "comp" && node.reduce, `${node.name} is a reduction`);
    return { op: node.reduce.op, value: placedBody(node.body, placeScalars(member), () => undefined) };
  });
  return { kind: "fold", id: draft.id, axes: draft.axes, over: draft.inner, values, outputs: outputsOf(draft, pointwiseValues(draft, slots), finishing), reasons: draft.reasons };
}

function finishBins(draft: Draft, finishing: Finishing): BinsCluster {
  const anchor = membersInOrder(draft).find(({ node }) => node.kind === "scatter");
  const node = anchor?.node;
  const form = node?.kind === "scatter" ? binsFormOf(node) : undefined;
  const [bins, ...rest] = draft.axes;
  invariant(node && form && bins, "a bins draft holds a scatter in normal form");
  const outputs = outputsOf(draft, pointwiseValues(draft, new Map([[node, slot(0)]])), finishing);
  const [output] = outputs;
  invariant(output && outputs.length === 1, `${node.name} has one output`);
  const { order, offsets } = finishing.sorted(form.ids);
  return { kind: "bins", id: draft.id, bins, rest, over: form.over, order, offsets, value: form.value, output, reasons: draft.reasons };
}

function finishFlash(draft: Draft): FlashCluster {
  invariant(draft.form, "a flash draft has a form");
  const outputs = membersInOrder(draft).flatMap(({ node }) => (node.kind === "region" ? [{ role: node.role, node }] : []));
  return { kind: "flash", id: draft.id, form: draft.form.form, pass: draft.form.pass, outputs, reasons: draft.reasons };
}
