/** @file The attention backward passes by vectors: P and dScore of a span are computed again from two products, and summed over the other side with features in the lanes. */
import { load } from "../../../kernel/expr.ts";
import type { Expr } from "../../../kernel/ir.ts";
import { store } from "../../../kernel/statements.ts";
import { buildKernel } from "../../build/bindings.ts";
import { addToBins, binsOf, clearBins, rowBins, wantedByBins } from "../bins.ts";
import { backwardOperands, pointGradient, queryRow } from "../gradient.ts";
import type { FlashKernel } from "../problem.ts";
import { FlashVector } from "./vector.ts";
import { VectorSum } from "./sum.ts";
import type { LoweredDispatch } from "../../build/lowered.ts";

/** dq, and the bins of captured tensors, by queries. */
export function queryByVectors(kernel: FlashKernel): LoweredDispatch {
  const { name, comment, problem, layout, target } = kernel;
  return buildKernel(layout, target, (bindings) => {
    const block = new FlashVector(problem, bindings, "query", target.lanes);
    const { cotangent, statistics } = queryRow(kernel, bindings);
    const { q, k, v, dO, dq } = backwardOperands(kernel, bindings, cotangent);
    const bins = binsOf(kernel);
    const [dots, valueDots] = [block.scores("dots"), block.scores("value_dots")];
    const sum = dq && new VectorSum(block, "dq", q.feature);
    const [queries, cotangents] = [block.pack("q", q), block.pack("d_o", dO)];
    const products = [
      { columns: queries.columns, other: k, into: dots },
      { columns: cotangents.columns, other: v, into: valueDots },
    ];
    const gradient = block.phase("gradient of scores", (at) =>
      block.panels(at, products, ({ row, exists, at: own, points }) => {
        const known = statistics(own);
        const ownBins = bins.map((b) => rowBins(own, bindings, b));
        points((point, scalars, key) => {
          const cell = point.block.define("cell", block.cell(key, row));
          const [dot, valueDot] = [dots, valueDots].map((from) => point.block.define("dot", load(from, cell))) as [
            Expr,
            Expr,
          ];
          const found = pointGradient(point, scalars, known, dot, valueDot, wantedByBins(bins, scalars, problem));
          point.block.push(store(dots, cell, found.product));
          addToBins(point.block, ownBins, found, exists);
        });
      }),
    );
    const body = [
      queries.packing,
      cotangents.packing,
      ...(sum ? [sum.clear()] : []),
      ...bins.map((b) =>
        block.phase("clear bins", (at) =>
          block.vectors(at, ({ exists, at: own }) =>
            own.block.push(...clearBins(own.block, rowBins(own, bindings, b), exists)),
          ),
        ),
      ),
      ...block.eachSpan([gradient, ...(sum ? sum.accumulate("gradient of queries", dots, k) : [])]),
      ...(sum && dq ? [block.phase("write", (at) => sum.write(at, dq))] : []),
    ];
    return block.draft({ name, comment }, body);
  });
}

/** dk and dv by keys, each over every query batch that shares them. */
export function keyByVectors(kernel: FlashKernel): LoweredDispatch {
  const { name, comment, problem, layout, target } = kernel;
  return buildKernel(layout, target, (bindings) => {
    const block = new FlashVector(problem, bindings, "key", target.lanes);
    const { cotangent, statistics } = queryRow(kernel, bindings);
    const { q, k, v, dO, dk, dv } = backwardOperands(kernel, bindings, cotangent);
    const dots = block.scores("dots");
    const keys = block.pack("k", k);
    // dv alone takes the shares, and no values.
    const values = dk && {
      ...block.pack("v", v),
      dots: block.scores("value_dots"),
      sum: new VectorSum(block, "dk", k.feature),
      into: dk,
    };
    const sum = dv && new VectorSum(block, "dv", v.feature);
    const products = [
      { columns: keys.columns, other: q, into: dots },
      ...(values ? [{ columns: values.columns, other: dO, into: values.dots }] : []),
    ];
    const gradient = block.phase("shares, and gradient of scores", (at) =>
      block.panels(at, products, ({ row, points }) =>
        points((point, scalars, query) => {
          const cell = point.block.define("cell", block.cell(query, row));
          const dot = point.block.define("dot", load(dots, cell));
          const valueDot = values && point.block.define("dot", load(values.dots, cell));
          const found = pointGradient(point, scalars, statistics(point), dot, valueDot);
          point.block.push(store(dots, cell, found.share));
          if (values) point.block.push(store(values.dots, cell, found.product));
        }),
      ),
    );
    const sums = [
      ...(sum ? sum.accumulate("gradient of values", dots, dO) : []),
      ...(values ? values.sum.accumulate("gradient of keys", values.dots, q) : []),
    ];
    const outputs = [...(sum ? [{ sum, into: dv }] : []), ...(values ? [values] : [])];
    const body = [
      keys.packing,
      ...(values ? [values.packing] : []),
      ...outputs.map((each) => each.sum.clear()),
      ...block.eachMember(block.eachSpan([gradient, ...sums])),
      ...outputs.map((each) => block.phase("write", (at) => each.sum.write(at, each.into), "outside")),
    ];
    return block.draft({ name, comment }, body);
  });
}
