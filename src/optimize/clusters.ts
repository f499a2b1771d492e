/** @file From a graph to clusters: normal form, bodies that fit a kernel, inlining, greedy clustering, host scalars. */
import type { Leaf, Node } from "../ir/graph.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { Clusterer } from "./fuse/clusterer.ts";
import type { Draft } from "./fuse/draft.ts";
import { finishDraft } from "./fuse/finish.ts";
import { inlinePointwise } from "./fuse/inline.ts";
import { normalise } from "./canonical/normalise.ts";
import { roundOperands } from "./canonical/precision.ts";
import type { Precision } from "./canonical/precision.ts";
import { recomputeInBackward } from "./fuse/recompute.ts";
import { sortedIds } from "./fuse/sorted-ids.ts";
import type { SortedIds } from "./fuse/sorted-ids.ts";
import { splitWideBodies } from "./canonical/split-wide.ts";

export interface Clustered {
  /** Operands before users. */
  readonly clusters: readonly Cluster[];
  /** The roots given, in order, as the nodes that hold their values now. */
  readonly roots: readonly Node[];
  /** Inputs that the host sorts for scatters. */
  readonly sorted: readonly SortedIds[];
}

export interface ClusterOptions {
  /** Storage buffers a kernel may bind. */
  readonly bindings: number;
  /** By default f32. */
  readonly precision?: Precision;
  /** How many of the roots, from the first, are the forward pass of those after them; absent where there is no backward pass. */
  readonly forwardRoots?: number;
  /** Sorted inputs are shared by the programs of a plan. */
  readonly sorted?: (ids: Leaf) => SortedIds;
}

export function clusterGraph(
  given: readonly Node[],
  { bindings, precision = "f32", forwardRoots, sorted = sortedIds() }: ClusterOptions,
): Clustered {
  const normal = normalise(given);
  const { clusterer, roots } = clusterWithin(
    splitWideBodies(precision === "bf16" ? roundOperands(normal) : normal, bindings),
    bindings,
    forwardRoots,
  );
  const used = new Map<Leaf, SortedIds>();
  const finishing = {
    isNeeded: (node: Node, draft: Draft) => clusterer.isNeededOutside(node, draft),
    sorted: (ids: Leaf) => {
      const made = sorted(ids);
      used.set(ids, made);
      return made;
    },
  };
  const drafts = [...clusterer.drafts].toSorted((a, b) => a.level - b.level || a.id - b.id);
  return { clusters: drafts.map((d) => finishDraft(d, finishing)), roots, sorted: [...used.values()] };
}

/** Clusters again, with less inlined into what no kernel could bind and less recomputed where no kernel would do it in passing, until all is well. */
function clusterWithin(
  normal: readonly Node[],
  bindings: number,
  forwardRoots: number | undefined,
): { readonly clusterer: Clusterer; readonly roots: readonly Node[] } {
  const limits = new Map<Node, number>();
  const saved = new Set<Node>();
  const apart = new Set<Node>();
  for (;;) {
    const inlined = inlinePointwise(normal, (node) => limits.get(node) ?? Infinity);
    const keep = (node: Node): boolean => saved.has(inlined.originOf(node) ?? node);
    const recomputed = forwardRoots === undefined ? undefined : recomputeInBackward(inlined.roots, forwardRoots, keep);
    const roots = recomputed?.roots ?? inlined.roots;
    const originOf = (node: Node): Node | undefined => inlined.originOf(recomputed?.originOf(node) ?? node);
    const known = {
      stored: (node: Node) => inlined.reasons.get(recomputed?.originOf(node) ?? node),
      apart: (node: Node) => apart.has(originOf(node) ?? node),
    };
    const clusterer = new Clusterer(roots, known, { bindings }, recomputed);
    const copied = clusterer
      .copiedTooMuch()
      .flatMap((node) => originOf(node) ?? [])
      .filter((node) => !apart.has(node));
    copied.forEach((node) => apart.add(node));
    if (copied.length > 0) continue;
    let changed = false;
    for (const { node, excess, reads } of clusterer.overfull()) {
      const origin = originOf(node);
      if (!origin) continue;
      // What was limited before and is too much still is limited further.
      const before = limits.get(origin) ?? Infinity;
      const limit = Math.max(Math.min(reads - excess, before - 1), 1);
      if (limit >= before) continue;
      limits.set(origin, limit);
      changed = true;
    }
    for (const [twin, forward] of recomputed?.again ?? []) {
      const origin = originOf(forward);
      if (!origin || !clusterer.isAlone(twin) || saved.has(origin)) continue;
      saved.add(origin);
      changed = true;
    }
    if (!changed) return { clusterer, roots };
  }
}
