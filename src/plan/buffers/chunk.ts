/**
 * @file Chunks of rows: when a tensor is too large for the memory budget (the logits of a large vocabulary), the kernels that touch it run for some of its
 * rows at a time, one after the other: forward and backward for a chunk before the next begins, with the same kernels on shifted bindings. Tensors
 * with rows of their own are seen through views of the chunk's rows; sums over rows are added up chunk by chunk, in order.
 */
import type { Axis, Leaf, Node, Read, Scalar } from "../../ir/graph.ts";
import { comp, leaf, update } from "../../ir/node.ts";
import { add, axis, operands, read, rewrite, subexpressions } from "../../ir/scalar.ts";
import { formatBytes } from "../../util/format-bytes.ts";
import type { Cluster, Output } from "../../cluster/cluster.ts";
import { labelOf } from "../../optimize/canonical/rebuild.ts";
import {
  mapAxes,
  mapCluster,
  nodesReadBy,
  nodesWritten,
  outputsOfCluster,
  outputRank,
  scalarsOf,
} from "../../cluster/walk.ts";
import type { Homes } from "./allocation.ts";
import { dependences } from "./order.ts";
import type { Group } from "./order.ts";
import { alignment, bytesOf } from "./sizes.ts";

/** A chunk: so many of the leading axis, so many of the second (all of them when it is not cut). */
interface Cut {
  readonly first: number;
  readonly second: number;
}

/** Groups of clusters with the largest activation beyond the budget that can be made in chunks made so; reasons say which others cannot. */
export function chunkLargeTensors(clusters: readonly Cluster[], budget: number, homes: Homes): readonly Group[] {
  const beyond = clusters
    .flatMap(nodesWritten)
    .filter((n) => n.kind === "comp" && bytesOf(n) > budget && !homes.fixed(n))
    .toSorted((a, b) => bytesOf(b) - bytesOf(a));
  const notes = new Map<Node, string>();
  const noted = (c: Cluster): Cluster => {
    const own = nodesWritten(c).flatMap((n) => notes.get(n) ?? []);
    return own.length === 0 ? c : { ...c, reasons: [...c.reasons, ...own] };
  };
  for (const largest of beyond) {
    const alike = new Set(
      beyond.filter(
        (n) => n.axes.length === largest.axes.length && n.axes.every((a, i) => a.size === largest.axes[i]?.size),
      ),
    );
    const chunking = new Chunking(clusters, connected(largest, alike, clusters), largest, budget, homes);
    const refusal = chunking.refusal();
    if (refusal === undefined) return chunking.groups().map((g) => g.map((run) => run.map(noted)));
    notes.set(largest, `${largest.name} takes ${formatBytes(bytesOf(largest))} and is stored whole: ${refusal}`);
  }
  return clusters.map((c): Group => [[noted(c)]]);
}

/** The tensors of one shape that are read or written together, directly or by way of others of them. */
function connected(from: Node, alike: ReadonlySet<Node>, clusters: readonly Cluster[]): ReadonlySet<Node> {
  const found = new Set([from]);
  for (let before = 0; before < found.size;) {
    before = found.size;
    for (const cluster of clusters) {
      const touched = [...nodesReadBy(cluster), ...nodesWritten(cluster)].filter((n) => alike.has(n));
      if (touched.some((n) => found.has(n))) touched.forEach((n) => found.add(n));
    }
  }
  return found;
}

/** The positions in a cluster of the two leading axes of the large tensors; -1 for a first axis of one element. */
interface Rows {
  readonly first: number;
  readonly second: number;
}

class Chunking {
  readonly #clusters: readonly Cluster[];
  readonly #members: readonly Cluster[];
  readonly #large: ReadonlySet<Node>;
  readonly #largest: Node;
  readonly #homes: Homes;
  readonly #cut: Cut | undefined;

  constructor(clusters: readonly Cluster[], large: ReadonlySet<Node>, largest: Node, budget: number, homes: Homes) {
    this.#clusters = clusters;
    this.#large = large;
    this.#largest = largest;
    this.#homes = homes;
    this.#members = clusters.filter((c) => [...nodesReadBy(c), ...nodesWritten(c)].some((n) => large.has(n)));
    this.#cut = this.#chooseCut(budget);
  }

  /** Why the rows cannot be cut, if they cannot. */
  refusal(): string | undefined {
    if (this.#largest.axes.length < 3) return "it has no rows over two axes";
    if (!this.#cut) return "no chunk of its rows is within the budget and starts where a binding may";
    for (const cluster of this.#members) {
      const rows = this.#rowsOf(cluster);
      if (typeof rows === "string") return rows;
      const bad = this.#unsplittable(cluster, rows);
      if (bad) return bad;
    }
    return this.#sumsAndReads() || this.#leavesAndReturns()
      ? "something between its readers needs all of its rows"
      : undefined;
  }

  /** The groups in an order of operands first: the chunks stand where the last of their clusters stood. */
  groups(): readonly Group[] {
    const members = new Set(this.#members);
    const [B = 1, T = 1] = this.#largest.axes.map((a) => a.size);
    const { first, second } = this.#cut ?? { first: B, second: T };
    const chunks: (readonly Cluster[])[] = [];
    for (let b = 0; b < B; b += first) {
      for (let t = 0; t < T; t += second)
        chunks.push(
          new Chunk(this.#homes, this.#large, { b, t, first, second, T }).instances(this.#members, (c) =>
            this.#rowsOf(c),
          ),
        );
    }
    return [...this.#clusters.filter((c) => !members.has(c)).map((c): Group => [[c]]), chunks];
  }

  #chooseCut(budget: number): Cut | undefined {
    const [B = 1, T = 1] = this.#largest.axes.map((a) => a.size);
    const row = bytesOf(this.#largest) / (B * T);
    // Bindings start at multiples of 256 bytes; the thinnest tensors over rows have four bytes a row.
    const fits = (rows: number): boolean => rows * row <= budget && (rows * 4) % alignment === 0;
    const sequences = divisors(B).find((n) => fits(n * T));
    if (sequences !== undefined) return { first: sequences, second: T };
    const tokens = divisors(T).find((n) => fits(n));
    return tokens === undefined ? undefined : { first: 1, second: tokens };
  }

  #rowsOf(cluster: Cluster): Rows | string {
    if (cluster.kind === "flash" || cluster.kind === "bins") return `${cluster.kind} reads it`;
    const places = new Set<string>();
    const single = this.#largest.axes[0]?.size === 1;
    const note = (at: readonly Scalar[]): void =>
      void places.add(
        at
          .slice(0, 2)
          .map((s, i) => (i === 0 && single ? -1 : s.kind === "axis" ? s.position : "?"))
          .join(),
      );
    for (const r of readsIn(cluster)) if (this.#large.has(r.of)) note(r.at);
    for (const o of outputsOfCluster(cluster)) if (this.#large.has(o.node)) note(indicesOf(o));
    const [only, ...more] = places;
    const [first, second] = (only ?? "").split(",").map(Number);
    if (more.length > 0 || first === undefined || second === undefined || Number.isNaN(first) || Number.isNaN(second))
      return "a kernel reads other rows than it writes";
    return { first, second };
  }

  #unsplittable(cluster: Cluster, { first, second }: Rows): string | undefined {
    const isRow = (s: Scalar): boolean =>
      s.kind === "axis" && (s.position === first || (s.position === second && this.#cutsSecond()));
    for (const s of subexpressions(...scalarsOf(cluster))) {
      if (s.kind === "axis") continue;
      if (s.kind !== "read") {
        if (operands(s).some(isRow)) return "the index of a row is used as a number";
      } else if (!this.#leadsWithRows(s.of, s.at, isRow)) return `${s.of.name} is not read row by row`;
    }
    const over = outputRank(cluster) <= second;
    if (
      (first >= 0 && over !== outputRank(cluster) <= first) ||
      (cluster.kind === "row" && Math.max(first, second) >= cluster.rows.length)
    )
      return "a kernel reduces over its rows";
    for (const o of outputsOfCluster(cluster)) {
      if (o.node.kind === "update") return "a kernel updates a state";
      if (over ? o.value.kind !== "slot" : !this.#leadsWithRows(o.node, indicesOf(o), isRow))
        return `${o.node.name} cannot be made in parts`;
    }
    const sums =
      cluster.kind === "contract" || (cluster.kind === "fold" && cluster.values.every((v) => v.op === "sum"));
    return over && !sums ? "a kernel reduces over its rows otherwise than by a sum" : undefined;
  }

  /** Either no index is of a row, or exactly the leading ones are: then a chunk is one range of bytes. */
  #leadsWithRows(of: Node, at: readonly Scalar[], isRow: (s: Scalar) => boolean): boolean {
    const rows = at.flatMap((s, i) => (isRow(s) ? [i] : []));
    if (rows.length === 0) return true;
    const lead = of.axes.findIndex((a) => a.size !== 1);
    return (
      rows.filter((i) => of.axes[i]?.size !== 1).join() ===
      (this.#cutsSecond() && this.#largest.axes[0]?.size !== 1 ? `${lead},${lead + 1}` : `${lead}`)
    );
  }

  #cutsSecond(): boolean {
    return this.#cut !== undefined && this.#cut.second !== this.#largest.axes[1]?.size;
  }

  /** Whether one of the clusters reads what another adds up over all rows. */
  #sumsAndReads(): boolean {
    const summed = new Set(
      this.#members.flatMap((c) => {
        const rows = this.#rowsOf(c);
        return typeof rows !== "string" && outputRank(c) <= rows.second ? nodesWritten(c) : [];
      }),
    );
    return this.#members.some((c) => nodesReadBy(c).some((n) => summed.has(n)));
  }

  /** Whether a path leaves the chunked clusters and comes back. */
  #leavesAndReturns(): boolean {
    const before = dependences(
      this.#clusters.map((c) => [[c]]),
      this.#homes,
    );
    const members = new Set(this.#members.map((c) => this.#clusters.indexOf(c)));
    const dependsOnMember = new Map<number, boolean>();
    const visit = (i: number): boolean => {
      const known = dependsOnMember.get(i);
      if (known !== undefined) return known;
      dependsOnMember.set(i, false);
      const found = [...(before[i] ?? [])].some((j) => members.has(j) || visit(j));
      dependsOnMember.set(i, found);
      return found;
    };
    return [...members].some((i) => [...(before[i] ?? [])].some((j) => !members.has(j) && visit(j)));
  }
}

interface ChunkPlace extends Cut {
  readonly b: number;
  readonly t: number;
  readonly T: number;
}

/** The clusters of one chunk. */
class Chunk {
  readonly #homes: Homes;
  readonly #large: ReadonlySet<Node>;
  readonly #place: ChunkPlace;
  readonly #seen = new Map<Node, Node>();

  constructor(homes: Homes, large: ReadonlySet<Node>, place: ChunkPlace) {
    this.#homes = homes;
    this.#large = large;
    this.#place = place;
  }

  instances(clusters: readonly Cluster[], rowsOf: (c: Cluster) => Rows | string): readonly Cluster[] {
    return clusters.map((cluster) => {
      const rows = rowsOf(cluster);
      return typeof rows === "string" ? cluster : this.#instance(cluster, rows);
    });
  }

  #instance(cluster: Cluster, { first, second }: Rows): Cluster {
    const isCut = (s: Scalar): boolean =>
      s.kind === "axis" && (s.position === first || (s.position === second && this.#place.second !== this.#place.T));
    const sized = mapAxes(cluster, (a, p) =>
      p === first ? { ...a, size: this.#place.first } : p === second ? { ...a, size: this.#place.second } : a,
    );
    const memo = new Map<Scalar, Scalar>();
    const renamed = (s: Scalar): Scalar =>
      rewrite(s, (e) => (e.kind === "read" ? read(this.#part(e.of, e.at, isCut), e.at.map(renamed)) : undefined), memo);
    const summed = outputRank(cluster) <= second;
    const written = new Map(outputsOfCluster(cluster).map((o) => [o.node, indicesOf(o)]));
    const rewritten = mapCluster(sized, renamed, (n) => (summed ? n : this.#part(n, written.get(n) ?? [], isCut)));
    return summed && !this.#isFirst() ? this.#accumulating(rewritten) : rewritten;
  }

  #isFirst(): boolean {
    return this.#place.b === 0 && this.#place.t === 0;
  }

  /** Adds to what the chunks before left, in place. */
  #accumulating(cluster: Cluster): Cluster {
    const sums = new Map<Node, Leaf>();
    for (const { node } of outputsOfCluster(cluster)) {
      const sum = leaf("state", node.name, node.axes, node.dtype);
      this.#homes.alias(sum, node);
      sums.set(node, sum);
    }
    const added = (o: Output): Output => {
      const sum = sums.get(o.node);
      return sum
        ? { ...o, node: update(sum, o.node), value: add(read(sum, o.at ?? sum.axes.map((_, i) => axis(i))), o.value) }
        : o;
    };
    if (cluster.kind === "contract" || cluster.kind === "fold")
      return { ...cluster, outputs: cluster.outputs.map(added) };
    return cluster;
  }

  /** The chunk's rows of a tensor indexed by rows: a tensor of its own for large ones, a view of the others. */
  #part(node: Node, at: readonly Scalar[], isCut: (s: Scalar) => boolean): Node {
    const known = this.#seen.get(node);
    if (known) return known;
    const { first, second, b, t, T } = this.#place;
    const cut = at.flatMap((s, i) => (isCut(s) ? [i] : []));
    if (cut.length === 0) return node;
    // The second axis is cut only where one element of the first is taken at a time.
    const sizes = second === T ? [first] : cut.length === 1 ? [second] : [first, second];
    const start = second === T ? b : cut.length === 1 ? t : b * T + t;
    const axes = node.axes.map((a, i) => (cut.includes(i) ? { ...a, size: sizes[cut.indexOf(i)] ?? a.size } : a));
    const rows = cut.reduce((n, i) => n * (node.axes[i]?.size ?? 1), 1);
    const made =
      this.#large.has(node) && node.kind === "comp"
        ? comp(labelOf(node), axes, node.body)
        : this.#view(node, axes, start * (bytesOf(node) / rows));
    this.#seen.set(node, made);
    return made;
  }

  #view(node: Node, axes: readonly Axis[], offset: number): Leaf {
    const below = node.kind === "leaf" ? node.below : undefined;
    const view = leaf("state", node.name, axes, node.dtype, below === undefined ? {} : { below });
    this.#homes.view(view, node, offset);
    return view;
  }
}

function readsIn(cluster: Cluster): readonly Read[] {
  return subexpressions(...scalarsOf(cluster)).filter((s): s is Read => s.kind === "read");
}

function indicesOf(o: Output): readonly Scalar[] {
  return o.at ?? o.node.axes.map((_, i) => axis(i));
}

/** Divisors, largest first. */
function divisors(n: number): readonly number[] {
  return Array.from({ length: n }, (_, i) => n - i).filter((d) => n % d === 0);
}
