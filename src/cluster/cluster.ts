/**
 * @file Clusters: groups of tensor-IR nodes that become one kernel (a fold or a split contraction: two). Six archetypes, recognised by
 * algebraic shape. In a cluster's scalars, positions number the cluster's own axes in the order its fields list them, reads refer to nodes
 * that other clusters (or leaves) materialise, and `slot(i)` is a value computed earlier in the same kernel.
 */
import type { AttentionForm, AttentionGradientForm, Axis, Leaf, Node, Reduction, Scalar } from "../ir/graph.ts";

export type Cluster = MapCluster | RowCluster | ContractCluster | FlashCluster | FoldCluster | BinsCluster;

/** A materialised node and its value. The node's own axes are a subsequence of the cluster's, in the cluster's order unless `at` says otherwise. */
export interface Output {
  /** A comp/region/scatter node, or an update (written in place into its target). */
  readonly node: Node;
  readonly value: Scalar;
  /** Index of the written element, over the cluster's axes; absent: axis i of the node is axis i of the cluster. */
  readonly at?: readonly Scalar[];
}

interface ClusterBase {
  readonly id: number;
  /** For `explain`: one sentence for each node that was merged in or kept out, with the bytes it saves. */
  readonly reasons: readonly string[];
}

/** out[axes] = value for every output, all over the same axes. */
export interface MapCluster extends ClusterBase {
  readonly kind: "map";
  readonly axes: readonly Axis[];
  readonly outputs: readonly Output[];
}

/**
 * A row program: for every point of `rows`, ordered steps along `along`. Positions: rows, then along. `slot(i)` is the result of the i-th reduce step
 * (rank: rows). An `element` step stages a value per position that later steps read as `slot(i)` too (the numbering is shared: slot i is step i's value).
 * Outputs of kind `row` are over rows only, `element` over rows and along. A large `along` streams; a small one stays in registers.
 */
export interface RowCluster extends ClusterBase {
  readonly kind: "row";
  readonly rows: readonly Axis[];
  readonly along: readonly Axis[];
  readonly steps: readonly RowStep[];
}

export type RowStep =
  | { readonly kind: "reduce"; readonly op: Reduction["op"]; readonly value: Scalar }
  | { readonly kind: "element"; readonly value: Scalar }
  | { readonly kind: "output"; readonly per: "row" | "element"; readonly output: Output };

/**
 * acc[i][batch, m, n] = Σ_k Σ over products into i of a·b; then outputs from the accumulators. Positions: batch, m, n, k.
 * `a` reads nothing along n, `b` nothing along m (each may carry a pointwise prologue). In outputs `slot(i)` is accumulator i.
 * m, n and k are each a flattened list of axes. Every contraction has at least two of m, n non-trivial or it is a row or fold.
 */
export interface ContractCluster extends ClusterBase {
  readonly kind: "contract";
  readonly batch: readonly Axis[];
  readonly m: readonly Axis[];
  readonly n: readonly Axis[];
  readonly k: readonly Axis[];
  readonly products: readonly { readonly into: number; readonly a: Scalar; readonly b: Scalar }[];
  readonly accumulators: number;
  readonly outputs: readonly Output[];
}

/** Attention, see ir/graph.ts. `forward` computes o and lse; `query` dq and the bins; `key` dk and dv. */
export interface FlashCluster extends ClusterBase {
  readonly kind: "flash";
  readonly form: AttentionForm | AttentionGradientForm;
  readonly pass: "forward" | "query" | "key";
  readonly outputs: readonly { readonly role: string; readonly node: Node }[];
}

/**
 * Large reductions with a small result: acc[i][axes] = reduce over `over` of values[i]; two stages with a fixed tree when `over` is large.
 * Positions in `values`: axes, then over. Outputs are over `axes`, `slot(i)` is the reduced value i.
 */
export interface FoldCluster extends ClusterBase {
  readonly kind: "fold";
  readonly axes: readonly Axis[];
  readonly over: readonly Axis[];
  readonly values: readonly { readonly op: Reduction["op"]; readonly value: Scalar }[];
  readonly outputs: readonly Output[];
}

/**
 * The adjoint of a gather by token ids: out[v, rest] = base[v, rest] + Σ over the points p of `over` with id(p) = v of value(p, rest), in increasing p.
 * `order` and `offsets` are inputs that the host derives from the ids by a counting sort: points of bin v are order[offsets[v] … offsets[v+1]-1].
 * Positions in `value`: over, then rest. In `output.value`: v, then rest, with `slot(0)` the sum.
 */
export interface BinsCluster extends ClusterBase {
  readonly kind: "bins";
  readonly bins: Axis;
  readonly rest: readonly Axis[];
  readonly over: readonly Axis[];
  readonly order: Leaf;
  readonly offsets: Leaf;
  readonly value: Scalar;
  readonly output: Output;
}
