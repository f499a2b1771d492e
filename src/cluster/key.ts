/**
 * @file The structure of a cluster as text: equal for clusters that differ only in which tensors they touch, as the twelve layers of a stack do. The
 * tensors are numbered in the order the text meets them, so that a kernel made for one serves the others.
 */
import { unreachable } from "../util/invariant.ts";
import type { AttentionForm, Axis, Leaf, Node, Scalar } from "../ir/graph.ts";
import type { Cluster, Output } from "./cluster.ts";

export interface Structure {
  readonly key: string;
  /** Tensors by number. An update stands for its target. */
  readonly nodes: readonly Node[];
}

/** `wordOf` gives the place of a host scalar, which is part of the structure. */
export function structureOf(cluster: Cluster, wordOf: (leaf: Leaf) => number): Structure {
  return new Writer(wordOf).cluster(cluster);
}

class Writer {
  readonly #wordOf: (leaf: Leaf) => number;
  readonly #nodes = new Map<Node, number>();
  readonly #scalars = new Map<Scalar, number>();
  readonly #parts: string[] = [];

  constructor(wordOf: (leaf: Leaf) => number) {
    this.#wordOf = wordOf;
  }

  cluster(cluster: Cluster): Structure {
    this.#parts.push(cluster.kind);
    switch (cluster.kind) {
      case "map":
        this.#axes(cluster.axes);
        this.#outputs(cluster.outputs);
        break;
      case "row":
        this.#axes(cluster.rows);
        this.#axes(cluster.along);
        for (const step of cluster.steps) {
          if (step.kind === "output") {
            this.#parts.push(step.per);
            this.#outputs([step.output]);
          } else this.#parts.push(step.kind, step.kind === "reduce" ? step.op : "", this.#scalar(step.value));
        }
        break;
      case "contract":
        for (const axes of [cluster.batch, cluster.m, cluster.n, cluster.k]) this.#axes(axes);
        for (const { into, a, b } of cluster.products) this.#parts.push(`${into}`, this.#scalar(a), this.#scalar(b));
        this.#outputs(cluster.outputs);
        break;
      case "fold":
        this.#axes(cluster.axes);
        this.#axes(cluster.over);
        for (const { op, value } of cluster.values) this.#parts.push(op, this.#scalar(value));
        this.#outputs(cluster.outputs);
        break;
      case "bins":
        for (const axes of [[cluster.bins], cluster.rest, cluster.over]) this.#axes(axes);
        this.#parts.push(this.#node(cluster.order), this.#node(cluster.offsets), this.#scalar(cluster.value));
        this.#outputs([cluster.output]);
        break;
      case "flash": {
        const form = cluster.form.kind === "attention" ? cluster.form : cluster.form.forward;
        this.#attention(form);
        if (cluster.form.kind === "attention-gradient") {
          const { output, lse, cotangent, dot, bins } = cluster.form;
          this.#parts.push(...[output, lse, cotangent, dot].map((n) => this.#node(n)));
          for (const { axis, bin, derivative } of bins) {
            this.#axes([axis]);
            this.#parts.push(this.#scalar(bin), this.#scalar(derivative));
          }
        }
        this.#parts.push(cluster.pass, ...cluster.outputs.flatMap((o) => [o.role, this.#node(o.node)]));
        break;
      }
      default:
        return unreachable(cluster);
    }
    return { key: this.#parts.join(";"), nodes: [...this.#nodes.keys()] };
  }

  #attention(form: AttentionForm): void {
    for (const axes of [form.z, [form.t, form.s, form.e, form.f]]) this.#axes(axes);
    const none = "-";
    this.#parts.push(
      this.#scalar(form.q),
      this.#scalar(form.k),
      this.#scalar(form.v),
      this.#scalar(form.score),
      form.mask ? this.#scalar(form.mask) : none,
      form.weight ? this.#scalar(form.weight) : none,
      form.outputAxes.join(),
    );
  }

  #axes(axes: readonly Axis[]): void {
    this.#parts.push(`[${axes.map((a) => a.size).join()}]`);
  }

  #outputs(outputs: readonly Output[]): void {
    for (const { node, value, at } of outputs)
      this.#parts.push("=", this.#node(node), this.#scalar(value), at ? at.map((s) => this.#scalar(s)).join() : "");
  }

  #node(given: Node): string {
    const node = given.kind === "update" ? given.target : given;
    const known = this.#nodes.get(node);
    if (known !== undefined) return `n${known}`;
    const number = this.#nodes.size;
    this.#nodes.set(node, number);
    return `n${number}:${node.dtype}[${node.axes.map((a) => a.size).join()}]${node.kind === "leaf" && node.below !== undefined ? `<${node.below}` : ""}`;
  }

  #scalar(s: Scalar): string {
    const known = this.#scalars.get(s);
    if (known !== undefined) return `s${known}`;
    const text = this.#fresh(s);
    const number = this.#scalars.size;
    this.#scalars.set(s, number);
    this.#parts.push(`s${number}=${text}`);
    return `s${number}`;
  }

  #fresh(s: Scalar): string {
    switch (s.kind) {
      case "literal":
        return `${s.dtype} ${Object.is(s.value, -0) ? "-0" : s.value}`;
      case "axis":
        return `axis ${s.position}`;
      case "slot":
        return `slot ${s.dtype} ${s.index}`;
      case "read":
        return s.of.kind === "leaf" && s.of.role === "scalar"
          ? `word ${s.of.dtype} ${this.#wordOf(s.of)}`
          : `${this.#node(s.of)}(${s.at.map((i) => this.#scalar(i)).join()})`;
      case "unary":
        return `${s.op} ${this.#scalar(s.of)}`;
      case "cast":
        return `as ${s.dtype} ${this.#scalar(s.of)}`;
      case "binary":
        return `${s.op} ${this.#scalar(s.left)} ${this.#scalar(s.right)}`;
      case "select":
        return `select ${this.#scalar(s.condition)} ${this.#scalar(s.then)} ${this.#scalar(s.else)}`;
      case "random":
        return `random ${s.law} ${this.#scalar(s.stream)} ${this.#scalar(s.counter)}`;
      default:
        return unreachable(s);
    }
  }
}
