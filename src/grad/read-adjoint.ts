/**
 * @file The adjoint of one read: given the cotangent of `X[f(p)]` at every point p of a consumer, the node `d X`. A gather wherever the
 * index can be inverted, a masked sum where an index is computed from positions alone (a clamp, a bucket), a scatter where
 * it is data. Axes that a mask or scatter does not involve are summed away before it.
 */
import type { Axis, Node, Scalar } from "../ir/graph.ts";
import type { Label } from "../ir/node.ts";
import { scatter } from "../ir/node.ts";
import { axis, binary, int, literal, select, subexpressions, substitute, unary } from "../ir/scalar.ts";
import { simplifier } from "../ir/simplify-scalar.ts";
import { positionsOf, readNode } from "../ir/sums.ts";
import type { SumBuilder } from "../ir/sums.ts";
import { invert } from "./invert.ts";

/** `value` is over `domain`, the consumer's space; the result is over the axes of `operand`. */
export function adjointOfRead(
  builder: SumBuilder,
  label: Label,
  operand: Node,
  at: readonly Scalar[],
  domain: readonly Axis[],
  value: Scalar,
): Node {
  const inverse = invert(at, domain, operand.axes);
  if (inverse.unsolved.size > 0) {
    const narrowed = sumUninvolved(builder, label, at, domain, value);
    if (narrowed) return adjointOfRead(builder, label, operand, narrowed.at, narrowed.domain, narrowed.value);
    if (inverse.readsData) return scattered(label, operand, at, domain, value);
  }
  const { guards, value: inner } = peel(substitute(value, inverse.by));
  const data = inverse.equations.filter(readsData);
  // Order matters: an equation that reads data may do so only at points that exist and that the consumer's own guards admit.
  const conditions = [...inverse.bounds, ...inverse.equations.filter((e) => !readsData(e)), ...guards, ...data];
  return builder.sum(label, operand.axes, inverse.free, guardedBy(conditions, inner));
}

/** Sums over the axes that no index depends on, if there are any and the value does more than that sum would. */
function sumUninvolved(
  builder: SumBuilder,
  label: Label,
  at: readonly Scalar[],
  domain: readonly Axis[],
  value: Scalar,
): { readonly at: readonly Scalar[]; readonly domain: readonly Axis[]; readonly value: Scalar } | undefined {
  const involved = new Set(at.flatMap((index) => [...positionsOf(index)]));
  if (involved.size === domain.length) return undefined;
  const kept = domain.map((_, p) => p).filter((p) => involved.has(p));
  const order = [...kept, ...domain.map((_, p) => p).filter((p) => !involved.has(p))];
  const axes = order.flatMap((p) => domain[p] ?? []);
  const by = domain.map((_, p) => axis(order.indexOf(p)));
  const inner = axes.slice(0, kept.length);
  const sum = builder.sum(label, inner, axes.slice(kept.length), substitute(value, by));
  return {
    at: at.map((index) => substitute(index, by)),
    domain: inner,
    value: readNode(
      sum,
      inner.map((_, i) => axis(i)),
    ),
  };
}

function scattered(label: Label, operand: Node, at: readonly Scalar[], domain: readonly Axis[], value: Scalar): Node {
  const simplify = simplifier(domain);
  const { guards, value: inner } = peel(simplify(value));
  // Index -1 drops the points where the consumer never read, and where the index itself may not be readable.
  const guardedAt = at.map((index) => guards.reduceRight((i, guard) => select(guard, i, int(-1)), simplify(index)));
  return scatter(label, operand.axes, domain, guardedAt, guardedBy(guards, inner));
}

/** The conditions of the selects around a value that is zero elsewhere, outermost first. */
function peel(value: Scalar): { readonly guards: readonly Scalar[]; readonly value: Scalar } {
  const guards: Scalar[] = [];
  let inner = value;
  for (;;) {
    if (inner.kind !== "select") return { guards, value: inner };
    if (isZero(inner.else)) {
      guards.push(inner.condition);
      inner = inner.then;
    } else if (isZero(inner.then)) {
      guards.push(unary("not", inner.condition));
      inner = inner.else;
    } else return { guards, value: inner };
  }
}

/** `value` where all conditions hold, else 0. Conditions that read are tested only where those before them hold. */
function guardedBy(conditions: readonly Scalar[], value: Scalar): Scalar {
  const [first, ...rest] = conditions;
  if (!first) return value;
  const plain = readsData(first) ? 0 : rest.findIndex(readsData);
  const together = plain < 0 ? rest : rest.slice(0, plain);
  const condition = together.reduce((a, b) => binary("and", a, b), first);
  return select(condition, guardedBy(rest.slice(together.length), value), literal(0));
}

function readsData(s: Scalar): boolean {
  return subexpressions(s).some((e) => e.kind === "read");
}

function isZero(s: Scalar): boolean {
  return s.kind === "literal" && s.value === 0;
}
