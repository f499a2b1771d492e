/**
 * @file Sums along the rows of a large matrix, where lanes are the elements of one SIMD vector: one token's logits, its scores against a cache. As in `fold-stream.ts` reading the
 * matrix is all the work. A group takes a few rows at once: they are as many streams, of which memory gives more than of one. Rows are taken in the order in which they lie in
 * memory, whatever the order of the result.
 *
 * Measured on 50257 x 768: one row at a time reaches two thirds of what four at a time do.
 */
import { affineOf } from "../../ir/affine.ts";
import { elementCount } from "../../ir/node.ts";
import { subexpressions } from "../../ir/scalar.ts";
import type { Axis, Read, Scalar } from "../../ir/graph.ts";
import { belowGuard, lastNonZero } from "../../ir/support.ts";
import { add, bool, eq, group, lane, le, lt, min, mul, register, variable } from "../../kernel/expr.ts";
import type { Array_, Expr, Statement, UniformStatement } from "../../kernel/ir.ts";
import { assign, branch, loop, phase, reduce } from "../../kernel/statements.ts";
import type { Output, RowCluster } from "../../cluster/cluster.ts";
import { buildKernel } from "../build/bindings.ts";
import type { Bindings, KernelDraft } from "../build/bindings.ts";
import { Block } from "../build/block.ts";
import { kernelComment, kernelName, writeOutputs } from "../build/kernel.ts";
import { divide, linear, toExpr } from "../build/linear.ts";
import type { Lowered, ScalarLayout, Target } from "../build/lowered.ts";
import { ScalarLowering } from "../build/lower-scalar.ts";
import { axisGroup, stridesOf } from "../build/axis-mapping.ts";
import type { AxisGroup } from "../build/axis-mapping.ts";
import { combine, kernelOp, startOf, valueType } from "../build/reduction.ts";

/** Rows at once. */
const together = 4;
/** Smaller matrices stay in a cache, where the order of reading does not matter. */
const leastBytes = 128 << 10;

type Reduce = Extract<RowCluster["steps"][number], { kind: "reduce" }>;

interface Parts {
  readonly reduces: readonly { readonly slot: number; readonly step: Reduce }[];
  readonly outputs: readonly Output[];
}

/** The kernel for a row program that is one pass of reductions over a large matrix; nothing for others. */
export function lowerRowStream(cluster: RowCluster, target: Target, layout: ScalarLayout): Lowered | undefined {
  const [rows, length] = [elementCount(cluster.rows), elementCount(cluster.along)];
  const parts = partsOf(cluster);
  if (!target.simd || !parts || length < target.lanes || rows < 2 * together || 4 * rows * length < leastBytes)
    return undefined;
  const dispatch = buildKernel(layout, target, (bindings) => streamKernel(cluster, parts, bindings, target));
  return {
    dispatches: [dispatch],
    workspaces: [],
    reasons: [`a stream of ${rows} rows of ${length}: ${together} at once`],
  };
}

function partsOf({ steps }: RowCluster): Parts | undefined {
  const reduces = steps.flatMap((step, slot) => (step.kind === "reduce" ? [{ slot, step }] : []));
  const outputs = steps.flatMap((step) => (step.kind === "output" && step.per === "row" ? [step.output] : []));
  const single =
    reduces.length + outputs.length === steps.length &&
    reduces.every(
      ({ step }) => step.value.dtype !== "bool" && !subexpressions(step.value).some((part) => part.kind === "slot"),
    );
  return single && reduces.length > 0 ? { reduces, outputs } : undefined;
}

function streamKernel(
  cluster: RowCluster,
  { reduces, outputs }: Parts,
  bindings: Bindings,
  { lanes }: Target,
): KernelDraft {
  const { names } = bindings;
  const space = [...cluster.rows, ...cluster.along];
  const rows = elementCount(cluster.rows);
  const length = elementCount(cluster.along);
  const order = orderInMemory(
    cluster.rows,
    reduces.map(({ step }) => step.value),
  );
  const apart = isWhole(cluster, reduces) ? Math.ceil(rows / together) : 1;
  const sums = reduces.map(({ step }, i) =>
    Array.from({ length: together }, (_, r): Array_ => ({
      name: names.fresh(`${step.op}_${i}_${r}`),
      element: valueType(step.value.dtype, 1),
      length: 1,
    })),
  );

  /** The points of the group's rows. A row past the end is the last one, computed again. */
  const rowPoints = (block: Block): readonly ScalarLowering[] => {
    const base = new ScalarLowering({ bindings, block, space, groups: [] });
    return Array.from({ length: together }, (_, r) => {
      const at = apart === 1 ? add(mul(group, together), r) : add(group, r * apart);
      const row = rows % together === 0 ? at : block.define("row", min(at, rows - 1));
      return base.inside({ groups: rowGroups(cluster.rows, order, row, block), block });
    });
  };

  const block = new Block(names);
  const starts = sums.flatMap((each, i) =>
    each.map((sum): Statement => assign(sum, startOf(reduces[i]?.step.op ?? "sum", sum.element))),
  );
  const counter = names.fresh("c");
  const along = axisGroup(cluster.rows.length, cluster.along, add(mul(variable(counter), lanes), lane));
  const addUp = (scalars: readonly Scalar[]): readonly Statement[] => {
    const rowCode = block.child();
    const code = rowCode.child();
    const values = rowPoints(rowCode).map((point) => point.inside({ groups: [along], block: code }).lowerAll(scalars));
    values.forEach((value, r) =>
      reduces.forEach(({ step }, i) => {
        const sum = sums[i]?.[r];
        if (sum) code.push(assign(sum, combine(step.op, register(sum), value[i] as Expr)));
      }),
    );
    rowCode.push(
      ...loop(
        counter,
        0,
        Math.ceil(length / lanes),
        1,
        branch(
          length % lanes === 0 ? bool(true) : lt(add(mul(variable(counter), lanes), lane), length),
          code.statements,
        ),
      ),
    );
    return rowCode.statements;
  };
  const scalars = reduces.map(({ step }) => step.value);
  const [slowest = 0] = order;
  const below = apart === 1 ? belowGuard(scalars, slowest) : undefined;
  const last = slowestIndex(cluster.rows, order, min(add(mul(group, together), together - 1), rows - 1), block);
  const next =
    below && last
      ? branch(
          lt(last, new ScalarLowering({ bindings, block, space, groups: [] }).lower(below.bound)),
          addUp(below.scalars),
          addUp(scalars),
        )
      : addUp(scalars);
  block.push(...starts, ...branch(isNeeded(cluster, reduces, order, bindings, block), next));

  const scratches = new Map<string, Array_>();
  const combined = reduces.flatMap(({ step }, i) =>
    (sums[i] ?? []).map((sum): UniformStatement => {
      const scratch = scratches.get(sum.element.scalar) ?? {
        name: names.fresh("scratch"),
        element: sum.element,
        length: lanes,
      };
      scratches.set(sum.element.scalar, scratch);
      return reduce(kernelOp(step.op), sum, scratch);
    }),
  );
  const end = new Block(names);
  const written = rowPoints(end).flatMap((point, r): readonly Statement[] => {
    const inside = point.inside({
      slots: (slot) => {
        const sum = sums[reduces.findIndex((each) => each.slot === slot)]?.[r];
        return sum && register(sum);
      },
    });
    writeOutputs(outputs, inside);
    return branch(
      rows % together === 0 ? bool(true) : lt(apart === 1 ? add(mul(group, together), r) : add(group, r * apart), rows),
      inside.block.statements,
    );
  });
  const nodes = outputs.map((output) => output.node);
  return {
    name: kernelName("row", nodes),
    groups: Math.ceil(rows / together),
    lanes,
    shared: [...scratches.values()],
    registers: sums.flat(),
    body: [phase(block.statements), ...combined, phase([...end.statements, ...branch(eq(lane, 0), written)])],
    comment: kernelComment(nodes),
  };
}

/** Row axes in the order in which the rows of the largest tensors lie in memory. */
function orderInMemory(rows: readonly Axis[], values: readonly Scalar[]): readonly number[] {
  const reads = subexpressions(...values)
    .filter((s): s is Read => s.kind === "read")
    .toSorted((a, b) => elementCount(b.of.axes) - elementCount(a.of.axes));
  const [largest] = reads;
  const natural = rows.map((_, p) => p);
  if (!largest) return natural;
  const strides = stridesOf(largest.of.axes);
  const steps = natural.map(() => 0);
  largest.at.forEach((index, i) => {
    for (const [atom, by] of affineOf(index).terms)
      if (atom.kind === "axis" && atom.position < rows.length)
        steps[atom.position] = (steps[atom.position] ?? 0) + by * (strides[i] ?? 0);
  });
  return steps.every((step) => step > 0) ? natural.toSorted((a, b) => (steps[b] ?? 0) - (steps[a] ?? 0)) : natural;
}

/** Where a row is, for rows numbered in an order of their axes. */
function rowGroups(axes: readonly Axis[], order: readonly number[], row: Expr, block: Block): readonly AxisGroup[] {
  if (order.every((p, i) => p === i)) return [axisGroup(0, axes, row)];
  const groups: AxisGroup[] = [];
  let rest = linear(row);
  order.toReversed().forEach((p, i) => {
    const axis = axes[p];
    if (!axis) return;
    const { quotient, remainder } = divide(rest, axis.size, (expr) => block.share("at", expr));
    groups.push(axisGroup(p, [axis], toExpr(i + 1 === order.length ? rest : remainder)));
    rest = quotient;
  });
  return groups;
}

/** Whether all rows are read, whatever the position: then rows that lie apart are streams of their own. */
const isWhole = ({ rows }: RowCluster, reduces: Parts["reduces"]): boolean =>
  reduces.every(({ step }) =>
    rows.every((_, p) => (step.op === "sum" ? lastNonZero(step.value, p) : undefined) === undefined),
  );

/** Whether any of the group's rows has anything to add, where guards tell it from the slowest axis. */
function isNeeded(
  { rows }: RowCluster,
  reduces: Parts["reduces"],
  order: readonly number[],
  bindings: Bindings,
  block: Block,
): Expr {
  const [slowest = 0] = order;
  const bounds = reduces.map(({ step }) => (step.op === "sum" ? lastNonZero(step.value, slowest) : undefined));
  const [bound] = bounds;
  if (!bound || bounds.some((other) => other !== bound)) return bool(true);
  const first = slowestIndex(rows, order, mul(group, together), block);
  return first ? le(first, new ScalarLowering({ bindings, block, space: rows, groups: [] }).lower(bound)) : bool(true);
}

/** The index of a row along the slowest of its axes, where that stands by itself. */
function slowestIndex(axes: readonly Axis[], order: readonly number[], row: Expr, block: Block): Expr | undefined {
  const [slowest] = order;
  const found = rowGroups(axes, order, row, block).find((each) => each.first === slowest);
  return found?.sizes.length === 1 ? found.index : undefined;
}
