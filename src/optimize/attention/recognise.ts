/**
 * @file Recognises attention in a forward graph, however it is spelled, and rewrites it to one plain spelling whose nodes are known. Run it before
 * differentiation; `gradient.ts` then puts regions in the place of those nodes and of their adjoints.
 */
import type { Comp, Node, Read, Scalar } from "../../ir/graph.ts";
import { comp, elementCount, inputsOf, nodesRead, reachable } from "../../ir/node.ts";
import { axis, literal, rewrite, subexpressions, substitute } from "../../ir/scalar.ts";
import { factorsOf, positionsOf } from "../../ir/sums.ts";
import { canonicalAttention } from "./canonical.ts";
import type { CanonicalAttention } from "./canonical.ts";
import { matchAttention } from "./match.ts";
import type { AttentionMatch } from "./match.ts";
import { withPlainOperands } from "./operands.ts";
import { isZeroTest, normaliserOf, viewOf } from "./softmax.ts";
import type { Normaliser, View } from "./softmax.ts";
import { representatives } from "./equal-nodes.ts";
import { labelOf, rebuildGraph, renewedAttention } from "../canonical/rebuild.ts";

export interface RecognisedAttention {
  /** The roots given, in their order, of the rewritten graph. */
  readonly roots: readonly Node[];
  readonly found: readonly CanonicalAttention[];
  /** For `explain`: contractions with a softmax that were not taken, and why. */
  readonly rejected: readonly Rejection[];
}

export interface Rejection {
  readonly node: Node;
  readonly reason: string;
}

/** Finds every attention that the roots depend on. */
export function recogniseAttention(roots: readonly Node[]): RecognisedAttention {
  const nodes = reachable(roots);
  const representative = representatives(nodes);
  const rejected: Rejection[] = [];
  let matches: AttentionMatch[] = [];
  const users = usersOf(nodes);
  for (const node of nodes) {
    if (node.kind !== "comp") continue;
    let match = matchAttention(node, representative, undefined);
    if (typeof match === "string") {
      const later = divisionAfter(node, users(node), representative);
      if (later) match = matchAttention(node, representative, later);
    }
    if (typeof match === "string") rejected.push({ node, reason: match });
    else if (match) matches.push(match);
  }
  for (;;) {
    const { result, outlives } = rewriteMatches(roots, matches, representative);
    if (outlives.length === 0) return { ...result, rejected };
    rejected.push(...outlives);
    matches = matches.filter((m) => !outlives.some((o) => o.node === m.root));
  }
}

interface Rewritten {
  readonly result: Omit<RecognisedAttention, "rejected">;
  /** Matches of which something over queries and keys is needed elsewhere: it would be computed twice. */
  readonly outlives: readonly Rejection[];
}

function rewriteMatches(
  roots: readonly Node[],
  matches: readonly AttentionMatch[],
  representative: (node: Node) => Node,
): Rewritten {
  const byRoot = new Map(matches.map((m) => [m.root as Node, m]));
  const found: CanonicalAttention[] = [];
  const renewed = rebuildGraph(roots, (old, renew) => {
    const match = byRoot.get(old);
    if (match) {
      const label = labelOf(old);
      const canonical = canonicalAttention(withPlainOperands(renewedAttention(match.form, renew), label), label);
      found.push(canonical);
      return canonical.output;
    }
    const divides = old.kind === "comp" && nodesRead(old.body).some((n) => byRoot.get(n)?.pending);
    if (!divides) return undefined;
    const body = withoutDivision(old, (n) => byRoot.get(n)?.pending?.node, representative);
    return comp(labelOf(old), old.axes, renew.scalar(body), old.reduce);
  });
  const result = { roots: roots.map(renewed), found };
  const alive = new Set(reachable(result.roots));
  const outlives = matches.flatMap((match) => {
    const survivor = absorbedBy(match).findLast((node) => alive.has(renewed(node)));
    return survivor ? [{ node: match.root, reason: `${survivor.name} is needed elsewhere too` }] : [];
  });
  return { result, outlives };
}

/** The nodes over queries and keys that exist only inside a match: what its root needs beyond what its form reads. */
function absorbedBy({ form, root, pending }: AttentionMatch): readonly Node[] {
  const scalars = [
    form.q,
    form.k,
    form.v,
    form.score,
    ...(form.mask ? [form.mask] : []),
    ...(form.weight ? [form.weight] : []),
  ];
  const outside = new Set(reachable(nodesRead(...scalars)));
  const large = form.t.size * form.s.size;
  return reachable([root, ...(pending ? [pending.node] : [])]).filter(
    (node) => node !== root && node.kind !== "leaf" && !outside.has(node) && elementCount(node.axes) >= large,
  );
}

function usersOf(nodes: readonly Node[]): (node: Node) => readonly Node[] {
  const users = new Map<Node, Node[]>();
  for (const user of nodes) for (const input of inputsOf(user)) users.set(input, [...(users.get(input) ?? []), user]);
  return (node) => users.get(node) ?? [];
}

/** The sum by which every user divides a contraction, over the contraction's own positions. */
function divisionAfter(
  root: Comp,
  users: readonly Node[],
  representative: (node: Node) => Node,
): Normaliser | undefined {
  let common: Normaliser | undefined;
  for (const user of users) {
    if (user.kind !== "comp") return undefined;
    const view = viewOf(user, representative);
    for (const s of subexpressions(user.body)) {
      const quotient = divisionOf(s, (n) => n === root, view);
      const inverse = quotient && invert(quotient.numerator);
      if (!inverse || quotient.normaliser.at.some((index) => [...positionsOf(index)].some((p) => !inverse[p])))
        continue;
      const at = quotient.normaliser.at.map((index) => substitute(index, inverse));
      if (common && (common.node !== quotient.normaliser.node || common.at.some((x, i) => x !== at[i])))
        return undefined;
      common = { node: quotient.normaliser.node, at };
    }
    const divisor = common?.node;
    if (
      !divisor ||
      nodesRead(withoutDivision(user, (n) => (n === root ? divisor : undefined), representative, literal(0))).includes(
        root,
      )
    )
      return undefined;
  }
  return common;
}

interface Quotient {
  /** The read of the contraction. */
  readonly numerator: Read;
  readonly normaliser: Normaliser;
}

/** A division of a contraction, and perhaps more factors, by a sum over keys. */
function divisionOf(s: Scalar, wanted: (node: Node) => boolean, view: View): Quotient | undefined {
  if (s.kind !== "binary" || s.op !== "div") return undefined;
  const numerators = factorsOf(s.left).flatMap(({ value, inverse }) =>
    !inverse && value.kind === "read" && wanted(value.of) ? [value] : [],
  );
  const [numerator] = numerators;
  const normaliser = numerators.length === 1 ? normaliserOf(s.right, view) : undefined;
  return numerator && normaliser && { numerator, normaliser };
}

/** For a read at distinct axes: which position of the node each position of the reader is. */
function invert(of: Read): readonly Scalar[] | undefined {
  const inverse: Scalar[] = [];
  for (const [i, index] of of.at.entries()) {
    if (index.kind !== "axis" || inverse[index.position]) return undefined;
    inverse[index.position] = axis(i);
  }
  return inverse;
}

/** A user's body with its divisions by the pending sums gone, guards against rows without a key included. `instead` replaces the whole quotient. */
function withoutDivision(
  user: Comp,
  divisorOf: (node: Node) => Node | undefined,
  representative: (node: Node) => Node,
  instead?: Scalar,
): Scalar {
  const view = viewOf(user, representative);
  const replace = (s: Scalar): Scalar | undefined => {
    if (s.kind === "select" && isZeroTest(s.condition, view)) {
      const zero = literal(0);
      return s.else === zero ? replace(s.then) : s.then === zero ? replace(s.else) : undefined;
    }
    const quotient = divisionOf(s, (n) => divisorOf(n) !== undefined, view);
    if (!quotient || divisorOf(quotient.numerator.of) !== quotient.normaliser.node || s.kind !== "binary")
      return undefined;
    return instead ?? s.left;
  };
  return rewrite(user.body, replace);
}
