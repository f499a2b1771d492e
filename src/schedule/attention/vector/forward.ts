/**
 * @file The attention forward pass by vectors: a query's lane keeps its running maximum and sum, and turns its scores of a span into shares; what the sum of values
 * must be rescaled by goes through scratch to where features are in the lanes.
 */
import type { Axis, Scalar } from "../../../ir/graph.ts";
import { axis } from "../../../ir/scalar.ts";
import { add, div, f32, f32Type, fma, load, lt, max, mul, select, sub, unary, variable } from "../../../kernel/expr.ts";
import type { Array_, Expr } from "../../../kernel/ir.ts";
import { assign, branch, declare, store } from "../../../kernel/statements.ts";
import { plainRead } from "../../../optimize/attention/operands.ts";
import { buildKernel } from "../../build/bindings.ts";
import { operandOf } from "../operands.ts";
import type { Operand } from "../operands.ts";
import { farBelow } from "../problem.ts";
import type { FlashKernel } from "../problem.ts";
import { FlashVector } from "./vector.ts";
import { VectorSum } from "./sum.ts";
import type { LoweredDispatch } from "../../build/lowered.ts";

const float = (declared: string): Expr => variable(declared, f32Type);

export function forwardByVectors({ name, comment, problem, outputs, layout, target }: FlashKernel): LoweredDispatch {
  const { form } = problem;
  return buildKernel(layout, target, (bindings) => {
    const block = new FlashVector(problem, bindings, "query", target.lanes);
    const operand = (s: Scalar, feature: Axis): Operand =>
      operandOf(problem, bindings, plainRead(s).of, plainRead(s).at, feature, false);
    const scores = block.scores("scores");
    const perRow = (hint: string): Array_ => block.sharedArray(hint, block.rows);
    const [peaks, totals, factors] = [perRow("peaks"), perRow("totals"), perRow("factors")];
    const o = new VectorSum(block, "o", form.f);
    const { columns, packing } = block.pack("q", operand(form.q, form.e));

    const softmax = block.phase("scores to shares", (at) =>
      block.panels(at, [{ columns, other: operand(form.k, form.e), into: scores }], ({ row, at: own, points }) => {
        const [best, total] = [bindings.names.fresh("best"), bindings.names.fresh("total")];
        const before = own.block.define("peak", load(peaks, row));
        own.block.push(declare(best, before));
        points((point, scalars, key) => {
          const cell = point.block.define("cell", block.cell(key, row));
          const dot = point.block.define("dot", load(scores, cell));
          const scored = point.inside({ slots: (i) => (i === 0 ? dot : undefined) });
          const score = scored.block.define("score", scored.lower(scalars.score));
          point.block.push(
            ...scored.block.statements,
            assign(best, max(float(best), score)),
            store(scores, cell, score),
          );
        });
        const shrink = own.block.define("shrink", unary("exp", sub(before, float(best))));
        own.block.push(store(factors, row, shrink), store(peaks, row, float(best)), declare(total, f32(0)));
        points((point, scalars, key) => {
          const cell = point.block.define("cell", block.cell(key, row));
          // What was masked is far below the least maximum.
          const p = point.block.define("p", unary("exp", sub(load(scores, cell), float(best))));
          const share = form.weight ? mul(p, point.lower(scalars.weight)) : p;
          point.block.push(assign(total, add(float(total), p)), store(scores, cell, share));
        });
        own.block.push(store(totals, row, fma(load(totals, row), shrink, float(total))));
      }),
    );
    const body = [
      packing,
      block.fill(peaks, farBelow / 2),
      block.fill(totals, 0),
      o.clear(),
      ...block.eachSpan([softmax, ...o.accumulate("shares of values", scores, operand(form.v, form.f), factors)]),
      block.phase("finish rows", (at) =>
        block.vectors(at, ({ row, exists, at: own }) => {
          const total = own.block.define("total", load(totals, row));
          const any = lt(0, total);
          own.block.push(store(factors, row, select(any, div(f32(1), total), f32(0))));
          const lse = outputs.get("lse");
          if (!lse) return;
          const value = select(any, add(load(peaks, row), unary("log", max(total, 1e-37))), f32(0));
          own.block.push(
            ...branch(
              exists,
              own.store(
                lse,
                value,
                [...form.z, form.t].map((_, i) => axis(i)),
              ),
            ),
          );
        }),
      ),
      block.phase("write", (at) => {
        const node = outputs.get("o");
        if (node)
          o.write(
            at,
            operandOf(
              problem,
              bindings,
              node,
              form.outputAxes.map((p) => axis(p)),
              form.f,
              false,
            ),
            factors,
          );
      }),
    ];
    return block.draft({ name, comment }, body);
  });
}
