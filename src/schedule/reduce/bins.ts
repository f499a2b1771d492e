/**
 * @file The adjoint of a gather by ids: a lane has one bin and one element of the rest (or four), and adds what the bin's points contribute in increasing order,
 * in blocks. Points come sorted by bin, so no two lanes write the same element and no atomics are needed.
 */
import { elementCount } from "../../ir/node.ts";
import { add, bool, div, load, lt, mod, mul, register, splat, variable } from "../../kernel/expr.ts";
import type { Array_ } from "../../kernel/ir.ts";
import { assign, branch, phase } from "../../kernel/statements.ts";
import type { BinsCluster } from "../../cluster/cluster.ts";
import { buildKernel } from "../build/bindings.ts";
import { Block } from "../build/block.ts";
import { divides } from "../build/operand-layout.ts";
import { globalLane, kernelComment, kernelName, writeOutputs } from "../build/kernel.ts";
import { accumulate, accumulatingLoop } from "../build/long-sums.ts";
import type { Lowered, ScalarLayout, Target } from "../build/lowered.ts";
import { ScalarLowering } from "../build/lower-scalar.ts";
import { axisGroup } from "../build/axis-mapping.ts";
import { startOf, valueType } from "../build/reduction.ts";

export function lowerBins(cluster: BinsCluster, target: Target, layout: ScalarLayout): Lowered {
  const { bins, rest, over, order, offsets, output } = cluster;
  const width = !target.simd && rest.length > 0 && divides(rest) ? 4 : 1;
  const units = elementCount(rest) / width;
  const threads = bins.size * units;
  const lanes = Math.min(target.lanes, 64);
  const dispatch = buildKernel(layout, target, (bindings) => {
    const outer = new Block(bindings.names);
    const thread = outer.define("i", globalLane(lanes));
    const code = outer.child();
    const bin = code.define("bin", div(thread, units));
    const index = mul(units === 1 ? 0 : code.define("unit", mod(thread, units)), width);
    const type = valueType(cluster.value.dtype, width);
    const sum: Array_ = { name: bindings.names.fresh("sum"), element: type, length: 1 };
    code.push(assign(sum, startOf("sum", type)));

    const starts = bindings.reading(offsets, 1);
    const [first, end] = [code.define("first", load(starts, bin)), code.define("end", load(starts, add(bin, 1)))];
    const counter = bindings.names.fresh("j");
    const body = code.child();
    const at = body.define("point", load(bindings.reading(order, 1), variable(counter)));
    const point = new ScalarLowering({
      bindings,
      block: body,
      space: [...over, ...rest],
      groups: [axisGroup(0, over, at), axisGroup(over.length, rest, index, width === 4)],
    });
    const value = point.lower(cluster.value);
    const range = { counter, from: first, to: end, by: 1, most: elementCount(over) };
    code.push(
      ...accumulatingLoop(bindings.names, [{ name: sum.name, type, op: "sum" }], range, (into) => [
        ...body.statements,
        ...into.map((part) => accumulate(part, splat(value, width))),
      ]),
    );

    const result = new ScalarLowering({
      bindings,
      block: code,
      space: [bins, ...rest],
      groups: [axisGroup(0, [bins], bin), axisGroup(1, rest, index, width === 4)],
      slots: (slot) => (slot === 0 ? register(sum) : undefined),
    });
    writeOutputs([output], result);
    return {
      name: kernelName("bins", [output.node]),
      groups: Math.ceil(threads / lanes),
      lanes,
      shared: [],
      registers: [sum],
      body: [
        phase([
          ...outer.statements,
          ...branch(threads % lanes === 0 ? bool(true) : lt(thread, threads), code.statements),
        ]),
      ],
      comment: kernelComment([output.node]),
    };
  });
  return {
    dispatches: [dispatch],
    workspaces: [],
    reasons: [`one lane for ${width === 1 ? "an element" : "four elements"} of a bin, its points in order`],
  };
}
