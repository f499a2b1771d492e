/**
 * @file The calculus of the attention backward passes, shared by all engines. Probabilities are computed again from the log-sum-exp: P = exp(score - lse).
 * With dP = dO · v and D = dO · O, dScore = P ∘ (dP - D), which the score's own derivative takes to q · k.
 */
import { invariant } from "../../util/invariant.ts";
import type { Axis, Node, Read, Scalar } from "../../ir/graph.ts";
import { elementCount } from "../../ir/node.ts";
import { add as addScalars, axis, int, mul as mulScalars, read } from "../../ir/scalar.ts";
import { bool, component, f32, load, lt, mul, sub, unary, vector } from "../../kernel/expr.ts";
import type { Expr } from "../../kernel/ir.ts";
import { branch, phase, store } from "../../kernel/statements.ts";
import { plainRead } from "../../optimize/attention/operands.ts";
import { buildKernel } from "../build/bindings.ts";
import type { Bindings } from "../build/bindings.ts";
import { Block } from "../build/block.ts";
import { operandOf } from "./operands.ts";
import type { Operand } from "./operands.ts";
import type { FlashKernel, PointScalars } from "./problem.ts";
import { globalLane } from "../build/kernel.ts";
import type { ScalarLowering } from "../build/lower-scalar.ts";
import type { LoweredDispatch } from "../build/lowered.ts";

/** The row of dO, and what the forward pass left of a query row, where z and t are known. */
export interface QueryRow {
  readonly cotangent: Read;
  readonly statistics: (at: ScalarLowering) => { readonly lse: Expr; readonly dot: Expr };
}

export function queryRow({ problem: { form, gradient }, paired, outputs }: FlashKernel, bindings: Bindings): QueryRow {
  invariant(gradient, "a backward pass has a gradient form");
  const rows = [...form.z, form.t];
  const at = rows.map((_, i) => axis(i));
  const count = elementCount(rows);
  return {
    cotangent: plainRead(
      read(
        gradient.cotangent,
        form.outputAxes.map((p) => axis(p)),
      ),
    ),
    statistics: (lowering) => {
      const { block } = lowering;
      if (paired) {
        const index = rows.reduce<Scalar>((flat, a, i) => addScalars(mulScalars(flat, int(a.size)), axis(i)), int(0));
        const pair = block.define("row", load(bindings.workspace(0, count, "read", 2), lowering.lower(index)));
        return { lse: component(pair, 0), dot: component(pair, 1) };
      }
      const lse = block.define("lse", lowering.lower(read(gradient.lse, at)));
      const needsDot = [...outputs.keys()].some((role) => role !== "dv");
      return { lse, dot: needsDot ? block.define("row_dot", lowering.lower(read(gradient.dot, at))) : f32(0) };
    },
  };
}

/** lse and D of each row, side by side in workspace 0. */
export function pairStatistics({
  name,
  comment,
  problem: { form, gradient },
  layout,
  target,
}: FlashKernel): LoweredDispatch {
  invariant(gradient, "a backward pass has a gradient form");
  const rows = [...form.z, form.t];
  const count = elementCount(rows);
  return buildKernel(layout, target, (bindings) => {
    const block = new Block(bindings.names);
    const index = block.define("i", globalLane(target.lanes));
    const one = (node: Node): Expr => load(bindings.reading(node, 1), index);
    const pair = store(bindings.workspace(0, count, "write", 2), index, vector([one(gradient.lse), one(gradient.dot)]));
    block.push(...branch(count % target.lanes === 0 ? bool(true) : lt(index, count), [pair]));
    const groups = Math.ceil(count / target.lanes);
    return {
      name: `${name}_rows`,
      comment,
      groups,
      lanes: target.lanes,
      shared: [],
      registers: [],
      body: [phase(block.statements)],
    };
  });
}

/** What both passes compute at one query and key. */
export interface PointGradient {
  readonly keep: Expr;
  /** P · weight, what dv takes of dO. */
  readonly share: Expr;
  /** dScore. */
  readonly score: Expr;
  /** The derivative of the loss by q · k. */
  readonly product: Expr;
  /** More scalars at the point. */
  readonly more: readonly Expr[];
}

/** `at` knows z, t and s; the statements go to its block. */
export function pointGradient(
  at: ScalarLowering,
  scalars: PointScalars,
  row: { readonly lse: Expr; readonly dot: Expr },
  dot: Expr,
  valueDot: Expr | undefined,
  wanted: readonly Scalar[] = [],
): PointGradient {
  const scored = at.inside({ slots: (i) => (i === 0 ? dot : undefined) });
  const [keep, score, weight, derivative, ...more] = scored.lowerAll([
    scalars.mask,
    scalars.score,
    scalars.weight,
    scalars.derivative,
    ...wanted,
  ]) as [Expr, Expr, Expr, Expr, ...Expr[]];
  const { block } = scored;
  // Far below, the exponential is zero: points that the mask does not admit need no test of their own.
  const p = block.define("p", unary("exp", sub(score, row.lse)));
  const scoreGradient = valueDot ? block.define("ds", mul(p, sub(mul(valueDot, weight), row.dot))) : f32(0);
  const product = mul(scoreGradient, derivative);
  at.block.push(...block.statements);
  return { keep, share: mul(p, weight), score: scoreGradient, product, more };
}

/** The operands of a backward kernel, and those of its outputs that it writes. */
export interface BackwardOperands {
  readonly q: Operand;
  readonly k: Operand;
  readonly v: Operand;
  readonly dO: Operand;
  readonly dq: Operand | undefined;
  readonly dk: Operand | undefined;
  readonly dv: Operand | undefined;
}

export function backwardOperands(
  { problem, outputs, target }: FlashKernel,
  bindings: Bindings,
  cotangent: Read,
): BackwardOperands {
  const { form } = problem;
  const operand = ({ of, at }: Read, feature: Axis): Operand =>
    operandOf(problem, bindings, of, at, feature, !target.simd);
  const [q, k, v] = [plainRead(form.q), plainRead(form.k), plainRead(form.v)];
  const outputIn = (role: string, like: Read, feature: Axis): Operand | undefined => {
    const node = outputs.get(role);
    return node && operandOf(problem, bindings, node, like.at, feature, !target.simd);
  };
  return {
    q: operand(q, form.e),
    k: operand(k, form.e),
    v: operand(v, form.f),
    dO: operand(cotangent, form.f),
    dq: outputIn("dq", q, form.e),
    dk: outputIn("dk", k, form.e),
    dv: outputIn("dv", v, form.f),
  };
}
