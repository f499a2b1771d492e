/**
 * @file Attention kernels for devices without fast shared memory: a lane owns a few rows (of queries, or of keys in the key pass) and keeps them in
 * registers; the other side comes straight from global memory, and each load serves all rows of the lane. This file places rows on lanes
 * and bounds their loops by the mask; the passes are `rows-forward.ts` and `rows-backward.ts`.
 */
import type { Axis } from "../../ir/graph.ts";
import { add, bool, div, f32, group, i32, lane, lt, max, min, mod, mul, splat, variable } from "../../kernel/expr.ts";
import type { Expr, Statement } from "../../kernel/ir.ts";
import { branch, declare, phase } from "../../kernel/statements.ts";
import type { Bindings, KernelDraft } from "../build/bindings.ts";
import { Block } from "../build/block.ts";
import { visible } from "./mask.ts";
import type { FlashProblem, PointScalars } from "./problem.ts";

/** Where a lane stands: the tile of rows it owns in its batch. */
export interface RowPlace {
  readonly block: Block;
  readonly batch: Expr;
  /** The indices of the tile's rows. Rows beyond the axis repeat the last one and must not be stored. */
  readonly rows: readonly { readonly index: Expr; readonly exists: Expr }[];
  /** The first row, and the last even if it is beyond the axis. */
  readonly first: Expr;
  readonly last: Expr;
  readonly finish: (
    body: readonly Statement[],
  ) => Pick<KernelDraft, "groups" | "lanes" | "shared" | "registers" | "body">;
}

/** Spreads tiles of rows over lanes: neighbouring lanes have neighbouring tiles of one batch. */
export function placeRows(
  bindings: Bindings,
  batches: number,
  { size }: Axis,
  rows: number,
  lanes: number,
  hint: string,
): RowPlace {
  const block = new Block(bindings.names);
  const tiles = Math.ceil(size / rows);
  const total = batches * tiles;
  const item = block.define("item", add(mul(group, lanes), lane));
  const batch = block.define("batch", div(item, tiles));
  const first = block.define("first", mul(tiles === 1 ? i32(0) : mod(item, tiles), rows));
  const ragged = size % rows !== 0;
  return {
    block,
    batch,
    first,
    last: add(first, rows - 1),
    rows: Array.from({ length: rows }, (_, r) => {
      const index = add(first, r);
      return {
        index: block.define(hint, ragged && r > 0 ? min(index, size - 1) : index),
        exists: ragged && r > 0 ? lt(index, size) : bool(true),
      };
    }),
    finish: (body) => {
      const [own, ...rest] = [...block.statements, ...body];
      const guarded =
        total % lanes === 0 || own === undefined
          ? [...block.statements, ...body]
          : [own, ...branch(lt(item, total), rest)];
      return { groups: Math.ceil(total / lanes), lanes, shared: [], registers: [], body: [phase(guarded)] };
    },
  };
}

/** The loop over the other side that the mask leaves to a tile of rows. */
export interface RowLoop {
  readonly from: Expr;
  readonly to: Expr;
  /** What to compute at a point of the loop. */
  readonly scalars: PointScalars;
}

/** Bounds of the loop over `side` for a lane's rows. When they say all that the mask says, it is not evaluated. */
export function rowLoop(problem: FlashProblem, place: RowPlace, side: "query" | "key"): RowLoop {
  const { form, maskAxes, masked, admitted } = problem;
  const size = side === "key" ? form.s.size : form.t.size;
  const reach = visible(form.mask, maskAxes, side, { first: place.first, last: place.last });
  const bounded = form.mask === undefined || (reach.exact && place.rows.length === 1);
  return {
    from: place.block.define("from", reach.first ? max(reach.first, 0) : i32(0)),
    to: place.block.define("to", reach.last ? min(add(reach.last, 1), size) : i32(size)),
    scalars: bounded ? admitted : masked,
  };
}

/** A variable of a phase: its declaration, and its use. */
export interface Var {
  readonly name: string;
  readonly value: Expr;
  readonly declaration: Statement;
}

export function declareVar(block: Block, hint: string, width: 1 | 4, start: number): Var {
  const name = block.names.fresh(hint);
  const value = splat(f32(start), width);
  return { name, value: variable(name, value.type), declaration: declare(name, value) };
}
