/**
 * @file From the forward pass over a whole context to programs that generate text, without knowing what attention is. The step of one token, and the prefill of a few tokens at once:
 * - what is read at the current position is computed there only (its time axis becomes the position, or the few positions from there on);
 * - what is read at other positions is kept in a cache, a state over the context written at the current row each step;
 * - what has two time axes, such as scores, keeps the one that its reader ranges over, and reads caches along it;
 * - everything else is computed anew each step.
 * Rows not yet written read as the current one. That nothing depends on them, and that a row never changes once it is written, is shown for each program in `plan/generation.ts`; where it
 * cannot be, the whole context is computed for each token.
 * Works before regions are formed. The batch is one sequence: its axis disappears. What the model reads besides (the source of a
 * translation) stays a whole input, and what depends on it alone is computed anew each step.
 */
import { invariant } from "../util/invariant.ts";
import { affineOf, inRange, spaceOf } from "./affine.ts";
import type { Axis, Comp, Leaf, Node, Read, Scalar, Update } from "./graph.ts";
import type { Model } from "./model.ts";
import { comp, inputsOf, leaf, reachable, update } from "./node.ts";
import { add, axis, binary, int, read, rewrite, select, sub, subexpressions, substitute } from "./scalar.ts";
import { dependsOn } from "./dependence.ts";
import { simplifier } from "./simplify-scalar.ts";
import { positionsOf } from "./sums.ts";

export interface DecodeProgram {
  /** [V], for the token at `position`. */
  readonly logits: Node;
  /** States over the context, in the order of their updates; their first contents do not matter. */
  readonly caches: readonly Leaf[];
  /** The same by the node of the forward pass whose rows they keep, with its axis of time. */
  readonly cached: ReadonlyMap<Node, CachedNode>;
  readonly updates: readonly Update[];
  /** The token at `position`, rank 0; or all of the context, [T], of which what is behind `position` does not matter. */
  readonly token: Leaf;
  /** In [0, context); with caches it counts up from 0. */
  readonly position: Leaf;
  /** The other inputs of the model, without their batch axis. */
  readonly others: ReadonlyMap<Leaf, Leaf>;
}

export interface CachedNode {
  readonly leaf: Leaf;
  readonly time: number;
}

/** Whether rows of a node along an axis may be kept: they depend on no later token. */
export type Keeps = (node: Node, time: number) => boolean;

/** The one-token step of a model whose logits follow `tokens`. */
export function decodeProgram(model: Model, tokens: Leaf, keeps: Keeps): DecodeProgram {
  const others = new Map(inputsBeside(model, tokens).map((l) => [l, withoutBatch(l)] as const));
  const decoder = new Decoder(model.logits, tokens, others, model.context, keeps);
  const logits = decoder.logits();
  const caches = [...decoder.caches()];
  return {
    logits,
    caches: caches.map(([, c]) => c.leaf),
    cached: new Map(caches.map(([of, { leaf: kept, time }]) => [of, { leaf: kept, time }])),
    updates: caches.map(([, c]) => c.update),
    token: decoder.token,
    position: decoder.position,
    others,
  };
}

/** The forward pass over the whole context, of which only the logits at one position are asked for. */
export function contextProgram(model: Model, tokens: Leaf): DecodeProgram {
  const whole = withoutBatch(tokens);
  const others = new Map(inputsBeside(model, tokens).map((l) => [l, withoutBatch(l)] as const));
  const decoder = new Decoder(
    model.logits,
    undefined,
    new Map([...others, [tokens, whole]]),
    model.context,
    () => false,
  );
  return {
    logits: decoder.logits(),
    caches: [],
    cached: new Map(),
    updates: [],
    token: whole,
    position: decoder.position,
    others,
  };
}

function inputsBeside(model: Model, tokens: Leaf): readonly Leaf[] {
  return model.inputs.filter((i) => i.role === "tokens" && i.leaf !== tokens).map((i) => i.leaf);
}

export interface PrefillProgram {
  readonly updates: readonly Update[];
  /** [N]: the tokens from `position` on. All N positions are in the context; those behind the last token of a prompt hold anything, and are written again. */
  readonly tokens: Leaf;
  readonly position: Leaf;
}

/** Writes the caches of a decode program for so many tokens at once, or as many as the context has. Nothing where there are none, or where many tokens would need others than one. */
export function prefillProgram(
  model: Model,
  tokens: Leaf,
  keeps: Keeps,
  decode: DecodeProgram,
  most: number,
): PrefillProgram | undefined {
  const decoder = new Decoder(model.logits, tokens, decode.others, model.context, keeps, {
    size: Math.min(most, model.context),
    cached: decode.cached,
  });
  decoder.logits();
  const caches = decoder.caches();
  if (
    caches.size === 0 ||
    caches.size !== decode.cached.size ||
    [...caches.keys()].some((of) => !decode.cached.has(of))
  )
    return undefined;
  return { updates: [...caches.values()].map((c) => c.update), tokens: decoder.token, position: decoder.position };
}

interface Cache extends CachedNode {
  readonly update: Update;
}

/** Several positions at once, for the caches of a step of one. */
interface Window {
  readonly size: number;
  readonly cached: ReadonlyMap<Node, CachedNode>;
}

/** What becomes of an axis: one index, or the positions of the window; nothing if it stays. */
type Pin = Scalar | "window" | undefined;

class Decoder {
  readonly token: Leaf;
  readonly position: Leaf;
  /** The position, or the first of the window's. */
  readonly #here: Scalar;
  readonly #window: Window | undefined;
  readonly #root: Node;
  /** Absent where no token is the current one: all are a whole input. */
  readonly #tokens: Leaf | undefined;
  readonly #keeps: Keeps;
  readonly #others: ReadonlyMap<Leaf, Leaf>;
  /** What has a batch axis: it depends on some input. */
  readonly #batched: ReadonlySet<Node>;
  /** For each node that depends on the tokens, its axes along which it does. */
  readonly #timeAxes: ReadonlyMap<Node, ReadonlySet<number>>;
  readonly #variants = new Map<string, Node>();
  readonly #caches = new Map<Node, Cache>();

  constructor(
    root: Node,
    tokens: Leaf | undefined,
    others: ReadonlyMap<Leaf, Leaf>,
    context: number,
    keeps: Keeps,
    window?: Window,
  ) {
    this.#root = root;
    this.#keeps = keeps;
    this.#window = window;
    this.#tokens = tokens;
    this.#others = others;
    this.#batched = dependents(root, [...(tokens ? [tokens] : []), ...others.keys()]);
    this.token = leaf(
      "input",
      tokens?.name ?? "tokens",
      this.#axes(),
      "i32",
      tokens?.below === undefined ? {} : { below: tokens.below },
    );
    this.position = leaf("scalar", "position", [], "i32", { below: context - (window ? window.size - 1 : 0) });
    this.#here = read(this.position, []);
    this.#timeAxes = tokens ? timeAxes(root, tokens) : new Map();
  }

  logits(): Node {
    const { axes } = this.#root;
    invariant(axes.length === 3, `${this.#root.name} is over batch, time and vocabulary`);
    return this.#variant(this.#root, [int(0), this.#window ? "window" : this.#here, undefined]);
  }

  /** By the node whose rows they keep. */
  caches(): ReadonlyMap<Node, Cache> {
    return this.#caches;
  }

  /** What the time axis becomes: no axis, or that of the window. */
  #axes(): readonly Axis[] {
    return this.#window ? [{ name: "N", size: this.#window.size }] : [];
  }

  /** The index in the window of a time that is always in it: an axis by itself. */
  #inWindow(time: Scalar): Scalar | undefined {
    if (!this.#window || time.dtype !== "i32") return undefined;
    const { constant, terms } = affineOf(sub(time, this.#here));
    const [[atom, by] = []] = terms;
    return constant === 0 && terms.size === 1 && by === 1 && atom?.kind === "axis" ? atom : undefined;
  }

  /** Whether a time is the current one of whatever reads at it. */
  #isHere(time: Scalar): boolean {
    return time === this.#here || this.#inWindow(time) !== undefined;
  }

  /** Whether a time is the current one, or one of the window. */
  #isNow(time: Scalar): Scalar {
    if (!this.#window) return binary("eq", time, this.#here);
    return binary("and", binary("le", this.#here, time), binary("lt", time, add(this.#here, int(this.#window.size))));
  }

  #times(node: Node): ReadonlySet<number> {
    return this.#timeAxes.get(node) ?? new Set();
  }

  /** What a read of the forward graph becomes; `at` is over the reader's new space. */
  #read(of: Node, at: readonly Scalar[]): Scalar {
    if (!this.#batched.has(of)) return this.#readIndependent(of, at);
    invariant(at[0] === int(0), `${of.name} is read across the batch`);
    const other = of.kind === "leaf" && this.#others.get(of);
    if (other) return read(other, at.slice(1));
    if (of === this.#tokens) return this.#readCached(of, 1, at);
    const times = this.#times(of);
    const [time, ...more] = times;
    // What has a row for the current position along another axis too is another row at each position: it is not kept.
    const kept =
      time !== undefined &&
      more.length === 0 &&
      !this.#isHere(at[time] ?? int(0)) &&
      at.every((index, i) => i === time || !this.#followsPosition(index));
    if (kept && this.#keeps(of, time)) return this.#readCached(of, time, at);
    return this.#readVariant(of, at, (i) => i === 0 || times.has(i) || this.#followsPosition(at[i] ?? int(0)));
  }

  #followsPosition(index: Scalar): boolean {
    return subexpressions(index).some((s) => s.kind === "read" && s.of === this.position);
  }

  /** Tables that the host computes once stay whole; of what else does not depend on tokens only the rows in use are made. */
  #readIndependent(of: Node, at: readonly Scalar[]): Scalar {
    return of.kind === "leaf" || dependsOn(of) === "constant" ? read(of, at) : this.#readVariant(of, at, () => true);
  }

  #readVariant(of: Node, at: readonly Scalar[], mayPin: (axis: number) => boolean): Scalar {
    const pins = at.map((index, i): Pin =>
      !mayPin(i)
        ? undefined
        : this.#inWindow(index)
          ? "window"
          : positionsOf(index).size === 0
            ? inside(index, of, i)
            : undefined,
    );
    if (pins.every((p) => p === undefined)) return read(of, at);
    return read(
      this.#variant(of, pins),
      at.flatMap((index, i) =>
        pins[i] === undefined ? [index] : pins[i] === "window" ? [this.#inWindow(index) ?? index] : [],
      ),
    );
  }

  #readCached(of: Node, time: number, at: readonly Scalar[]): Scalar {
    const index = at[time];
    invariant(index, `${of.name} is read without a time`);
    if (this.#isHere(index)) return this.#now(of, time, at);
    const { leaf: cache } = this.#cache(of, time);
    return select(binary("lt", index, this.#here), read(cache, at.slice(1)), this.#now(of, time, at));
  }

  /** The value at a current time; `at` are all indices of the node. Behind the last current time it is that of the last. */
  #now(of: Node, time: number, at: readonly Scalar[]): Scalar {
    const last = (this.#window?.size ?? 1) - 1;
    const here = (index: Scalar): Scalar => this.#inWindow(index) ?? binary("min", sub(index, this.#here), int(last));
    const row = (
      this.#window ? at.map((index, i) => (i === time ? here(index) : index)) : at.filter((_, i) => i !== time)
    ).slice(1);
    if (of === this.#tokens) return read(this.token, row);
    return read(
      this.#variant(
        of,
        of.axes.map((_, i): Pin =>
          i === 0 ? int(0) : i !== time ? undefined : this.#window ? "window" : inside(this.#here, of, i),
        ),
      ),
      row,
    );
  }

  #cache(of: Node, time: number): Cache {
    const known = this.#caches.get(of);
    if (known) return known;
    const axes = of.axes.slice(1);
    const state = this.#window?.cached.get(of)?.leaf ?? leaf("state", `cache.${of.name}`, axes, of.dtype);
    const here = axes.map((_, i) => axis(i));
    const value = comp(
      { name: `cache.${of.name}`, ...(of.origin && { origin: of.origin }) },
      axes,
      select(this.#isNow(axis(time - 1)), this.#now(of, time, [int(0), ...here]), read(state, here)),
    );
    const made: Cache = { leaf: state, time, update: update(state, value) };
    this.#caches.set(of, made);
    return made;
  }

  /** A node with some axes replaced by what they are at the current position. */
  #variant(of: Node, pins: readonly Pin[]): Node {
    invariant(of.kind === "comp", `decoding meets the ${of.kind} ${of.name}`);
    const key = `${of.id}:${pins.map((p) => (typeof p === "object" ? p.id : (p ?? ""))).join()}`;
    const known = this.#variants.get(key);
    if (known) return known;
    const made = this.#specialise(of, pins);
    this.#variants.set(key, made);
    return made;
  }

  #specialise(of: Comp, pins: readonly Pin[]): Node {
    const axes = of.axes.flatMap((own, i) =>
      pins[i] === undefined ? [own] : pins[i] === "window" ? this.#axes() : [],
    );
    const over = of.reduce?.axes ?? [];
    let next = 0;
    const by = spaceOf(of).map(
      (_, i) =>
        (pins[i] === "window"
          ? inside(add(this.#here, axis(next++)), of, i, axes)
          : (pins[i] ?? axis(next++))) as Scalar,
    );
    const simplify = simplifier([...axes, ...over]);
    const renew = (s: Scalar): Scalar =>
      rewrite(s, (e) =>
        e.kind === "read" && e.of !== this.position
          ? this.#read(
              e.of,
              e.at.map((index) => simplify(renew(index))),
            )
          : undefined,
      );
    const body = simplify(renew(substitute(of.body, by)));
    return comp({ name: of.name, ...(of.origin && { origin: of.origin }) }, axes, body, of.reduce);
  }
}

/** An index that no condition guards any more, as what it reads is computed by itself: where it would leave the axis its value is not used. */
function inside(index: Scalar, of: Node, i: number, space: readonly Axis[] = []): Scalar {
  const size = spaceOf(of)[i]?.size ?? 1;
  return inRange(index, size, space) ? index : binary("min", binary("max", index, int(0)), int(size - 1));
}

function withoutBatch(input: Leaf): Leaf {
  return leaf(
    "input",
    input.name,
    input.axes.slice(1),
    input.dtype,
    input.below === undefined ? {} : { below: input.below },
  );
}

function dependents(root: Node, inputs: readonly Leaf[]): ReadonlySet<Node> {
  const found = new Set<Node>(inputs);
  for (const node of reachable([root])) if (inputsOf(node).some((n) => found.has(n))) found.add(node);
  return found;
}

/** Follows the time axis of the tokens through every index: the axes of a node that occur in the time index of what it reads. */
function timeAxes(root: Node, tokens: Leaf): ReadonlyMap<Node, ReadonlySet<number>> {
  const found = new Map<Node, ReadonlySet<number>>([[tokens, new Set([1])]]);
  for (const node of reachable([root])) {
    if (node.kind !== "comp" || !inputsOf(node).some((n) => found.has(n))) continue;
    const reads = subexpressions(node.body).filter((s): s is Read => s.kind === "read");
    const positions = reads.flatMap((r) =>
      [...(found.get(r.of) ?? [])].flatMap((time) => [...positionsOf(r.at[time] ?? int(0))]),
    );
    // Data that is read by data is read in the same sequence: that is no time.
    found.set(node, new Set(positions.filter((p) => p > 0 && p < node.axes.length)));
  }
  return found;
}
