/**
 * @file Recomputing instead of saving: a pointwise value that the forward pass stores as the operand of a contraction (a norm's output, an activation) and that
 * the gradient of a weight needs again is made again in the backward pass, when everything it is made of is kept until then anyway and a
 * kernel there reads it anyway. The value made in the forward pass dies with its last reader there.
 */
import type { Comp, Node, Scalar } from "../../ir/graph.ts";
import { comp, elementCount, nodesRead, reachable } from "../../ir/node.ts";
import { read, rewrite, substitute } from "../../ir/scalar.ts";
import { contractionOf } from "../canonical/contraction.ts";
import { comparesBits } from "../canonical/extrema.ts";
import { usersOf } from "./inline.ts";
import { plainPattern, readsOf } from "./axis-mapping.ts";
import { labelOf, rebuildGraph } from "../canonical/rebuild.ts";
import { tensorsRead } from "../canonical/split-wide.ts";

/** A contraction that waits for the value keeps its other operand alive: that may be so many times larger (the gradient of the logits is more). */
const mostWaiting = 8;

export interface Recomputed {
  readonly roots: readonly Node[];
  /** Nodes of the new graph that are made again, with the forward node each repeats. */
  readonly again: ReadonlyMap<Node, Node>;
  /** Nodes of the new graph that the forward roots need. */
  readonly forward: ReadonlySet<Node>;
  /** The node given that a node came from. */
  readonly originOf: (node: Node) => Node | undefined;
}

/** The first `forwardRoots` roots are the forward pass. `keep` lists nodes that are to stay saved. */
export function recomputeInBackward(
  roots: readonly Node[],
  forwardRoots: number,
  keep: (node: Node) => boolean,
): Recomputed {
  const forward = new Set(reachable(roots.slice(0, forwardRoots)));
  const nodes = reachable(roots);
  const users = usersOf(nodes);
  const backwardReaders = (node: Node): readonly Node[] => (users.get(node) ?? []).filter((u) => !forward.has(u));
  const chosen = new Set<Node>();
  for (const node of nodes) if (forward.has(node) && !keep(node) && isWorthRecomputing(node)) chosen.add(node);

  const again = new Map<Node, Node>();
  const twins = new Map<Node, Node>();
  const renewed = rebuildGraph(roots, (old, renew) => {
    if (old.kind !== "comp" || forward.has(old) || !nodesRead(old.body).some((n) => chosen.has(n))) return undefined;
    const asOperand = contractionOf(old) !== undefined;
    return comp(labelOf(old), old.axes, rereads(old.body, asOperand, renew.node), old.reduce);
  });
  const newRoots = roots.map(renewed);
  const origins = new Map([...nodes].map((n) => [renewed(n), n]));
  return { roots: newRoots, again, forward: new Set([...forward].map(renewed)), originOf: (n) => origins.get(n) };

  /** Contractions read the value made again, everything else computes it in place. */
  function rereads(body: Scalar, asOperand: boolean, newNode: (old: Node) => Node): Scalar {
    const memo = new Map<Scalar, Scalar>();
    const visit = (s: Scalar): Scalar =>
      rewrite(
        s,
        (e) => {
          if (e.kind !== "read") return undefined;
          const at = e.at.map(visit);
          const of = newNode(e.of);
          if (!chosen.has(e.of) || of.kind !== "comp") return read(of, at);
          return asOperand ? read(twinOf(of), at) : substitute(of.body, at);
        },
        memo,
      );
    return visit(body);
  }

  function twinOf(node: Comp): Node {
    const known = twins.get(node);
    if (known) return known;
    const made = comp({ ...labelOf(node), name: `${node.name} again` }, node.axes, node.body);
    twins.set(node, made);
    again.set(made, node);
    return made;
  }

  function isWorthRecomputing(node: Node): boolean {
    if (node.kind !== "comp" || node.reduce || roots.includes(node)) return false;
    const later = backwardReaders(node);
    if (later.some((u) => comparesBits(u, node))) return false;
    if (later.some((u) => u.kind !== "comp") || !later.some((u) => u.kind === "comp" && contractionOf(u))) return false;
    const size = elementCount(node.axes);
    if (
      later.some(
        (u) =>
          u.kind === "comp" &&
          contractionOf(u) &&
          tensorsRead(u.body).some((n) => elementCount(n.axes) > mostWaiting * size),
      )
    )
      return false;
    const tensors = tensorsRead(node.body);
    const isKept = (n: Node): boolean => n.kind === "leaf" || backwardReaders(n).length > 0;
    return (
      tensors.every(isKept) &&
      tensors.some(
        (n) => n.kind !== "leaf" && elementCount(n.axes) === size && backwardReaders(n).some((u) => readsPlainly(u, n)),
      )
    );
  }
}

function readsPlainly(user: Node, tensor: Node): boolean {
  return (
    user.kind === "comp" &&
    !contractionOf(user) &&
    readsOf(user).some((r) => r.of === tensor && plainPattern(r) !== undefined)
  );
}
