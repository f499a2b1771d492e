/**
 * @file The second kernel of a contraction whose k was split: adds the parts of every accumulator in order and computes the outputs. Parts lie by split, accumulator,
 * then element [batch, m, n].
 */
import { add, bool, div, f32Type, literal, load, lt, mod, mul, variable, vectorOf } from "../../kernel/expr.ts";
import type { Expr } from "../../kernel/ir.ts";
import { assign, branch, declare, loop, phase } from "../../kernel/statements.ts";
import type { ContractCluster } from "../../cluster/cluster.ts";
import type { Bindings, KernelDraft } from "../build/bindings.ts";
import { Block } from "../build/block.ts";
import { divides, shapeOf } from "../build/operand-layout.ts";
import { globalLane, kernelComment, kernelName, writeOutputs } from "../build/kernel.ts";
import { ScalarLowering } from "../build/lower-scalar.ts";
import { axisGroup } from "../build/axis-mapping.ts";

/** Columns that one element of the parts takes. */
export const partWidth = (cluster: ContractCluster): 1 | 4 => (divides(cluster.n) ? 4 : 1);

/** Elements (vectors, where four divides n) of one accumulator. */
function unitsOf(cluster: ContractCluster): number {
  const { batch, m, n } = shapeOf(cluster);
  return (batch * m * n) / partWidth(cluster);
}

/** Numbers in the workspace. */
export const partsLength = (cluster: ContractCluster, splits: number): number =>
  splits * cluster.accumulators * unitsOf(cluster) * partWidth(cluster);

/** Where a part of an accumulator lies: `strip` counts columns in units of `partWidth`. */
export function partIndex(
  cluster: ContractCluster,
  split: Expr,
  accumulator: number,
  at: { readonly batch: Expr; readonly row: Expr; readonly strip: Expr },
): Expr {
  const { m, n } = shapeOf(cluster);
  const unit = add(mul(add(mul(at.batch, m), at.row), n / partWidth(cluster)), at.strip);
  return add(mul(add(mul(split, cluster.accumulators), accumulator), unitsOf(cluster)), unit);
}

export function addParts(cluster: ContractCluster, splits: number, bindings: Bindings): KernelDraft {
  const width = partWidth(cluster);
  const shape = shapeOf(cluster);
  const units = unitsOf(cluster);
  const lanes = 64;
  const outer = new Block(bindings.names);
  const unit = outer.define("i", globalLane(lanes));
  const code = outer.child();
  const row = code.define("row", div(unit, shape.n / width));
  const type = vectorOf(f32Type, width);
  const workspace = bindings.workspace(0, partsLength(cluster, splits) / width, "read", width);
  const counter = bindings.names.fresh("part");
  const sums = Array.from({ length: cluster.accumulators }, (_, i) => {
    const name = bindings.names.fresh(`sum_${i}`);
    code.push(declare(name, literal(type, 0)));
    return variable(name, type);
  });
  code.push(
    ...loop(
      counter,
      0,
      splits,
      1,
      sums.map((sum, i) =>
        assign(
          sum.kind === "variable" ? sum.name : "",
          add(sum, load(workspace, add(mul(add(mul(variable(counter), cluster.accumulators), i), units), unit))),
        ),
      ),
    ),
  );
  const lowering = new ScalarLowering({
    bindings,
    block: code,
    space: [...cluster.batch, ...cluster.m, ...cluster.n, ...cluster.k],
    groups: [
      axisGroup(0, cluster.batch, div(row, shape.m)),
      axisGroup(shape.at.m, cluster.m, shape.batch === 1 ? row : mod(row, shape.m)),
      axisGroup(shape.at.n, cluster.n, mul(mod(unit, shape.n / width), width), width === 4),
    ],
    slots: (i) => sums[i],
  });
  writeOutputs(cluster.outputs, lowering);
  const nodes = cluster.outputs.map((output) => output.node);
  return {
    name: kernelName("contract", nodes),
    groups: Math.ceil(units / lanes),
    lanes,
    shared: [],
    registers: [],
    body: [
      phase([...outer.statements, ...branch(units % lanes === 0 ? bool(true) : lt(unit, units), code.statements)]),
    ],
    comment: kernelComment(nodes),
  };
}
