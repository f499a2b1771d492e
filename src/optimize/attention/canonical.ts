/**
 * @file One spelling for every attention: the plain nodes that an attention form means. Recognised graphs are rewritten to it before they are
 * differentiated, so that each adjoint has a known place, and so that rows without a key give zeros, with zero gradients.
 */
import type { AttentionForm, Axis, Comp, Node, Scalar } from "../../ir/graph.ts";
import { comp } from "../../ir/node.ts";
import type { Label } from "../../ir/node.ts";
import {
  add,
  axis,
  binary,
  bool,
  div,
  literal,
  mul,
  read,
  rewrite,
  select,
  sub,
  substitute,
  unary,
} from "../../ir/scalar.ts";

/** The nodes of one attention, written plainly. */
export interface CanonicalAttention {
  readonly form: AttentionForm;
  /** Σ_e q · k over z, t, s. */
  readonly dot: Comp;
  /** The score before masking over z, t, s. */
  readonly score: Comp;
  readonly probability: Comp;
  /** In the order of `outputAxes`. */
  readonly output: Comp;
  /** Over z, t. */
  readonly logSumExp: Comp;
}

/** The element of a node at the same positions as here. */
const value = (node: Node): Scalar =>
  read(
    node,
    node.axes.map((_, i) => axis(i)),
  );

/** The plain nodes of a form whose q, k and v are reads. */
export function canonicalAttention(form: AttentionForm, label: Label): CanonicalAttention {
  const rank = form.z.length;
  const rows = [...form.z, form.t];
  const points = [...rows, form.s];
  const named = (name: string): Label => ({ ...label, name: `${label.name}.${name}` });
  const mask = form.mask ?? bool(true);

  const dot = comp(named("dot"), points, mul(form.q, form.k), { op: "sum", axes: [form.e] });
  const score = comp(
    named("score"),
    points,
    rewrite(form.score, (s) => (s.kind === "slot" ? value(dot) : undefined)),
  );
  const reduced = (op: "sum" | "max"): { op: "sum" | "max"; axes: readonly Axis[] } => ({ op, axes: [form.s] });
  const maximum = comp(named("max"), rows, select(mask, value(score), literal(-Infinity)), reduced("max"));
  const shifted = unary("exp", sub(value(score), value(maximum)));
  const exponential = comp(named("exp"), points, select(mask, shifted, literal(0)));
  const total = comp(named("sum"), rows, value(exponential), reduced("sum"));
  const any = binary("lt", literal(0), value(total));
  const normalised = select(any, div(value(exponential), value(total)), literal(0));
  const probability = comp(named("p"), points, mul(normalised, form.weight ?? literal(1)));
  const logSumExp = comp(named("lse"), rows, select(any, add(value(maximum), unary("log", value(total))), literal(0)));

  // The output has its own order of axes, then reduces s: each position of the form, as a position there.
  const n = form.outputAxes.length;
  const places = [...points, form.f].map((_, p) => axis(p === rank + 1 ? n : form.outputAxes.indexOf(p)));
  const axesOf = form.outputAxes.map((p) => (p === rank + 2 ? form.f : (rows[p] as Axis)));
  const output = comp(label, axesOf, substitute(mul(value(probability), form.v), places), reduced("sum"));
  return { form, dot, score, probability, output, logSumExp };
}
