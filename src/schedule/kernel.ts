/** @file What all schedules share: names and comments of kernels, the position in a flat grid, writing a cluster's outputs. */
import { invariant } from "../diagnostics/invariant.ts";
import { axis } from "../ir/scalar.ts";
import type { Node, Scalar } from "../ir/graph.ts";
import { add, group, lane, mul } from "../kernel/expr.ts";
import type { Expr } from "../kernel/ir.ts";
import type { Output } from "../optimize/cluster.ts";
import type { Block } from "./block.ts";
import type { ScalarLowering } from "./lower-scalar.ts";
import { roleName } from "./names.ts";

/** `contract_layers_mix_q`: the archetype and what it computes first, without layer numbers. */
export function kernelName(archetype: string, nodes: readonly Node[], stage = ""): string {
  const first = nodes[0];
  invariant(first, `a ${archetype} without outputs`);
  return [archetype, roleName(first.name), ...(stage === "" ? [] : [stage])].join("_");
}

/** One line for each node a kernel writes: `layers.0.mix.q[B, T, H, E]`. */
export function kernelComment(nodes: readonly Node[]): string[] {
  return nodes.map((node) => `${node.name}[${node.axes.map((axis) => axis.name).join(", ")}]`);
}

/** The number of this lane in the whole grid. */
export const globalLane = (lanes: number): Expr => add(mul(group, lanes), lane);

/** Index of the element an output writes, as scalars over the cluster's positions. */
export function writtenAt(output: Output): readonly Scalar[] {
  return output.at ?? output.node.axes.map((_, i) => axis(i));
}

/** Computes the values of several outputs, then writes them: what one lane reads of an array that is updated in place is read before it is written. */
export function writeOutputs(outputs: readonly Output[], lowering: ScalarLowering, block: Block = lowering.block): void {
  const values = lowering.lowerAll(outputs.map((output) => output.value));
  outputs.forEach((output, i) => {
    const value = values[i];
    invariant(value, `${output.node.name} has a value`);
    // Named before anything is stored, because an expression is evaluated where it is printed.
    values[i] = block.define("out", value);
  });
  outputs.forEach((output, i) => block.push(...lowering.store(output.node, values[i] as Expr, writtenAt(output))));
}
