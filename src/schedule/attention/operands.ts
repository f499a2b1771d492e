/**
 * @file The operands of attention in its kernels: a row of features is loaded or stored four at a time, and its address is the sum of what z gives, computed
 * once, and what the row's index gives.
 */
import type { Axis, Node, Scalar } from "../../ir/graph.ts";
import { add as addScalars, axis, int, mul as mulScalars } from "../../ir/scalar.ts";
import { positionsOf } from "../../ir/sums.ts";
import { add, component, f32, fma, load, mul, vector } from "../../kernel/expr.ts";
import type { Expr } from "../../kernel/ir.ts";
import { store } from "../../kernel/statements.ts";
import type { Bindings } from "../build/bindings.ts";
import { chunksOf } from "./problem.ts";
import type { FlashProblem } from "./problem.ts";
import type { ScalarLowering } from "../build/lower-scalar.ts";
import { shortName } from "../build/names.ts";
import { stridesOf } from "../build/axis-mapping.ts";

/** A tensor over z, one row axis and features, as the kernels address it: `batch + row + feature · stride`, in vectors of four where they lie together. */
export interface Operand {
  readonly node: Node;
  readonly feature: Axis;
  readonly stride: number;
  /** Whether four features are one aligned vector: addresses count vectors then. */
  readonly wide: boolean;
  /** The parts of an address that z and the row's index give, i32 over the form's positions. */
  readonly batch: Scalar;
  readonly row: Scalar;
}

/**
 * How an operand is addressed: `at` are its indices over the form's positions, with the feature plain. `fours` says whether it is to be accessed by vectors
 * of four at all.
 */
export function operandOf(
  { rank }: FlashProblem,
  bindings: Bindings,
  node: Node,
  at: readonly Scalar[],
  feature: Axis,
  fours = true,
): Operand {
  const strides = stridesOf(node.axes);
  const featureAxis = at.indexOf(axis(rank + 2));
  const stride = strides[featureAxis] ?? 0;
  const wide = fours && stride === 1 && feature.size % 4 === 0 && bindings.wide(node);
  const sumOver = (wanted: (index: Scalar) => boolean): Scalar =>
    at.reduce<Scalar>((total, index, i) => {
      if (i === featureAxis || !wanted(index)) return total;
      return addScalars(total, mulScalars(index, int((strides[i] ?? 0) / (wide ? 4 : 1))));
    }, int(0));
  const ofRow = (index: Scalar): boolean => [...positionsOf(index)].some((p) => p >= rank);
  return { node, feature, stride: wide ? 1 : stride, wide, batch: sumOver((i) => !ofRow(i)), row: sumOver(ofRow) };
}

/** The address of a row's first feature. What z gives of it is computed where z is known. */
function rowAddress(at: ScalarLowering, { node, batch, row }: Operand): Expr {
  return at.block.define(`${shortName(node.name)}_at`, at.lower(addScalars(row, batch)));
}

/** All features of a row where `at` stands, by fours, zeros beyond the last. */
export function loadRow(at: ScalarLowering, bindings: Bindings, operand: Operand, hint: string): readonly Expr[] {
  const { node, feature, stride, wide } = operand;
  const base = rowAddress(at, operand);
  return Array.from({ length: chunksOf(feature) }, (_, c) => {
    if (wide) return at.block.define(hint, load(bindings.reading(node, 4), add(base, c)));
    const one = (i: number): Expr =>
      i < feature.size ? load(bindings.reading(node, 1), add(base, i * stride)) : f32(0);
    return at.block.define(hint, vector([0, 1, 2, 3].map((j) => one(4 * c + j))));
  });
}

/** Writes all features of a row. */
export function storeRow(at: ScalarLowering, bindings: Bindings, operand: Operand, values: readonly Expr[]): void {
  const { node, feature, stride, wide } = operand;
  const base = rowAddress(at, operand);
  values.forEach((value, c) => {
    if (wide) at.block.push(store(bindings.writing(node, 4), add(base, c), value));
    else
      for (let j = 0; j < 4 && 4 * c + j < feature.size; j++)
        at.block.push(store(bindings.writing(node, 1), add(base, (4 * c + j) * stride), component(value, j)));
  });
}

/** Σ over the components of a vector, by pairs. */
export function horizontal(of: Expr): Expr {
  return add(add(component(of, 0), component(of, 1)), add(component(of, 2), component(of, 3)));
}

/** Σ over chunks of a · b, one let a step. */
export function dotProduct(at: ScalarLowering, a: readonly Expr[], b: readonly Expr[], hint: string): Expr {
  let sum: Expr | undefined;
  a.forEach((x, c) => {
    const y = b[c] as Expr;
    sum = at.block.define(`${hint}4`, sum ? fma(x, y, sum) : mul(x, y));
  });
  return at.block.define(hint, horizontal(sum as Expr));
}
