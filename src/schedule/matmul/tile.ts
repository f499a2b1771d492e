/** @file One lane's tile of a contraction: its accumulators, the code of one step along k, and the outputs computed from the accumulators. */
import { invariant } from "../../util/invariant.ts";
import { add, and, bool, f32Type, fma, mul, splat, vectorOf } from "../../kernel/expr.ts";
import type { Expr, ValueType } from "../../kernel/ir.ts";
import { assign, branch } from "../../kernel/statements.ts";
import type { ContractCluster } from "../../cluster/cluster.ts";
import type { Block } from "../build/block.ts";
import { directionOf, shapeOf } from "../build/operand-layout.ts";
import type { Direction } from "../build/operand-layout.ts";
import { writeOutputs } from "../build/kernel.ts";
import type { ScalarLowering } from "../build/lower-scalar.ts";
import { axisGroup } from "../build/axis-mapping.ts";
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
  /** The grid covers whole multiples of these; by default of rows and columns. */
  readonly coverM?: number;
  readonly coverN?: number;
}

/** The accumulator (a variable) of a row and a strip of columns. */
export type Accumulators = (index: number, row: number, strip: number) => Expr;

/** The directions in which the operands of each product are loaded. */
export interface ProductDirections {
  readonly a: Direction;
  readonly b: Direction;
}

export function productDirections(cluster: ContractCluster): readonly ProductDirections[] {
  const { at } = shapeOf(cluster);
  return cluster.products.map(({ a, b }) => ({
    a: directionOf(a, cluster.m, at.m, cluster.k, at.k),
    b: directionOf(b, cluster.n, at.n, cluster.k, at.k),
  }));
}

export class ContractTile {
  readonly rows: TileSide;
  readonly columns: TileSide;
  /** Values of k a step takes: 4 when an operand lies along k. */
  readonly step: 1 | 4;
  readonly #cluster: ContractCluster;
  readonly #base: ScalarLowering;
  readonly #directions: readonly ProductDirections[];

  constructor({ cluster, base, tileM, tileN, rows, columns, coverM, coverN }: TileOptions) {
    this.#cluster = cluster;
    this.#base = base;
    const { at } = shapeOf(cluster);
    this.rows = new TileSide({
      base,
      axes: cluster.m,
      first: at.m,
      tile: tileM,
      count: rows,
      name: "row",
      ...(coverM !== undefined && { cover: coverM }),
    });
    this.columns = new TileSide({
      base,
      axes: cluster.n,
      first: at.n,
      tile: tileN,
      count: columns,
      name: "column",
      ...(coverN !== undefined && { cover: coverN }),
    });
    this.#directions = productDirections(cluster);
    this.step = this.#directions.some(({ a, b }) => a === "k" || b === "k") ? 4 : 1;
  }

  /** Strips of columns: each has one accumulator a row. */
  get strips(): number {
    return this.columns.count / this.columns.width;
  }

  /** Makes the accumulators: `make` declares one. */
  accumulators(make: (name: string, type: ValueType) => Expr): Accumulators {
    const type = vectorOf(f32Type, this.columns.width);
    const table = Array.from({ length: this.#cluster.accumulators }, (_, index) =>
      Array.from({ length: this.rows.count }, (_, i) =>
        Array.from({ length: this.strips }, (_, j) =>
          make(this.#cluster.accumulators === 1 ? `acc_${i}_${j}` : `acc${index}_${i}_${j}`, type),
        ),
      ),
    );
    return (index, row, strip) => {
      const accumulator = table[index]?.[row]?.[strip];
      invariant(accumulator, `accumulator ${index} of row ${row}`);
      return accumulator;
    };
  }

  /** The point of a loop over k, in steps of `step`, whose counter is this. */
  kStep(counter: Expr, block: Block): KStep {
    const { k } = this.#cluster;
    const at = shapeOf(this.#cluster).at.k;
    return {
      block,
      at: (u) => axisGroup(at, k, add(mul(counter, this.step), u)),
      ...(this.step === 4 && { vector: axisGroup(at, k, mul(counter, 4), true) }),
    };
  }

  /** The code of one step: every row times every column of all products. */
  accumulate(step: KStep, accumulators: Accumulators): void {
    for (let u = 0; u < this.step; u++) {
      this.#cluster.products.forEach(({ a, b, into }, p) => {
        const directions = this.#directions[p];
        invariant(directions, "every product has directions");
        const strips = Array.from({ length: this.strips }, (_, j) => this.columns.strip(b, directions.b, j, u, step));
        for (let i = 0; i < this.rows.count; i++) {
          const left = splat(this.rows.element(a, directions.a, i, u, step), this.columns.width);
          strips.forEach((right, j) => {
            const accumulator = accumulators(into, i, j);
            invariant(accumulator.kind === "variable", "accumulators are variables");
            step.block.push(assign(accumulator.name, fma(left, right, accumulator)));
          });
        }
      });
    }
  }

  /** Computes and writes the outputs of every row and strip that exists. `write` replaces writing the cluster's own outputs. */
  write(
    accumulators: Accumulators,
    write: (point: ScalarLowering, row: number, strip: number) => void = (point) =>
      writeOutputs(this.#cluster.outputs, point),
  ): void {
    const { width } = this.columns;
    for (let i = 0; i < this.rows.count; i++) {
      for (let j = 0; j < this.strips; j++) {
        const block = this.#base.block.child();
        const point = this.#base.inside({
          also: [this.rows.point(i, 1), this.columns.point(j, width)],
          slots: (index) => accumulators(index, i, j),
          block,
        });
        write(point, i, j);
        const exists = [this.rows.exists(i, 1), this.columns.exists(j, width)].reduce<Expr>(
          (all, guard) => (guard ? and(all, guard) : all),
          bool(true),
        );
        this.#base.block.push(...branch(exists, block.statements));
      }
    }
  }
}
