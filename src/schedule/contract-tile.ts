/** @file One lane's tile of a contraction: its accumulators, the code of one step along k, and the outputs computed from the accumulators. */
import { invariant } from "../diagnostics/invariant.ts";
import { add, and, bool, f32Type, fma, literal, mul, splat, variable, vectorOf } from "../kernel/expr.ts";
import type { Expr } from "../kernel/ir.ts";
import { assign, branch, declare } from "../kernel/statements.ts";
import type { ContractCluster } from "../optimize/cluster.ts";
import type { Block } from "./block.ts";
import { directionOf, shapeOf } from "./contract-operands.ts";
import type { Shape } from "./contract-operands.ts";
import { writeOutputs } from "./kernel.ts";
import type { ScalarLowering } from "./lower-scalar.ts";
import { axisGroup } from "./place.ts";
import { TileSide } from "./tile-side.ts";
import type { KStep } from "./tile-side.ts";

export interface TileOptions {
  readonly cluster: ContractCluster;
  /** Where nothing but the batch is known; the tile's code goes to its block. */
  readonly base: ScalarLowering;
  readonly tileM: Expr;
  readonly tileN: Expr;
  readonly rows: number;
  readonly columns: number;
}

export class ContractTile {
  readonly rows: TileSide;
  readonly columns: TileSide;
  /** Values of k a step takes: 4 when an operand lies along k. */
  readonly step: 1 | 4;
  readonly #cluster: ContractCluster;
  readonly #base: ScalarLowering;
  readonly #shape: Shape;
  readonly #products: readonly (ContractCluster["products"][number] & { readonly directions: { readonly a: ReturnType<typeof directionOf>; readonly b: ReturnType<typeof directionOf> } })[];
  /** By accumulator, row and strip of columns. */
  #accumulators: readonly (readonly (readonly Expr[])[])[] = [];

  constructor({ cluster, base, tileM, tileN, rows, columns }: TileOptions) {
    this.#cluster = cluster;
    this.#base = base;
    this.#shape = shapeOf(cluster);
    const { at } = this.#shape;
    this.rows = new TileSide({ base, axes: cluster.m, first: at.m, tile: tileM, count: rows, name: "row" });
    this.columns = new TileSide({ base, axes: cluster.n, first: at.n, tile: tileN, count: columns, name: "column" });
    this.#products = cluster.products.map((product) => ({
      ...product,
      directions: { a: directionOf(product.a, cluster.m, at.m, cluster.k, at.k), b: directionOf(product.b, cluster.n, at.n, cluster.k, at.k) },
    }));
    this.step = this.#products.some(({ directions }) => directions.a === "k" || directions.b === "k") ? 4 : 1;
  }

  /** Strips of columns: each one accumulator a row. */
  get strips(): number {
    return this.columns.count / this.columns.width;
  }

  declareAccumulators(): void {
    const { block } = this.#base;
    const type = vectorOf(f32Type, this.columns.width);
    this.#accumulators = Array.from({ length: this.#cluster.accumulators }, () =>
      Array.from({ length: this.rows.count }, (_, i) =>
        Array.from({ length: this.strips }, (_, j) => {
          const name = block.names.fresh(`acc_${i}_${j}`);
          block.push(declare(name, literal(type, 0)));
          return variable(name, type);
        })));
  }

  /** The code of one step of a loop over k, `counter` counting steps. */
  accumulate(counter: Expr, body: Block): void {
    const { k } = this.#cluster;
    const at = this.#shape.at.k;
    const step: KStep = {
      block: body,
      at: (u) => axisGroup(at, k, add(mul(counter, this.step), u)),
      ...(this.step === 4 && { vector: axisGroup(at, k, mul(counter, 4), true) }),
    };
    for (let u = 0; u < this.step; u++) {
      for (const { a, b, into, directions } of this.#products) {
        const strips = Array.from({ length: this.strips }, (_, j) => this.columns.strip(b, directions.b, j, u, step));
        for (let i = 0; i < this.rows.count; i++) {
          const left = splat(this.rows.element(a, directions.a, i, u, step), this.columns.width);
          strips.forEach((right, j) => {
            const accumulator = this.#accumulator(into, i, j);
            invariant(accumulator.kind === "variable", "accumulators are variables");
            body.push(assign(accumulator.name, fma(left, right, accumulator)));
          });
        }
      }
    }
  }

  /** Computes and writes the outputs of every row and strip. */
  write(): void {
    const { width } = this.columns;
    for (let i = 0; i < this.rows.count; i++) {
      for (let j = 0; j < this.strips; j++) {
        const inner = this.#base.block.child();
        const point = this.#base.inside({
          also: [this.rows.point(i, 1), this.columns.point(j, width)],
          slots: (index) => this.#accumulator(index, i, j),
          block: inner,
        });
        writeOutputs(this.#cluster.outputs, point);
        const exists = [this.rows.exists(i, 1), this.columns.exists(j, width)].reduce<Expr>((all, guard) => (guard ? and(all, guard) : all), bool(true));
        this.#base.block.push(...branch(exists, inner.statements));
      }
    }
  }

  #accumulator(index: number, row: number, strip: number): Expr {
    const accumulator = this.#accumulators[index]?.[row]?.[strip];
    invariant(accumulator, `accumulator ${index} of row ${row}`);
    return accumulator;
  }
}
