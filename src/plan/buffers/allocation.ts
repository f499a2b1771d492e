/**
 * @file Where tensors live. Parameters, gradients, states, inputs, constants and results have fixed homes; everything else is an activation, which
 * `memory.ts` gives a share of a buffer. Buffers are numbered when the plan is written.
 */
import { invariant } from "../../util/invariant.ts";
import type { DType, Leaf, Node } from "../../ir/graph.ts";
import type { PlanBuffer } from "../../abi/plan.ts";
import { alignment, bytesOf } from "./sizes.ts";

/** A buffer of the plan while it is made; shared ones grow. */
export interface BufferDraft {
  readonly name: string;
  readonly role: PlanBuffer["role"];
  bytes: number;
  /** For constants: their values, by which equal ones are shared. */
  readonly words?: Uint8Array<ArrayBuffer>;
}

export interface Home {
  readonly buffer: BufferDraft;
  readonly offset: number;
  readonly bytes: number;
}

/** Fixed homes, and the names that stand for the same tensor. */
export class Homes {
  readonly buffers: BufferDraft[] = [];
  readonly #homes = new Map<Node, Home>();
  readonly #same = new Map<Node, Node>();
  readonly #views = new Map<Node, { readonly of: Node; readonly offset: number }>();
  readonly #constants = new Map<string, BufferDraft>();

  buffer(name: string, role: PlanBuffer["role"], bytes: number): BufferDraft {
    const made = { name, role, bytes };
    this.buffers.push(made);
    return made;
  }

  place(node: Node, buffer: BufferDraft, offset = 0): void {
    invariant(offset + bytesOf(node) <= buffer.bytes, `${node.name} does not fit into ${buffer.name}`);
    this.#homes.set(node, { buffer, offset, bytes: bytesOf(node) });
  }

  /** `view` is a part of a tensor that starts so many bytes into it. */
  view(view: Node, of: Node, offset: number): void {
    invariant(offset % alignment === 0, `a view of ${of.name} starts at ${offset}`);
    this.#views.set(view, { of, offset });
  }

  /** What a view is of, and where it starts there. */
  viewOf(node: Node): { readonly of: Node; readonly offset: number } | undefined {
    return this.#views.get(this.canonical(node));
  }

  /** The tensor whose memory a node names: for views the tensor they are of. */
  base(node: Node): Node {
    const canonical = this.canonical(node);
    const view = this.#views.get(canonical);
    return view ? this.base(view.of) : canonical;
  }

  /** `alias` lies where `node` lies. */
  alias(alias: Node, node: Node): void {
    this.#same.set(alias, node);
  }

  /** The node that stands for a tensor: the target of an update, the original of an alias. */
  canonical(node: Node): Node {
    const target = node.kind === "update" ? node.target : this.#same.get(node);
    return target ? this.canonical(target) : node;
  }

  /** The fixed home of a tensor; nothing for an activation. */
  fixed(node: Node): Home | undefined {
    const of = this.canonical(node);
    const known = this.#homes.get(of);
    if (known) return known;
    const view = this.#views.get(of);
    const whole = view && this.fixed(view.of);
    if (view) return whole && { buffer: whole.buffer, offset: whole.offset + view.offset, bytes: bytesOf(of) };
    if (of.kind !== "leaf" || of.role !== "constant") return undefined;
    const buffer = this.#constant(of);
    const home = { buffer, offset: 0, bytes: buffer.bytes };
    this.#homes.set(of, home);
    return home;
  }

  #constant(leaf: Leaf): BufferDraft {
    invariant(leaf.values, `the constant ${leaf.name} has values`);
    return this.constant(leaf.name, wordsOf(leaf.values, leaf.dtype));
  }

  /** A buffer with these contents: the one that has them already, if there is one. */
  constant(name: string, words: Uint8Array<ArrayBuffer>): BufferDraft {
    let text = `${words.length}:`;
    for (const byte of words) text += String.fromCharCode(byte);
    const known = this.#constants.get(text);
    if (known) return known;
    const made: BufferDraft = { name, role: "constant", bytes: words.length, words };
    this.#constants.set(text, made);
    this.buffers.push(made);
    return made;
  }
}

function wordsOf(values: Float64Array, dtype: DType): Uint8Array<ArrayBuffer> {
  const array = dtype === "f32" ? Float32Array.from(values) : Int32Array.from(values);
  return new Uint8Array(array.buffer);
}
