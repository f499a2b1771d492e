/**
 * @file The same forward pass over fewer elements. Axes that are only ever read along as they are (channels, heads, the vocabulary) mean the same at any size: no equation could tell. Time is cut short
 * where it is only read at itself or so many positions earlier: what is left is the beginning of the same computation.
 */
import { affineOf } from "./affine.ts";
import type { Axis, Leaf, Node, Scalar } from "./graph.ts";
import type { Model } from "./model.ts";
import { comp, leaf, reachable } from "./node.ts";
import { read, rewrite } from "./scalar.ts";

export interface Sizes {
  /** Of an axis that means the same at any size. A norm over one or two numbers would leave only signs. */
  readonly channel: number;
  readonly time: number;
}

/** Axes that must have one size, by union. */
class Classes {
  readonly #parent = new Map<string, string>();
  /** Whose size something depends on. */
  readonly #fixed = new Set<string>();

  of(key: string): string {
    let root = key;
    for (let up = this.#parent.get(root); up !== undefined && up !== root; up = this.#parent.get(root)) root = up;
    this.#parent.set(key, root);
    return root;
  }

  join(a: string, b: string): void {
    const [x, y] = [this.of(a), this.of(b)];
    if (x === y) return;
    this.#parent.set(x, y);
    if (this.#fixed.has(x)) this.#fixed.add(y);
  }

  fix(key: string): void {
    this.#fixed.add(this.of(key));
  }

  isFixed(key: string): boolean {
    return this.#fixed.has(this.of(key));
  }
}

const key = (node: Node, i: number): string => `${node.id}:${i}`;
const ids = (input: Leaf): string => `values of ${input.id}`;

/** The model with its logits and inputs over smaller axes; its other roots stay as they are. */
export function shrink(model: Model, tokens: Leaf, sizes: Sizes): Model {
  const nodes = reachable([model.logits]);
  const classes = new Classes();
  const time = key(tokens, 1);
  /** What is read at other places than an axis as it is, and whether it may be cut short if it is time. */
  const uneven: { readonly key: string; readonly earlier: () => boolean }[] = [];
  const touched: string[] = [];
  // Its positions are those of the logits, whether or not they read it.
  [0, 1].forEach((i) => classes.join(key(model.logits, i), key(tokens, i)));
  for (const node of nodes) {
    if (node.kind === "leaf" && node.values) node.axes.forEach((_, i) => classes.fix(key(node, i)));
    if (node.kind !== "comp") continue;
    const visit = (s: Scalar): void =>
      void rewrite(s, (e) => {
        if (e.kind === "axis") touched.push(key(node, e.position));
        if (e.kind !== "read") return undefined;
        e.at.forEach((index, i) => {
          if (index.kind === "axis") return classes.join(key(e.of, i), key(node, index.position));
          if (index.kind === "read" && index.of.kind === "leaf" && index.of.below !== undefined)
            classes.join(key(e.of, i), ids(index.of));
          else uneven.push({ key: key(e.of, i), earlier: () => readsEarlier(index, (p) => isTime(key(node, p))) });
          visit(index);
        });
        return e;
      });
    visit(node.body);
  }
  const isTime = (k: string): boolean => classes.of(k) === classes.of(time);
  const cut =
    !classes.isFixed(time) && uneven.every((u) => !isTime(u.key) || u.earlier()) && model.context > sizes.time;
  for (const k of [...touched, ...uneven.map((u) => u.key)]) if (!isTime(k)) classes.fix(k);
  const batch = classes.of(key(tokens, 0));
  const sizeOf = (k: string, size: number): number => {
    if (isTime(k)) return cut ? sizes.time : size;
    if (classes.isFixed(k)) return size;
    return classes.of(k) === batch ? 1 : Math.min(size, sizes.channel);
  };
  const made = new Map<Node, Node>();
  const axes = (node: Node, list: readonly Axis[], from = 0): readonly Axis[] =>
    list.map((a, i) => ({ ...a, size: sizeOf(key(node, from + i), a.size) }));
  const renewed = (node: Node): Node => made.get(node) ?? node;
  for (const node of nodes.toSorted((a, b) => a.id - b.id)) made.set(node, remake(node));
  const inputs = model.inputs.map((i) => ({ ...i, leaf: (made.get(i.leaf) ?? remake(i.leaf)) as Leaf }));
  return { ...model, logits: renewed(model.logits), inputs, context: cut ? sizes.time : model.context, batch: 1 };

  function remake(node: Node): Node {
    if (node.kind === "leaf") {
      const below = node.below === undefined ? undefined : sizeOf(ids(node), node.below);
      return leaf(node.role, node.name, axes(node, node.axes), node.dtype, {
        ...(node.values && { values: node.values }),
        ...(below !== undefined && { below }),
      });
    }
    if (node.kind !== "comp") return node;
    const body = rewriteReads(node.body, renewed);
    return comp(
      { name: node.name, ...(node.origin && { origin: node.origin }) },
      axes(node, node.axes),
      body,
      node.reduce && { op: node.reduce.op, axes: axes(node, node.reduce.axes, node.axes.length) },
    );
  }

  function readsEarlier(index: Scalar, ofTime: (position: number) => boolean): boolean {
    const { constant, terms } = affineOf(index);
    const [[atom, k] = []] = terms;
    if (terms.size === 0) return constant >= 0 && constant < sizes.time;
    return terms.size === 1 && k === 1 && constant <= 0 && atom?.kind === "axis" && ofTime(atom.position);
  }
}

function rewriteReads(body: Scalar, renewed: (node: Node) => Node): Scalar {
  const visit = (s: Scalar): Scalar =>
    rewrite(s, (e) => (e.kind === "read" ? read(renewed(e.of), e.at.map(visit)) : undefined));
  return visit(body);
}
