/**
 * @file When a kernel binds more buffers than the device can: two tensors it only reads are laid side by side in one buffer and bound as one. Which
 * two must not be told apart by any other kernel: none may write one of them and touch the other. Parameters lie in one buffer already.
 */
import { invariant } from "../../util/invariant.ts";
import type { Node } from "../../ir/graph.ts";
import { add, i32, sameType } from "../../kernel/expr.ts";
import type { Kernel } from "../../kernel/ir.ts";
import { rewriteUniform } from "../../kernel/rewrite.ts";
import type { PendingDispatch, Source } from "./dispatches.ts";
import type { Homes } from "../buffers/allocation.ts";
import { aligned, bytesOf } from "../buffers/sizes.ts";

/** Two tensors in one buffer. */
export interface Pair {
  readonly name: string;
  readonly bytes: number;
}

export interface PairPlace {
  readonly pair: Pair;
  readonly offset: number;
}

interface Choice {
  readonly first: number;
  readonly second: number;
}

export class Packing {
  readonly #homes: Homes;
  readonly #limit: number;
  readonly #places = new Map<Node, PairPlace>();
  readonly #kernels = new Map<string, Kernel>();
  readonly #ids = new Map<Kernel, number>();

  constructor(homes: Homes, limit: number) {
    this.#homes = homes;
    this.#limit = limit;
  }

  /** Where a tensor lies within a pair, if it does. */
  place(node: Node): PairPlace | undefined {
    return this.#places.get(node);
  }

  pack(dispatches: readonly PendingDispatch[]): readonly PendingDispatch[] {
    return dispatches.map((given) => {
      let dispatch = given;
      while (dispatch.bindings.length > this.#limit) dispatch = this.#packOne(dispatch, dispatches);
      return dispatch;
    });
  }

  #packOne(dispatch: PendingDispatch, all: readonly PendingDispatch[]): PendingDispatch {
    const { kernel, bindings } = dispatch;
    const known = this.#packedBefore(dispatch) ?? this.#parametersTogether(dispatch);
    if (known)
      return {
        ...dispatch,
        kernel: this.#merged(kernel, known, known.offset),
        bindings: bindings.filter((_, i) => i !== known.second),
      };
    const choice = this.#choices(dispatch).find(({ first, second }) => {
      const [a, b] = [nodeOf(bindings[first]), nodeOf(bindings[second])];
      return a && b && all.every((d) => !touchesBothWriting(d, a, b, this.#homes));
    });
    invariant(
      choice,
      `kernel ${kernel.name} needs ${bindings.length} buffers (${kernel.bindings.map((b) => b.name).join(", ")}) and ${this.#limit} can be bound`,
    );
    const [a, b] = [nodeOf(bindings[choice.first]), nodeOf(bindings[choice.second])];
    invariant(a && b, "tensors to pack");
    const offset = aligned(bytesOf(a));
    const pair: Pair = { name: `${a.name}, ${b.name}`, bytes: offset + bytesOf(b) };
    this.#places.set(a, { pair, offset: 0 });
    this.#places.set(b, { pair, offset });
    return {
      ...dispatch,
      kernel: this.#merged(kernel, choice, offset),
      bindings: bindings.filter((_, i) => i !== choice.second),
    };
  }

  /** Two tensors that this kernel only reads and that lie side by side for another kernel's sake. */
  #packedBefore({ kernel, bindings }: PendingDispatch): (Choice & { readonly offset: number }) | undefined {
    const placed = bindings.flatMap((source, i) => {
      const node = nodeOf(source);
      const place = node && kernel.bindings[i]?.access === "read" ? this.#places.get(node) : undefined;
      return place ? [{ i, place }] : [];
    });
    for (const { i, place } of placed) {
      const other = placed.find((o) => o.place.pair === place.pair && o.place.offset > place.offset);
      const [a, b] = [kernel.bindings[i], kernel.bindings[other?.i ?? -1]];
      if (other && a && b && sameType(a.element, b.element))
        return { first: i, second: other.i, offset: other.place.offset };
    }
    return undefined;
  }

  /** The two parameters nearest to one another: a range of their arena holds both. Nothing writes parameters while gradients are made. */
  #parametersTogether({ kernel, bindings }: PendingDispatch): (Choice & { readonly offset: number }) | undefined {
    const placed = bindings
      .flatMap((source, i) => {
        const node = nodeOf(source);
        const home = node && kernel.bindings[i]?.access === "read" ? this.#homes.fixed(node) : undefined;
        return home?.buffer.role === "parameters" ? [{ i, buffer: home.buffer, at: home.offset }] : [];
      })
      .toSorted((a, b) => a.at - b.at);
    const next = placed.flatMap(({ i, buffer, at }, n) => {
      const other = placed[n + 1];
      const [a, b] = [kernel.bindings[i], kernel.bindings[other?.i ?? -1]];
      return other?.buffer === buffer && a && b && sameType(a.element, b.element)
        ? [{ first: i, second: other.i, offset: other.at - at }]
        : [];
    });
    return next.toSorted((a, b) => a.offset - b.offset)[0];
  }

  /** Pairs of plain activations that are only read, smallest first. */
  #choices({ kernel, bindings }: PendingDispatch): readonly Choice[] {
    const candidates = bindings
      .flatMap((source, i) => {
        const node = nodeOf(source);
        const free =
          node &&
          kernel.bindings[i]?.access === "read" &&
          !this.#homes.fixed(node) &&
          !this.#homes.viewOf(node) &&
          !this.#places.has(node);
        return free ? [{ i, bytes: bytesOf(node) }] : [];
      })
      .toSorted((a, b) => a.bytes - b.bytes || a.i - b.i);
    return candidates.flatMap(({ i }, n) =>
      candidates.slice(n + 1).flatMap(({ i: j }) => {
        const [a, b] = [kernel.bindings[i], kernel.bindings[j]];
        return a && b && sameType(a.element, b.element) ? [{ first: Math.min(i, j), second: Math.max(i, j) }] : [];
      }),
    );
  }

  /** The kernel with the second binding read as the end of the first. */
  #merged(kernel: Kernel, { first, second }: Choice, offset: number): Kernel {
    const id = this.#ids.get(kernel) ?? this.#ids.size;
    this.#ids.set(kernel, id);
    const key = `${id}:${first}:${second}:${offset}`;
    const known = this.#kernels.get(key);
    if (known) return known;
    const [a, b] = [kernel.bindings[first], kernel.bindings[second]];
    invariant(a && b, "bindings to merge");
    const start = offset / (4 * a.element.width);
    const body = rewriteUniform(kernel.body, {
      expr: (e) =>
        e.kind === "load" && e.array === b.name ? { ...e, array: a.name, index: add(e.index, i32(start)) } : e,
      array: (name) => name,
    });
    const bindings = kernel.bindings.flatMap((binding, i) =>
      i === second ? [] : i === first ? [{ ...binding, length: start + b.length }] : [binding],
    );
    const made = { ...kernel, bindings, body };
    this.#kernels.set(key, made);
    return made;
  }
}

function nodeOf(source: Source | undefined): Node | undefined {
  return source?.kind === "node" ? source.node : undefined;
}

function touchesBothWriting(dispatch: PendingDispatch, a: Node, b: Node, homes: Homes): boolean {
  let [touchesA, touchesB, writes] = [false, false, false];
  dispatch.bindings.forEach((source, i) => {
    const bound = nodeOf(source);
    const node = bound && homes.base(bound);
    if (node !== a && node !== b) return;
    if (node === a) touchesA = true;
    else touchesB = true;
    writes ||= dispatch.kernel.bindings[i]?.access !== "read";
  });
  return touchesA && touchesB && writes;
}
