/** @file Large reductions with a small result, in one stage or two, both in a fixed order. */
import { invariant } from "../../util/invariant.ts";
import { elementCount } from "../../ir/node.ts";
import {
  add,
  bitcast,
  bool,
  div,
  eq,
  group,
  i32,
  lane,
  lt,
  mod,
  mul,
  register,
  splat,
  variable,
} from "../../kernel/expr.ts";
import type { Expr, UniformStatement } from "../../kernel/ir.ts";
import { assign, branch, phase, store } from "../../kernel/statements.ts";
import type { FoldCluster } from "../../cluster/cluster.ts";
import { buildKernel } from "../build/bindings.ts";
import type { Bindings, KernelDraft } from "../build/bindings.ts";
import { Block } from "../build/block.ts";
import {
  begin,
  combineKernel,
  combineLanes,
  newTotals,
  nodesOf,
  partialLength,
  partialsIn,
  tree,
  unitWidth,
} from "./fold-parts.ts";
import type { Total } from "./fold-parts.ts";
import { foldShape } from "./fold-shape.ts";
import type { FoldShape } from "./fold-shape.ts";
import { lowerFoldStream, streamShape } from "./fold-stream.ts";
import { globalLane, kernelComment, kernelName, writeOutputs } from "../build/kernel.ts";
import { accumulate, accumulatingLoop } from "../build/long-sums.ts";
import type { Accumulator } from "../build/long-sums.ts";
import type { Lowered, ScalarLayout, Target } from "../build/lowered.ts";
import { ScalarLowering } from "../build/lower-scalar.ts";
import { axisGroup } from "../build/axis-mapping.ts";
import { across } from "../build/reduction.ts";

export function lowerFold(cluster: FoldCluster, target: Target, layout: ScalarLayout): Lowered {
  invariant(
    cluster.values.every(({ value }) => value.dtype !== "bool"),
    "booleans are not reduced",
  );
  const stream = streamShape(cluster, target);
  if (stream) return lowerFoldStream(cluster, stream, target, layout);
  const shape = foldShape(cluster, target);
  const first = buildKernel(layout, target, (bindings) => partialKernel(cluster, shape, bindings));
  if (shape.partials === 1) return { dispatches: [first], workspaces: [], reasons: [shape.reason] };
  const second = buildKernel(layout, target, (bindings) => combineKernel(cluster, shape, bindings, target));
  return { dispatches: [first, second], workspaces: [4 * partialLength(cluster, shape)], reasons: [shape.reason] };
}

/** Steps of a lane that go together: their loads do not wait for each other, and a loop costs less. */
const together = 4;

/** Every lane reduces its slice for its unit. */
function partialKernel(cluster: FoldCluster, shape: FoldShape, bindings: Bindings): KernelDraft {
  const { units, slices, lanes, partials, along, vector, steps, interleaved } = shape;
  const { names } = bindings;
  const width = unitWidth(shape);
  const outer = new Block(names);
  const id = outer.define("id", globalLane(lanes));
  // With the parts of a workgroup's lanes combined, a workgroup belongs to one unit.
  const shared = partials < slices;
  const unitOf = along === "axes" ? mod(id, units) : shared ? div(group, partials) : div(id, slices);
  const sliceOf = along === "axes" ? div(id, units) : mod(id, slices);
  const unit = units === 1 ? i32(0) : outer.define("unit", slices === 1 ? id : unitOf);
  const slice = slices === 1 ? i32(0) : outer.define("slice", units === 1 ? id : sliceOf);
  // Runs of slices are interleaved, and each run has a stretch of its own.
  const start =
    interleaved === slices
      ? slice
      : outer.define("start", add(mul(div(slice, interleaved), interleaved * steps), mod(slice, interleaved)));
  const code = outer.child();
  const space = [...cluster.axes, ...cluster.over];
  const axes = axisGroup(0, cluster.axes, mul(unit, width), width === 4);

  const sums = newTotals(cluster, vector, bindings);
  code.push(...begin(sums));
  const base = new ScalarLowering({ bindings, block: code, space, groups: [axes] });
  const counter = names.fresh("j");
  const length = elementCount(cluster.over) / (along === "over" ? vector : 1);
  const exact = length === steps * slices;
  const points = Array.from({ length: exact && steps % together === 0 ? together : 1 }, (_, ahead) => {
    const at = steps === 1 ? start : add(mul(add(variable(counter), ahead), interleaved), start);
    const index = axisGroup(
      cluster.axes.length,
      cluster.over,
      mul(at, along === "over" ? vector : 1),
      along === "over" && vector === 4,
    );
    const point = base.inside({ groups: [index] });
    const values = point.lowerAll(cluster.values.map(({ value }) => value)).map((value) => splat(value, vector));
    return { values, statements: point.block.statements, exists: exact ? bool(true) : lt(at, length) };
  });
  const step = (into: readonly Accumulator[]) =>
    branch(points[0]?.exists ?? bool(true), [
      ...points.flatMap(({ statements }) => statements),
      ...into.map((sum, i) =>
        accumulate(
          sum,
          tree(
            sum.op,
            points.map(({ values }) => values[i] as Expr),
          ),
        ),
      ),
    ]);
  const range = { counter, from: 0, to: steps, by: points.length, most: steps / points.length };
  code.push(...(steps === 1 ? step(sums) : accumulatingLoop(names, sums, range, step)));
  const totals = width === vector ? sums : newTotals(cluster, 1, bindings, "_all");
  if (totals !== sums)
    sums.forEach(({ op, register: vector4 }, i) =>
      code.push(assign((totals[i] as Total).register, across(op, register(vector4)))),
    );

  const body: UniformStatement[] = [];
  const all = units * slices;
  const guarded = (block: Block): UniformStatement =>
    phase([...outer.statements, ...branch(all % lanes === 0 ? bool(true) : lt(id, all), block.statements)]);
  if (shared) body.push(guarded(code));
  const scratches = shared ? combineLanes(totals, lanes, names, body) : [];
  const last = shared ? new Block(names) : undefined;
  const mine = last ? unitInGroup(last, shape) : { unit, partial: slice };
  const result = last?.child() ?? code;
  if (partials === 1) {
    const groups = [axisGroup(0, cluster.axes, mul(mine.unit, width), width === 4)];
    writeOutputs(
      cluster.outputs,
      new ScalarLowering({
        bindings,
        block: result,
        space,
        groups,
        slots: (i) => register((totals[i] as Total).register),
      }),
    );
  } else {
    const workspace = partialsIn(bindings, "write", cluster, shape);
    const { scalar } = workspace.element;
    totals.forEach((total, i) =>
      result.push(
        store(
          workspace,
          add(mul(add(mine.partial, i * partials), units), mine.unit),
          bitcast(register(total.register), scalar === "i32" ? "i32" : "f32"),
        ),
      ),
    );
  }
  body.push(last ? phase([...last.statements, ...branch(eq(lane, 0), result.statements)]) : guarded(code));
  return {
    name: kernelName("fold", nodesOf(cluster), partials === 1 ? "" : "partial"),
    groups: shape.groups,
    lanes,
    shared: scratches,
    registers: [...new Set([...sums, ...totals])].map((total) => total.register),
    body,
    comment: kernelComment(nodesOf(cluster)),
  };
}

/** The unit of a workgroup, and which of its partial results the workgroup makes. */
function unitInGroup(block: Block, { units, partials }: FoldShape): { readonly unit: Expr; readonly partial: Expr } {
  if (units === 1) return { unit: i32(0), partial: group };
  return { unit: block.define("unit", div(group, partials)), partial: block.define("part", mod(group, partials)) };
}
