/**
 * @file Gradients of tensors that a score reads (a bias table, a temperature, relative positions that depend on the query). Within a query's row the terms
 * are summed by which element they belong to, which the query pass can do alone; an ordinary sum over rows makes the gradient of that.
 */
import type { Contribution, Gradients } from "../../grad/gradients.ts";
import { pullback } from "../../grad/scalar.ts";
import type { AttentionBins, AttentionForm, Axis, Comp, Node } from "../../ir/graph.ts";
import { comp } from "../../ir/node.ts";
import { add, axis, binary, int, literal, mul, read, rewrite, select, slot, substitute } from "../../ir/scalar.ts";
import type { CanonicalAttention } from "./canonical.ts";
import { labelOf } from "../canonical/rebuild.ts";

/** The bins of one read in a score. */
export interface CapturedBins extends AttentionBins {
  readonly contribution: Contribution;
  /** For each axis of the tensor: the row axis it is read at, or nothing when it is part of the bin. */
  readonly rowAxes: readonly (number | undefined)[];
  /** The sums within rows, written plainly. */
  readonly reference: Comp;
}

/** How the gradient of a captured read is binned; a reason when the bins would be as large as the scores themselves. */
export function capturedBins(
  contribution: Contribution,
  canonical: CanonicalAttention,
  gradients: Gradients,
): CapturedBins | string {
  const { form, score, dot } = canonical;
  const rank = form.z.length;
  const { operand, read: captured } = contribution;
  const taken = new Set<number>();
  const rowAxes = captured.at.map((index) => {
    if (index.kind !== "axis" || index.position > rank || taken.has(index.position)) return undefined;
    taken.add(index.position);
    return index.position;
  });
  let size = 1;
  let bin = int(0);
  for (const [i, index] of captured.at.entries()) {
    if (rowAxes[i] !== undefined) continue;
    const extent = operand.axes[i]?.size ?? 1;
    size *= extent;
    bin = add(mul(bin, int(extent)), index);
  }
  if (size > form.s.size)
    return `each query would need ${size} sums for the gradient of ${operand.name}, for ${form.s.size} keys`;

  const cotangent = gradients.cotangents.get(score) as Node;
  const derivative = pullback(score.body, literal(1), (r) => r === captured, score.body).get(captured) ?? literal(0);
  const binAxis: Axis = { name: "bin", size };
  const rows = [...form.z, form.t];
  // z and t stay, the bin follows, the key is summed.
  const places = [...rows.map((_, i) => axis(i)), axis(rank + 2)];
  const term = mul(read(cotangent, places), substitute(derivative, places));
  const mine = binary("eq", substitute(bin, places), axis(rank + 1));
  const keep = form.mask ? binary("and", substitute(form.mask, places), mine) : mine;
  const reference = comp(
    { ...labelOf(operand), name: `d ${operand.name} by row` },
    [...rows, binAxis],
    select(keep, term, literal(0)),
    { op: "sum", axes: [form.s] },
  );
  const withSlot = rewrite(derivative, (s) => (s.kind === "read" && s.of === dot ? slot(0) : undefined));
  return { contribution, rowAxes, reference, axis: binAxis, bin, derivative: withSlot };
}

/** The gradient of the captured tensor from its bins: bins read at the tensor's own indices, summed over the rows that share them. */
export function readBins({ contribution, rowAxes }: CapturedBins, bins: Node, form: AttentionForm): Node {
  const { operand } = contribution;
  const over = [...form.z, form.t].map((a, i) => ({ a, i })).filter(({ i }) => !rowAxes.includes(i));
  let bin = int(0);
  for (const [i, a] of operand.axes.entries()) if (rowAxes[i] === undefined) bin = add(mul(bin, int(a.size)), axis(i));
  const at = [...form.z, form.t].map((_, p) => {
    const own = rowAxes.indexOf(p);
    return axis(own >= 0 ? own : operand.axes.length + over.findIndex(({ i }) => i === p));
  });
  const body = read(bins, [...at, bin]);
  const label = labelOf(contribution.node);
  return over.length === 0
    ? comp(label, operand.axes, body)
    : comp(label, operand.axes, body, { op: "sum", axes: over.map(({ a }) => a) });
}
