/**
 * @file Attention on a CPU, where a workgroup is one SIMD vector and shared memory a thread's cache. A workgroup owns a block of rows (queries, or keys in the key
 * pass) and goes through the other side a span at a time. Products of two rows have the own rows in the lanes: the own operand lies in scratch by columns, and each
 * number of an other row is broadcast against it. So are maxima, sums and whatever a score reads per own row; nothing is added across lanes. Sums over the other side
 * have features in the lanes, and broadcast a score. Products are here, sums in `sum.ts`; the passes are `forward.ts` and `backward.ts`.
 */
import type { Scalar } from "../../../ir/graph.ts";
import { add as addScalars } from "../../../ir/scalar.ts";
import { add, bool, f32, fma, i32, lane, load, lt, max, min, mul, sub, variable } from "../../../kernel/expr.ts";
import type { Array_, Expr, Statement, UniformStatement } from "../../../kernel/ir.ts";
import { assign, branch, loop, phase, store } from "../../../kernel/statements.ts";
import type { Bindings, KernelDraft } from "../../build/bindings.ts";
import { Block } from "../../build/block.ts";
import { FlashBlock } from "../row-block.ts";
import { full } from "../mask.ts";
import type { Extent } from "../mask.ts";
import type { Operand } from "../operands.ts";
import type { FlashProblem, PointScalars } from "../problem.ts";
import { declareVar } from "../rows.ts";
import { vectorShape } from "./shape.ts";
import type { VectorShape } from "./shape.ts";
import type { ScalarLowering } from "../../build/lower-scalar.ts";

/** A vector of own rows in the block, at any lane: where its row is, and which rows of the other side it meets in this span. */
export interface OwnVector {
  /** The own row in the block, lane by lane. */
  readonly row: Expr;
  /** Whether it is one of the axis: rows beyond the axis repeat the last one. */
  readonly exists: Expr;
  /** The own row is known. */
  readonly at: ScalarLowering;
  /** A loop over the other rows, without the mask where it admits all of them. `build` knows both rows. */
  readonly points: (build: (point: ScalarLowering, scalars: PointScalars, other: Expr) => void) => void;
}

/** The products of own rows, which lie by columns, with other rows go into an array of scores. */
interface Product {
  readonly columns: Array_;
  readonly other: Operand;
  readonly into: Array_;
}

export class FlashVector extends FlashBlock {
  readonly shape: VectorShape;

  constructor(problem: FlashProblem, bindings: Bindings, side: "query" | "key", lanes: number) {
    const shape = vectorShape(problem, side, lanes);
    super(problem, bindings, side, shape.rows);
    this.shape = shape;
  }

  /** Numbers of the span by other row, then own row. Tiles of products may go beyond the span. */
  scores(hint: string): Array_ {
    const { span, dotRows, rows } = this.shape;
    return this.sharedArray(hint, (span + dotRows - 1) * rows);
  }

  /** The element of `scores` at a point. */
  cell(other: Expr, row: Expr): Expr {
    return add(mul(sub(other, this.start), this.rows), row);
  }

  /** Sets all of an array, whose length is a multiple of the lanes. */
  fill(array: Array_, value: number): UniformStatement {
    const i = this.bindings.names.fresh("i");
    return phase(
      loop(i, 0, array.length, this.shape.lanes, [store(array, add(variable(i), lane), f32(value))]),
      "start",
    );
  }

  /** The other side a span at a time, as far as the mask leaves it. */
  eachSpan(body: readonly UniformStatement[]): readonly UniformStatement[] {
    return this.eachStep(this.shape.span, body);
  }

  /** The block's rows of an operand by columns, in scratch: feature, then row. */
  pack(hint: string, operand: Operand): { readonly columns: Array_; readonly packing: UniformStatement } {
    const { lanes } = this.shape;
    const { feature } = operand;
    const columns = this.sharedArray(`${hint}_columns`, feature.size * this.rows);
    const packing = this.phase(
      `columns of ${hint}`,
      (at) => {
        const [rows, chunk, r] = ["rows", "f", "r"].map((name) => this.bindings.names.fresh(name)) as [
          string,
          string,
          string,
        ];
        // A square: as many rows as there are lanes, which have a feature each.
        const square = (first: Expr, covered: boolean): readonly Statement[] => {
          const row = add(variable(rows), variable(r));
          const f = add(first, lane);
          const place = at.inside({ groups: [this.rowGroup("own", this.#within(add(this.first, row)))] });
          const value = place.block.define(hint, this.feature(operand, this.rowAddress(place, operand), f));
          const copy = store(columns, add(mul(f, this.rows), row), value);
          return branch(
            covered ? bool(true) : lt(f, feature.size),
            loop(r, 0, lanes, 1, [...place.block.statements, copy]),
          );
        };
        const whole = Math.floor(feature.size / lanes) * lanes;
        const squares = [
          ...loop(chunk, 0, whole, lanes, square(variable(chunk), true)),
          ...(whole < feature.size ? square(i32(whole), false) : []),
        ];
        at.block.push(...loop(rows, 0, this.rows, lanes, squares));
      },
      "outside",
    );
    return { columns, packing };
  }

  /** For each panel of own rows the products with the other rows that it sees, and then, vector by vector, what `build` makes of them. */
  panels(at: ScalarLowering, products: readonly Product[], build: (vector: OwnVector) => void): void {
    const { panel, lanes } = this.shape;
    const { names } = this.bindings;
    const [own, step] = [names.fresh("panel"), names.fresh("part")];
    const inPanel = at.inside({});
    const { block } = inPanel;
    const first = block.define("panel_at", add(this.first, variable(own)));
    const extent: Extent = { first, last: add(first, panel - 1) };
    const { from, to } = this.bounds(block, extent);
    for (const product of products) this.#dots(inPanel, variable(own), from, to, product);
    const row = add(add(variable(own), variable(step)), lane);
    const index = add(this.first, row);
    const vector = inPanel.inside({ groups: [this.rowGroup("own", this.#within(index))] });
    const { form, maskAxes, admitted, masked } = this.problem;
    const whole = block.define(
      "whole",
      full(form.mask, maskAxes, ...this.sides(extent, { first: from, last: sub(to, 1) })),
    );
    build({
      row,
      exists: this.#ragged ? lt(index, this.ownAxis.size) : bool(true),
      at: vector,
      points: (visit) => {
        const other = names.fresh(this.side === "query" ? "s" : "t");
        const over = (scalars: PointScalars): readonly Statement[] => {
          // Not all that is read where the mask admits all may be read where it does not.
          const inBranch = vector.branch();
          const point = inBranch.inside({ groups: [this.rowGroup("other", variable(other))] });
          visit(point, scalars, variable(other));
          return [...inBranch.block.statements, ...loop(other, from, to, 1, point.block.statements)];
        };
        vector.block.push(...branch(whole, over(admitted), form.mask ? over(masked) : []));
      },
    });
    block.push(...loop(step, 0, panel, lanes, vector.block.statements));
    at.block.push(...loop(own, 0, this.rows, panel, block.statements));
  }

  /** By vectors of own rows, with no other side. */
  vectors(at: ScalarLowering, build: (vector: Pick<OwnVector, "row" | "exists" | "at">) => void): void {
    const own = this.bindings.names.fresh("part");
    const row = add(variable(own), lane);
    const index = add(this.first, row);
    const vector = at.inside({ groups: [this.rowGroup("own", this.#within(index))] });
    build({ row, exists: this.#ragged ? lt(index, this.ownAxis.size) : bool(true), at: vector });
    at.block.push(...loop(own, 0, this.rows, this.shape.lanes, vector.block.statements));
  }

  draft(about: Pick<KernelDraft, "name" | "comment">, body: readonly UniformStatement[]): KernelDraft {
    return this.kernel({ ...about, lanes: this.shape.lanes, registers: [] }, body);
  }

  /** Products of a panel's rows with the other rows, a tile of registers at a time. */
  #dots(at: ScalarLowering, panel: Expr, from: Expr, to: Expr, { columns, other, into }: Product): void {
    const { lanes, dotRows, panel: width } = this.shape;
    const { names } = this.bindings;
    const [tile, e] = [names.fresh("tile"), names.fresh("e")];
    const inTile = at.inside({});
    const { block } = inTile;
    const last = this.otherAxis.size - 1;
    const bases = Array.from({ length: dotRows }, (_, i) => {
      // Rows beyond the last repeat it: what they give is not used.
      const place = inTile.inside({
        groups: [this.rowGroup("other", i === 0 ? variable(tile) : min(add(variable(tile), i), last))],
      });
      const base = this.rowAddress(place, other);
      block.push(...place.block.statements);
      return base;
    });
    const vectors = Array.from({ length: width / lanes }, (_, v) => v);
    const products = bases.map(() => vectors.map(() => declareVar(block, "dot", 1, 0)));
    const body = new Block(names);
    const own = vectors.map((v) =>
      body.define("own", load(columns, add(add(add(mul(variable(e), this.rows), panel), v * lanes), lane))),
    );
    products.forEach((row, i) => {
      const value = body.define(
        "other",
        load(this.bindings.reading(other.node, 1), add(bases[i] as Expr, mul(variable(e), other.stride))),
      );
      row.forEach((dot, v) => body.push(assign(dot.name, fma(value, own[v] as Expr, dot.value))));
    });
    block.push(
      ...products.flat().map((dot) => dot.declaration),
      ...loop(e, 0, other.feature.size, 1, body.statements),
      ...products.flatMap((row, i) =>
        row.map((dot, v) =>
          store(into, add(add(this.cell(add(variable(tile), i), panel), v * lanes), lane), dot.value),
        ),
      ),
    );
    at.block.push(...loop(tile, from, to, dotRows, block.statements));
  }

  /** A feature of the row at `base`. */
  feature({ node, stride }: Operand, base: Expr, f: Expr): Expr {
    return load(this.bindings.reading(node, 1), add(base, mul(f, stride)));
  }

  /** The index of a row's first feature. */
  rowAddress(at: ScalarLowering, { batch, row }: Operand): Expr {
    const address: Scalar = addScalars(row, batch);
    return at.block.define("at", at.lower(address));
  }

  /** The rows of the other side in the span that own rows see. */
  bounds(block: Block, own: Extent): { readonly from: Expr; readonly to: Expr } {
    const reach = this.reach(own);
    const end = this.end(block);
    return {
      from: reach.first ? block.define("from", max(this.start, reach.first)) : this.start,
      to: reach.last ? block.define("to", min(add(reach.last, 1), end)) : end,
    };
  }

  /** The end of the span. */
  end(block: Block): Expr {
    const { size } = this.otherAxis;
    const end = add(this.start, this.shape.span);
    return block.define("end", size % this.shape.span === 0 ? end : min(end, size));
  }

  get #ragged(): boolean {
    return this.ownAxis.size % this.rows !== 0;
  }

  #within(index: Expr): Expr {
    return this.#ragged ? min(index, this.ownAxis.size - 1) : index;
  }

  /** How many of the block's rows are rows of the axis. */
  get rowsHere(): Expr {
    return this.#ragged ? min(sub(this.ownAxis.size, this.first), this.rows) : i32(this.rows);
  }
}
