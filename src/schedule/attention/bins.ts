/**
 * @file The bins of captured tensors in the query pass. A query row is one lane's alone, so that it can add to the row's bins in memory.
 */
import type { AttentionBins, Node, Scalar } from "../../ir/graph.ts";
import { add as addScalars, axis, int, mul as mulScalars } from "../../ir/scalar.ts";
import { simplifyScalar } from "../../ir/simplify-scalar.ts";
import { add, and, f32, fma, load, variable } from "../../kernel/expr.ts";
import type { Binding, Expr, Statement } from "../../kernel/ir.ts";
import { branch, loop, store } from "../../kernel/statements.ts";
import type { Bindings } from "../build/bindings.ts";
import type { Block } from "../build/block.ts";
import type { PointGradient } from "./gradient.ts";
import { whereAdmitted } from "./problem.ts";
import type { FlashKernel, FlashProblem, PointScalars } from "./problem.ts";
import type { ScalarLowering } from "../build/lower-scalar.ts";

/** The sums within rows that a kernel writes. */
export interface Bins {
  readonly node: Node;
  readonly form: AttentionBins;
}

/** The bins of one query row. */
export interface RowBins {
  readonly binding: Binding;
  readonly base: Expr;
  readonly count: number;
}

export function binsOf({ outputs, problem: { gradient } }: FlashKernel): readonly Bins[] {
  return [...outputs].flatMap(([role, node]) =>
    role.startsWith("bins") ? [{ node, form: gradient?.bins[Number(role.slice(4))] as AttentionBins }] : [],
  );
}

/** Where the bins of the row are at which `at` stands. */
export function rowBins(at: ScalarLowering, bindings: Bindings, { node }: Bins): RowBins {
  const count = node.axes.at(-1)?.size ?? 1;
  const row = node.axes
    .slice(0, -1)
    .reduce<Scalar>((flat, a, i) => addScalars(mulScalars(flat, int(a.size)), axis(i)), int(0));
  const base = at.block.define("bins_at", at.lower(mulScalars(row, int(count))));
  bindings.reading(node, 1);
  return { binding: bindings.writing(node, 1), base, count };
}

export function clearBins({ names }: Block, { binding, base, count }: RowBins, exists: Expr): readonly Statement[] {
  const r = names.fresh("r");
  return branch(exists, loop(r, 0, count, 1, [store(binding, add(base, variable(r)), f32(0))]));
}

/** What bins need to know of a point: which one it belongs to and the derivative, for each in turn. */
export function wantedByBins(
  bins: readonly Bins[],
  { mask }: PointScalars,
  { space }: FlashProblem,
): readonly Scalar[] {
  return bins.flatMap(({ form }) =>
    [form.bin, form.derivative].map((s) => simplifyScalar(whereAdmitted(mask, s), space)),
  );
}

/** Adds a point's terms; `more` of the point is what was wanted. */
export function addToBins(block: Block, bins: readonly RowBins[], point: PointGradient, exists: Expr): void {
  bins.forEach(({ binding, base }, i) => {
    const [index, derivative] = point.more.slice(2 * i) as [Expr, Expr];
    const element = block.define("bin", add(base, index));
    const sum = store(binding, element, fma(point.score, derivative, load(binding, element)));
    block.push(...branch(and(exists, point.keep), [sum]));
  });
}
