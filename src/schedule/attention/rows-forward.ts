/**
 * @file The attention forward pass by rows: a lane goes through the keys that the mask admits to its queries with a running maximum and sum, and rescales
 * what it has when the maximum grows. The log-sum-exp is all that the backward passes need of it.
 */
import type { Axis, Scalar } from "../../ir/graph.ts";
import { axis } from "../../ir/scalar.ts";
import { add, div, f32, fma, lt, max, mul, select, splat, sub, unary, unflatten, variable } from "../../kernel/expr.ts";
import type { Expr, Statement } from "../../kernel/ir.ts";
import { assign, branch, loop } from "../../kernel/statements.ts";
import { plainRead } from "../../optimize/attention/operands.ts";
import { buildKernel } from "../build/bindings.ts";
import type { Bindings } from "../build/bindings.ts";
import { dotProduct, loadRow, operandOf, storeRow } from "./operands.ts";
import type { Operand } from "./operands.ts";
import { batchGroups, chunksOf, farBelow } from "./problem.ts";
import type { FlashKernel, FlashProblem } from "./problem.ts";
import { declareVar, placeRows, rowLoop } from "./rows.ts";
import type { RowLoop, Var } from "./rows.ts";
import { ScalarLowering } from "../build/lower-scalar.ts";
import type { LoweredDispatch } from "../build/lowered.ts";
import { axisGroup } from "../build/axis-mapping.ts";

/** A query row of a lane. */
interface Row {
  readonly at: ScalarLowering;
  readonly exists: Expr;
  readonly q: readonly Expr[];
  readonly o: readonly Var[];
  readonly peak: Var;
  readonly total: Var;
}

export function forwardByRows(
  { name, comment, problem, outputs, layout, target }: FlashKernel,
  rowsPerLane: number,
): LoweredDispatch {
  const { form, rank, space } = problem;
  return buildKernel(layout, target, (bindings) => {
    const place = placeRows(bindings, problem.batches, form.t, rowsPerLane, target.lanes, "t");
    const groups = batchGroups(
      problem,
      place.block,
      unflatten(
        place.batch,
        form.z.map((a) => a.size),
      ),
    );
    const base = new ScalarLowering({ bindings, block: place.block, space, groups });
    const operand = (s: Scalar, feature: Axis): Operand =>
      operandOf(problem, bindings, plainRead(s).of, plainRead(s).at, feature);
    const q = operand(form.q, form.e);
    const rows = place.rows.map(({ index, exists }): Row => {
      const at = base.inside({ groups: [axisGroup(rank, [form.t], index)] });
      return {
        at,
        exists,
        q: loadRow(at, bindings, q, "q"),
        o: Array.from({ length: chunksOf(form.f) }, () => declareVar(place.block, "o", 4, 0)),
        peak: declareVar(place.block, "peak", 1, farBelow),
        total: declareVar(place.block, "total", 1, 0),
      };
    });
    const keys = keyLoop(
      problem,
      bindings,
      { base, k: operand(form.k, form.e), v: operand(form.v, form.f) },
      rows,
      rowLoop(problem, place, "key"),
    );
    const results = rows.flatMap((row) => storeResults(problem, bindings, outputs, row));
    const declarations = rows.flatMap(({ peak, total, o }) => [peak, total, ...o].map((v) => v.declaration));
    const body = [...rows.flatMap((row) => row.at.block.statements), ...declarations, ...keys, ...results];
    return { name, comment, ...place.finish(body) };
  });
}

interface Keys {
  readonly base: ScalarLowering;
  readonly k: Operand;
  readonly v: Operand;
}

function keyLoop(
  problem: FlashProblem,
  bindings: Bindings,
  keys: Keys,
  rows: readonly Row[],
  { from, to, scalars }: RowLoop,
): readonly Statement[] {
  const { form, rank } = problem;
  const s = keys.base.block.names.fresh("s");
  const key = axisGroup(rank + 1, [form.s], variable(s));
  const column = keys.base.inside({ groups: [key] });
  const k = loadRow(column, bindings, keys.k, "k");
  const body = column.block.statements.splice(0);
  const mixing = rows.map((row) => {
    const at = row.at.inside({ groups: [key] });
    const dot = dotProduct(at, row.q, k, "dot");
    const scored = at.inside({ slots: (i) => (i === 0 ? dot : undefined) });
    const [mask, score, weight] = scored.lowerAll([scalars.mask, scalars.score, scalars.weight]) as [Expr, Expr, Expr];
    const { block } = scored;
    const named = block.define("score", score);
    const peak = block.define("next", max(row.peak.value, named));
    const shrink = block.define("shrink", unary("exp", sub(row.peak.value, peak)));
    const p = block.define("p", select(mask, unary("exp", sub(named, peak)), f32(0)));
    block.push(assign(row.peak.name, peak), assign(row.total.name, fma(row.total.value, shrink, p)));
    const share = block.define("share", mul(p, weight));
    body.push(...at.block.statements, ...block.statements);
    return { shrink, share };
  });
  loadRow(column, bindings, keys.v, "v").forEach((v, c) =>
    rows.forEach((row, r) => {
      const { shrink, share } = mixing[r] as (typeof mixing)[number];
      const o = row.o[c] as Var;
      column.block.push(assign(o.name, fma(splat(share, 4), v, mul(o.value, shrink))));
    }),
  );
  return loop(s, from, to, 1, [...body, ...column.block.statements]);
}

function storeResults(
  problem: FlashProblem,
  bindings: Bindings,
  outputs: FlashKernel["outputs"],
  { at, exists, o, peak, total }: Row,
): readonly Statement[] {
  const { form } = problem;
  const out = at.branch();
  const any = lt(0, total.value);
  for (const [role, node] of outputs) {
    if (role === "lse") {
      const value = select(any, add(peak.value, unary("log", max(total.value, 1e-37))), f32(0));
      out.block.push(
        ...out.store(
          node,
          value,
          [...form.z, form.t].map((_, i) => axis(i)),
        ),
      );
    } else {
      const inverse = out.block.define("inverse", select(any, div(f32(1), total.value), f32(0)));
      const operand = operandOf(
        problem,
        bindings,
        node,
        form.outputAxes.map((p) => axis(p)),
        form.f,
      );
      storeRow(
        out,
        bindings,
        operand,
        o.map((value) => mul(value.value, inverse)),
      );
    }
  }
  return branch(exists, out.block.statements);
}
