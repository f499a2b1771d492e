/**
 * @file Sums of linear expressions whose parts are summed already: Σ(x - mean) is Σx - n · mean. Done only when it adds no reduction; what
 * cancels is exactly zero then, such as the gradient that reaches a mean through the variance around it.
 */
import type { Axis, Node, Scalar } from "../../ir/graph.ts";
import { add, axis, literal, mul, read } from "../../ir/scalar.ts";
import { positionsOf } from "../../ir/sums.ts";

/** Rounding in coefficients: what is smaller than this part of the largest has cancelled. */
const cancelled = 1e-12;

export class LinearSums {
  readonly #sums = new Map<string, Node>();

  /** Remembers a node that sums one plain read. */
  remember(node: Node): void {
    if (node.kind !== "comp" || node.reduce?.op !== "sum" || node.body.kind !== "read") return;
    const key = keyOf(node.axes, node.reduce.axes, node.body);
    if (!this.#sums.has(key)) this.#sums.set(key, node);
  }

  /** The sum as a pointwise expression over `axes`, if every part of it is known or the same all along. */
  pointwise(axes: readonly Axis[], over: readonly Axis[], body: Scalar): Scalar | undefined {
    const terms = new Map<Scalar, number>();
    collect(body, 1, terms);
    if (terms.size < 2) return undefined;
    const length = over.reduce((n, a) => n * a.size, 1);
    const summed = new Map<Scalar, number>();
    const largest = { value: 0 };
    for (const [atom, coefficient] of terms) {
      const varies = [...positionsOf(atom)].some((p) => p >= axes.length);
      const known = varies && atom.kind === "read" ? this.#sums.get(keyOf(axes, over, atom)) : undefined;
      if (varies && !known) return undefined;
      const value = known
        ? read(
            known,
            axes.map((_, i) => axis(i)),
          )
        : atom;
      const weight = varies ? coefficient : coefficient * length;
      largest.value = Math.max(largest.value, Math.abs(weight));
      summed.set(value, (summed.get(value) ?? 0) + weight);
    }
    let total: Scalar = literal(0);
    for (const [value, weight] of summed)
      if (Math.abs(weight) > cancelled * largest.value) total = add(total, mul(value, literal(weight)));
    return total;
  }
}

function keyOf(axes: readonly Axis[], over: readonly Axis[], body: Scalar): string {
  return `${[axes, over].map((list) => list.map((a) => a.size).join()).join("|")}|${body.id}`;
}

function collect(s: Scalar, coefficient: number, into: Map<Scalar, number>): void {
  if (s.kind === "binary" && (s.op === "add" || s.op === "sub")) {
    collect(s.left, coefficient, into);
    collect(s.right, s.op === "add" ? coefficient : -coefficient, into);
  } else if (s.kind === "unary" && s.op === "neg") collect(s.of, -coefficient, into);
  else if (s.kind === "binary" && s.right.kind === "literal" && (s.op === "mul" || s.op === "div")) {
    collect(s.left, s.op === "mul" ? coefficient * s.right.value : coefficient / s.right.value, into);
  } else into.set(s, (into.get(s) ?? 0) + coefficient);
}
