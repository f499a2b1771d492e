/**
 * @file The attention backward passes by tiles: P and dScore of a tile are computed again by the lanes that hold its products, and go through shared memory into
 * sums over the other side. What captured tensors need is summed within rows by `rows-backward.ts` on every device.
 */
import type { Array_, Expr } from "../../kernel/ir.ts";
import { register, select } from "../../kernel/expr.ts";
import { assign, phase, store } from "../../kernel/statements.ts";
import { buildKernel } from "../build/bindings.ts";
import { backwardOperands, pointGradient, queryRow } from "./gradient.ts";
import type { FlashKernel } from "./problem.ts";
import { FlashTiles, dotOf } from "./tiles.ts";
import type { Product } from "./tiles.ts";
import type { ScalarLowering } from "../build/lower-scalar.ts";
import type { LoweredDispatch } from "../build/lowered.ts";

const named = (at: ScalarLowering, product: Product, index: number): Expr =>
  at.block.define("dot", dotOf(product, index));

/** dq by tiles of queries. */
export function queryByTiles(kernel: FlashKernel): LoweredDispatch {
  return buildKernel(kernel.layout, kernel.target, (bindings) => {
    const {
      problem: { form },
      name,
      comment,
    } = kernel;
    const tiles = new FlashTiles(kernel.problem, bindings, "query");
    const { cotangent, statistics } = queryRow(kernel, bindings);
    const { q, k, v, dO, dq } = backwardOperands(kernel, bindings, cotangent);
    const [dot, valueDot] = [tiles.product("qk"), tiles.product("dov")];
    const sum = tiles.sum("dq", form.e);
    const scoring = tiles.scoring("gradient of scores", (at, scalars, ragged) =>
      tiles.eachCell(at, (_, i, point, { score, inside }) => {
        const gradient = pointGradient(
          point,
          scalars,
          statistics(point),
          named(point, dot, i),
          named(point, valueDot, i),
        ).product;
        point.block.push(store(tiles.scores, score, ragged ? select(inside, gradient, 0) : gradient));
      }),
    );
    const body = [
      phase(tiles.clear(sum), "start"),
      ...tiles.eachTile([
        ...tiles.multiply("q k", dot, q, k),
        ...tiles.multiply("dO v", valueDot, dO, v),
        ...scoring,
        ...tiles.accumulate("ds k", sum, k),
      ]),
      tiles.phase("write", (at) => {
        if (dq) tiles.write(at, sum, dq, (value) => value);
      }),
    ];
    return tiles.draft({ name, comment }, body);
  });
}

/** dk and dv by tiles of keys. */
export function keyByTiles(kernel: FlashKernel): LoweredDispatch {
  return buildKernel(kernel.layout, kernel.target, (bindings) => {
    const {
      problem: { form },
      name,
      comment,
    } = kernel;
    const tiles = new FlashTiles(kernel.problem, bindings, "key");
    const { cotangent, statistics } = queryRow(kernel, bindings);
    const { q, k, v, dO, dk, dv } = backwardOperands(kernel, bindings, cotangent);
    const dot = tiles.product("kq");
    const valueDot = dk ? tiles.product("vdo") : undefined;
    const [keySum, valueSum] = [dk && tiles.sum("dk", form.e), dv && tiles.sum("dv", form.f)];
    // Both score tiles go through the same shared array: dScore waits in registers while P is summed.
    const kept: readonly Array_[] = dk && dv ? dot.map(() => tiles.register("ds")) : [];
    const scoring = tiles.scoring("probabilities and gradient of scores", (at, scalars, ragged) =>
      tiles.eachCell(at, (_, i, point, { score, inside }) => {
        const found = pointGradient(
          point,
          scalars,
          statistics(point),
          named(point, dot, i),
          valueDot && named(point, valueDot, i),
        );
        const [share, gradient] = [found.share, found.product].map((x) => (ragged ? select(inside, x, 0) : x)) as [
          Expr,
          Expr,
        ];
        point.block.push(store(tiles.scores, score, dv ? share : gradient));
        if (kept[i]) point.block.push(assign(kept[i], gradient));
      }),
    );
    const exchange =
      kept.length === 0
        ? []
        : [
            tiles.phase("gradient of scores", (at) =>
              tiles.eachCell(at, (_, i, point, { score }) => {
                point.block.push(store(tiles.scores, score, register(kept[i] as Array_)));
              }),
            ),
          ];
    const body = [
      phase([...(keySum ? tiles.clear(keySum) : []), ...(valueSum ? tiles.clear(valueSum) : [])], "start"),
      ...tiles.eachMember(
        tiles.eachTile([
          ...tiles.multiply("k q", dot, k, q),
          ...(valueDot ? tiles.multiply("v dO", valueDot, v, dO) : []),
          ...scoring,
          ...(valueSum ? tiles.accumulate("p dO", valueSum, dO) : []),
          ...exchange,
          ...(keySum ? tiles.accumulate("ds q", keySum, q) : []),
        ]),
      ),
      tiles.phase(
        "write",
        (at) => {
          if (dk && keySum) tiles.write(at, keySum, dk, (value) => value);
          if (dv && valueSum) tiles.write(at, valueSum, dv, (value) => value);
        },
        "outside",
      ),
    ];
    return tiles.draft({ name, comment }, body);
  });
}
