/**
 * @file The attention backward passes by rows. The query pass owns query rows and writes dq (and what captured tensors
 * need, summed within rows); the key pass owns key rows, goes through all queries that share them, and writes dk and dv. Nothing is added by two lanes.
 */
import { fma, i32, splat, unflatten, variable } from "../../kernel/expr.ts";
import type { Expr, Statement } from "../../kernel/ir.ts";
import { assign, branch, loop } from "../../kernel/statements.ts";
import { buildKernel } from "../build/bindings.ts";
import type { Block } from "../build/block.ts";
import { addToBins, binsOf, clearBins, rowBins, wantedByBins } from "./bins.ts";
import { backwardOperands, pointGradient, queryRow } from "./gradient.ts";
import { dotProduct, loadRow, storeRow } from "./operands.ts";
import type { Operand } from "./operands.ts";
import { batchGroups, chunksOf, members, queryBatch } from "./problem.ts";
import type { FlashKernel } from "./problem.ts";
import { declareVar, placeRows, rowLoop } from "./rows.ts";
import type { Var } from "./rows.ts";
import { ScalarLowering } from "../build/lower-scalar.ts";
import type { LoweredDispatch } from "../build/lowered.ts";
import { axisGroup } from "../build/axis-mapping.ts";

function accumulators(block: Block, hint: string, output: Operand | undefined): readonly Var[] {
  return output ? Array.from({ length: chunksOf(output.feature) }, () => declareVar(block, hint, 4, 0)) : [];
}

function addTo(block: Block, hint: string, sums: readonly Var[], factor: Expr, row: readonly Expr[]): void {
  const named = sums.length > 0 ? block.define(hint, factor) : factor;
  sums.forEach((sum, c) => block.push(assign(sum.name, fma(splat(named, 4), row[c] as Expr, sum.value))));
}

const values = (sums: readonly Var[]): readonly Expr[] => sums.map((sum) => sum.value);

/** dq, and the bins of captured tensors, by query rows. */
export function queryByRows(kernel: FlashKernel, rowsPerLane: number): LoweredDispatch {
  const { name, comment, problem, layout, target } = kernel;
  const { form, rank, space } = problem;
  return buildKernel(layout, target, (bindings) => {
    const place = placeRows(bindings, problem.batches, form.t, rowsPerLane, target.lanes, "t");
    const base = new ScalarLowering({
      bindings,
      block: place.block,
      space,
      groups: batchGroups(
        problem,
        place.block,
        unflatten(
          place.batch,
          form.z.map((a) => a.size),
        ),
      ),
    });
    const { cotangent, statistics } = queryRow(kernel, bindings);
    const operands = backwardOperands(kernel, bindings, cotangent);
    const bins = binsOf(kernel);
    const rows = place.rows.map(({ index, exists }) => {
      const at = base.inside({ groups: [axisGroup(rank, [form.t], index)] });
      return {
        at,
        exists,
        ...statistics(at),
        q: loadRow(at, bindings, operands.q, "q"),
        dO: loadRow(at, bindings, operands.dO, "d_o"),
        dq: accumulators(place.block, "dq", operands.dq),
        bins: bins.map((b) => {
          const own = rowBins(at, bindings, b);
          at.block.push(...clearBins(at.block, own, exists));
          return own;
        }),
      };
    });
    const { from, to, scalars } = rowLoop(problem, place, "key");
    const s = base.block.names.fresh("s");
    const key = axisGroup(rank + 1, [form.s], variable(s));
    const column = base.inside({ groups: [key] });
    const k = loadRow(column, bindings, operands.k, "k");
    const v = loadRow(column, bindings, operands.v, "v");
    const body = [...column.block.statements];
    for (const row of rows) {
      const at = row.at.inside({ groups: [key] });
      const point = pointGradient(
        at,
        scalars,
        row,
        dotProduct(at, row.q, k, "dot"),
        dotProduct(at, row.dO, v, "dov"),
        wantedByBins(bins, scalars, problem),
      );
      addTo(at.block, "dqk", row.dq, point.product, k);
      addToBins(at.block, row.bins, point, row.exists);
      body.push(...at.block.statements);
    }
    const results = rows.flatMap((row) => {
      const out = row.at.branch();
      if (operands.dq) storeRow(out, bindings, operands.dq, values(row.dq));
      return branch(row.exists, out.block.statements);
    });
    const own = rows.flatMap((row) => [...row.at.block.statements, ...row.dq.map((sum) => sum.declaration)]);
    return { name, comment, ...place.finish([...own, ...loop(s, from, to, 1, body), ...results]) };
  });
}

/** dk and dv by key rows, each over every query batch that shares them. */
export function keyByRows(kernel: FlashKernel, rowsPerLane: number): LoweredDispatch {
  const { name, comment, problem, layout, target } = kernel;
  const { form, rank, space } = problem;
  return buildKernel(layout, target, (bindings) => {
    const shared = members(problem);
    const place = placeRows(bindings, problem.batches / shared, form.s, rowsPerLane, target.lanes, "s");
    const base = new ScalarLowering({ bindings, block: place.block, space, groups: [] });
    const { cotangent, statistics } = queryRow(kernel, bindings);
    const operands = backwardOperands(kernel, bindings, cotangent);
    // Any query batch of the group names the same keys: the first one stands for them outside of the loop.
    const first = batchGroups(problem, place.block, queryBatch(problem, place.batch, i32(0)));
    const rows = place.rows.map(({ index, exists }) => {
      const s = axisGroup(rank + 1, [form.s], index);
      const at = base.inside({ groups: [...first, s] });
      return {
        s,
        at,
        exists,
        k: loadRow(at, bindings, operands.k, "k"),
        v: operands.dk ? loadRow(at, bindings, operands.v, "v") : [],
        dk: accumulators(place.block, "dk", operands.dk),
        dv: accumulators(place.block, "dv", operands.dv),
      };
    });
    const { from, to, scalars } = rowLoop(problem, place, "query");
    const member = base.block.names.fresh("member");
    const inBatch = base.block.child();
    const batch = base.inside({
      groups: shared === 1 ? first : batchGroups(problem, inBatch, queryBatch(problem, place.batch, variable(member))),
    });
    const t = base.block.names.fresh("t");
    const queryAt = axisGroup(rank, [form.t], variable(t));
    const query = batch.inside({ groups: [queryAt] });
    const row = statistics(query);
    const q = loadRow(query, bindings, operands.q, "q");
    const dO = loadRow(query, bindings, operands.dO, "d_o");
    const keyBlocks: Statement[] = [];
    const body = [...query.block.statements];
    for (const { s, k, v, dk, dv } of rows) {
      const keyAt = batch.inside({ groups: [s] });
      const at = keyAt.inside({ groups: [queryAt] });
      const valueDot = operands.dk ? dotProduct(at, v, dO, "dov") : undefined;
      const point = pointGradient(at, scalars, row, dotProduct(at, k, q, "dot"), valueDot);
      addTo(at.block, "pv", dv, point.share, dO);
      addTo(at.block, "dqk", dk, point.product, q);
      keyBlocks.push(...keyAt.block.statements);
      body.push(...at.block.statements);
    }
    const perBatch = [...inBatch.statements, ...batch.block.statements, ...keyBlocks, ...loop(t, from, to, 1, body)];
    const results = rows.flatMap(({ at, exists, dk, dv }) => {
      const out = at.branch();
      if (operands.dk) storeRow(out, bindings, operands.dk, values(dk));
      if (operands.dv) storeRow(out, bindings, operands.dv, values(dv));
      return branch(exists, out.block.statements);
    });
    const own = rows.flatMap(({ at, dk, dv }) => [
      ...at.block.statements,
      ...[...dk, ...dv].map((sum) => sum.declaration),
    ]);
    return {
      name,
      comment,
      ...place.finish([...own, ...(shared === 1 ? perBatch : loop(member, 0, shared, 1, perBatch)), ...results]),
    };
  });
}
