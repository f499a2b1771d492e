/** @file When a value is known: while compiling, once a step, or only with the batch. */
import { unreachable } from "../util/invariant.ts";
import type { Node, Scalar } from "./graph.ts";
import { inputsOf } from "./node.ts";
import { subexpressions } from "./scalar.ts";

/**
 * What a node's value depends on, at most:
 * - constant: axis values and constants alone; known while compiling.
 * - scalar: also numbers that the host sets each step.
 * - parameter: also parameters and states; fixed within a step, whatever the batch.
 * - input: the batch, or random numbers.
 */
export type Dependence = "constant" | "scalar" | "parameter" | "input";

const order: readonly Dependence[] = ["constant", "scalar", "parameter", "input"];
const dependences = new WeakMap<Node, Dependence>();

export function dependsOn(node: Node): Dependence {
  const known = dependences.get(node);
  if (known) return known;
  const result = most([...ownDependence(node), ...inputsOf(node).map(dependsOn)]);
  dependences.set(node, result);
  return result;
}

/** The dependence of an expression: of the nodes it reads, and of the random numbers it draws. */
function scalarDependsOn(s: Scalar): Dependence {
  return most(
    subexpressions(s).flatMap((e): Dependence[] =>
      e.kind === "read" ? [dependsOn(e.of)] : e.kind === "random" ? ["input"] : [],
    ),
  );
}

function ownDependence(node: Node): readonly Dependence[] {
  switch (node.kind) {
    case "leaf":
      return [node.role === "state" ? "parameter" : node.role];
    case "comp":
      return [scalarDependsOn(node.body)];
    case "scatter":
      return [...node.at, node.body].map(scalarDependsOn);
    case "region":
      return [dependsOn(node.reference)];
    case "update":
      return [];
    default:
      return unreachable(node);
  }
}

function most(of: readonly Dependence[]): Dependence {
  return order[of.reduce((m, d) => Math.max(m, order.indexOf(d)), 0)] ?? "input";
}
