/**
 * @file Folds of a large matrix into a row of results, where lanes are the elements of one SIMD vector: one token times a matrix, sums over the tokens of a batch. Reading the
 * matrix is all the work, and memory is fastest when it is read in the order in which it lies. So a group takes whole rows, a few at a time, and keeps a sum for every
 * column. Groups share the rows, and a second kernel adds up what they found.
 *
 * Measured on one token times 768 x 3072: columns walked in strips of a vector reach a third of the memory's bandwidth.
 */
import { elementCount } from "../../ir/node.ts";
import { belowGuard, lastAboveLowest, lastNonZero } from "../../ir/support.ts";
import type { Scalar } from "../../ir/graph.ts";
import {
  add,
  bitcast,
  bool,
  div,
  group,
  i32,
  lane,
  le,
  lt,
  min,
  mod,
  mul,
  register,
  variable,
} from "../../kernel/expr.ts";
import type { Array_, Expr, Statement } from "../../kernel/ir.ts";
import { branch, loop, phase, store } from "../../kernel/statements.ts";
import type { FoldCluster } from "../../cluster/cluster.ts";
import { buildKernel } from "../build/bindings.ts";
import type { Bindings, KernelDraft } from "../build/bindings.ts";
import { Block } from "../build/block.ts";
import { combineKernel, newTotals, nodesOf, partialLength, partialsIn, tree } from "./fold-parts.ts";
import type { Partials } from "./fold-parts.ts";
import { foldDirection } from "./fold-shape.ts";
import { kernelComment, kernelName, writeOutputs } from "../build/kernel.ts";
import type { Lowered, ScalarLayout, Target } from "../build/lowered.ts";
import { ScalarLowering } from "../build/lower-scalar.ts";
import { axisGroup } from "../build/axis-mapping.ts";
import { combine, startOf } from "../build/reduction.ts";

export interface StreamShape extends Partials {
  /** Columns that a group keeps sums of: all of them, unless they are very many. */
  readonly columns: number;
  /** Rows that a group adds up, and how many of them at a time. */
  readonly rows: number;
  readonly together: number;
  readonly reason: string;
}

/** Smaller matrices stay in a cache, where the order of reading does not matter. */
const leastBytes = 128 << 10;
/** Sums that a group keeps: they should stay in its first-level cache. */
const mostColumns = 4096;
/** A group's part of the matrix: small beside a phase, so that threads end together, and large beside its sums. */
const groupBytes = 1 << 20;
/** Each group writes a row of sums and the second kernel reads it again: as much as two of so many rows. */
const rowsOfGroup = { least: 64, most: 1024 };
/** Parts come in multiples of this, so that usual numbers of threads get as many each. */
const evenly = 8;

/** Nothing for what is not a large matrix walked along its rows. */
export function streamShape(cluster: FoldCluster, target: Target): StreamShape | undefined {
  const [units, length] = [elementCount(cluster.axes), elementCount(cluster.over)];
  if (!target.simd || units < target.lanes || 4 * units * length < leastBytes || foldDirection(cluster) !== "axes")
    return undefined;
  const columns = Math.min(units, mostColumns);
  const wanted = Math.min(rowsOfGroup.most, Math.max(rowsOfGroup.least, groupBytes / (4 * columns)));
  const parts = Math.max(1, Math.round(length / wanted / evenly)) * evenly;
  const together = length % 4 === 0 ? 4 : length % 2 === 0 ? 2 : 1;
  const rows = Math.ceil(length / parts / together) * together;
  const partials = Math.ceil(length / rows);
  return {
    along: "axes",
    vector: 1,
    units,
    partials,
    columns,
    rows,
    together,
    reason: `a stream of ${length} rows of ${units}: ${partials} parts of ${rows} rows${partials === 1 ? "" : ", which a second kernel adds up"}`,
  };
}

export function lowerFoldStream(
  cluster: FoldCluster,
  shape: StreamShape,
  target: Target,
  layout: ScalarLayout,
): Lowered {
  const first = buildKernel(layout, target, (bindings) => streamKernel(cluster, shape, bindings, target));
  if (shape.partials === 1) return { dispatches: [first], workspaces: [], reasons: [shape.reason] };
  const second = buildKernel(layout, target, (bindings) => combineKernel(cluster, shape, bindings, target));
  return { dispatches: [first, second], workspaces: [4 * partialLength(cluster, shape)], reasons: [shape.reason] };
}

function streamKernel(cluster: FoldCluster, shape: StreamShape, bindings: Bindings, { lanes }: Target): KernelDraft {
  const { units, partials, columns, rows, together } = shape;
  const { names } = bindings;
  const space = [...cluster.axes, ...cluster.over];
  const rank = cluster.axes.length;
  const blocks = Math.ceil(units / columns);
  const vectors = Math.ceil(columns / lanes);
  const block = new Block(names);
  const part = blocks === 1 ? group : block.define("part", mod(group, partials));
  const first = blocks === 1 ? i32(0) : block.define("first", mul(div(group, partials), columns));
  const sums = newTotals(cluster, 1, bindings).map(({ register: one, ...sum }) => ({
    ...sum,
    register: { ...one, length: vectors },
  }));

  const counter = names.fresh("c");
  /** A loop over the group's vectors; `body` gets the index of the lane's column. */
  const eachVector = (code: Block, unit: Expr): readonly Statement[] =>
    loop(
      counter,
      0,
      vectors,
      1,
      branch(units % lanes === 0 && units % columns === 0 ? bool(true) : lt(unit, units), code.statements),
    );
  const unit = add(add(mul(variable(counter), lanes), lane), first);
  const columnGroup = axisGroup(0, cluster.axes, unit);
  const set = (sum: Array_, value: Expr): Statement => ({
    kind: "set",
    target: sum.name,
    ...(sum.length > 1 && { index: variable(counter) }),
    value,
  });

  const base = new ScalarLowering({ bindings, block, space, groups: [] });
  const bound = lastRow(cluster);
  const from = block.define("from", mul(part, rows));
  const whole =
    partials * rows === elementCount(cluster.over) ? add(from, rows) : min(add(from, rows), elementCount(cluster.over));
  const to = block.define("to", bound ? min(whole, add(base.lower(bound), 1)) : whole);

  const row = names.fresh("row");
  /** Adds the group's rows up, several at a time that lie so far apart. */
  const addRows = (scalars: readonly Scalar[], apart: number): readonly Statement[] => {
    const rowCode = block.child();
    const code = rowCode.child();
    const points = Array.from({ length: together }, (_, ahead) =>
      base
        .inside({ groups: [axisGroup(rank, cluster.over, add(variable(row), ahead * apart))], block: rowCode })
        .inside({ groups: [columnGroup], block: code }),
    );
    const values = points.map((point) => point.lowerAll(scalars));
    sums.forEach(({ op, register: array }, i) =>
      code.push(
        set(
          array,
          combine(
            op,
            register(array, variable(counter)),
            tree(
              op,
              values.map((value) => value[i] as Expr),
            ),
          ),
        ),
      ),
    );
    rowCode.push(...eachVector(code, unit));
    return apart === 1
      ? loop(row, from, to, together, rowCode.statements)
      : loop(row, from, add(from, apart), 1, rowCode.statements);
  };
  const scalars = cluster.values.map(({ value }) => value);
  // Rows that lie apart are streams of their own; where reading may end early they are neighbours.
  const apart = partials * rows === elementCount(cluster.over) ? rows / together : 1;
  const below = bound && belowGuard(scalars, rank);
  const added = below
    ? branch(le(add(from, rows), base.lower(below.bound)), addRows(below.scalars, apart), addRows(scalars, 1))
    : addRows(scalars, bound ? 1 : apart);

  const starts = sums.map(({ op, type, register: array }) => set(array, startOf(op, type)));
  block.push(...loop(counter, 0, vectors, 1, starts), ...added);

  const end = block.child();
  if (partials === 1) {
    writeOutputs(
      cluster.outputs,
      new ScalarLowering({
        bindings,
        block: end,
        space,
        groups: [columnGroup],
        slots: (i) => sums[i] && register(sums[i].register, variable(counter)),
      }),
    );
  } else {
    const workspace = partialsIn(bindings, "write", cluster, shape);
    const { scalar } = workspace.element;
    sums.forEach(({ register: array }, i) =>
      end.push(
        store(
          workspace,
          add(mul(add(part, i * partials), units), unit),
          bitcast(register(array, variable(counter)), scalar === "i32" ? "i32" : "f32"),
        ),
      ),
    );
  }
  block.push(...eachVector(end, unit));
  return {
    name: kernelName("fold", nodesOf(cluster), partials === 1 ? "" : "partial"),
    groups: blocks * partials,
    lanes,
    shared: [],
    registers: sums.map((sum) => sum.register),
    body: [phase(block.statements)],
    comment: kernelComment(nodesOf(cluster)),
  };
}

/** The last row that any value needs, where guards tell. */
function lastRow({ axes, over, values }: FoldCluster): Scalar | undefined {
  if (over.length !== 1) return undefined;
  const bounds = values.map(({ op, value }) =>
    op === "sum" ? lastNonZero(value, axes.length) : op === "max" ? lastAboveLowest(value, axes.length) : undefined,
  );
  return bounds.every((bound) => bound === bounds[0]) ? bounds[0] : undefined;
}
