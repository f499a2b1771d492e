/**
 * @file Row drafts as row programs: reductions in order, values that several steps use staged once, outputs last. An element of the row looked
 * up at a computed index becomes one more reduction, since the row passes every element anyway.
 */
import { invariant } from "../../util/invariant.ts";
import { inRange } from "../../ir/affine.ts";
import type { Node, Read, Scalar } from "../../ir/graph.ts";
import { axis, operands, rewrite, slot, subexpressions } from "../../ir/scalar.ts";
import type { RowCluster, RowStep } from "../../cluster/cluster.ts";
import { isHeavy } from "../canonical/constants.ts";
import type { Draft } from "./draft.ts";
import { readsInRange } from "../canonical/in-range.ts";
import { membersInOrder, outputsOf, placedBody, placeScalars } from "./members.ts";
import type { Finishing } from "./members.ts";
import { isPickPosition } from "./axis-mapping.ts";
import { mentionsFrom, pickAlong } from "../canonical/scatters.ts";

/** A value of one step, before steps are numbered: slots number the reductions in order of appearance. */
interface Reduce {
  readonly op: "sum" | "max" | "min";
  readonly value: Scalar;
}

export function finishRow(draft: Draft, finishing: Finishing): RowCluster {
  const { rows } = draft;
  const reduces: Reduce[] = [];
  const values = new Map<Node, Scalar>();
  const picks = new Map<Scalar, Scalar>();
  const reduction = (reduce: Reduce): Scalar => {
    reduces.push(reduce);
    return slot(reduces.length - 1, reduce.value.dtype);
  };
  const valueOf = (r: Read, at: readonly Scalar[]): Scalar | undefined => {
    const value = values.get(r.of);
    const member = draft.members.get(r.of);
    const along = at.findIndex(
      (index, i) =>
        isPickPosition(draft, member ? (member.place[i] ?? -1) : rows) &&
        index.kind !== "axis" &&
        !mentionsFrom(index, rows),
    );
    const index = at[along];
    if (!index) return value;
    // Looked up: worth a reduction only for what the row reads or computes element by element anyway.
    const element = member ? value : elementRead(draft, r, at, along);
    if (!element || !mentionsFrom(element, rows)) return value;
    const key = pickAlong(rows, index, element);
    const made = picks.get(key) ?? reduction({ op: "sum", value: key });
    picks.set(key, made);
    return made;
  };
  for (const member of membersInOrder(draft)) {
    const { node } = member;
    if (node.kind !== "comp") continue;
    const by = placeScalars(member);
    const body = placedBody(node.body, by, (r) =>
      valueOf(
        r,
        r.at.map((s) => placedBody(s, by, () => undefined)),
      ),
    );
    values.set(node, node.reduce ? reduction({ op: node.reduce.op, value: body }) : body);
  }
  const outputs = outputsOf(draft, values, finishing);
  return {
    kind: "row",
    id: draft.id,
    rows: draft.axes.slice(0, rows),
    along: draft.axes.slice(rows),
    reasons: draft.reasons,
    steps: staged(
      reduces,
      outputs.map((output) => ({
        kind: "output",
        per: isElement(output.value, rows) || writesAlong(draft, output.node) ? "element" : "row",
        output,
      })),
      draft,
    ),
  };
}

function writesAlong(draft: Draft, node: Node): boolean {
  const member = draft.members.get(node);
  return member !== undefined && member.place.slice(0, node.axes.length).some((p) => p >= draft.rows);
}

function isElement(value: Scalar, rows: number): boolean {
  return mentionsFrom(value, rows);
}

/**
 * The read of an outside tensor at the row's own element, if the row has it and passes the looked-up place: the tensor may be longer than the row, and
 * an index beside that depends on the element would be another one there.
 */
function elementRead(draft: Draft, r: Read, at: readonly Scalar[], along: number): Scalar | undefined {
  const passed = draft.axes[draft.rows]?.size ?? 0;
  if (!at.every((index, i) => (i === along ? inRange(index, passed, draft.axes) : !mentionsFrom(index, draft.rows))))
    return undefined;
  for (const member of draft.members.values()) {
    if (member.node.kind !== "comp") continue;
    for (const s of subexpressions(member.node.body)) {
      if (s.kind !== "read" || s.of !== r.of) continue;
      const placed = placedBody(s, placeScalars(member), () => undefined);
      if (
        placed.kind === "read" &&
        placed.at.every((index, i) => (i === along ? index === axis(draft.rows) : index === at[i]))
      )
        return placed;
    }
  }
  return undefined;
}

type OutputStep = Extract<RowStep, { kind: "output" }>;

/** Puts steps in order with element values that at least two of them use staged before the first use. */
function staged(reduces: readonly Reduce[], outputs: readonly OutputStep[], draft: Draft): readonly RowStep[] {
  const shared = sharedElements([...reduces.map((r) => r.value), ...outputs.map((o) => o.output.value)], draft);
  const steps: RowStep[] = [];
  const slotOfReduce = new Map<number, Scalar>();
  const stagedAs = new Map<Scalar, Scalar>();
  const renumber = (s: Scalar): Scalar =>
    rewrite(s, (e) => {
      if (e.kind === "slot") {
        const known = slotOfReduce.get(e.index);
        invariant(known, `reduction ${e.index} comes before its use`);
        return known;
      }
      return shared.has(e) ? stage(e) : undefined;
    });
  const stage = (e: Scalar): Scalar => {
    const known = stagedAs.get(e);
    if (known) return known;
    // The value itself is computed from its operands, which may be staged too.
    const value = rewrite(e, (inner) =>
      inner === e ? undefined : inner.kind === "slot" || shared.has(inner) ? renumber(inner) : undefined,
    );
    steps.push({ kind: "element", value });
    const made = slot(steps.length - 1, e.dtype);
    stagedAs.set(e, made);
    return made;
  };
  reduces.forEach(({ op, value }, i) => {
    const final = renumber(value);
    steps.push({ kind: "reduce", op, value: final });
    slotOfReduce.set(i, slot(steps.length - 1, value.dtype));
  });
  const finals = outputs.map((step): RowStep => ({
    ...step,
    output: { ...step.output, value: renumber(step.output.value) },
  }));
  return [...steps, ...finals];
}

/** Element-wise reads and transcendental values that more than one step uses. What only a guard keeps in range stays behind its guard. */
function sharedElements(values: readonly Scalar[], { rows, axes }: Draft): ReadonlySet<Scalar> {
  const count = new Map<Scalar, number>();
  for (const value of values) {
    const own = new Set<Scalar>();
    const visit = (s: Scalar, top: boolean): void => {
      if (own.has(s)) return;
      own.add(s);
      const worth = s.dtype !== "bool" && mentionsFrom(s, rows) && (s.kind === "read" || (isHeavy(s) && !top));
      if (worth) count.set(s, (count.get(s) ?? 0) + 1);
      for (const o of s.kind === "read" ? [] : operands(s)) visit(o, false);
    };
    visit(value, false);
  }
  return new Set([...count].flatMap(([s, uses]) => (uses > 1 && readsInRange(s, axes) ? [s] : [])));
}
