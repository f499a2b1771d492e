/**
 * @file The contraction engine for CPUs, after Goto and van de Geijn (2008). A first kernel packs the right operand in panels as wide as a few vectors, so that a pass along k
 * reads it in order. A task multiplies a block of rows with the panels: a tile of rows × a panel of sums stays in registers, fed by a vector load for each vector of the panel
 * and a broadcast for each row.
 *
 * The left operand is read where it lies when it is a tensor whose neighbours in memory are neighbours along k. What lies otherwise, or is computed first (a norm, an activation),
 * is staged in the task's cache. A long k is multiplied in pieces, with the sums between them in that cache too.
 */
import { invariant } from "../../util/invariant.ts";
import {
  add,
  bool,
  div,
  f32Type,
  group,
  i32,
  lane,
  literal,
  load,
  lt,
  min,
  mod,
  mul,
  sub,
  variable,
} from "../../kernel/expr.ts";
import type { Array_, Expr, Statement, UniformStatement } from "../../kernel/ir.ts";
import { assign, branch, declare, loop, phase, store, uniformBranch, uniformLoop } from "../../kernel/statements.ts";
import type { Scalar } from "../../ir/graph.ts";
import type { ContractCluster } from "../../cluster/cluster.ts";
import { buildKernel } from "../build/bindings.ts";
import type { Bindings, KernelDraft } from "../build/bindings.ts";
import { Block } from "../build/block.ts";
import { isContiguous, shapeOf } from "../build/operand-layout.ts";
import type { Shape } from "../build/operand-layout.ts";
import { kernelComment, kernelName, writeOutputs } from "../build/kernel.ts";
import type { Lowered, ScalarLayout, Target } from "../build/lowered.ts";
import { ScalarLowering } from "../build/lower-scalar.ts";
import { packAhead, packedLength } from "./pack-panels.ts";
import { stepsOf } from "./panel-steps.ts";
import type { Steps } from "./panel-steps.ts";
import { panelTile } from "./panel-sizes.ts";
import type { PanelTile } from "./panel-sizes.ts";
import { axisGroup } from "../build/axis-mapping.ts";

export function lowerInPanels(cluster: ContractCluster, target: Target, layout: ScalarLayout): Lowered {
  const shape = shapeOf(cluster);
  const steps = stepsOf(cluster, shape.k, target);
  const tile = panelTile(
    { ...shape, k: steps.count, accumulators: cluster.accumulators },
    target.lanes,
    cluster.products.some(({ a }) => wayOf(a, cluster) === "transposed"),
  );
  const rights = [...new Set(cluster.products.map((p) => p.b))];
  const packs = rights.map((right, index) =>
    buildKernel(layout, target, (bindings) => packAhead(cluster, right, index, tile, steps, bindings, target.lanes)),
  );
  const kernel = buildKernel(layout, target, (bindings) =>
    new PanelKernel(cluster, tile, steps, bindings, target.lanes).build(),
  );
  const inRows = shape.batch === 1 && tile.columns >= shape.n;
  return {
    dispatches: [
      ...packs,
      { ...kernel, ...(inRows && { walk: { axes: [...cluster.batch, ...cluster.m], perGroup: tile.rows } }) },
    ],
    workspaces: rights.map(() => 4 * packedLength(shape, steps, tile.panel)),
    reasons: [tile.reason],
  };
}

/** How a left operand is read: where it lies, or staged, along k or along rows, whichever lies together in memory. */
type Way = "in place" | "along k" | "transposed";

function wayOf(left: Scalar, { batch, m, n, k }: ContractCluster): Way {
  if (!isContiguous(left, batch.length + m.length + n.length + k.length - 1))
    return isContiguous(left, batch.length + m.length - 1) ? "transposed" : "along k";
  return left.kind === "read" && left.of.dtype === "f32" && left.at.every((index) => index.kind !== "read")
    ? "in place"
    : "along k";
}

/** A left operand in the task's cache, row by row. */
interface Staged {
  readonly array: Array_;
  /** Numbers from one row to the next. */
  readonly stride: number;
  /** Whether neighbouring rows, not neighbouring values of k, are neighbours in memory. */
  readonly transposed: boolean;
}

/** Variables for the sums of a tile, by accumulator, row and vector. */
type Sums = readonly (readonly (readonly Expr[])[])[];

/** A tile: how many rows it has, the first one counted in the task, and the panel, counted in the task. */
interface Tile {
  readonly rows: number;
  readonly first: Expr;
  readonly panel: Expr;
}

/** Steps along k from `from` on. */
interface Piece {
  readonly from: Expr;
  readonly count: Expr;
}

class PanelKernel {
  readonly #cluster: ContractCluster;
  readonly #tile: PanelTile;
  readonly #steps: Steps;
  readonly #bindings: Bindings;
  readonly #lanes: number;
  readonly #shape: Shape;
  readonly #shared: Array_[] = [];
  readonly #lefts = new Map<Scalar, Staged>();
  readonly #rights: readonly Scalar[];
  /** The task: its batch, its first row and its first column. */
  readonly #batch: Expr;
  readonly #row: Expr;
  readonly #column: Expr;
  readonly #groups: number;

  constructor(cluster: ContractCluster, tile: PanelTile, steps: Steps, bindings: Bindings, lanes: number) {
    this.#cluster = cluster;
    this.#tile = tile;
    this.#steps = steps;
    this.#bindings = bindings;
    this.#lanes = lanes;
    this.#shape = shapeOf(cluster);
    const { batch, m, n } = this.#shape;
    const [blocksM, blocksN] = [Math.ceil(m / tile.rows), Math.ceil(n / tile.columns)];
    this.#groups = batch * blocksM * blocksN;
    const block = div(group, blocksN);
    this.#batch = batch === 1 ? i32(0) : div(block, blocksM);
    this.#row = blocksM === 1 ? i32(0) : mul(batch === 1 ? block : mod(block, blocksM), tile.rows);
    this.#column = blocksN === 1 ? i32(0) : mul(mod(group, blocksN), tile.columns);
    this.#rights = [...new Set(cluster.products.map((p) => p.b))];
    for (const { a } of cluster.products)
      if (!this.#lefts.has(a) && wayOf(a, cluster) !== "in place") this.#lefts.set(a, this.#stageOf(a));
  }

  build(): KernelDraft {
    const nodes = this.#cluster.outputs.map((output) => output.node);
    const body = this.#tile.k >= this.#steps.count ? this.#onePass() : this.#manyPasses();
    return {
      name: kernelName("contract", nodes),
      groups: this.#groups,
      lanes: this.#lanes,
      shared: this.#shared,
      registers: [],
      body,
      comment: kernelComment(nodes),
    };
  }

  /** One pass along k: sums stay in registers until the outputs are written. */
  #onePass(): readonly UniformStatement[] {
    const whole: Piece = { from: i32(0), count: i32(this.#steps.count) };
    return [
      ...this.#stageLefts(whole),
      ...this.#overTiles((tile) =>
        this.#phase((block) => {
          const sums = this.#sums(tile, () => literal(f32Type, 0), block);
          this.#multiply(block, tile, whole, sums);
          this.#write(block, tile, sums);
        }),
      ),
    ];
  }

  /** Pieces of k, each added to the sums of the task; then the outputs. */
  #manyPasses(): readonly UniformStatement[] {
    const { columns, rows: blockRows, k: length, panel: width } = this.#tile;
    const { count } = this.#steps;
    const kept = this.#share("sums", this.#cluster.accumulators * blockRows * columns);
    const cell = ({ first, panel }: Tile, index: number, i: number, j: number): Expr =>
      add(add(mul(add(add(first, i), index * blockRows), columns), add(mul(panel, width), j * this.#lanes)), lane);
    const before = (tile: Tile, block: Block): Sums =>
      this.#sums(tile, (index, i, j) => load(kept, cell(tile, index, i, j)), block);
    const from = this.#bindings.names.fresh("from");
    const piece: Piece = {
      from: variable(from),
      count: count % length === 0 ? i32(length) : min(sub(count, variable(from)), length),
    };
    const zero = this.#bindings.names.fresh("i");
    return [
      phase(loop(zero, 0, kept.length / this.#lanes, 1, [store(kept, add(mul(variable(zero), this.#lanes), lane), 0)])),
      ...uniformLoop(from, 0, count, length, [
        ...this.#stageLefts(piece),
        ...this.#overTiles((tile) =>
          this.#phase((block) => {
            const sums = before(tile, block);
            this.#multiply(block, tile, piece, sums);
            sums.forEach((table, index) =>
              table.forEach((row, i) => row.forEach((sum, j) => block.push(store(kept, cell(tile, index, i, j), sum)))),
            );
          }),
        ),
      ]),
      ...this.#overTiles((tile) => this.#phase((block) => this.#write(block, tile, before(tile, block)))),
    ];
  }

  /** The panels of the task, and in each the tiles of rows: whole ones, and one of what is left at the end of the matrix. */
  #overTiles(make: (tile: Tile) => readonly UniformStatement[]): readonly UniformStatement[] {
    const { micro, rows: blockRows, panel: width, columns } = this.#tile;
    const { m, n } = this.#shape;
    const [panel, tile] = [this.#bindings.names.fresh("panel"), this.#bindings.names.fresh("tile")];
    const most = blockRows / micro.rows;
    const whole = m % blockRows === 0 ? i32(most) : min(div(sub(m, this.#row), micro.rows), most);
    const panels =
      Math.ceil(n / width) % (columns / width) === 0
        ? i32(columns / width)
        : min(sub(Math.ceil(n / width), div(this.#column, width)), columns / width);
    const rest = m % micro.rows;
    return uniformLoop(panel, 0, panels, 1, [
      ...uniformLoop(
        tile,
        0,
        whole,
        1,
        make({ rows: micro.rows, first: mul(variable(tile), micro.rows), panel: variable(panel) }),
      ),
      ...(rest === 0
        ? []
        : uniformBranch(
            lt(m - 1, add(this.#row, blockRows)),
            make({ rows: rest, first: sub(m - rest, this.#row), panel: variable(panel) }),
          )),
    ]);
  }

  #phase(make: (block: Block) => void): readonly UniformStatement[] {
    const block = new Block(this.#bindings.names);
    make(block);
    return [phase(block.statements)];
  }

  #sums({ rows }: Tile, start: (index: number, row: number, vector: number) => Expr, block: Block): Sums {
    const { accumulators } = this.#cluster;
    return range(accumulators).map((index) =>
      range(rows).map((i) =>
        range(this.#tile.micro.vectors).map((j) => {
          const name = this.#bindings.names.fresh(accumulators === 1 ? `sum_${i}_${j}` : `sum${index}_${i}_${j}`);
          block.push(declare(name, start(index, i, j)));
          return variable(name, f32Type);
        }),
      ),
    );
  }

  /** Adds the products of a piece of k. Products of one left operand share its loads. */
  #multiply(block: Block, { rows, first, panel }: Tile, piece: Piece, sums: Sums): void {
    for (const left of new Set(this.#cluster.products.map((p) => p.a))) {
      const products = this.#cluster.products.filter((p) => p.a === left);
      const counter = this.#bindings.names.fresh("k");
      const body = block.child();
      const vectors = new Map(
        [...new Set(products.map((p) => p.b))].map((right) => [
          right,
          range(this.#tile.micro.vectors).map((j) =>
            body.define(`b_${j}`, this.#right(right, panel, add(piece.from, variable(counter)), j)),
          ),
        ]),
      );
      for (const i of range(rows)) {
        const value = body.define(`a_${i}`, this.#left(left, body, add(first, i), variable(counter), piece));
        for (const { b, into } of products) {
          vectors.get(b)?.forEach((vector, j) => {
            const sum = sums[into]?.[i]?.[j];
            invariant(sum?.kind === "variable", "sums are variables");
            body.push(assign(sum.name, this.#steps.product(value, vector, sum)));
          });
        }
      }
      block.push(...loop(counter, 0, piece.count, 1, body.statements));
    }
  }

  #write(block: Block, { rows, first, panel }: Tile, sums: Sums): void {
    const { m, n, outputs } = this.#cluster;
    const { at } = this.#shape;
    const start = add(this.#column, mul(panel, this.#tile.panel));
    const tile = (whole: boolean): readonly Statement[] => {
      const outer = block.child();
      const base = this.#base(outer);
      for (const i of range(rows)) {
        for (const j of range(this.#tile.micro.vectors)) {
          const column = add(add(start, j * this.#lanes), lane);
          const inner = outer.child();
          const groups = [axisGroup(at.m, m, add(add(this.#row, first), i)), axisGroup(at.n, n, column)];
          writeOutputs(outputs, base.inside({ groups, slots: (index) => sums[index]?.[i]?.[j], block: inner }));
          outer.push(...branch(whole ? bool(true) : lt(column, this.#shape.n), inner.statements));
        }
      }
      return outer.statements;
    };
    // Only the last panel can reach past the end, and only there lanes are masked.
    const surely = this.#shape.n % this.#tile.panel === 0;
    block.push(
      ...(surely ? tile(true) : branch(lt(add(start, this.#tile.panel - 1), this.#shape.n), tile(true), tile(false))),
    );
  }

  /** Vector `j` of a panel of a right operand. */
  #right(right: Scalar, panel: Expr, step: Expr, j: number): Expr {
    const { panel: width } = this.#tile;
    const panels = Math.ceil(this.#shape.n / width);
    const workspace = this.#bindings.workspace(
      this.#rights.indexOf(right),
      packedLength(this.#shape, this.#steps, width),
      "read",
      1,
      this.#steps.element.scalar,
    );
    const slice = add(mul(this.#batch, panels), add(div(this.#column, width), panel));
    return load(workspace, add(add(mul(add(mul(slice, this.#steps.count), step), width), j * this.#lanes), lane));
  }

  /** An element of a left operand; its row is counted in the task, its step in the piece. */
  #left(left: Scalar, block: Block, row: Expr, step: Expr, { from }: Piece): Expr {
    const staged = this.#lefts.get(left);
    return staged
      ? load(staged.array, add(mul(row, staged.stride), step))
      : this.#element(left, block, row, add(from, step));
  }

  #element(left: Scalar, block: Block, row: Expr, step: Expr): Expr {
    return this.#steps.elementAt(step, block, (k, inner) => this.#value(this.#steps.operand(left), inner, row, k));
  }

  /** A left operand as it is defined. */
  #value(left: Scalar, block: Block, row: Expr, k: Expr): Expr {
    const { at } = this.#shape;
    return this.#base(block)
      .inside({
        groups: [axisGroup(at.m, this.#cluster.m, add(this.#row, row)), axisGroup(at.k, this.#cluster.k, k)],
        block,
      })
      .lower(left);
  }

  /** Computes left operands for the rows of the task, reading along what lies together in memory. */
  #stageLefts(piece: Piece): readonly UniformStatement[] {
    const { rows } = this.#tile;
    const { m } = this.#shape;
    if (m % rows === 0) return this.#stageRows(piece, i32(rows));
    // The last block has fewer rows, and only there lanes are masked.
    return uniformBranch(
      lt(add(this.#row, rows - 1), m),
      this.#stageRows(piece, i32(rows)),
      this.#stageRows(piece, sub(m, this.#row)),
    );
  }

  #stageRows(piece: Piece, rows: Expr): readonly UniformStatement[] {
    return [...this.#lefts].flatMap(([left, staged]) =>
      this.#phase((block) => {
        const [outer, inner, square] = [
          this.#bindings.names.fresh("o"),
          this.#bindings.names.fresh("i"),
          this.#bindings.names.fresh("u"),
        ];
        const along = add(variable(inner), lane);
        const stage = (row: Expr, step: Expr): readonly Statement[] => {
          const body = block.child();
          body.push(
            store(
              staged.array,
              add(mul(row, staged.stride), step),
              this.#element(left, body, row, add(piece.from, step)),
            ),
          );
          return body.statements;
        };
        if (!staged.transposed) {
          block.push(
            ...loop(
              outer,
              0,
              rows,
              1,
              loop(
                inner,
                0,
                piece.count,
                this.#lanes,
                branch(this.#below(along, piece.count), stage(variable(outer), along)),
              ),
            ),
          );
          return;
        }
        // Squares of numbers, which are transposed in registers.
        const whole =
          piece.count.kind === "literal"
            ? i32(piece.count.value - (piece.count.value % this.#lanes))
            : mul(div(piece.count, this.#lanes), this.#lanes);
        const overRows = (body: readonly Statement[]): readonly Statement[] =>
          loop(inner, 0, rows, this.#lanes, branch(this.#below(along, rows), body));
        block.push(
          ...loop(
            outer,
            0,
            whole,
            this.#lanes,
            overRows(loop(square, 0, this.#lanes, 1, stage(along, add(variable(outer), variable(square))))),
          ),
        );
        block.push(...loop(outer, whole, piece.count, 1, overRows(stage(along, variable(outer)))));
      }),
    );
  }

  /** Whether a lane's index is below a count; surely, when vectors divide it. */
  #below(index: Expr, count: Expr): Expr {
    return count.kind === "literal" && count.value % this.#lanes === 0 ? bool(true) : lt(index, count);
  }

  #base(block: Block): ScalarLowering {
    const { batch, m, n, k } = this.#cluster;
    return new ScalarLowering({
      bindings: this.#bindings,
      block,
      space: [...batch, ...m, ...n, ...k],
      groups: [axisGroup(0, batch, this.#batch)],
    });
  }

  #stageOf(left: Scalar): Staged {
    const { rows, k } = this.#tile;
    const stride = oddLines(k);
    return {
      array: this.#share("rows", rows * stride, this.#steps.element),
      stride,
      transposed: wayOf(left, this.#cluster) === "transposed",
    };
  }

  #share(hint: string, length: number, element = f32Type): Array_ {
    const array: Array_ = { name: this.#bindings.names.fresh(hint), element, length };
    this.#shared.push(array);
    return array;
  }
}

/** Numbers from one row to the next: an odd number of cache lines, so that neighbouring rows do not compete for the same places in the cache. */
const oddLines = (length: number): number => 16 * (2 * Math.floor(Math.ceil(length / 16) / 2) + 1);

const range = (length: number): readonly number[] => Array.from({ length }, (_, i) => i);
