/**
 * @file The attention forward pass by tiles. Four lanes keep the running maximum and sum of a query, whose row of the score tile they turn into probabilities
 * together; what the sums of values must be rescaled by goes through shared memory to the lanes that hold them.
 */
import { axis } from "../../ir/scalar.ts";
import type { Axis, Scalar } from "../../ir/graph.ts";
import {
  add,
  and,
  div,
  eq,
  f32,
  fma,
  lane,
  load,
  lt,
  max,
  mod,
  mul,
  register,
  select,
  splat,
  sub,
  unary,
} from "../../kernel/expr.ts";
import type { Expr } from "../../kernel/ir.ts";
import { assign, branch, phase, reduce, store } from "../../kernel/statements.ts";
import { plainRead } from "../../optimize/attention/operands.ts";
import { buildKernel } from "../build/bindings.ts";
import { operandOf } from "./operands.ts";
import type { Operand } from "./operands.ts";
import { farBelow } from "./problem.ts";
import type { FlashKernel } from "./problem.ts";
import { FlashTiles, dotOf, scorePitch, tileLanes, tileRows } from "./tiles.ts";
import type { LoweredDispatch } from "../build/lowered.ts";

/** Lanes that share a query's row of scores. */
const sharers = tileLanes / tileRows;

export function forwardByTiles({ name, comment, problem, outputs, layout, target }: FlashKernel): LoweredDispatch {
  const { form } = problem;
  return buildKernel(layout, target, (bindings) => {
    const tiles = new FlashTiles(problem, bindings, "query");
    const { scores } = tiles;
    const operand = (s: Scalar, feature: Axis): Operand =>
      operandOf(problem, bindings, plainRead(s).of, plainRead(s).at, feature);
    const v = operand(form.v, form.f);
    const [peak, total, part, shrink] = [
      tiles.register("peak"),
      tiles.register("total"),
      tiles.register("part"),
      tiles.register("shrink"),
    ];
    const [scratch, factors] = [tiles.sharedArray("scratch", tileLanes), tiles.sharedArray("factors", tileRows)];
    const product = tiles.product("qk");
    const o = tiles.sum("o", form.f);

    const row = div(lane, sharers);
    const cell = (u: number): Expr => add(mul(row, scorePitch), add(mod(lane, sharers), u * sharers));
    const share = Array.from({ length: tileRows / sharers }, (_, u) => u);
    const publish = (value: Expr) => branch(eq(mod(lane, sharers), 0), [store(factors, row, value)]);

    const scoring = tiles.scoring("score", (at, scalars, ragged) =>
      tiles.eachCell(at, (_, index, point, { score, inside }) => {
        const scored = point.inside({
          slots: (i) => (i === 0 ? point.block.define("dot", dotOf(product, index)) : undefined),
        });
        const [mask, value] = scored.lowerAll([scalars.mask, scalars.score]) as [Expr, Expr];
        const keep = ragged ? and(inside, mask) : mask;
        point.block.push(...scored.block.statements, store(scores, score, select(keep, value, f32(farBelow))));
      }),
    );
    const softmax = [
      phase([assign(part, share.map((u) => load(scores, cell(u))).reduce(max))], "row maximum"),
      reduce("max", part, scratch, sharers),
      tiles.phase("probabilities", (at) => {
        const { block } = at;
        const next = block.define("next", max(register(peak), register(part)));
        block.push(
          assign(shrink, unary("exp", sub(register(peak), next))),
          assign(peak, next),
          ...publish(register(shrink)),
        );
        const p = share.map((u) => {
          const score = block.define("score", load(scores, cell(u)));
          // What was masked is far below, also where nothing else is in the row.
          return block.define("p", select(lt(farBelow / 2, score), unary("exp", sub(score, next)), f32(0)));
        });
        block.push(
          assign(
            part,
            p.reduce((a, b) => add(a, b)),
          ),
        );
        p.forEach((value, u) => block.push(store(scores, cell(u), value)));
      }),
      reduce("add", part, scratch, sharers),
      phase([assign(total, fma(register(total), register(shrink), register(part)))], "row sum"),
    ];
    const weighting = form.weight
      ? tiles.scoring("weigh", (at, scalars) =>
          tiles.eachCell(at, (_, __, point, { score }) => {
            point.block.push(store(scores, score, mul(load(scores, score), point.lower(scalars.weight))));
          }),
        )
      : [];
    const body = [
      phase([assign(peak, f32(farBelow)), assign(total, f32(0)), ...tiles.clear(o)], "start"),
      ...tiles.eachTile([
        ...tiles.multiply("q k", product, operand(form.q, form.e), operand(form.k, form.e)),
        ...scoring,
        ...softmax,
        ...weighting,
        ...tiles.accumulate("p v", o, v, (value, at) => mul(value, splat(load(factors, at), 4))),
      ]),
      tiles.phase("finish rows", (at) => {
        const any = lt(f32(0), register(total));
        at.block.push(...publish(select(any, div(f32(1), register(total)), f32(0))));
        const lse = outputs.get("lse");
        if (!lse) return;
        const index = at.block.define("t", add(tiles.first, row));
        const own = at.inside({ groups: [tiles.rowGroup("own", index)] });
        const value = select(any, add(register(peak), unary("log", max(register(total), 1e-37))), f32(0));
        const writing = own.store(
          lse,
          value,
          [...form.z, form.t].map((_, i) => axis(i)),
        );
        at.block.push(
          ...branch(and(eq(mod(lane, sharers), 0), lt(index, form.t.size)), [...own.block.statements, ...writing]),
        );
      }),
      tiles.phase("write", (at) => {
        const node = outputs.get("o");
        if (node)
          tiles.write(
            at,
            o,
            operandOf(
              problem,
              bindings,
              node,
              form.outputAxes.map((p) => axis(p)),
              form.f,
            ),
            (value, at_) => mul(value, splat(load(factors, at_), 4)),
          );
      }),
    ];
    return tiles.draft({ name, comment }, body);
  });
}
