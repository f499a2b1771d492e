/**
 * @file Pointwise clusters: every lane computes one element of each output, or four neighbours along the last axis. Reads of what the kernel updates
 * in place are of the element written, so one lane alone touches it.
 */
import { elementCount } from "../ir/node.ts";
import { lt } from "../kernel/expr.ts";
import { branch, phase } from "../kernel/statements.ts";
import type { MapCluster } from "../cluster/cluster.ts";
import { buildKernel } from "./build/bindings.ts";
import { Block } from "./build/block.ts";
import { globalLane, kernelComment, kernelName, writeOutputs } from "./build/kernel.ts";
import { toExpr, linear, times } from "./build/linear.ts";
import type { Lowered, ScalarLayout, Target } from "./build/lowered.ts";
import { ScalarLowering } from "./build/lower-scalar.ts";
import { axisGroup } from "./build/axis-mapping.ts";

export function lowerMap(cluster: MapCluster, target: Target, layout: ScalarLayout): Lowered {
  const { axes, outputs } = cluster;
  const nodes = outputs.map((output) => output.node);
  const vector = !target.simd && (axes.at(-1)?.size ?? 1) % 4 === 0;
  const threads = elementCount(axes) / (vector ? 4 : 1);
  const lanes = lanesFor(threads, target);
  const groups = Math.ceil(threads / lanes);
  const dispatch = buildKernel(layout, target, (bindings) => {
    const block = new Block(bindings.names);
    const thread = block.define("i", globalLane(lanes));
    const index = vector ? toExpr(times(linear(thread), 4)) : thread;
    const lowering = new ScalarLowering({ bindings, block, space: axes, groups: [axisGroup(0, axes, index, vector)] });
    if (groups * lanes === threads) writeOutputs(outputs, lowering);
    else {
      const inside = lowering.branch();
      writeOutputs(outputs, inside);
      block.push(...branch(lt(thread, threads), inside.block.statements));
    }
    return {
      name: kernelName("map", nodes),
      groups,
      lanes,
      shared: [],
      registers: [],
      body: [phase(block.statements)],
      comment: kernelComment(nodes),
    };
  });
  return {
    dispatches: [{ ...dispatch, walk: { axes, perGroup: lanes * (vector ? 4 : 1) } }],
    workspaces: [],
    reasons: [
      vector
        ? "four elements a lane along the last axis"
        : target.simd
          ? "one element a lane"
          : "one element a lane: four does not divide the last axis",
    ],
  };
}

/** The whole workgroup, or less for little work. */
function lanesFor(threads: number, target: Target): number {
  let lanes = target.lanes;
  while (lanes > 32 && lanes / 2 >= threads) lanes /= 2;
  return lanes;
}
