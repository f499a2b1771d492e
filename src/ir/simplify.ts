/**
 * @file Simplifying whole graphs before they are differentiated: bodies are simplified over their index spaces, nodes that only rename,
 * broadcast or are one number disappear into their readers, equal computations become one node. What nothing reads any more
 * is gone by itself, since graphs are what their roots reach. Regions come later and are not expected here.
 */
import { invariant, unreachable } from "../diagnostics/invariant.ts";
import { spaceOf } from "./affine.ts";
import type { Axis, Comp, Node, Scalar } from "./graph.ts";
import { comp, reachable, scatter, update } from "./node.ts";
import { literal, mul, read, rewrite, select, substitute } from "./scalar.ts";
import { simplifier } from "./simplify-scalar.ts";

/** Simplifies what the roots reach; answers with the node that now computes an old one. Names and origins are the oldest's. */
export function simplifyGraph(roots: readonly Node[]): (old: Node) => Node {
  const made = new Map<Node, Node>();
  const equal = new Map<string, Node>();
  const unique = (key: string, node: () => Node): Node => {
    const known = equal.get(key) ?? node();
    equal.set(key, known);
    return known;
  };
  const renew = (node: Node): Node => {
    const label = { name: node.name, ...(node.origin && { origin: node.origin }) };
    const scalars = bodyRewriter(node, made);
    switch (node.kind) {
      case "leaf": return node;
      case "comp": {
        const body = scalars(node.body);
        if (body === node.body) return unique(compKey(node), () => node);
        const fresh = comp(label, node.axes, body, node.reduce);
        return unique(compKey(fresh), () => fresh);
      }
      case "scatter": return scatter(label, node.axes, node.over, node.at.map(scalars), scalars(node.body));
      case "update": return update(node.target, made.get(node.value) ?? node.value);
      case "region": throw new Error(`internal: region ${node.name} while simplifying`);
      default: return unreachable(node);
    }
  };
  for (const node of reachable(roots)) made.set(node, renew(node));
  return (old) => {
    const node = made.get(old);
    invariant(node, `${old.name} was not simplified`);
    return node;
  };
}

function bodyRewriter(node: Node, made: ReadonlyMap<Node, Node>): (s: Scalar) => Scalar {
  const simplify = simplifier(spaceOf(node));
  const memo = new Map<Scalar, Scalar>();
  const renewed = (s: Scalar): Scalar => rewrite(s, (e) => {
    if (e.kind === "binary" && e.op === "mul") return selected(renewed(e.left), renewed(e.right)) ?? selected(renewed(e.right), renewed(e.left));
    if (e.kind !== "read") return undefined;
    const of = made.get(e.of) ?? e.of;
    const at = e.at.map(renewed);
    return isTrivial(of) ? substitute(of.body, at) : read(of, at);
  }, memo);
  return (s) => simplify(renewed(s));
}

/** `x · (if c then 1 else 0)` is a choice, not a product: then an untaken side is never multiplied, nor its gradient. */
function selected(x: Scalar, by: Scalar): Scalar | undefined {
  if (by.kind !== "select" || by.then.kind !== "literal" || by.else.kind !== "literal") return undefined;
  const [one, other] = [by.then.value, by.else.value];
  if (one !== 0 && other !== 0) return undefined;
  const side = (k: number): Scalar => (k === 0 ? literal(0, x.dtype) : mul(x, literal(k, x.dtype)));
  return select(by.condition, side(one), side(other));
}

/** Not worth a node: a number, an index value, or another node read at plain positions. */
function isTrivial(node: Node): node is Comp {
  if (node.kind !== "comp" || node.reduce) return false;
  const { body } = node;
  return body.kind === "literal" || body.kind === "axis" || (body.kind === "cast" && body.of.kind === "axis") ||
    (body.kind === "read" && body.at.every((i) => i.kind === "axis" || i.kind === "literal"));
}

function compKey({ axes, reduce, body }: Comp): string {
  return `${axesKey(axes)}|${reduce ? `${reduce.op} ${axesKey(reduce.axes)}` : ""}|${body.id}`;
}

function axesKey(axes: readonly Axis[]): string {
  return axes.map((a) => `${a.name}:${a.size}`).join();
}
