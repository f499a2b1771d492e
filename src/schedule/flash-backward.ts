/**
 * @file The attention backward passes by rows. Probabilities are computed again from the log-sum-exp: P = exp(score - lse). With dP = dO · v and D = dO · O,
 * dScore = P ∘ (dP - D), chained through the score's own derivative to q · k. The query pass owns query rows and writes dq (and what captured tensors
 * need, summed within rows); the key pass owns key rows, goes through all queries that share them, and writes dk and dv. Nothing is added by two lanes.
 */
import { invariant } from "../diagnostics/invariant.ts";
import type { AttentionBins, Axis, Node, Read, Scalar } from "../ir/graph.ts";
import { elementCount } from "../ir/node.ts";
import { add as addScalars, axis, int, mul as mulScalars, read } from "../ir/scalar.ts";
import { simplifyScalar } from "../ir/simplify-scalar.ts";
import { add, and, bool, component, f32, fma, i32, load, lt, mul, splat, sub, unary, unflatten, variable, vector } from "../kernel/expr.ts";
import type { Binding, Expr, Statement } from "../kernel/ir.ts";
import { assign, branch, loop, phase, store } from "../kernel/statements.ts";
import { plainRead } from "../optimize/attention-operands.ts";
import { buildKernel } from "./bindings.ts";
import type { Bindings } from "./bindings.ts";
import { Block } from "./block.ts";
import { dotProduct, loadRow, operandOf, storeRow } from "./flash-operands.ts";
import type { Operand } from "./flash-operands.ts";
import { batchGroups, chunksOf, members, queryBatch, whereAdmitted } from "./flash-problem.ts";
import type { FlashKernel, PointScalars } from "./flash-problem.ts";
import { declareVar, placeRows, rowLoop } from "./flash-rows.ts";
import type { Var } from "./flash-rows.ts";
import { globalLane } from "./kernel.ts";
import { ScalarLowering } from "./lower-scalar.ts";
import type { LoweredDispatch } from "./lowered.ts";
import { axisGroup } from "./place.ts";

/** The row of dO, and what the forward pass left of a query row, where z and t are known. */
interface QueryRow {
  readonly cotangent: Read;
  readonly statistics: (at: ScalarLowering) => { readonly lse: Expr; readonly dot: Expr };
}

function queryRow({ problem: { form, gradient }, paired, outputs }: FlashKernel, bindings: Bindings): QueryRow {
  invariant(gradient, "a backward pass has a gradient form");
  const rows = [...form.z, form.t];
  const at = rows.map((_, i) => axis(i));
  const count = elementCount(rows);
  return {
    cotangent: plainRead(read(gradient.cotangent, form.outputAxes.map((p) => axis(p)))),
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
export function pairStatistics({ name, comment, problem: { form, gradient }, layout, target }: FlashKernel): LoweredDispatch {
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
    return { name: `${name}_rows`, comment, groups, lanes: target.lanes, shared: [], registers: [], body: [phase(block.statements)] };
  });
}

/** What both passes compute at one query and key. */
interface PointGradient {
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
function pointGradient(
  at: ScalarLowering, scalars: PointScalars, row: { readonly lse: Expr; readonly dot: Expr }, dot: Expr, valueDot: Expr | undefined, wanted: readonly Scalar[] = [],
): PointGradient {
  const scored = at.inside({ slots: (i) => (i === 0 ? dot : undefined) });
  const [keep, score, weight, derivative, ...more] = scored.lowerAll([scalars.mask, scalars.score, scalars.weight, scalars.derivative, ...wanted]) as [Expr, Expr, Expr, Expr, ...Expr[]];
  const { block } = scored;
  // Far below, the exponential is zero: points that the mask does not admit need no test of their own.
  const p = block.define("p", unary("exp", sub(score, row.lse)));
  const scoreGradient = valueDot ? block.define("ds", mul(p, sub(mul(valueDot, weight), row.dot))) : f32(0);
  const product = mul(scoreGradient, derivative);
  at.block.push(...block.statements);
  return { keep, share: mul(p, weight), score: scoreGradient, product, more };
}

/** The operands of a backward kernel, and its outputs in their layouts. */
function operandsOf({ problem, outputs }: FlashKernel, bindings: Bindings, cotangent: Read) {
  const { form } = problem;
  const operand = ({ of, at }: Read, feature: Axis): Operand => operandOf(problem, bindings, of, at, feature);
  const [q, k, v] = [plainRead(form.q), plainRead(form.k), plainRead(form.v)];
  const outputIn = (role: string, like: Read, feature: Axis): Operand | undefined => {
    const node = outputs.get(role);
    return node && operandOf(problem, bindings, node, like.at, feature);
  };
  return {
    q: operand(q, form.e), k: operand(k, form.e), v: operand(v, form.f), dO: operand(cotangent, form.f),
    dq: outputIn("dq", q, form.e), dk: outputIn("dk", k, form.e), dv: outputIn("dv", v, form.f),
  };
}

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
  const { name, comment, problem, outputs, layout, target } = kernel;
  const { form, rank, space, gradient } = problem;
  return buildKernel(layout, target, (bindings) => {
    const place = placeRows(bindings, problem.batches, form.t, rowsPerLane, target.lanes, "t");
    const base = new ScalarLowering({ bindings, block: place.block, space, groups: batchGroups(problem, place.block, unflatten(place.batch, form.z.map((a) => a.size))) });
    const { cotangent, statistics } = queryRow(kernel, bindings);
    const operands = operandsOf(kernel, bindings, cotangent);
    const bins = [...outputs].flatMap(([role, node]) => (role.startsWith("bins") ? [{ node, form: gradient?.bins[Number(role.slice(4))] as AttentionBins }] : []));
    const rows = place.rows.map(({ index, exists }) => {
      const at = base.inside({ groups: [axisGroup(rank, [form.t], index)] });
      return {
        at, exists, ...statistics(at),
        q: loadRow(at, bindings, operands.q, "q"), dO: loadRow(at, bindings, operands.dO, "d_o"),
        dq: accumulators(place.block, "dq", operands.dq),
        bins: bins.map((b) => rowBins(at, bindings, b.node, exists)),
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
      const wanted = bins.flatMap((b) => [simplifyScalar(whereAdmitted(scalars.mask, b.form.bin), space), simplifyScalar(whereAdmitted(scalars.mask, b.form.derivative), space)]);
      const point = pointGradient(at, scalars, row, dotProduct(at, row.q, k, "dot"), dotProduct(at, row.dO, v, "dov"), wanted);
      addTo(at.block, "dqk", row.dq, point.product, k);
      row.bins.forEach((bin, i) => {
        const [index, derivative] = point.more.slice(2 * i) as [Expr, Expr];
        const element = at.block.define("bin", add(bin.base, index));
        const sum = store(bin.binding, element, fma(point.score, derivative, load(bin.binding, element)));
        at.block.push(...branch(and(row.exists, point.keep), [sum]));
      });
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

/** The bins of one query row, set to zero. The row is this lane's alone, so that it can add to them in memory. */
function rowBins(at: ScalarLowering, bindings: Bindings, node: Node, exists: Expr): { readonly binding: Binding; readonly base: Expr } {
  const count = node.axes.at(-1)?.size ?? 1;
  const row = node.axes.slice(0, -1).reduce<Scalar>((flat, a, i) => addScalars(mulScalars(flat, int(a.size)), axis(i)), int(0));
  const base = at.block.define("bins_at", at.lower(mulScalars(row, int(count))));
  bindings.reading(node, 1);
  const binding = bindings.writing(node, 1);
  const r = at.block.names.fresh("r");
  at.block.push(...branch(exists, loop(r, 0, count, 1, [store(binding, add(base, variable(r)), f32(0))])));
  return { binding, base };
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
    const operands = operandsOf(kernel, bindings, cotangent);
    // Any query batch of the group names the same keys: the first one stands for them outside of the loop.
    const first = batchGroups(problem, place.block, queryBatch(problem, place.batch, i32(0)));
    const rows = place.rows.map(({ index, exists }) => {
      const s = axisGroup(rank + 1, [form.s], index);
      const at = base.inside({ groups: [...first, s] });
      return {
        s, at, exists,
        k: loadRow(at, bindings, operands.k, "k"), v: operands.dk ? loadRow(at, bindings, operands.v, "v") : [],
        dk: accumulators(place.block, "dk", operands.dk), dv: accumulators(place.block, "dv", operands.dv),
      };
    });
    const { from, to, scalars } = rowLoop(problem, place, "query");
    const member = base.block.names.fresh("member");
    const inBatch = base.block.child();
    const batch = base.inside({ groups: shared === 1 ? first : batchGroups(problem, inBatch, queryBatch(problem, place.batch, variable(member))) });
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
    const own = rows.flatMap(({ at, dk, dv }) => [...at.block.statements, ...[...dk, ...dv].map((sum) => sum.declaration)]);
    return { name, comment, ...place.finish([...own, ...(shared === 1 ? perBatch : loop(member, 0, shared, 1, perBatch)), ...results]) };
  });
}
