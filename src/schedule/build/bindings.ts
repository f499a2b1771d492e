/**
 * @file The bindings of a kernel under construction: one for each node it touches, in the order it first touches them. A binding is an array of vec4 when every access to
 * it is by aligned groups of four, else an array of scalars. Which of the two is known only at the end, so a kernel is built again, with the nodes that turned out to need
 * scalars, until nothing new turns up (`buildKernel`).
 */
import { invariant } from "../../util/invariant.ts";
import { elementCount } from "../../ir/node.ts";
import type { DType, Leaf, Node } from "../../ir/graph.ts";
import type { Binding, Expr, Kernel, ScalarType, Width } from "../../kernel/ir.ts";
import { i32, load, u32Type } from "../../kernel/expr.ts";
import type { BindingSource, LoweredDispatch, ScalarLayout, Target } from "./lowered.ts";
import { Names, shortName } from "./names.ts";

interface Entry {
  readonly source: BindingSource;
  readonly binding: Binding;
  reads: boolean;
  writes: boolean;
}

/** How values of a dtype lie in memory: booleans are the numbers 0 and 1. */
export const storageOf = (dtype: DType): ScalarType => (dtype === "bool" ? "i32" : dtype);

export class Bindings {
  readonly names = new Names();
  /** Nodes with an access that is not an aligned group of four. */
  readonly narrow: Set<Node>;
  /** Set when a node was accessed as vec4 first and by element later: what was built so far is of no use. */
  conflict = false;
  readonly #layout: ScalarLayout;
  readonly #entries = new Map<Node | string, Entry>();
  #words = 0;

  constructor(layout: ScalarLayout, narrow: ReadonlySet<Node>) {
    this.#layout = layout;
    this.narrow = new Set(narrow);
  }

  /** Whether a node may be accessed as vec4. */
  wide(node: Node): boolean {
    return !this.narrow.has(node) && elementCount(node.axes) % 4 === 0;
  }

  reading(node: Node, width: Width): Binding {
    const entry = this.#touch(node, width);
    entry.reads = true;
    return entry.binding;
  }

  writing(node: Node, width: Width): Binding {
    const entry = this.#touch(node, width);
    entry.writes = true;
    return entry.binding;
  }

  /** A buffer between the kernels of a cluster. */
  workspace(
    index: number,
    length: number,
    access: "read" | "write",
    width: Width = 1,
    scalar: ScalarType = "f32",
  ): Binding {
    const entry = this.#entry(`workspace ${index}`, "partials", { kind: "workspace", index }, scalar, width, length);
    if (access === "read") entry.reads = true;
    else entry.writes = true;
    return entry.binding;
  }

  /** A word of the scalars buffer, u32. Words 0 and 1 are the seed and the step of the random generator. */
  word(index: number): Expr {
    this.#words = Math.max(this.#words, index + 1);
    const entry = this.#entry("scalars", "scalars", { kind: "scalars" }, "u32", 1, 0);
    entry.reads = true;
    return load(entry.binding, i32(index));
  }

  /** The word of a rank-0 scalar leaf, u32. */
  scalar(leaf: Leaf): Expr {
    return this.word(this.#layout.wordOf(leaf));
  }

  /** The bindings and what they are. */
  finish(
    target: Target,
    kernel: string,
  ): { readonly bindings: readonly Binding[]; readonly sources: readonly BindingSource[] } {
    const entries = [...this.#entries.values()];
    invariant(
      entries.length <= target.bindings,
      `kernel ${kernel} needs ${entries.length} buffers (${entries.map((entry) => entry.binding.name).join(", ")}) and the target ${target.name} binds ${target.bindings}`,
    );
    const bindings = entries.map(({ binding, source, reads, writes }): Binding => ({
      ...binding,
      access: writes ? (reads ? "read_write" : "write") : "read",
      ...(source.kind === "scalars" && { length: this.#words }),
    }));
    return { bindings, sources: entries.map((entry) => entry.source) };
  }

  #touch(node: Node, width: Width): Entry {
    // An update lies where its target lies: reading the old value and writing the new one is one binding.
    const place = node.kind === "update" ? node.target : node;
    if (width === 1) this.narrow.add(place);
    const length = elementCount(place.axes) / width;
    invariant(Number.isInteger(length), `${place.name} does not divide into vectors`);
    return this.#entry(
      place,
      shortName(place.name),
      { kind: "node", node: place },
      storageOf(place.dtype),
      width,
      length,
    );
  }

  #entry(
    key: Node | string,
    name: string,
    source: BindingSource,
    scalar: ScalarType,
    width: Width,
    length: number,
  ): Entry {
    const known = this.#entries.get(key);
    if (known) {
      if (known.binding.element.width !== width) this.conflict = true;
      return known;
    }
    const binding: Binding = {
      name: this.names.fresh(name),
      access: "read",
      element: scalar === "u32" ? u32Type : { scalar, width },
      length,
    };
    const entry: Entry = { source, binding, reads: false, writes: false };
    this.#entries.set(key, entry);
    return entry;
  }
}

/** Everything of a kernel but its bindings. */
export type KernelDraft = Omit<Kernel, "bindings">;

/** Builds a kernel, again as long as a node that was taken for an array of vectors turns out to need scalar access. */
export function buildKernel(
  layout: ScalarLayout,
  target: Target,
  build: (bindings: Bindings) => KernelDraft,
): LoweredDispatch {
  for (let narrow: ReadonlySet<Node> = new Set(); ;) {
    const bindings = new Bindings(layout, narrow);
    const draft = build(bindings);
    if (!bindings.conflict) {
      const { bindings: list, sources } = bindings.finish(target, draft.name);
      return { kernel: { ...draft, bindings: list }, bindings: sources };
    }
    narrow = bindings.narrow;
  }
}
