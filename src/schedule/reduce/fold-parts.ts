/** @file What both kernels of a fold share: accumulators, partial results in a workspace, and the kernel that adds those up in order. */
import { invariant } from "../../util/invariant.ts";
import { elementCount } from "../../ir/node.ts";
import { add, bitcast, bool, eq, group, lane, load, lt, mul, register, variable } from "../../kernel/expr.ts";
import type { Array_, Binding, Expr, UniformStatement, Width } from "../../kernel/ir.ts";
import { assign, branch, phase, reduce } from "../../kernel/statements.ts";
import type { FoldCluster } from "../../cluster/cluster.ts";
import type { Bindings, KernelDraft } from "../build/bindings.ts";
import { Block } from "../build/block.ts";
import type { FoldShape } from "./fold-shape.ts";
import { globalLane, kernelComment, kernelName, writeOutputs } from "../build/kernel.ts";
import { accumulate, accumulatingLoop } from "../build/long-sums.ts";
import type { Accumulator } from "../build/long-sums.ts";
import type { Target } from "../build/lowered.ts";
import { ScalarLowering } from "../build/lower-scalar.ts";
import { powerOfTwoAbove } from "../build/powers.ts";
import { axisGroup } from "../build/axis-mapping.ts";
import { combine, kernelOp, startOf, valueType } from "../build/reduction.ts";

/** How many results there are, and how many partial ones of each. */
export type Partials = Pick<FoldShape, "along" | "vector" | "units" | "partials">;

export const nodesOf = (cluster: FoldCluster) => cluster.outputs.map((output) => output.node);

/** Results that a unit is. */
export const unitWidth = (shape: Partials): 1 | 4 => (shape.along === "axes" ? shape.vector : 1);

/** Partial results lie by value, then partial, then result. */
export const partialLength = (cluster: FoldCluster, shape: Partials): number =>
  cluster.values.length * shape.partials * elementCount(cluster.axes);

/** The buffer of partial results: of f32, or where some are i32 the bits of all as i32. */
export function partialsIn(
  bindings: Bindings,
  access: "read" | "write",
  cluster: FoldCluster,
  shape: Partials,
): Binding {
  const scalar = cluster.values.every(({ value }) => value.dtype === "f32") ? "f32" : "i32";
  return bindings.workspace(0, partialLength(cluster, shape) / unitWidth(shape), access, unitWidth(shape), scalar);
}

/** What a lane accumulates of each value. */
export interface Total extends Accumulator {
  readonly register: Array_;
}

export function newTotals(cluster: FoldCluster, width: Width, bindings: Bindings, hint = ""): Total[] {
  return cluster.values.map(({ op, value }, i) => {
    const type = valueType(value.dtype, width);
    const name = bindings.names.fresh(`${op}${hint}_${i}`);
    return { op, name, type, register: { name, element: type, length: 1 } };
  });
}

export const begin = (totals: readonly Total[]) =>
  totals.map(({ register, op, type }) => assign(register, startOf(op, type)));

/** Combines the totals of the lanes of a workgroup; gives the shared arrays for it, one for each type. */
export function combineLanes(
  totals: readonly Total[],
  lanes: number,
  names: Bindings["names"],
  body: UniformStatement[],
): readonly Array_[] {
  const scratches = new Map<string, Array_>();
  for (const { op, type, register } of totals) {
    const scratch = scratches.get(type.scalar) ?? { name: names.fresh("scratch"), element: type, length: lanes };
    scratches.set(type.scalar, scratch);
    body.push(reduce(kernelOp(op), register, scratch));
  }
  return [...scratches.values()];
}

/** Values combined in pairs, pairs of pairs, and so on. */
export function tree(op: Accumulator["op"], values: readonly Expr[]): Expr {
  const [first, ...rest] = values;
  invariant(first, "no values to combine");
  if (rest.length === 0) return first;
  const half = values.length >> 1;
  return combine(op, tree(op, values.slice(0, half)), tree(op, values.slice(half)));
}

/** More partial results of a unit than one lane adds up, where the lanes of a workgroup may do it. */
const fewPartials = 32;

/** One lane a unit adds the partial results up in order, or, when they are many, a workgroup a unit. */
export function combineKernel(cluster: FoldCluster, shape: Partials, bindings: Bindings, target: Target): KernelDraft {
  const { units, partials } = shape;
  const { names } = bindings;
  const width = unitWidth(shape);
  const many = target.staging && partials > fewPartials;
  const lanes = many
    ? Math.min(target.lanes, powerOfTwoAbove(partials / 4))
    : Math.min(target.simd ? target.lanes : 32, powerOfTwoAbove(units));
  const outer = new Block(names);
  const unit = many ? group : outer.define("unit", globalLane(lanes));
  const code = outer.child();
  const workspace = partialsIn(bindings, "read", cluster, shape);
  const totals = newTotals(cluster, width, bindings);
  code.push(...begin(totals));
  const counter = names.fresh("j");
  const at = many ? add(mul(variable(counter), lanes), lane) : variable(counter);
  const steps = many ? Math.ceil(partials / lanes) : partials;
  code.push(
    ...accumulatingLoop(names, totals, { counter, from: 0, to: steps, by: 1, most: steps }, (into) =>
      branch(
        many && partials % lanes !== 0 ? lt(at, partials) : bool(true),
        into.map((sum, i) => {
          const partial = load(workspace, add(mul(add(at, i * partials), units), unit));
          return accumulate(sum, bitcast(partial, sum.type.scalar === "i32" ? "i32" : "f32"));
        }),
      ),
    ),
  );

  const body: UniformStatement[] = [];
  if (many) body.push(phase([...outer.statements, ...code.statements]));
  const scratches = many ? combineLanes(totals, lanes, names, body) : [];
  const end = many ? new Block(names) : code;
  const outputs = new ScalarLowering({
    bindings,
    block: end,
    space: [...cluster.axes, ...cluster.over],
    groups: [axisGroup(0, cluster.axes, mul(unit, width), width === 4)],
    slots: (i) => register((totals[i] as Total).register),
  });
  writeOutputs(cluster.outputs, outputs);
  const exists = many ? eq(lane, 0) : units % lanes === 0 ? bool(true) : lt(unit, units);
  body.push(phase([...(many ? [] : outer.statements), ...branch(exists, end.statements)]));
  return {
    name: kernelName("fold", nodesOf(cluster)),
    groups: many ? units : Math.ceil(units / lanes),
    lanes,
    shared: scratches,
    registers: totals.map((total) => total.register),
    body,
    comment: kernelComment(nodesOf(cluster)),
  };
}
