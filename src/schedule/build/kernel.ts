/** @file What all schedules share: names and comments of kernels, the position in a flat grid, writing a cluster's outputs. */
import { invariant } from "../../util/invariant.ts";
import { printNode, shortNames } from "../../ir/print/print.ts";
import { axis } from "../../ir/scalar.ts";
import type { Node, Scalar } from "../../ir/graph.ts";
import { add, group, lane, mul } from "../../kernel/expr.ts";
import type { Expr } from "../../kernel/ir.ts";
import type { Output } from "../../cluster/cluster.ts";
import type { ScalarLowering } from "./lower-scalar.ts";
import { roleName } from "./names.ts";

/** `contract_layers_mix_q`: the archetype and what it computes first, without layer numbers. */
export function kernelName(archetype: string, nodes: readonly Node[], stage = ""): string {
  const first = nodes[0];
  invariant(first, `a ${archetype} without outputs`);
  return [archetype, roleName(first.name), ...(stage === "" ? [] : [stage])].join("_");
}

/** What a kernel computes, one equation for each node it writes: `q[B, T, H, E] = sum[d](y[b, t, d] * wq[d, h, e])`. Very long ones are cut. */
export function kernelComment(nodes: readonly Node[]): string[] {
  const names = new Map(shortNames(nodes));
  for (const node of nodes)
    if (node.kind === "update") names.set(node.value, `new ${names.get(node.target) ?? node.target.name}`);
  return nodes.map((node) => {
    const { text } = printNode(node.kind === "update" ? node.value : node, (n) => names.get(n) ?? n.name);
    return text.length > longestEquation ? `${text.slice(0, longestEquation)} …` : text;
  });
}

const longestEquation = 160;

/** The number of this lane in the whole grid. */
export const globalLane = (lanes: number): Expr => add(mul(group, lanes), lane);

/** Index of the element an output writes, as scalars over the cluster's positions. */
function writtenAt(output: Output): readonly Scalar[] {
  return output.at ?? output.node.axes.map((_, i) => axis(i));
}

/**
 * Computes the values of several outputs, then writes them. What a lane reads of an array that it updates in place is read before: loads are lets, and they come first.
 */
export function writeOutputs(outputs: readonly Output[], lowering: ScalarLowering): void {
  const values = lowering.lowerAll(outputs.map((output) => output.value));
  outputs.forEach((output, i) =>
    lowering.block.push(...lowering.store(output.node, values[i] as Expr, writtenAt(output))),
  );
}
