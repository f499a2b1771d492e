/**
 * @file Drafts as clusters: what the draft itself computes as slots, what others need as outputs. Rows have a file of their own.
 */
import { invariant, unreachable } from "../../util/invariant.ts";
import type { Comp, Node, Scalar } from "../../ir/graph.ts";
import { axis, rewrite, slot, substitute } from "../../ir/scalar.ts";
import type {
  BinsCluster,
  Cluster,
  ContractCluster,
  FlashCluster,
  FoldCluster,
  MapCluster,
} from "../../cluster/cluster.ts";
import { addsOnly, operandPositions, replaceSum } from "./combine.ts";
import type { Draft, Member } from "./draft.ts";
import { finishRow } from "./finish-row.ts";
import { membersInOrder, outputsOf, placedBody, placeScalars } from "./members.ts";
import type { Finishing } from "./members.ts";
import { narrowUpdates } from "./narrow-updates.ts";
import { binsFormOf } from "../canonical/scatters.ts";

export function finishDraft(draft: Draft, finishing: Finishing): Cluster {
  switch (draft.kind) {
    case "map":
      return finishMap(draft, finishing);
    case "row":
      return finishRow(draft, finishing);
    case "contract":
      return finishContract(draft, finishing);
    case "fold":
      return finishFold(draft, finishing);
    case "bins":
      return finishBins(draft, finishing);
    case "flash":
      return finishFlash(draft);
    default:
      return unreachable(draft.kind);
  }
}

/** Values of pointwise members from the slots that reductions have. */
function pointwiseValues(draft: Draft, slots: ReadonlyMap<Node, Scalar>): Map<Node, Scalar> {
  const values = new Map(slots);
  for (const member of membersInOrder(draft)) {
    const { node } = member;
    if (values.has(node) || node.kind !== "comp" || node.reduce) continue;
    values.set(
      node,
      placedBody(node.body, placeScalars(member), (r) => values.get(r.of)),
    );
  }
  return values;
}

function finishMap(draft: Draft, finishing: Finishing): MapCluster {
  const values = pointwiseValues(draft, new Map());
  return narrowUpdates({
    kind: "map",
    id: draft.id,
    axes: draft.axes,
    outputs: outputsOf(draft, values, finishing),
    reasons: draft.reasons,
  });
}

function finishContract(draft: Draft, finishing: Finishing): ContractCluster {
  const [batch = 0, m = 0] = draft.parts;
  const anchors = membersInOrder(draft).filter((member) => member.contraction);
  const summed = summedAnchors(draft, anchors, finishing);
  const slots = new Map(anchors.map((member, i): [Node, Scalar] => [member.node, slot(summed ? 0 : i)]));
  const values = summed
    ? summedValues(draft, new Set(anchors.map((a) => a.node)), summed)
    : pointwiseValues(draft, slots);
  const products = anchors.map((member, i) => {
    const by = operandPositions(draft, member).map((p) => axis(p));
    const { contraction } = member;
    invariant(contraction, `${member.node.name} has operands`);
    const [a, b] = [substitute(contraction.a, by), substitute(contraction.b, by)];
    return { into: summed ? 0 : i, ...(isFirstOperand(draft, member) ? { a, b } : { a: b, b: a }) };
  });
  return {
    kind: "contract",
    id: draft.id,
    batch: draft.axes.slice(0, batch),
    m: draft.axes.slice(batch, batch + m),
    n: draft.axes.slice(batch + m),
    k: draft.inner,
    products,
    accumulators: summed ? 1 : anchors.length,
    outputs: outputsOf(draft, values, finishing),
    reasons: draft.reasons,
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
  const readers = membersInOrder(draft).filter(
    ({ node }) => node.kind === "comp" && !nodes.has(node) && !addsNone(node, nodes),
  );
  const [only, ...more] = readers;
  return only && more.length === 0 && only.node.kind === "comp" && addsOnly(only.node.body, nodes)
    ? only.node
    : undefined;
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
  return {
    kind: "fold",
    id: draft.id,
    axes: draft.axes,
    over: draft.inner,
    values,
    outputs: outputsOf(draft, pointwiseValues(draft, slots), finishing),
    reasons: draft.reasons,
  };
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
  return {
    kind: "bins",
    id: draft.id,
    bins,
    rest,
    over: form.over,
    order,
    offsets,
    value: form.value,
    output,
    reasons: draft.reasons,
  };
}

function finishFlash(draft: Draft): FlashCluster {
  invariant(draft.form, "a flash draft has a form");
  const outputs = membersInOrder(draft).flatMap(({ node }) =>
    node.kind === "region" ? [{ role: node.role, node }] : [],
  );
  return { kind: "flash", id: draft.id, form: draft.form.form, pass: draft.form.pass, outputs, reasons: draft.reasons };
}
