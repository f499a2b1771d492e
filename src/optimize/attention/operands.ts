/**
 * @file The operands of an attention as nodes of their own. The gradient passes write dq, dk and dv in the layout of what q, k and v read, so
 * each must be a plain read: every axis in its place, or a group of query heads for each key head. What is not is staged in a comp first.
 */
import { invariant } from "../../util/invariant.ts";
import type { AttentionForm, Axis, Node, Read, Scalar } from "../../ir/graph.ts";
import { comp, nodesRead } from "../../ir/node.ts";
import type { Label } from "../../ir/node.ts";
import { axis, read, subexpressions, substitute } from "../../ir/scalar.ts";

/** How the axes of a node that q, k or v reads relate to the form's positions. */
export interface OperandAxis {
  readonly position: number;
  /** The index is `position div group`. */
  readonly group: number;
}

/** The axes of a plain operand; nothing if it is anything else. An axis of size 1 that is read at 0 has position -1. */
export function operandAxes(s: Scalar, form: AttentionForm, row: "t" | "s"): readonly OperandAxis[] | undefined {
  if (s.kind !== "read") return undefined;
  const rank = form.z.length;
  const sizes = [...form.z.map((a) => a.size), form.t.size, form.s.size];
  const rowPosition = row === "t" ? rank : rank + 1;
  const feature = rank + 2;
  const found = s.at.map((index, i): OperandAxis | undefined => {
    const size = s.of.axes[i]?.size ?? 0;
    if (index.kind === "literal") return index.value === 0 && size === 1 ? { position: -1, group: 1 } : undefined;
    if (index.kind === "axis") {
      const known = index.position < rank || index.position === rowPosition || index.position === feature;
      return known && (index.position === feature || sizes[index.position] === size)
        ? { position: index.position, group: 1 }
        : undefined;
    }
    if (index.kind !== "binary" || index.op !== "idiv" || index.left.kind !== "axis" || index.right.kind !== "literal")
      return undefined;
    const { position } = index.left;
    const group = index.right.value;
    return position < rank && sizes[position] === size * group ? { position, group } : undefined;
  });
  if (found.some((a) => a === undefined)) return undefined;
  const axes = found as OperandAxis[];
  const positions = axes.map((a) => a.position).filter((p) => p >= 0);
  const distinct = new Set(positions).size === positions.length;
  return distinct && positions.includes(rowPosition) && positions.includes(feature) ? axes : undefined;
}

/** The read that a plain operand is. */
export function plainRead(s: Scalar): Read {
  invariant(s.kind === "read", "an operand of attention is a plain read");
  return s;
}

/** How many query rows' batch axes share one key: for each z axis the group, its whole size when the operand does not have it. */
export function groupsOf(axes: readonly OperandAxis[], form: AttentionForm): readonly number[] {
  return form.z.map((a, i) => axes.find((x) => x.position === i)?.group ?? a.size);
}

/** The form with q, k and v read from nodes of their own, which exist or are made. */
export function withPlainOperands(form: AttentionForm, label: Label): AttentionForm {
  const rank = form.z.length;
  const zAxes = form.z.map((_, i) => axis(i));
  // In the staged node the row follows z, whichever row it is, and the feature follows the row.
  const places = [...zAxes, axis(rank), axis(rank), axis(rank + 1)];
  const staged = (s: Scalar, name: string, row: Axis, rowPosition: number, feature: Axis): Scalar => {
    const node = comp({ ...label, name: `${label.name}.${name}` }, [...form.z, row, feature], substitute(s, places));
    return read(node, [...zAxes, axis(rowPosition), axis(rank + 2)]);
  };
  const stage = {
    q: (): Scalar => staged(form.q, "q", form.t, rank, form.e),
    k: (): Scalar => staged(form.k, "k", form.s, rank + 1, form.e),
    v: (): Scalar => staged(form.v, "v", form.s, rank + 1, form.f),
  };
  const [qAxes, kAxes, vAxes] = [
    operandAxes(form.q, form, "t"),
    operandAxes(form.k, form, "s"),
    operandAxes(form.v, form, "s"),
  ];
  const q = qAxes && groupsOf(qAxes, form).every((g) => g === 1) ? form.q : stage.q();
  // One kernel makes dk and dv, so that keys and values must be grouped alike.
  const alike = kAxes && vAxes && groupsOf(kAxes, form).join() === groupsOf(vAxes, form).join();
  const used = new Set<Node>([plainRead(q).of]);
  const own = (s: Scalar, other: () => Scalar): Scalar => {
    const chosen = alike && s.kind === "read" && !used.has(s.of) ? s : other();
    used.add(plainRead(chosen).of);
    return chosen;
  };
  const k = own(form.k, stage.k);
  const v = own(form.v, stage.v);
  return { ...form, q, k, v };
}

/**
 * How many captured buffers an attention may have: the dk kernel binds q, k, v, dO, the row statistics and dk, and eight buffers is what every
 * adapter grants.
 */
export const mostCaptured = 2;

const ofStep = (n: Node): boolean => n.kind === "leaf" && n.role === "scalar";

/** How many buffers the score, mask and weight bind beyond q, k and v: tensors, and the scalars of the step. */
export function capturedBindings(form: AttentionForm, more: readonly Scalar[] = []): number {
  const scalars = [form.score, ...(form.mask ? [form.mask] : []), ...(form.weight ? [form.weight] : []), ...more];
  const operands = new Set(nodesRead(form.q, form.k, form.v));
  const nodes = nodesRead(...scalars).filter((n) => !operands.has(n));
  const random = subexpressions(...scalars).some((s) => s.kind === "random");
  return nodes.filter((n) => !ofStep(n)).length + Number(random || nodes.some(ofStep));
}
