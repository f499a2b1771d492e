/** @file Open scalars become nodes: the free index variables, oldest first, are the node's leading axes, so that lifting costs nothing. */
import type { Span } from "../../diagnostics/source.ts";
import type { Axis, Node, Reduction, Scalar } from "../../ir/graph.ts";
import { comp } from "../../ir/node.ts";
import { axis, operands, read } from "../../ir/scalar.ts";
import type { Environment } from "./frame.ts";
import { bindVariables, freeVariables, variableOf, type Session } from "./session.ts";

export interface NodeOrigin {
  readonly name: string;
  readonly origin: Span;
}

/** A node over the free variables of `body`, then `own`; gives its element at those variables. */
export function toNode(session: Session, place: NodeOrigin, own: readonly number[], body: Scalar): Scalar {
  const variables = [...freeVariables(body).filter((v) => !own.includes(v)), ...own];
  const node = comp(place, axesOf(session, variables), bindVariables(body, positions(variables)));
  return read(node, variables.map(axis));
}

/** The same with `reduced` variables folded away. */
export function reduceToNode(
  session: Session,
  place: NodeOrigin,
  op: Reduction["op"],
  reduced: readonly number[],
  body: Scalar,
): Scalar {
  const variables = freeVariables(body).filter((v) => !reduced.includes(v));
  const bound = bindVariables(body, positions([...variables, ...reduced]));
  const node: Node = comp(place, axesOf(session, variables), bound, { op, axes: axesOf(session, reduced) });
  return read(node, variables.map(axis));
}

/** What an axis of each variable looks like in the IR. */
export function axesOf(session: Session, variables: readonly number[]): readonly Axis[] {
  return variables.map((v) => {
    const { axisName, size } = variableOf(session, v);
    return { name: axisName, size: size.value };
  });
}

/** Variables renumbered as the axes of a node. */
export function positions(variables: readonly number[]): ReadonlyMap<number, Scalar> {
  return new Map(variables.map((v, i) => [v, axis(i)] as const));
}

/** Whether a scalar is cheaper than a node for it: a plain read, or arithmetic on indices alone. */
export function isTrivial(body: Scalar): boolean {
  if (body.kind === "read") return body.at.every(isIndexArithmetic);
  return body.kind === "literal" || isIndexArithmetic(body);
}

function isIndexArithmetic(body: Scalar): boolean {
  if (body.kind === "read" || body.dtype === "f32") return false;
  return operands(body).every(isIndexArithmetic);
}

/** The path of a node in the model: `layers.0.mix.q`. */
export function nodeName(env: Environment, suffix = ""): string {
  return [...env.frame.path, `${env.label}${suffix}`].join(".");
}
