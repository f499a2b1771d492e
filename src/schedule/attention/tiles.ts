/**
 * @file Attention on GPUs: a workgroup owns a tile of 32 rows (queries, or keys in the key pass) and goes through tiles of 32 on the other side that the mask does
 * not rule out. Operands are staged in shared memory 32 features at a time; a lane computes 2 x 4 of the 32 x 32 scores, and for each sum over the other side
 * 2 rows of four features a chunk. This file has the parts, the passes are `tiles-forward.ts` and `tiles-backward.ts`.
 */
import { invariant } from "../../util/invariant.ts";
import type { Axis, Scalar } from "../../ir/graph.ts";
import { add as addScalars } from "../../ir/scalar.ts";
import {
  add,
  bool,
  component,
  div,
  f32,
  f32Type,
  fma,
  i32,
  lane,
  literal,
  load,
  lt,
  min,
  mod,
  mul,
  register,
  select,
  splat,
  variable,
  vector,
  vectorOf,
} from "../../kernel/expr.ts";
import type { Array_, Expr, Statement, UniformStatement } from "../../kernel/ir.ts";
import { assign, branch, loop, phase, store, uniformBranch, uniformLoop } from "../../kernel/statements.ts";
import type { Bindings, KernelDraft } from "../build/bindings.ts";
import { Block } from "../build/block.ts";
import { FlashBlock } from "./row-block.ts";
import { full } from "./mask.ts";
import { horizontal } from "./operands.ts";
import type { Operand } from "./operands.ts";
import { chunksOf } from "./problem.ts";
import type { FlashProblem, PointScalars } from "./problem.ts";
import type { ScalarLowering } from "../build/lower-scalar.ts";

export const tileRows = 32;
export const tileLanes = 128;
const lanesAcross = 8;
const lanesDown = tileLanes / lanesAcross;
const ownRows = tileRows / lanesDown;
const otherRows = tileRows / lanesAcross;
/** Vectors of a staged row, and the distance of rows in memory: odd, so that neighbouring rows lie in different banks. */
const chunkVectors = 8;
const pitch = chunkVectors + 1;
export const scorePitch = tileRows + 1;

const float4 = vectorOf(f32Type, 4);

/** One of the 2 x 4 scores of a lane. */
export interface Cell {
  readonly own: number;
  readonly other: number;
}

const cells: readonly Cell[] = Array.from({ length: ownRows * otherRows }, (_, i) => ({
  own: Math.floor(i / otherRows),
  other: i % otherRows,
}));

/** A product of two staged operands: 8 sums a lane. */
export type Product = readonly Array_[];

/** Sums over the other side: for each chunk of features, 2 rows of a vector. */
export interface TileSum {
  readonly feature: Axis;
  readonly registers: readonly (readonly Array_[])[];
}

export class FlashTiles extends FlashBlock {
  readonly scores: Array_;
  readonly #own: Array_;
  readonly #other: Array_;
  readonly #registers: Array_[] = [];

  constructor(problem: FlashProblem, bindings: Bindings, side: "query" | "key") {
    super(problem, bindings, side, tileRows);
    this.scores = this.sharedArray("scores", tileRows * scorePitch);
    this.#own = this.sharedArray("own", tileRows * pitch, 4);
    this.#other = this.sharedArray("other", tileRows * pitch, 4);
  }

  register(hint: string, width: 1 | 4 = 1): Array_ {
    const made: Array_ = { name: this.bindings.names.fresh(hint), element: vectorOf(f32Type, width), length: 1 };
    this.#registers.push(made);
    return made;
  }

  product(hint: string): Product {
    return cells.map(() => this.register(hint, 4));
  }

  sum(hint: string, feature: Axis): TileSum {
    const chunks = Math.ceil(chunksOf(feature) / chunkVectors);
    return {
      feature,
      registers: Array.from({ length: chunks }, () => Array.from({ length: ownRows }, () => this.register(hint, 4))),
    };
  }

  clear(sum: TileSum): readonly Statement[] {
    return sum.registers.flat().map((r) => assign(r, literal(float4, 0)));
  }

  /** The tiles of the other side that the mask leaves. */
  eachTile(body: readonly UniformStatement[]): readonly UniformStatement[] {
    return this.eachStep(tileRows, body);
  }

  /** Work on the scores of a tile: without the mask where it admits every point of it. */
  scoring(
    name: string,
    build: (at: ScalarLowering, scalars: PointScalars, ragged: boolean) => void,
  ): readonly UniformStatement[] {
    const { form, maskAxes, admitted, masked } = this.problem;
    const extent = (first: Expr): { readonly first: Expr; readonly last: Expr } => ({
      first,
      last: add(first, tileRows - 1),
    });
    const [query, key] = this.sides(extent(this.first), extent(this.start));
    const ragged = this.otherAxis.size % tileRows !== 0;
    const plain = this.phase(name, (at) => build(at, admitted, ragged));
    const whole = full(form.mask, maskAxes, query, key);
    return uniformBranch(whole, [plain], [this.phase(name, (at) => build(at, masked, ragged))]);
  }

  /** The own row `r` of this lane, not beyond the axis. */
  ownIndex(block: Block, r: number): { readonly row: Expr; readonly index: Expr; readonly exists: Expr } {
    const row = block.share("row", add(div(lane, lanesAcross), r * lanesDown));
    const index = add(this.first, row);
    return {
      row,
      index: block.share("own_index", within(index, this.ownAxis)),
      exists: this.ownAxis.size % tileRows === 0 ? bool(true) : lt(index, this.ownAxis.size),
    };
  }

  /** A lane's cells, with the indices of their points. `inside` tells whether the other index exists. */
  eachCell(
    at: ScalarLowering,
    visit: (
      cell: Cell,
      index: number,
      point: ScalarLowering,
      place: { readonly score: Expr; readonly inside: Expr },
    ) => void,
  ): void {
    const { block } = at;
    cells.forEach((cell, i) => {
      const own = this.ownIndex(block, cell.own);
      const column = block.share("column", add(mod(lane, lanesAcross), cell.other * lanesAcross));
      const raw = block.share("other_index", add(this.start, column));
      const other = block.share("other_at", within(raw, this.otherAxis));
      const point = at.inside({ groups: [this.rowGroup("own", own.index), this.rowGroup("other", other)] });
      visit(cell, i, point, { score: add(mul(own.row, scorePitch), column), inside: lt(raw, this.otherAxis.size) });
      block.push(...point.block.statements);
    });
  }

  /** own · other over all features, into 8 vectors a lane whose components are yet to be added. */
  multiply(name: string, product: Product, own: Operand, other: Operand): readonly UniformStatement[] {
    const chunks = Math.ceil(chunksOf(own.feature) / chunkVectors);
    const chunk = this.bindings.names.fresh("chunk");
    const at = chunks === 1 ? i32(0) : variable(chunk);
    const steps = [
      this.phase(`stage ${name}`, (lowering) => {
        this.#stage(lowering, this.#own, "own", own, at);
        this.#stage(lowering, this.#other, "other", other, at);
      }),
      phase(this.#multiplyStaged(product, Math.min(chunkVectors, chunksOf(own.feature))), `multiply ${name}`),
    ];
    const clear = phase(
      product.map((r) => assign(r, literal(float4, 0))),
      `clear ${name}`,
    );
    return [clear, ...(chunks === 1 ? steps : uniformLoop(chunk, 0, chunks, 1, steps))];
  }

  /** sum += scores · other. `before` is done to each vector of the sum first, given its row. */
  accumulate(
    name: string,
    sum: TileSum,
    other: Operand,
    before?: (value: Expr, row: Expr) => Expr,
  ): readonly UniformStatement[] {
    return sum.registers.flatMap((rows, chunk) => [
      this.phase(`stage ${name}`, (at) => this.#stage(at, this.#other, "other", other, i32(chunk))),
      phase(this.#sumStaged(rows, before), `sum ${name}`),
    ]);
  }

  /** Writes a sum to the rows of an output, through `finish`. */
  write(at: ScalarLowering, sum: TileSum, output: Operand, finish: (value: Expr, row: Expr) => Expr): void {
    const { block } = at;
    sum.registers.forEach((rows, chunk) =>
      rows.forEach((r, i) => {
        const { row, index, exists } = this.ownIndex(block, i);
        const place = at.inside({ groups: [this.rowGroup("own", index)] });
        const value = place.block.define("value", finish(register(r), row));
        const vectorIndex = place.block.define("f", add(mod(lane, lanesAcross), chunk * chunkVectors));
        const base = place.block.define("at", place.lower(addressOf(output)));
        const { node, wide, stride, feature } = output;
        const stores = wide
          ? [store(this.bindings.writing(node, 4), add(base, vectorIndex), value)]
          : [0, 1, 2, 3].flatMap((j): readonly Statement[] => {
              const f = add(mul(vectorIndex, 4), j);
              return branch(lt(f, feature.size), [
                store(this.bindings.writing(node, 1), add(base, mul(f, stride)), component(value, j)),
              ]);
            });
        const covered = (chunk + 1) * chunkVectors <= Math.floor(feature.size / 4);
        const inside = branch(covered || !wide ? bool(true) : lt(vectorIndex, feature.size / 4), stores);
        block.push(...branch(exists, [...place.block.statements, ...inside]));
      }),
    );
  }

  draft(about: Pick<KernelDraft, "name" | "comment">, body: readonly UniformStatement[]): KernelDraft {
    return this.kernel({ ...about, lanes: tileLanes, registers: this.#registers }, body);
  }

  /** Loads 32 features of a tile's rows, two vectors a lane; zeros beyond the last feature. */
  #stage(at: ScalarLowering, into: Array_, side: "own" | "other", operand: Operand, chunk: Expr): void {
    const { block } = at;
    const { node, feature, stride, wide } = operand;
    const axis = side === "own" ? this.ownAxis : this.otherAxis;
    for (let part = 0; part < (tileRows * chunkVectors) / tileLanes; part++) {
      const item = block.share("item", add(lane, part * tileLanes));
      const row = block.share("row", div(item, chunkVectors));
      const start = side === "own" ? this.first : this.start;
      const index = block.share("index", within(add(start, row), axis));
      const place = at.inside({ groups: [this.rowGroup(side, index)] });
      const base = place.block.define(`${into.name}_at`, place.lower(addressOf(operand)));
      const v = block.share("f", add(mul(chunk, chunkVectors), mod(item, chunkVectors)));
      const vectors = chunksOf(feature);
      const covered = vectors % chunkVectors === 0;
      const clamped = covered ? v : min(v, vectors - 1);
      const one = (j: number): Expr => {
        const f = add(mul(clamped, 4), j);
        const whole = feature.size % 4 === 0;
        const value = load(
          this.bindings.reading(node, 1),
          add(base, mul(whole ? f : min(f, feature.size - 1), stride)),
        );
        return whole ? value : select(lt(f, feature.size), value, f32(0));
      };
      const value = wide ? load(this.bindings.reading(node, 4), add(base, clamped)) : vector([0, 1, 2, 3].map(one));
      const filled = covered ? value : select(lt(v, vectors), value, literal(float4, 0));
      block.push(...place.block.statements, store(into, add(mul(row, pitch), mod(item, chunkVectors)), filled));
    }
  }

  #multiplyStaged(product: Product, vectors: number): readonly Statement[] {
    const block = new Block(this.bindings.names);
    const name = block.names.fresh("f");
    const body = block.child();
    const row = (array: Array_, index: Expr): Expr =>
      body.define(array.name, load(array, add(mul(index, pitch), variable(name))));
    const own = Array.from({ length: ownRows }, (_, r) => row(this.#own, add(div(lane, lanesAcross), r * lanesDown)));
    const other = Array.from({ length: otherRows }, (_, r) =>
      row(this.#other, add(mod(lane, lanesAcross), r * lanesAcross)),
    );
    cells.forEach((cell, i) => {
      const sum = product[i];
      const [a, b] = [own[cell.own], other[cell.other]];
      invariant(sum && a && b, "a cell has its rows");
      body.push(assign(sum, fma(a, b, register(sum))));
    });
    return loop(name, 0, vectors, 1, body.statements);
  }

  #sumStaged(rows: readonly Array_[], before: ((value: Expr, row: Expr) => Expr) | undefined): readonly Statement[] {
    const block = new Block(this.bindings.names);
    const own = rows.map((_, r) => block.define("row", add(div(lane, lanesAcross), r * lanesDown)));
    if (before) rows.forEach((r, i) => block.push(assign(r, before(register(r), own[i] as Expr))));
    const name = block.names.fresh("n");
    const body = block.child();
    const value = body.define("value", load(this.#other, add(mul(variable(name), pitch), mod(lane, lanesAcross))));
    rows.forEach((r, i) => {
      const score = load(this.scores, add(mul(own[i] as Expr, scorePitch), variable(name)));
      body.push(assign(r, fma(splat(score, 4), value, register(r))));
    });
    block.push(...loop(name, 0, tileRows, 1, body.statements));
    return block.statements;
  }
}

/** The index of a tile's row: rows beyond the axis repeat the last one. */
function within(index: Expr, { size }: Axis): Expr {
  return size % tileRows === 0 ? index : min(index, size - 1);
}

/** q · k of a lane's cell. */
export const dotOf = (product: Product, index: number): Expr => horizontal(register(product[index] as Array_));

function addressOf({ batch, row }: Operand): Scalar {
  return addScalars(row, batch);
}
