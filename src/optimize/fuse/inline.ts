/**
 * @file Which pointwise values are stored. A pointwise node is computed again in each of its readers unless storing it moves fewer bytes or saves
 * work that would be repeated: an operand of a contraction is loaded many times; a value that takes the place of the reduction it was
 * made from costs nothing; one that gathers several large tensors for a reader elsewhere saves their traffic. Everything else
 * disappears into its readers, backward ones included: that is how cheap activations are recomputed instead of saved.
 */
import type { Comp, Node, Read, Scalar } from "../../ir/graph.ts";
import { spaceOf } from "../../ir/affine.ts";
import { comp, elementCount, inputsOf, nodesRead, reachable, scatter } from "../../ir/node.ts";
import { read, rewrite, subexpressions, substitute } from "../../ir/scalar.ts";
import { simplifyScalar } from "../../ir/simplify-scalar.ts";
import { positionsOf } from "../../ir/sums.ts";
import { isHeavy } from "../canonical/constants.ts";
import { contractionOf } from "../canonical/contraction.ts";
import { comparesBits } from "../canonical/extrema.ts";
import { labelOf, rebuildGraph } from "../canonical/rebuild.ts";
import { tensorsRead } from "../canonical/split-wide.ts";

/** Storing a value for a reader elsewhere pays when the tensors it is made of are together this much larger. */
const gathersFrom = 2.5;
/** Storing pays when its readers would together load this many times its size more than the value. */
const repeatedLoads = 2;
/** What is drawn or gathered is stored when so many nodes read it. */
const readersOfGathered = 3;
/** Beyond this a body with several readers is stored, so that chains of pointwise nodes do not grow without bound. */
const mostOperations = 64;
/** A small table of transcendental values is stored when it would be computed this many times over. */
const repeatsWorthATable = 64;
/** Transcendental values that a reduction goes over are stored when it would compute each so many times. */
const repeatsOfHeavy = 16;

export interface Inlined {
  readonly roots: readonly Node[];
  /** Why each stored pointwise node is stored. */
  readonly reasons: ReadonlyMap<Node, string>;
  /** The node given that a node came from. */
  readonly originOf: (node: Node) => Node | undefined;
}

/** `limit`: how many tensors each node's body may read, for nodes that no kernel could hold otherwise. */
export function inlinePointwise(roots: readonly Node[], limit: (node: Node) => number): Inlined {
  const nodes = reachable(roots);
  const users = usersOf(nodes);
  const operands = multiplyReadOperands(nodes, users);
  const rootSet = new Set(roots);
  const inlined = new Set<Node>();
  const reasons = new Map<Node, string>();

  const renewed = rebuildGraph(roots, (old, renew) => {
    if (old.kind === "scatter")
      return scatter(
        labelOf(old),
        old.axes,
        old.over,
        old.at.map((s) => expand(old, s, renew.node)),
        expand(old, old.body, renew.node),
      );
    if (old.kind !== "comp") return undefined;
    const made = comp(labelOf(old), old.axes, expand(old, old.body, renew.node), old.reduce);
    if (old.reduce) return made;
    const reason = rootSet.has(old) ? "it is a result" : reasonToStore(old, made);
    if (reason) reasons.set(made, reason);
    else inlined.add(old);
    return made;
  });
  const origins = new Map(nodes.map((n) => [renewed(n), n]));
  return { roots: roots.map(renewed), reasons, originOf: (node) => origins.get(node) };

  /** A body with inlined producers put in place; when that reads too many tensors, small producers stay stored. */
  function expand(node: Node, body: Scalar, newNode: (old: Node) => Node): Scalar {
    const allowed = new Set<Node>(nodesRead(body).filter((n) => inlined.has(n)));
    for (;;) {
      const made = substituteReads(node, body, newNode, allowed);
      if (allowed.size === 0 || tensorsRead(made).length <= limit(node)) return made;
      const cost = (n: Node): number => elementCount(n.axes) / tensorsRead((newNode(n) as Comp).body).length;
      const chosen = [...allowed].reduce((a, b) => (cost(b) < cost(a) ? b : a));
      allowed.delete(chosen);
      reasons.set(newNode(chosen), "its readers would touch more tensors than a kernel can bind");
    }
  }

  function reasonToStore(old: Comp, made: Comp): string | undefined {
    const readers = users.get(old) ?? [];
    const [only, ...more] = readers;
    const body = made.body;
    if (operands.has(old) && !isCheapOperand(body)) return `${operands.get(old)} loads it many times`;
    if (readers.some((u) => u.kind === "region" || u.kind === "update")) return "a structured kernel reads it";
    if (readers.some((u) => comparesBits(u, old)))
      return "it is compared for equality, and another kernel may round it otherwise";
    if (only && more.length === 0 && only.kind === "comp" && !only.reduce && readsInPlace(only.body, old))
      return undefined;
    const size = elementCount(made.axes);
    const replaced = anchorReplaced(old, made);
    if (replaced) return `it takes the place of ${replaced.name}`;
    const large = tensorsRead(body);
    const read = large.reduce((sum, n) => sum + Math.min(elementCount(n.axes), size), 0);
    if (read > gathersFrom * size && readers.some((u) => u.kind !== "comp" || u.reduce))
      return `it is ${(read / size).toFixed(1)} times smaller than what it is made of`;
    if (readers.length >= readersOfGathered && subexpressions(body).some(isGathered))
      return `it is gathered or drawn, and ${readers.length} nodes read it`;
    if (readers.length * (read / size - 1) > repeatedLoads)
      return `its ${readers.length} readers would load ${(read / size).toFixed(1)} times as much`;
    const operationCount = subexpressions(body).filter((s) => s.kind !== "literal" && s.kind !== "axis").length;
    if (more.length > 0 && operationCount > mostOperations) return "it is too long to repeat in each of its readers";
    if (subexpressions(body).some(isHeavy)) {
      const points = Math.max(...readers.map((u) => elementCount(spaceOf(u))));
      if (large.every((n) => n.kind === "leaf") && points >= repeatsWorthATable * size) return "it is a small table";
      const repeater = readers.find((u) => elementCount(spaceOf(u)) >= repeatsOfHeavy * size && sumsOver(u, old));
      if (repeater) return `each element of ${repeater.name} would compute it anew`;
    }
    return undefined;
  }

  /** A reduction of the same size that this value alone is made from: storing the value instead of it costs nothing. */
  function anchorReplaced(old: Comp, made: Comp): Node | undefined {
    const size = elementCount(made.axes);
    return nodesRead(old.body)
      .flatMap((n) => soleAnchors(n, old))
      .find((n) => elementCount(n.axes) === size);
  }

  function soleAnchors(node: Node, reader: Node): readonly Node[] {
    const readers = users.get(node) ?? [];
    if (readers.length !== 1 || readers[0] !== reader) return [];
    if (node.kind === "scatter" || (node.kind === "comp" && node.reduce)) return [node];
    return node.kind === "comp" && inlined.has(node) ? nodesRead(node.body).flatMap((n) => soleAnchors(n, node)) : [];
  }
}

/** Replaces reads of the old graph: of inlined nodes by their bodies, of others by reads of the new nodes. */
function substituteReads(node: Node, body: Scalar, newNode: (old: Node) => Node, inlined: ReadonlySet<Node>): Scalar {
  let moved = false;
  const memo = new Map<Scalar, Scalar>();
  const visit = (s: Scalar): Scalar =>
    rewrite(
      s,
      (e) => {
        if (e.kind !== "read") return undefined;
        const at = e.at.map(visit);
        const of = newNode(e.of);
        if (!inlined.has(e.of) || of.kind !== "comp") return read(of, at);
        moved ||= at.some((index, i) => index.kind !== "axis" || index.position !== i);
        return substitute(of.body, at);
      },
      memo,
    );
  const made = visit(body);
  return moved ? simplifyScalar(made, spaceOf(node)) : made;
}

/** The nodes that read each node. */
export function usersOf(nodes: readonly Node[]): Map<Node, Node[]> {
  const users = new Map<Node, Node[]>();
  for (const node of nodes) {
    for (const input of inputsOf(node)) {
      const list = users.get(input);
      if (list) list.push(node);
      else users.set(input, [node]);
    }
  }
  return users;
}

/** What contractions and attention load more than once, with the name of who does; looks through nodes that are but views. */
function multiplyReadOperands(
  nodes: readonly Node[],
  users: ReadonlyMap<Node, readonly Node[]>,
): ReadonlyMap<Node, string> {
  const marked = new Map<Node, string>();
  for (const node of nodes.toReversed()) {
    if (node.kind === "region") inputsOf(node).forEach((n) => marked.set(n, node.name));
    else if (node.kind === "comp" && node.reduce && contractionOf(node))
      nodesRead(node.body).forEach((n) => marked.set(n, node.name));
    else if (node.kind === "comp" && !node.reduce && marked.has(node) && isCheapOperand(node.body)) {
      nodesRead(node.body).forEach((n) => marked.set(n, marked.get(node) ?? node.name));
    }
  }
  return new Map([...marked].filter(([n]) => users.has(n)));
}

/** What may be computed while a tile is loaded: one tensor, moved, guarded or scaled. */
function isCheapOperand(body: Scalar): boolean {
  const all = subexpressions(body);
  const work = all.filter(
    (s) =>
      s.dtype === "f32" && (s.kind === "unary" || s.kind === "binary" || s.kind === "select" || s.kind === "random"),
  );
  return (
    work.length <= 2 &&
    !all.some(isHeavy) &&
    !work.some((s) => s.kind === "random" || (s.kind === "binary" && s.op === "div")) &&
    new Set(all.filter((s): s is Read => s.kind === "read")).size <= 1
  );
}

/** Whether a reduction reads a node all along what it reduces: its values cannot be made once for all steps. */
function sumsOver(user: Node, node: Node): boolean {
  if (user.kind !== "comp" || !user.reduce) return false;
  const rank = user.axes.length;
  const over = user.reduce.axes.map((_, i) => rank + i);
  return subexpressions(user.body).some((s) => {
    if (s.kind !== "read" || s.of !== node) return false;
    const positions = new Set(s.at.flatMap((index) => [...positionsOf(index)]));
    return over.every((p) => positions.has(p));
  });
}

function isGathered(s: Scalar): boolean {
  return s.kind === "random" || (s.kind === "read" && s.at.some((index) => nodesRead(index).length > 0));
}

/** Whether every read of a node is at the reader's own axes, each once. */
function readsInPlace(body: Scalar, of: Node): boolean {
  return subexpressions(body).every(
    (s) =>
      s.kind !== "read" || s.of !== of || (s.at.every((i) => i.kind === "axis") && new Set(s.at).size === s.at.length),
  );
}
