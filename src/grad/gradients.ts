/**
 * @file Reverse-mode differentiation of the tensor IR. Nodes are visited from the last to the first; each read of a differentiable
 * operand gives a contribution to the operand's cotangent (`read-adjoint.ts`), contributions are summed when the operand's
 * turn comes. Guards stay guards: cotangents are selected, never multiplied by zero. Nothing is decided here about what
 * to keep and what to compute again: adjoints read forward nodes.
 *
 * A maximum or minimum passes its cotangent to all elements that attain it, in equal shares, unless every use of it is invariant
 * under shifting it (`shift-invariance.ts`), as in a softmax: then its cotangent is zero and it is skipped.
 */
import { invariant, unreachable } from "../util/invariant.ts";
import { spaceOf } from "../ir/affine.ts";
import type { Comp, Leaf, Node, Read, Scalar, Scatter } from "../ir/graph.ts";
import { comp, inputsOf, reachable } from "../ir/node.ts";
import type { Label } from "../ir/node.ts";
import { axis, binary, div, literal, read, select } from "../ir/scalar.ts";
import { readNode, SumBuilder } from "../ir/sums.ts";
import { adjointOfRead } from "./read-adjoint.ts";
import { pullback } from "./scalar.ts";
import { isShiftInvariant, usersOf } from "./shift-invariance.ts";

/** What one read of a consumer adds to the cotangent of its operand. */
export interface Contribution {
  readonly consumer: Node;
  readonly operand: Node;
  readonly read: Read;
  /** Over the operand's axes. */
  readonly node: Node;
}

export interface Gradients {
  /** Over each leaf's axes; zero for a leaf that the outputs do not depend on. */
  readonly gradients: ReadonlyMap<Leaf, Node>;
  /** The total cotangent of every differentiated node. */
  readonly cotangents: ReadonlyMap<Node, Node>;
  readonly contributions: readonly Contribution[];
}

/** The gradient of a rank-0 loss with respect to leaves. */
export function gradients(loss: Node, wrt: readonly Leaf[]): Gradients {
  invariant(loss.axes.length === 0, `${loss.name} is differentiated but has axes`);
  return vjp([loss], [comp({ name: `d ${loss.name}` }, [], literal(1))], wrt);
}

/** The maxima and minima that have a gradient with respect to leaves. */
export function differentiatedExtrema(outputs: readonly Node[], wrt: readonly Leaf[]): ReadonlySet<Comp> {
  const nodes = reachableThroughReferences(outputs);
  const extrema = nodes.filter(isExtremum);
  if (extrema.length === 0) return new Set();
  const users = usersOf(nodes);
  const shifts = new Set<Node>(extrema.filter((n) => isShiftInvariant(n, users, new Set(outputs))));
  const active = activeNodes(nodes, wrt, shifts);
  return new Set(extrema.filter((n) => active.has(n)));
}

/** The product of cotangents, one over the axes of each output, with the Jacobian of the outputs with respect to leaves. */
export function vjp(outputs: readonly Node[], cotangents: readonly Node[], wrt: readonly Leaf[]): Gradients {
  const nodes = reachableThroughReferences(outputs);
  const users = usersOf(nodes);
  const shifts = new Set(nodes.filter((n) => isExtremum(n) && isShiftInvariant(n, users, new Set(outputs))));
  const active = activeNodes(nodes, wrt, shifts);
  const builder = new SumBuilder();
  const total = new Map<Node, Node>();
  const parts = new Map<Node, Node[]>();
  const contributions: Contribution[] = [];

  const contribute = (to: Node, part: Node): void => {
    if (isZero(part)) return;
    parts.set(to, [...(parts.get(to) ?? []), part]);
  };
  outputs.forEach((output, i) => {
    const cotangent = cotangents[i];
    invariant(cotangent, `no cotangent for ${output.name}`);
    if (active.has(output)) contribute(output, cotangent);
  });

  for (const node of nodes.toReversed()) {
    const cotangent = sumOfParts(builder, node, parts.get(node) ?? []);
    if (!active.has(node) || !cotangent) continue;
    total.set(node, cotangent);
    switch (node.kind) {
      case "leaf":
      case "update":
        break;
      case "region":
        contribute(node.reference, cotangent);
        break;
      case "comp":
      case "scatter": {
        for (const [operandRead, value] of bodyCotangents(builder, node, cotangent, active)) {
          const operand = operandRead.of;
          const part = adjointOfRead(builder, gradientLabel(operand), operand, operandRead.at, spaceOf(node), value);
          contributions.push({ consumer: node, operand, read: operandRead, node: part });
          contribute(operand, part);
        }
        break;
      }
      default:
        return unreachable(node);
    }
  }

  return {
    gradients: new Map(wrt.map((leaf) => [leaf, total.get(leaf) ?? zeroGradient(leaf)])),
    cotangents: total,
    contributions,
  };
}

function zeroGradient(leaf: Leaf): Node {
  return comp({ name: `d ${leaf.name}` }, leaf.axes, literal(0));
}

/** The cotangent of each read in a node's body, over the node's space. */
function bodyCotangents(
  builder: SumBuilder,
  node: Comp | Scatter,
  cotangent: Node,
  active: ReadonlySet<Node>,
): ReadonlyMap<Read, Scalar> {
  const wanted = (r: Read): boolean => active.has(r.of);
  const here = node.axes.map((_, i) => axis(i));
  if (node.kind === "scatter") {
    const inside = node.at.map((index, i) =>
      binary(
        "and",
        binary("le", literal(0, "i32"), index),
        binary("lt", index, literal(node.axes[i]?.size ?? 0, "i32")),
      ),
    );
    const found = pullback(node.body, readNode(cotangent, node.at), wanted, node.body);
    return new Map(
      [...found].map(([r, value]) => [r, inside.reduce((v, condition) => select(condition, v, literal(0)), value)]),
    );
  }
  if (!node.reduce)
    return shared(builder, node, pullback(node.body, readNode(cotangent, here), wanted, read(node, here)));
  if (node.reduce.op === "sum") return pullback(node.body, readNode(cotangent, here), wanted, node.body);
  const attains = binary("eq", node.body, read(node, here));
  const label = { name: `ties of ${node.name}`, ...(node.origin && { origin: node.origin }) };
  const ties = builder.sum(label, node.axes, node.reduce.axes, select(attains, literal(1), literal(0)));
  // No element attains an extremum that is not a number: then there is no slope rather than NaN.
  const share = div(readNode(cotangent, here), binary("max", readNode(ties, here), literal(1)));
  const found = pullback(node.body, share, wanted, node.body);
  return new Map([...found].map(([r, value]) => [r, select(attains, value, literal(0))]));
}

/** A cotangent that several reads have in common (a sum and the bias added to it) is computed once. */
function shared(builder: SumBuilder, node: Comp, found: ReadonlyMap<Read, Scalar>): ReadonlyMap<Read, Scalar> {
  const values = [...found.values()];
  const repeated = new Set(
    values.filter((value, i) => values.indexOf(value) < i && value.kind !== "read" && value.kind !== "literal"),
  );
  const here = node.axes.map((_, i) => axis(i));
  const once = (value: Scalar): Scalar => readNode(builder.pointwise(gradientLabel(node), node.axes, value), here);
  return new Map([...found].map(([r, value]) => [r, repeated.has(value) ? once(value) : value]));
}

function gradientLabel(node: Node): Label {
  return { name: `d ${node.name}`, ...(node.origin && { origin: node.origin }) };
}

function sumOfParts(builder: SumBuilder, node: Node, parts: readonly Node[]): Node | undefined {
  const [first, ...rest] = parts;
  if (!first || rest.length === 0) return first;
  const here = node.axes.map((_, i) => axis(i));
  const sum = parts.map((part) => readNode(part, here)).reduce((a, b) => binary("add", a, b));
  return builder.pointwise(gradientLabel(node), node.axes, sum);
}

function isExtremum(node: Node): node is Comp {
  return node.kind === "comp" && node.reduce !== undefined && node.reduce.op !== "sum";
}

function isZero(node: Node): boolean {
  return node.kind === "comp" && node.body.kind === "literal" && node.body.value === 0;
}

/** The f32 nodes that depend on a leaf of `wrt` through others than those `without` gradient. */
function activeNodes(nodes: readonly Node[], wrt: readonly Leaf[], without: ReadonlySet<Node>): ReadonlySet<Node> {
  const active = new Set<Node>(wrt);
  for (const node of nodes) {
    const from = node.kind === "region" ? [node.reference] : inputsOf(node);
    if (node.dtype === "f32" && node.kind !== "leaf" && !without.has(node) && from.some((n) => active.has(n)))
      active.add(node);
  }
  return active;
}

/** Every node that the values of the outputs depend on, operands first; a region stands for its reference. */
function reachableThroughReferences(outputs: readonly Node[]): readonly Node[] {
  const found = new Set<Node>();
  for (let roots = [...outputs]; roots.length > 0;) {
    const more = reachable(roots).filter((n) => !found.has(n));
    more.forEach((n) => found.add(n));
    roots = more.flatMap((n) => (n.kind === "region" && !found.has(n.reference) ? [n.reference] : []));
  }
  return [...found].toSorted((a, b) => a.id - b.id);
}
