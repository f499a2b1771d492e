/**
 * @file The contraction engine for GPUs: a workgroup stages tiles of its operands in shared memory, transposed so that k is the slow index of both, and every lane multiplies
 * rows x 4 of the output from there. With few tiles and a long k (weight gradients), parts of k go to workgroups of their own and a second kernel adds them up in order.
 */
import { invariant } from "../../util/invariant.ts";
import {
  add,
  bool,
  component,
  components,
  div,
  f32Type,
  fma,
  group,
  i32,
  lane,
  load,
  literal,
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
import { assign, branch, loop, phase, store, uniformLoop } from "../../kernel/statements.ts";
import type { Scalar } from "../../ir/graph.ts";
import type { ContractCluster } from "../../cluster/cluster.ts";
import { buildKernel } from "../build/bindings.ts";
import type { Bindings, KernelDraft } from "../build/bindings.ts";
import { Block } from "../build/block.ts";
import { shapeOf } from "../build/operand-layout.ts";
import type { Direction, Shape } from "../build/operand-layout.ts";
import { addParts, partIndex, partWidth, partsLength } from "./split-k.ts";
import { ContractTile, productDirections } from "./tile.ts";
import type { Accumulators } from "./tile.ts";
import { stagedTile } from "./tile-sizes.ts";
import type { StagedTile } from "./tile-sizes.ts";
import { kernelComment, kernelName } from "../build/kernel.ts";
import { divide, linear, toExpr } from "../build/linear.ts";
import type { Lowered, ScalarLayout, Target } from "../build/lowered.ts";
import { ScalarLowering } from "../build/lower-scalar.ts";
import { axisGroup } from "../build/axis-mapping.ts";
import { TileSide } from "./tile-side.ts";
import type { KStep } from "./tile-side.ts";

/** An operand in shared memory: [k][own / 4] of vec4 along its own axis. */
interface Staged {
  readonly side: "a" | "b";
  readonly value: Scalar;
  readonly direction: Direction;
  readonly array: Array_;
}

export function lowerStaged(cluster: ContractCluster, target: Target, layout: ScalarLayout): Lowered {
  const shape = shapeOf(cluster);
  const distinct = (side: "a" | "b"): number => new Set(cluster.products.map((product) => product[side])).size;
  const tile = stagedTile(
    { ...shape, accumulators: cluster.accumulators },
    { a: distinct("a"), b: distinct("b") },
    target,
  );
  const first = buildKernel(layout, target, (bindings) => new StagedKernel(cluster, tile, bindings).build());
  if (tile.splits === 1) return { dispatches: [first], workspaces: [], reasons: [tile.reason] };
  const second = buildKernel(layout, target, (bindings) => addParts(cluster, tile.splits, bindings));
  return { dispatches: [first, second], workspaces: [4 * partsLength(cluster, tile.splits)], reasons: [tile.reason] };
}

class StagedKernel {
  readonly #cluster: ContractCluster;
  readonly #tile: StagedTile;
  readonly #bindings: Bindings;
  readonly #shape: Shape;
  readonly #lanesN: number;
  readonly #lanes: number;
  readonly #staged: readonly Staged[];

  constructor(cluster: ContractCluster, tile: StagedTile, bindings: Bindings) {
    this.#cluster = cluster;
    this.#tile = tile;
    this.#bindings = bindings;
    this.#shape = shapeOf(cluster);
    this.#lanesN = tile.n / 4;
    this.#lanes = (tile.m / tile.rows) * this.#lanesN;
    const directions = productDirections(cluster);
    const seen = new Map<string, Staged>();
    cluster.products.forEach((product, p) => {
      for (const side of ["a", "b"] as const) {
        const key = `${side} ${product[side].id}`;
        const length = ((side === "a" ? tile.m : tile.n) / 4) * tile.k;
        const direction = directions[p]?.[side] ?? "none";
        if (!seen.has(key))
          seen.set(key, {
            side,
            value: product[side],
            direction,
            array: { name: bindings.names.fresh(`tile_${side}`), element: vectorOf(f32Type, 4), length },
          });
      }
    });
    this.#staged = [...seen.values()];
  }

  build(): KernelDraft {
    const { m, n, k, splits, rows } = this.#tile;
    const { names } = this.#bindings;
    const registers: Array_[] = [];
    const table = Array.from({ length: this.#cluster.accumulators }, (_, index) =>
      Array.from({ length: rows }, (_, i) => {
        const made: Array_ = {
          name: names.fresh(this.#cluster.accumulators === 1 ? `acc_${i}` : `acc${index}_${i}`),
          element: vectorOf(f32Type, 4),
          length: 1,
        };
        registers.push(made);
        return register(made);
      }),
    );
    const accumulator = (index: number, row: number): Expr => {
      const found = table[index]?.[row];
      invariant(found, `accumulator ${index} of row ${row}`);
      return found;
    };
    const clear = registers.map((each) => assign(each, literal(each.element, 0)));

    const steps = Math.ceil(this.#shape.k / k);
    const perSplit = Math.ceil(steps / splits);
    const counter = names.fresh("tile_k");
    const split = mod(group, splits);
    const [from, to] =
      splits === 1 ? [i32(0), i32(steps)] : [mul(split, perSplit), min(mul(add(split, 1), perSplit), steps)];
    const body: UniformStatement[] = [
      phase(clear, "clear"),
      ...uniformLoop(counter, from, to, 1, [
        phase(this.#stage(variable(counter)), "stage"),
        phase(this.#multiply(accumulator), "multiply"),
      ]),
      phase(
        this.#write(
          (index, row, strip) =>
            partWidth(this.#cluster) === 4 ? accumulator(index, row) : component(accumulator(index, row), strip),
          split,
        ),
        "write",
      ),
    ];
    const nodes = this.#cluster.outputs.map((output) => output.node);
    return {
      name: kernelName("contract", nodes, splits === 1 ? "" : "parts"),
      groups: splits * this.#shape.batch * Math.ceil(this.#shape.m / m) * Math.ceil(this.#shape.n / n),
      lanes: this.#lanes,
      shared: this.#staged.map(({ array }) => array),
      registers,
      body,
      comment: kernelComment(nodes),
    };
  }

  /** Loads one tile of every operand. */
  #stage(step: Expr): readonly Statement[] {
    const block = new Block(this.#bindings.names);
    const place = this.#place(block);
    for (const { side, value, direction, array } of this.#staged) {
      const [axes, first, size, tile] =
        side === "a"
          ? ([this.#cluster.m, this.#shape.at.m, this.#tile.m, place.tileM] as const)
          : ([this.#cluster.n, this.#shape.at.n, this.#tile.n, place.tileN] as const);
      const quads = size / 4;
      // Along k a lane loads four rows of four and transposes them, otherwise four neighbours at one k.
      const alongK = direction === "k";
      const depth = alongK ? this.#tile.k / 4 : this.#tile.k;
      const units = quads * depth;
      for (let round = 0; round < Math.ceil(units / this.#lanes); round++) {
        const inner = block.child();
        const unit = add(lane, round * this.#lanes);
        const { quotient, remainder } = divide(linear(unit), alongK ? depth : quads, (expr) => expr);
        const quad = inner.define("quad", toExpr(alongK ? quotient : remainder));
        const at = inner.define("depth", toExpr(alongK ? remainder : quotient));
        const source = new TileSide({
          base: place.base(inner),
          axes,
          first,
          tile: add(mul(tile, quads), quad),
          count: 4,
          name: side === "a" ? "row" : "column",
          cover: size,
        });
        const vectors = this.#loadUnit(source, value, direction, add(mul(step, depth), at), inner);
        vectors.forEach((each, u) =>
          inner.push(store(array, add(mul(add(mul(at, vectors.length), u), quads), quad), each)),
        );
        block.push(...branch((round + 1) * this.#lanes <= units ? bool(true) : lt(unit, units), inner.statements));
      }
    }
    return block.statements;
  }

  /** Four neighbours of an operand at one k, or at four: zeros past the end of k. */
  #loadUnit(source: TileSide, value: Scalar, direction: Direction, at: Expr, block: Block): readonly Expr[] {
    const width = direction === "k" ? 4 : 1;
    const { k } = this.#shape;
    const ragged = k % this.#tile.k !== 0;
    const index = mul(ragged ? block.define("k", min(at, k / width - 1)) : at, width);
    const axes = axisGroup(this.#shape.at.k, this.#cluster.k, index, width === 4);
    const step: KStep = { block, at: () => axes, ...(width === 4 && { vector: axes }) };
    const all = Array.from({ length: width }, (_, u) =>
      source.width === 4
        ? source.strip(value, direction, 0, u, step)
        : vector([0, 1, 2, 3].map((i) => source.element(value, direction, i, u, step))),
    );
    return ragged
      ? all.map((each) => select(lt(at, k / width), splat(each, 4), literal(vectorOf(f32Type, 4), 0)))
      : all.map((each) => splat(each, 4));
  }

  /** Multiplies the staged tiles. */
  #multiply(accumulator: (index: number, row: number) => Expr): readonly Statement[] {
    const { rows, k } = this.#tile;
    const counter = this.#bindings.names.fresh("k");
    const at = variable(counter);
    const block = new Block(this.#bindings.names);
    const [laneM, laneN] = this.#lanePlace(block);
    const body = block.child();
    const values = new Map<Staged, Expr[]>();
    for (const staged of this.#staged) {
      const name = staged.side;
      const index =
        staged.side === "a"
          ? add(mul(at, this.#tile.m / 4), mul(laneM, rows / 4))
          : add(mul(at, this.#tile.n / 4), laneN);
      const loads = Array.from({ length: staged.side === "a" ? rows / 4 : 1 }, (_, q) =>
        body.define(name, load(staged.array, add(index, q))),
      );
      values.set(staged, loads);
    }
    for (const { a, b, into } of this.#cluster.products) {
      const of = (side: "a" | "b", value: Scalar): Expr[] => {
        const staged = this.#staged.find((each) => each.side === side && each.value === value);
        return (staged && values.get(staged)) ?? [];
      };
      const [right] = of("b", b);
      const left = of("a", a).flatMap((each) => components(each));
      invariant(right && left.length === rows, "both operands are staged");
      left.forEach((each, i) => {
        const sum = accumulator(into, i);
        invariant(sum.kind === "variable", "accumulators are variables");
        body.push(assign(sum.name, fma(splat(each, 4), right, sum)));
      });
    }
    return [...block.statements, ...loop(counter, 0, k, 1, body.statements)];
  }

  #write(accumulators: Accumulators, split: Expr): readonly Statement[] {
    const { rows, splits, m, n } = this.#tile;
    const block = new Block(this.#bindings.names);
    const place = this.#place(block);
    const [laneM, laneN] = this.#lanePlace(block);
    const tileM = add(mul(place.tileM, m / rows), laneM);
    const tileN = add(mul(place.tileN, this.#lanesN), laneN);
    const tile = new ContractTile({
      cluster: this.#cluster,
      base: place.base(block),
      tileM,
      tileN,
      rows,
      columns: 4,
      coverM: m,
      coverN: n,
    });
    if (splits === 1) tile.write(accumulators);
    else {
      const width = partWidth(this.#cluster);
      const workspace = this.#bindings.workspace(0, partsLength(this.#cluster, splits) / width, "write", width);
      tile.write(accumulators, (point, row, strip) => {
        for (let index = 0; index < this.#cluster.accumulators; index++) {
          const at = {
            batch: place.batch,
            row: add(mul(tileM, rows), row),
            strip: add(mul(tileN, tile.strips), strip),
          };
          point.block.push(
            store(workspace, partIndex(this.#cluster, split, index, at), accumulators(index, row, strip)),
          );
        }
      });
    }
    return block.statements;
  }

  /** This lane's place in the tile. */
  #lanePlace(block: Block): readonly [Expr, Expr] {
    return [block.define("lane_m", div(lane, this.#lanesN)), block.define("lane_n", mod(lane, this.#lanesN))];
  }

  /** This workgroup's place in the output. */
  #place(block: Block): {
    readonly tileM: Expr;
    readonly tileN: Expr;
    readonly batch: Expr;
    readonly base: (block: Block) => ScalarLowering;
  } {
    const { batch: batches, m, n } = this.#shape;
    const [tilesM, tilesN] = [Math.ceil(m / this.#tile.m), Math.ceil(n / this.#tile.n)];
    const tile = div(group, this.#tile.splits);
    const tileN = block.define("tile_n", mod(tile, tilesN));
    const tileM = block.define("tile_m", batches === 1 ? div(tile, tilesN) : mod(div(tile, tilesN), tilesM));
    const batch = batches === 1 ? i32(0) : block.define("batch", div(tile, tilesM * tilesN));
    const { batch: axes, m: axesM, n: axesN, k: axesK } = this.#cluster;
    return {
      tileM,
      tileN,
      batch,
      base: (inner) =>
        new ScalarLowering({
          bindings: this.#bindings,
          block: inner,
          space: [...axes, ...axesM, ...axesN, ...axesK],
          groups: [axisGroup(0, axes, batch)],
        }),
    };
  }
}
