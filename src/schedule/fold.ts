/** @file Large reductions with a small result, in one stage or two, both in a fixed order. */
import { invariant } from "../diagnostics/invariant.ts";
import { elementCount } from "../ir/node.ts";
import { add, bool, div, eq, f32Type, group, i32, lane, load, lt, mod, mul, register, splat, variable, vectorOf } from "../kernel/expr.ts";
import type { Array_, Expr, Statement, UniformStatement } from "../kernel/ir.ts";
import { assign, branch, loop, phase, reduce, store } from "../kernel/statements.ts";
import type { FoldCluster } from "../optimize/cluster.ts";
import { buildKernel } from "./bindings.ts";
import type { Bindings, KernelDraft } from "./bindings.ts";
import { Block } from "./block.ts";
import { foldShape } from "./fold-shape.ts";
import type { FoldShape } from "./fold-shape.ts";
import { globalLane, kernelComment, kernelName, writeOutputs } from "./kernel.ts";
import type { Lowered, ScalarLayout, Target } from "./lowered.ts";
import { ScalarLowering } from "./lower-scalar.ts";
import { axisGroup } from "./place.ts";
import { across, combine, kernelOp, startOf } from "./reduction.ts";

export function lowerFold(cluster: FoldCluster, target: Target, layout: ScalarLayout): Lowered {
  invariant(cluster.values.every(({ value }) => value.dtype === "f32"), "folds are of floats");
  const shape = foldShape(cluster, target);
  const first = buildKernel(layout, target, (bindings) => partialKernel(cluster, shape, bindings));
  if (shape.partials === 1) return { dispatches: [first], workspaces: [], reasons: [shape.reason] };
  const second = buildKernel(layout, target, (bindings) => combineKernel(cluster, shape, bindings));
  return { dispatches: [first, second], workspaces: [4 * partialLength(cluster, shape)], reasons: [shape.reason] };
}

/** Partial results lie by value, then partial, then result. */
const partialLength = (cluster: FoldCluster, shape: FoldShape): number => cluster.values.length * shape.partials * elementCount(cluster.axes);

const nodesOf = (cluster: FoldCluster) => cluster.outputs.map((output) => output.node);

/** Every lane reduces its slice for its unit. */
function partialKernel(cluster: FoldCluster, shape: FoldShape, bindings: Bindings): KernelDraft {
  const { units, slices, lanes, partials } = shape;
  const widths = { axes: shape.vector === "axes" ? 4 : 1, over: shape.vector === "over" ? 4 : 1 } as const;
  const outer = new Block(bindings.names);
  const id = outer.define("id", globalLane(lanes));
  const unit = units === 1 ? i32(0) : outer.define("unit", slices === 1 ? id : mod(id, units));
  const slice = slices === 1 ? i32(0) : outer.define("slice", units === 1 ? id : div(id, units));
  const code = outer.child();
  const space = [...cluster.axes, ...cluster.over];
  const axes = axisGroup(0, cluster.axes, mul(unit, widths.axes), widths.axes === 4);

  const registers: Array_[] = [];
  const newRegister = (name: string, width: 1 | 4): Array_ => {
    const made: Array_ = { name: bindings.names.fresh(name), element: vectorOf(f32Type, width), length: 1 };
    registers.push(made);
    return made;
  };
  const accumulators = cluster.values.map(({ op }, i) => newRegister(`${op}_${i}`, widths.axes === 4 || widths.over === 4 ? 4 : 1));
  cluster.values.forEach(({ op }, i) => code.push(assign(accumulators[i] as Array_, startOf(op, (accumulators[i] as Array_).element))));

  // The slices of neighbouring lanes are interleaved.
  const base = new ScalarLowering({ bindings, block: code, space, groups: [axes] });
  const counter = bindings.names.fresh("j");
  const at = shape.steps === 1 ? slice : add(mul(variable(counter), slices), slice);
  const overAxis = axisGroup(cluster.axes.length, cluster.over, mul(at, widths.over), widths.over === 4);
  const point = base.inside({ groups: [overAxis] });
  const values = point.lowerAll(cluster.values.map(({ value }) => value));
  cluster.values.forEach(({ op }, i) => {
    const accumulator = accumulators[i] as Array_;
    point.block.push(assign(accumulator, combine(op, register(accumulator), splat(values[i] as Expr, accumulator.element.width))));
  });
  const length = elementCount(cluster.over) / widths.over;
  const step = branch(length === shape.steps * slices ? bool(true) : lt(at, length), point.block.statements);
  code.push(...(shape.steps === 1 ? step : loop(counter, 0, shape.steps, 1, step)));
  const totals = accumulators.map((accumulator, i) => {
    if (widths.over === 1) return accumulator;
    const op = cluster.values[i]?.op ?? "sum";
    const total = newRegister(`${op}_all_${i}`, 1);
    code.push(assign(total, across(op, register(accumulator))));
    return total;
  });

  const body: UniformStatement[] = [];
  const shared: Array_[] = [];
  const all = units * slices;
  const guarded = (statements: readonly Statement[]): readonly Statement[] => branch(all % lanes === 0 ? bool(true) : lt(id, all), statements);
  let end = code;
  let mine: Expr = bool(true);
  let partial = slice;
  if (partials < slices) {
    body.push(phase([...outer.statements, ...guarded(code.statements)]));
    const scratch: Array_ = { name: bindings.names.fresh("scratch"), element: f32Type, length: lanes };
    shared.push(scratch);
    totals.forEach((total, i) => body.push(reduce(kernelOp(cluster.values[i]?.op ?? "sum"), total, scratch)));
    end = new Block(bindings.names);
    mine = eq(lane, 0);
    partial = group;
  }
  const result = end === code ? code : end.child();
  if (partials === 1) {
    const outputs = new ScalarLowering({ bindings, block: result, space, groups: [axes], slots: (i) => register(totals[i] as Array_) });
    writeOutputs(cluster.outputs, outputs);
  } else {
    const workspace = bindings.workspace(0, partialLength(cluster, shape) / widths.axes, "write", widths.axes);
    totals.forEach((total, i) => result.push(store(workspace, add(mul(add(partial, i * partials), units), unit), register(total))));
  }
  if (end === code) body.push(phase([...outer.statements, ...guarded(code.statements)]));
  else body.push(phase(branch(mine, result.statements)));
  return {
    name: kernelName("fold", nodesOf(cluster), partials === 1 ? "" : "partial"), groups: shape.groups, lanes, shared, registers, body,
    comment: kernelComment(nodesOf(cluster)),
  };
}

/** One lane a unit adds the partial results up in order, or, when they are many, a workgroup a unit. */
function combineKernel(cluster: FoldCluster, shape: FoldShape, bindings: Bindings): KernelDraft {
  const { units, partials } = shape;
  const width = shape.vector === "axes" ? 4 : 1;
  const many = partials > 64 && width === 1;
  const lanes = many ? 64 : Math.min(32, 2 ** Math.ceil(Math.log2(units)));
  const outer = new Block(bindings.names);
  const unit = many ? group : outer.define("unit", globalLane(lanes));
  const code = outer.child();
  const workspace = bindings.workspace(0, partialLength(cluster, shape) / width, "read", width);
  const registers = cluster.values.map(({ op }, i): Array_ => ({ name: bindings.names.fresh(`${op}_${i}`), element: vectorOf(f32Type, width), length: 1 }));
  cluster.values.forEach(({ op }, i) => code.push(assign(registers[i] as Array_, startOf(op, vectorOf(f32Type, width)))));
  const counter = bindings.names.fresh("j");
  const at = many ? add(mul(variable(counter), lanes), lane) : variable(counter);
  const step = cluster.values.map(({ op }, i) => {
    const accumulator = registers[i] as Array_;
    return assign(accumulator, combine(op, register(accumulator), load(workspace, add(mul(add(at, i * partials), units), unit))));
  });
  const steps = many ? Math.ceil(partials / lanes) : partials;
  code.push(...loop(counter, 0, steps, 1, branch(many && partials % lanes !== 0 ? lt(at, partials) : bool(true), step)));

  const body: UniformStatement[] = [];
  const shared: Array_[] = [];
  let end = code;
  if (many) {
    body.push(phase([...outer.statements, ...code.statements]));
    const scratch: Array_ = { name: bindings.names.fresh("scratch"), element: f32Type, length: lanes };
    shared.push(scratch);
    registers.forEach((accumulator, i) => body.push(reduce(kernelOp(cluster.values[i]?.op ?? "sum"), accumulator, scratch)));
    end = new Block(bindings.names);
  }
  const outputs = new ScalarLowering({
    bindings, block: end, space: [...cluster.axes, ...cluster.over], groups: [axisGroup(0, cluster.axes, mul(unit, width), width === 4)],
    slots: (i) => register(registers[i] as Array_),
  });
  writeOutputs(cluster.outputs, outputs);
  const exists = many ? eq(lane, 0) : units % lanes === 0 ? bool(true) : lt(unit, units);
  body.push(many ? phase(branch(exists, end.statements)) : phase([...outer.statements, ...branch(exists, end.statements)]));
  return {
    name: kernelName("fold", nodesOf(cluster)), groups: many ? units : Math.ceil(units / lanes), lanes, shared, registers, body,
    comment: kernelComment(nodesOf(cluster)),
  };
}
