/**
 * @file What several nodes compute alike becomes one node they read. A reduction over exactly what a pointwise node computes reads that node: the
 * gradient of a bias sums the same cotangent that the contraction before it takes as operand. Choices by random numbers become nodes wherever they
 * stand, so that a dropped-out tensor with many readers can be stored. Bodies are compared up to the order of their axes.
 */
import type { Axis, Comp, Node, Read, Scalar } from "../../ir/graph.ts";
import { comp } from "../../ir/node.ts";
import type { Label } from "../../ir/node.ts";
import { axis, operands, read, rebuild, subexpressions, substitute } from "../../ir/scalar.ts";
import { simplifyScalar } from "../../ir/simplify-scalar.ts";
import { positionsOf } from "../../ir/sums.ts";
import { readsInRange } from "./in-range.ts";

/** Smaller bodies are cheaper to repeat than to look for. */
const leastOperations = 3;

interface Canonical {
  readonly body: Scalar;
  /** The canonical number of each own position; -1 for positions that the body does not have. */
  readonly order: readonly number[];
}

export class SharedBodies {
  readonly #nodes = new Map<Scalar, { readonly node: Node; readonly order: readonly number[] }>();
  readonly #random = new Map<Scalar, boolean>();

  remember(node: Comp): void {
    const canonical = canonicalise(node.body, node.axes);
    if (
      canonical &&
      canonical.order.filter((n) => n >= 0).length === node.axes.length &&
      !this.#nodes.has(canonical.body)
    )
      this.#nodes.set(canonical.body, { node, order: canonical.order });
  }

  /** A body with its choices by random numbers read from nodes of their own; a pointwise body that is such a choice itself stays one. */
  withDrawnNodes(label: Label, body: Scalar, space: readonly Axis[], reduced: boolean): Scalar {
    if (!this.#isRandom(body)) return body;
    const memo = new Map<Scalar, Scalar>();
    const visit = (s: Scalar): Scalar => {
      const known = memo.get(s);
      if (known) return known;
      const made = !this.#isRandom(s)
        ? s
        : ((reduced || s !== body) &&
            s.kind === "select" &&
            this.#isRandom(s.condition) &&
            this.#drawn(label, s, space)) ||
          rebuild(s, visit);
      memo.set(s, made);
      return made;
    };
    return visit(body);
  }

  #drawn(label: Label, s: Scalar, space: readonly Axis[]): Scalar | undefined {
    const canonical = canonicalise(s, space);
    if (!canonical || !readsInRange(s, space)) return undefined;
    const positions = canonical.order
      .flatMap((number, p) => (number >= 0 ? [{ number, p }] : []))
      .toSorted((a, b) => a.number - b.number)
      .map((x) => x.p);
    const known =
      this.#nodes.get(canonical.body)?.node ??
      comp(
        { ...label, name: `${label.name}.drawn` },
        positions.flatMap((p) => space[p] ?? []),
        canonical.body,
      );
    if (!this.#nodes.has(canonical.body))
      this.#nodes.set(canonical.body, { node: known, order: positions.map((_, i) => i) });
    return this.find(s, space);
  }

  #isRandom(s: Scalar): boolean {
    const known = this.#random.get(s);
    if (known !== undefined) return known;
    const made = s.kind === "random" || operands(s).some((o) => this.#isRandom(o));
    this.#random.set(s, made);
    return made;
  }

  /** A read of the node that computes this body. */
  find(body: Scalar, space: readonly Axis[]): Scalar | undefined {
    const canonical = canonicalise(body, space);
    const known = canonical && this.#nodes.get(canonical.body);
    if (
      !canonical ||
      !known ||
      known.node.axes.some((a, i) => a.size !== space[canonical.order.indexOf(known.order[i] ?? -1)]?.size)
    )
      return undefined;
    return read(
      known.node,
      known.order.map((number) => axis(canonical.order.indexOf(number))),
    );
  }
}

/** The body with axes numbered in the order in which tensors, oldest first, are read at them; nothing if some axis is in no plain index. */
function canonicalise(body: Scalar, space: readonly Axis[]): Canonical | undefined {
  const all = subexpressions(body);
  if (all.filter((s) => s.kind === "unary" || s.kind === "binary" || s.kind === "select").length < leastOperations)
    return undefined;
  const reads = all
    .filter((s): s is Read => s.kind === "read")
    .toSorted((a, b) => a.of.id - b.of.id || plainCount(b) - plainCount(a));
  const order: number[] = [];
  for (const r of reads)
    for (const index of r.at) if (index.kind === "axis" && !order.includes(index.position)) order.push(index.position);
  const used = positionsOf(body);
  if (order.length !== used.size) return undefined;
  const numbers = Array.from({ length: Math.max(-1, ...used) + 1 }, (_, p) => order.indexOf(p));
  const renumbered = substitute(
    body,
    numbers.map((n) => axis(Math.max(n, 0))),
  );
  // The counters of random numbers are sums of indices: their terms must stand in one order.
  const drawn = all.some((s) => s.kind === "random");
  return {
    body: drawn
      ? simplifyScalar(
          renumbered,
          order.flatMap((p) => space[p] ?? []),
        )
      : renumbered,
    order: numbers,
  };
}

function plainCount(r: Read): number {
  return r.at.filter((s) => s.kind === "axis").length;
}
