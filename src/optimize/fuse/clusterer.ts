/**
 * @file Greedy clustering. Nodes come operands first; each joins the draft that computes what it reads, when it reads it at the same element,
 * when no cycle arises and the kernel can bind its tensors; else one that reads the same tensors; else it starts a draft of
 * its own. Bytes of device memory saved are the reason for every join, and are recorded.
 */
import type { Axis, Comp, Leaf, Node, Region, Scatter, Update } from "../../ir/graph.ts";
import { elementCount, inputsOf, nodesRead, reachable } from "../../ir/node.ts";
import { axis, subexpressions } from "../../ir/scalar.ts";
import type { Contraction } from "../canonical/contraction.ts";
import { contractionOf } from "../canonical/contraction.ts";
import { combineContractions } from "./combine.ts";
import { Draft, absorb, dependOn, mayDependOn, reaches } from "./draft.ts";
import type { Place } from "./draft.ts";
import { formatBytes } from "../../util/format-bytes.ts";
import { usersOf } from "./inline.ts";
import { patternIn, placePointwise, placeReduction, placeSibling, readsOf } from "./axis-mapping.ts";
import type { Recomputed } from "./recompute.ts";
import { reductionKind } from "./reduction-kind.ts";
import { binsFormOf } from "../canonical/scatters.ts";
import { tensorsRead } from "../canonical/split-wide.ts";

export interface Limits {
  /** Storage buffers a kernel may bind. */
  readonly bindings: number;
}

/** What is known of nodes before they are clustered. */
export interface Known {
  readonly stored: (node: Node) => string | undefined;
  readonly apart: (node: Node) => boolean;
}

export class Clusterer {
  readonly #limits: Limits;
  readonly #users: ReadonlyMap<Node, readonly Node[]>;
  readonly #roots: ReadonlySet<Node>;
  readonly #draftOf = new Map<Node, Draft>();
  readonly #readers = new Map<Node, Set<Draft>>();
  readonly #stored: (node: Node) => string | undefined;
  readonly #apart: (node: Node) => boolean;
  readonly #copied = new Set<Node>();
  readonly #recomputed: Pick<Recomputed, "again" | "forward"> | undefined;
  #nextId = 0;

  /** `stored`: why each pointwise node is kept. `apart`: new values that another kernel than the one that computes them puts in the place of the old ones. */
  constructor(
    roots: readonly Node[],
    { stored, apart }: Known,
    limits: Limits,
    recomputed?: Pick<Recomputed, "again" | "forward">,
  ) {
    this.#limits = limits;
    this.#stored = stored;
    this.#apart = apart;
    this.#recomputed = recomputed;
    this.#roots = new Set(roots);
    const nodes = reachable(roots);
    this.#users = usersOf(nodes);
    const order = recomputedLast(nodes, recomputed?.again);
    for (const node of order) if (node.kind !== "update") this.#add(node);
    // Where the new value goes is decided when all that reads the old one is placed.
    for (const node of order) if (node.kind === "update") this.#add(node);
  }

  get drafts(): readonly Draft[] {
    return [...new Set(this.#draftOf.values())];
  }

  /** Whether a node is all that its draft does. */
  isAlone(node: Node): boolean {
    return this.#draftOf.get(node)?.members.size === 1;
  }

  /** Whether something outside of its draft needs a member: then it is an output. */
  isNeededOutside(node: Node, draft: Draft): boolean {
    return this.#roots.has(node) || (this.#users.get(node) ?? []).some((user) => this.#draftOf.get(user) !== draft);
  }

  /** Nodes of drafts that bind more than a kernel can, with how many tensors too many, and how many each node reads. */
  overfull(): readonly { readonly node: Node; readonly excess: number; readonly reads: number }[] {
    return this.drafts.flatMap((draft) => {
      const excess = this.#bindings([...draft.members.keys()]) - this.#limits.bindings;
      if (excess <= 0) return [];
      return [...draft.members.keys()].flatMap((node) =>
        node.kind === "comp" || node.kind === "scatter" ? [{ node, excess, reads: tensorsRead(node.body).length }] : [],
      );
    });
  }

  /** New values in kernels that bind too much, because what writes them could not write them in place. */
  copiedTooMuch(): readonly Node[] {
    return [...this.#copied].filter(
      (node) => this.#bindings([...(this.#draftOf.get(node)?.members.keys() ?? [])]) > this.#limits.bindings,
    );
  }

  #add(node: Node): void {
    switch (node.kind) {
      case "leaf":
        return;
      case "comp":
        return node.reduce ? this.#addReduction(node) : this.#addPointwise(node);
      case "scatter":
        return this.#addScatter(node);
      case "region":
        return this.#addRegion(node);
      case "update":
        return this.#addUpdate(node);
    }
  }

  #addPointwise(node: Comp): void {
    if (this.#recomputed?.again.has(node)) {
      this.#addRecomputed(node, this.#recomputed.forward);
      return;
    }
    const sources = this.#sources(node)
      .filter((d) => d.kind !== "flash")
      .toSorted((a, b) => b.level - a.level || b.id - a.id);
    this.#combineSiblingContractions(node, sources);
    for (const draft of sources) {
      const place = draft.members.size > 0 && this.#takesIn(draft, node) ? placePointwise(draft, node) : undefined;
      if (place && this.#join(draft, node, place, this.#savedByReading(draft, node))) return;
    }
    for (const { draft, shared, pattern } of this.#siblings(node)) {
      if (draft.kind === "flash" || draft.kind === "fold" || draft.kind === "bins") continue;
      const place = placeSibling(draft, node, shared, pattern);
      if (place && this.#join(draft, node, place, `reads ${shared.name} once with it, saves ${bytes(shared)}`)) return;
    }
    this.#start("map", node, node.axes, [], []);
  }

  /** Bins write one value: what takes it further must be all that reads it. */
  #takesIn(draft: Draft, node: Comp): boolean {
    return (
      draft.kind !== "bins" ||
      [...draft.members.keys()].every(
        (n) =>
          n !== node &&
          !this.#roots.has(n) &&
          (this.#users.get(n) ?? []).every((user) => user === node || draft.members.has(user)),
      )
    );
  }

  /** A value made again goes to a kernel of the backward pass that reads what it is made of. */
  #addRecomputed(node: Comp, forward: ReadonlySet<Node>): void {
    for (const { draft, shared, pattern } of this.#siblings(node)) {
      if (
        draft.kind === "fold" ||
        draft.kind === "bins" ||
        draft.kind === "flash" ||
        [...draft.members.keys()].some((n) => forward.has(n))
      )
        continue;
      const place = placeSibling(draft, node, shared, pattern);
      if (
        place &&
        this.#join(draft, node, place, `made again from ${shared.name} rather than saved, frees ${bytes(node)}`)
      )
        return;
    }
    this.#start("map", node, node.axes, [], []);
  }

  /** Contractions that this node adds up, or multiplies after they share an operand, are computed by one kernel. */
  #combineSiblingContractions(node: Comp, sources: Draft[]): void {
    const contractions = sources.filter(
      (d) => d.kind === "contract" && [...d.members.keys()].some((n) => readsOf(node).some((r) => r.of === n)),
    );
    for (let i = 0; i < contractions.length; i++) {
      for (let j = i + 1; j < contractions.length; j++) {
        const [into, from] = [contractions[i], contractions[j]];
        if (!into || !from || from.members.size === 0 || into.members.size === 0) continue;
        const combined = combineContractions(into, from, node, (n) => this.#users.get(n) ?? []);
        if (!combined || reaches(into, from) || reaches(from, into)) continue;
        if (this.#bindings([...into.members.keys(), ...from.members.keys(), node]) > this.#limits.bindings) continue;
        const moved = [...from.members.keys()];
        absorb(into, from, combined.move);
        for (const n of moved) this.#own(n, into);
        into.reasons.push(combined.reason);
      }
    }
  }

  #addReduction(node: Comp): void {
    const contraction = contractionOf(node);
    if (contraction) {
      this.#startContraction(node, contraction);
      return;
    }
    const sources = this.#sources(node).toSorted((a, b) => b.level - a.level || b.id - a.id);
    for (const draft of sources) {
      if (draft.kind === "map") this.#mapAsRow(draft, node);
      if (draft.kind !== "row") continue;
      const place = placeReduction(draft, node);
      if (place && this.#join(draft, node, place, this.#savedByReading(draft, node))) return;
    }
    const kind = reductionKind(node);
    for (const { draft, shared, pattern } of this.#siblings(node)) {
      const saves = `reads ${shared.name} once with it, saves ${bytes(shared)}`;
      if (kind === "row" && draft.kind === "row") {
        const place = placeReduction(draft, node, { shared, pattern });
        if (place && this.#join(draft, node, place, saves)) return;
      } else if (
        kind === "fold" &&
        draft.kind === "fold" &&
        sameSizes(draft.axes, node.axes) &&
        sameSizes(draft.inner, node.reduce?.axes ?? [])
      ) {
        if (this.#join(draft, node, foldPlace(node), saves)) return;
      }
    }
    const over = node.reduce?.axes ?? [];
    if (kind === "row")
      this.#start(
        "row",
        node,
        [...node.axes, ...over],
        [],
        [node.axes.length],
        [...node.axes, ...over].map((_, i) => i),
      );
    else this.#start("fold", node, node.axes, over, [], foldPlace(node));
  }

  /** A map whose values a row statistic reads where they are made becomes part of the row. */
  #mapAsRow(draft: Draft, node: Comp): void {
    const rank = node.axes.length;
    const over = node.reduce?.axes ?? [];
    // Every axis of the map once: a diagonal passes only some of its elements.
    const length = rank + over.length;
    const read = readsOf(node).find(
      (r) =>
        draft.members.has(r.of) &&
        r.at.every((i) => i.kind === "axis") &&
        r.at.length === length &&
        new Set(r.at).size === length,
    );
    const member = read && draft.members.get(read.of);
    if (
      !read ||
      !member ||
      member.place.length !== draft.axes.length ||
      member.place.includes(-1) ||
      reductionKind(node) !== "row"
    )
      return;
    // Position of the map for each of the row's: rows, then along.
    const from = Array.from(
      { length: rank + over.length },
      (_, p) => member.place[read.at.findIndex((i) => i === axis(p))] ?? -1,
    );
    if (from.includes(-1)) return;
    for (const [n, m] of draft.members)
      draft.members.set(n, { ...m, place: m.place.map((p) => (p < 0 ? p : from.indexOf(p))) });
    draft.axes = from.flatMap((p) => draft.axes[p] ?? []);
    draft.parts = [rank];
    draft.kind = "row";
  }

  #addScatter(node: Scatter): void {
    const form = binsFormOf(node);
    if (!form) throw new Error(`internal: the scatter ${node.name} is not in normal form`);
    const order = [form.bins, ...node.axes.map((_, i) => i).filter((i) => i !== form.bins)];
    this.#start(
      "bins",
      node,
      order.flatMap((i) => node.axes[i] ?? []),
      form.over,
      [],
      node.axes.map((_, i) => order.indexOf(i)),
    );
  }

  #addRegion(node: Region): void {
    const pass =
      node.form.kind === "attention" ? "forward" : node.role === "dk" || node.role === "dv" ? "key" : "query";
    const known = this.drafts.find((d) => d.form?.form === node.form && d.form.pass === pass);
    const draft = known ?? new Draft(this.#nextId++, "flash", node.axes, [], [], { form: node.form, pass });
    this.#place(
      draft,
      node,
      node.axes.map((_, i) => i),
    );
  }

  /** An update is written by the kernel that computes its value, unless something that this kernel comes before has yet to read the old value. */
  #addUpdate(node: Update): void {
    const draft = this.#draftOf.get(node.value);
    const member = draft?.members.get(node.value);
    const readers = [...(this.#readers.get(node.target) ?? [])].filter((d) => d !== draft && d.members.size > 0);
    const inPlace =
      draft &&
      member &&
      draft.kind !== "flash" &&
      !this.#apart(node.value) &&
      !readers.some((d) => reaches(draft, d)) &&
      readsInPlace(draft, node.target, member.place);
    if (inPlace) this.#place(draft, node, member.place.slice(0, node.axes.length));
    else {
      this.#start("map", node, node.axes, [], []);
      this.#copied.add(node.value);
    }
    const writer = this.#draftOf.get(node);
    if (!writer) return;
    dependOn(writer, draft && !inPlace ? [...readers, draft] : readers);
    if (!inPlace && readers.length > 0)
      writer.reasons.push(
        `${node.target.name} is written by a kernel of its own: others read the old value after the new one is known`,
      );
  }

  #startContraction(node: Comp, contraction: Contraction): void {
    const { batch, m, n, k } = contraction;
    const space = [...node.axes, ...(node.reduce?.axes ?? [])];
    const order = [...batch, ...m, ...n];
    const axes = (positions: readonly number[]): readonly Axis[] => positions.flatMap((p) => space[p] ?? []);
    const draft = new Draft(this.#nextId++, "contract", axes(order), axes(k), [batch.length, m.length, n.length]);
    this.#place(
      draft,
      node,
      node.axes.map((_, i) => order.indexOf(i)),
      contraction,
    );
  }

  #start(
    kind: Draft["kind"],
    node: Node,
    axes: readonly Axis[],
    inner: readonly Axis[],
    parts: readonly number[],
    place?: Place,
  ): void {
    const draft = new Draft(this.#nextId++, kind, axes, inner, parts);
    const why = this.#stored(node);
    if (why) draft.reasons.push(`${node.name} is stored: ${why}`);
    this.#place(draft, node, place ?? node.axes.map((_, i) => i));
  }

  #join(draft: Draft, node: Node, place: Place, saves: string): boolean {
    if (!mayDependOn(draft, this.#sources(node))) return false;
    const touched = this.#bindings([...draft.members.keys(), node]);
    if (touched > this.#limits.bindings) {
      draft.reasons.push(
        `${node.name} stays out: the kernel would bind ${touched} tensors of ${this.#limits.bindings}`,
      );
      return false;
    }
    const why = this.#stored(node);
    draft.reasons.push(`${node.name} joins: ${saves}${why ? `; stored, ${why}` : ""}`);
    this.#place(draft, node, place);
    return true;
  }

  #place(draft: Draft, node: Node, place: Place, contraction?: Contraction): void {
    draft.members.set(node, { node, place, ...(contraction && { contraction }) });
    this.#own(node, draft);
    dependOn(draft, this.#sources(node));
  }

  #own(node: Node, draft: Draft): void {
    this.#draftOf.set(node, draft);
    for (const input of inputsOf(node)) {
      const readers = this.#readers.get(input);
      if (readers) readers.add(draft);
      else this.#readers.set(input, new Set([draft]));
    }
  }

  #sources(node: Node): Draft[] {
    return [...new Set(inputsOf(node).flatMap((n) => this.#draftOf.get(n) ?? []))];
  }

  /** Drafts that read a tensor this node reads, for its largest tensors first, and that do not compute what it reads. */
  #siblings(
    node: Comp,
  ): readonly { readonly draft: Draft; readonly shared: Node; readonly pattern: readonly number[] }[] {
    const shared = tensorsRead(node.body).toSorted((a, b) => elementCount(b.axes) - elementCount(a.axes));
    const own = new Set(this.#sources(node));
    const worthwhile = elementCount(shared[0]?.axes ?? []) / 4;
    return shared
      .filter((n) => elementCount(n.axes) >= worthwhile && elementCount(n.axes) > 1)
      .flatMap((n) =>
        [...(this.#readers.get(n) ?? [])]
          .filter((d) => d.members.size > 0 && !own.has(d))
          .toSorted((a, b) => b.level - a.level || b.id - a.id)
          .flatMap((draft) => {
            const pattern = patternIn(draft, n);
            return pattern ? [{ draft, shared: n, pattern }] : [];
          }),
      );
  }

  /** Tensors a kernel of these members would bind: what they read from outside, what others need of them, the scalars buffer. */
  #bindings(nodes: readonly Node[]): number {
    const members = new Set(nodes);
    const bound = new Set<Node>();
    let [scalars, others] = [0, 0];
    for (const node of members) {
      // A scatter's points come sorted: their order and where each bin begins are bound instead of the ids.
      if (node.kind === "scatter") others += 2;
      for (const input of node.kind === "scatter" ? nodesRead(node.body) : inputsOf(node)) {
        if (input.kind === "leaf" && input.role === "scalar") scalars = 1;
        else if (!members.has(input)) bound.add(input);
      }
      if (drawsRandom(node)) scalars = 1;
      if (node.kind === "update") bound.add(node.target);
      else this.#writtenOf(node, members).forEach((written) => bound.add(written));
    }
    return bound.size + scalars + others;
  }

  /** What a kernel of these members writes for a member: what a new value goes to, the node itself for others. */
  #writtenOf(node: Node, members: ReadonlySet<Node>): readonly Node[] {
    const outside = (this.#users.get(node) ?? []).filter((u) => !members.has(u));
    const targets = outside.flatMap((u) =>
      u.kind === "update" && !this.#apart(node) && !this.#copied.has(node) ? [u.target] : [],
    );
    return this.#roots.has(node) || targets.length < outside.length ? [...targets, node] : targets;
  }

  #savedByReading(draft: Draft, node: Node): string {
    const taken = inputsOf(node).filter((n): n is Exclude<Node, Leaf> => draft.members.has(n));
    const total = taken.reduce((sum, n) => sum + 4 * elementCount(n.axes), 0);
    return `takes ${taken.map((n) => n.name).join(", ")} from registers, saves ${formatBytes(total)}`;
  }
}

/** Nodes in order, values made again and what needs them after all others: the kernels they may join stand by then. */
function recomputedLast(nodes: readonly Node[], again: ReadonlyMap<Node, Node> | undefined): readonly Node[] {
  if (!again || again.size === 0) return nodes;
  const late = new Set<Node>();
  for (const node of nodes) if (again.has(node) || inputsOf(node).some((n) => late.has(n))) late.add(node);
  return [...nodes.filter((n) => !late.has(n)), ...late];
}

/** Whether a draft reads a tensor only at the elements that it would write over. */
function readsInPlace(draft: Draft, target: Leaf, place: Place): boolean {
  return [...draft.members.values()].every((member) =>
    readsOf(member.node).every(
      (r) =>
        r.of !== target ||
        r.at.every((index, i) =>
          index.kind === "axis" ? (member.place[index.position] ?? -1) === place[i] : target.axes[i]?.size === 1,
        ),
    ),
  );
}

const random = new WeakMap<Node, boolean>();

function drawsRandom(node: Node): boolean {
  const known =
    random.get(node) ?? (node.kind === "comp" && subexpressions(node.body).some((s) => s.kind === "random"));
  random.set(node, known);
  return known;
}

/** A fold's output axes, then what it folds. */
function foldPlace(node: Comp): Place {
  return [...node.axes, ...(node.reduce?.axes ?? [])].map((_, i) => i);
}

function bytes(node: Node): string {
  return formatBytes(4 * elementCount(node.axes));
}

function sameSizes(a: readonly Axis[], b: readonly Axis[]): boolean {
  return a.length === b.length && a.every((x, i) => x.size === b[i]?.size);
}
