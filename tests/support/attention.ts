/** @file Attention graphs in many spellings, from IR constructors: what the recogniser, the gradients and the kernels are tested on. */
import type { Axis, Comp, Leaf, Node, Scalar } from "../../src/ir/graph.ts";
import { comp, elementCount, leaf } from "../../src/ir/node.ts";
import {
  add,
  axis,
  binary,
  cast,
  div,
  int,
  literal,
  mul,
  random,
  read,
  select,
  sub,
  unary,
} from "../../src/ir/scalar.ts";

import { gradients } from "../../src/grad/gradients.ts";
import { recogniseAttention } from "../../src/optimize/attention/recognise.ts";
import { substituteAttention } from "../../src/optimize/attention/gradient.ts";
import type { FlashCluster } from "../../src/cluster/cluster.ts";
import { clusterGraph } from "../../src/optimize/clusters.ts";

export interface Shape {
  readonly B: number;
  readonly H: number;
  readonly G: number;
  readonly T: number;
  readonly S: number;
  readonly E: number;
  readonly F: number;
}

const smallShape: Shape = { B: 2, H: 4, G: 2, T: 7, S: 5, E: 3, F: 6 };

/** Scalars at one point: batch, head, query, key. */
export interface Point {
  readonly b: Scalar;
  readonly h: Scalar;
  readonly t: Scalar;
  readonly s: Scalar;
}

export type MaskName = "none" | "causal" | "window" | "prefix" | "strict" | "strided" | "document";
export type ScoreName =
  "plain" | "alibi" | "softcap" | "keyBias" | "temperature" | "buckets" | "shaw" | "shawCapped" | "table";
export type Spelling = "softmax" | "divideAfter" | "unshifted" | "logsumexp" | "maskOutside" | "inline" | "guarded";

export interface Options {
  readonly shape?: Partial<Shape>;
  readonly mask?: MaskName;
  readonly score?: ScoreName;
  readonly spelling?: Spelling;
  readonly dropout?: boolean;
  /** The axes of scores, in another order. */
  readonly scoreOrder?: "bhts" | "thsb";
}

export interface AttentionGraph {
  readonly shape: Shape;
  readonly q: Leaf;
  readonly k: Leaf;
  readonly v: Leaf;
  /** Tensors that the score reads and that are learned. */
  readonly captured: readonly Leaf[];
  readonly leaves: readonly Leaf[];
  /** [B, T, H, F] */
  readonly output: Comp;
  readonly probability: Comp | undefined;
  readonly scores: Comp;
}

export const axisOf = (name: string, size: number): Axis => ({ name, size });
const lt = (a: Scalar, b: Scalar): Scalar => binary("lt", a, b);
const le = (a: Scalar, b: Scalar): Scalar => binary("le", a, b);
const and = (a: Scalar, b: Scalar): Scalar => binary("and", a, b);
export const clamp = (x: Scalar, low: number, high: number): Scalar =>
  binary("min", binary("max", x, int(low)), int(high));

/** q [B, T, H, E], k [B, S, G, E], v [B, S, G, F] to o [B, T, H, F]. */
export function attentionGraph(options: Options = {}): AttentionGraph {
  const shape: Shape = { ...smallShape, ...options.shape };
  const { B, H, G, T, S, E, F } = shape;
  const [b, h, g, t, s, e, f] = [
    axisOf("B", B),
    axisOf("H", H),
    axisOf("G", G),
    axisOf("T", T),
    axisOf("S", S),
    axisOf("E", E),
    axisOf("F", F),
  ];
  const q = leaf("parameter", "q", [b, t, h, e]);
  const k = leaf("parameter", "k", [b, s, g, e]);
  const v = leaf("parameter", "v", [b, s, g, f]);
  const document = leaf("input", "document", [b, axisOf("N", Math.max(T, S))], "i32", { below: 3 });
  const group = (head: Scalar): Scalar => binary("idiv", head, int(H / G));
  const spelling = options.spelling ?? "softmax";

  // Orders of the axes of scores: what position each of b, h, t, s has.
  const order = options.scoreOrder ?? "bhts";
  const byName = { b, h, t, s };
  const scoreAxes = [...order].map((name) => byName[name as keyof typeof byName]);
  const point = Object.fromEntries([...order].map((name, i) => [name, axis(i)])) as unknown as Point;
  const at = (p: Point): readonly Scalar[] => [...order].map((name) => p[name as keyof Point]);

  const dot = comp(
    { name: "dot" },
    scoreAxes,
    mul(read(q, [point.b, point.t, point.h, axis(4)]), read(k, [point.b, point.s, group(point.h), axis(4)])),
    { op: "sum", axes: [e] },
  );
  const scaled = div(read(dot, at(point)), literal(Math.sqrt(E)));
  const { value, captured } = scoreOf(options.score ?? "plain", scaled, point, shape, { q, b, h, t, s, e });
  const a = comp({ name: "a" }, scoreAxes, value);
  const keep = maskOf(options.mask ?? "none", point, document);
  const infinity = literal(-Infinity);

  // Rows are over b, h, t; keys come last within a row's reductions.
  const rows = [b, h, t];
  const row: Point = { b: axis(0), h: axis(1), t: axis(2), s: axis(3) };
  const keepRow = maskOf(options.mask ?? "none", row, document);
  const masked = (p: Point, keepAt: Scalar | undefined): Scalar =>
    keepAt ? select(keepAt, read(a, at(p)), infinity) : read(a, at(p));
  const maximum = comp({ name: "m" }, rows, masked(row, keepRow), { op: "max", axes: [s] });
  const shiftAt = (p: Point): Scalar => read(maximum, [p.b, p.h, p.t]);
  const exponentialAt = (p: Point, keepAt: Scalar | undefined): Scalar => {
    if (spelling === "unshifted") return unary("exp", masked(p, keepAt));
    if (spelling === "maskOutside" && keepAt)
      return select(keepAt, unary("exp", sub(read(a, at(p)), shiftAt(p))), literal(0));
    return unary("exp", sub(masked(p, keepAt), shiftAt(p)));
  };
  const exponential = comp({ name: "e" }, scoreAxes, exponentialAt(point, keep));
  const total = comp(
    { name: "z" },
    rows,
    spelling === "inline" ? exponentialAt(row, keepRow) : read(exponential, at(row)),
    { op: "sum", axes: [s] },
  );
  const totalAt = (p: Point): Scalar => read(total, [p.b, p.h, p.t]);

  // The output is over b, t, h, f, and reduces s.
  const out: Point = { b: axis(0), t: axis(1), h: axis(2), s: axis(4) };
  const values = read(v, [out.b, out.s, group(out.h), axis(3)]);
  const outAxes = [b, t, h, f];
  const over = { op: "sum", axes: [s] } as const;
  const label = { name: "o" };
  const weighted = (p: Scalar): Scalar => {
    if (!options.dropout) return p;
    const counter = add(mul(add(mul(add(mul(point.b, int(H)), point.h), int(T)), point.t), int(S)), point.s);
    return select(le(literal(0.25), random(77, counter)), div(p, literal(0.75)), literal(0));
  };
  const finish = (output: Comp, probability: Comp | undefined): AttentionGraph => ({
    shape,
    q,
    k,
    v,
    captured,
    output,
    probability,
    scores: a,
    leaves: [q, k, v, ...captured, ...(options.mask === "document" ? [document] : [])],
  });

  if (spelling === "divideAfter" || spelling === "unshifted") {
    const sum = comp({ name: "n" }, outAxes, mul(read(exponential, at(out)), values), over);
    return finish(
      comp(
        label,
        outAxes,
        div(
          read(
            sum,
            outAxes.map((_, i) => axis(i)),
          ),
          totalAt(out),
        ),
      ),
      undefined,
    );
  }
  let normalised = div(read(exponential, at(point)), totalAt(point));
  if (spelling === "guarded") normalised = select(lt(literal(0), totalAt(point)), normalised, literal(0));
  if (spelling === "logsumexp") {
    const rowAt = (p: Point): readonly Scalar[] => [p.b, p.h, p.t];
    const lse = comp({ name: "lse" }, rows, add(unary("log", totalAt(row)), read(maximum, rowAt(row))));
    normalised = unary("exp", sub(masked(point, keep), read(lse, rowAt(point))));
  }
  const probability = comp({ name: "p" }, scoreAxes, weighted(normalised));
  const output =
    spelling === "inline"
      ? comp(
          label,
          outAxes,
          mul(div(exponentialAt(out, maskOf(options.mask ?? "none", out, document)), totalAt(out)), values),
          over,
        )
      : comp(label, outAxes, mul(read(probability, at(out)), values), over);
  return finish(output, probability);
}

function maskOf(name: MaskName, { b, t, s }: Point, document: Leaf): Scalar | undefined {
  switch (name) {
    case "none":
      return undefined;
    case "causal":
      return le(s, t);
    case "strict":
      return lt(s, t);
    case "window":
      return and(le(s, t), lt(sub(t, s), int(3)));
    case "prefix":
      return binary("or", le(s, t), lt(s, int(2)));
    case "strided":
      return binary("eq", binary("mod", sub(t, s), int(3)), int(0));
    case "document":
      return and(le(s, t), binary("eq", read(document, [b, t]), read(document, [b, s])));
  }
}

interface Axes {
  readonly q: Leaf;
  readonly b: Axis;
  readonly h: Axis;
  readonly t: Axis;
  readonly s: Axis;
  readonly e: Axis;
}

const learned = (called: string, ...of: readonly Axis[]): Leaf => leaf("parameter", called, of);
const capped = (x: Scalar): Scalar => mul(unary("tanh", div(x, literal(1.5))), literal(1.5));

function scoreOf(
  name: ScoreName,
  dot: Scalar,
  { b, h, t, s }: Point,
  { H }: Shape,
  axes: Axes,
): { readonly value: Scalar; readonly captured: readonly Leaf[] } {
  const clip = 2;
  const relative = add(clamp(sub(s, t), -clip, clip), int(clip));
  switch (name) {
    case "plain":
      return { value: dot, captured: [] };
    case "alibi": {
      const slope = binary("pow", literal(2), mul(div(cast(add(h, int(1)), "f32"), literal(H)), literal(-8)));
      return { value: sub(dot, mul(slope, cast(sub(t, s), "f32"))), captured: [] };
    }
    case "softcap":
      return { value: capped(dot), captured: [] };
    case "keyBias": {
      const bias = learned("bias", axes.h, axes.s);
      return { value: add(dot, read(bias, [h, s])), captured: [bias] };
    }
    case "temperature": {
      const temperature = learned("temperature", axes.h);
      return { value: mul(dot, read(temperature, [h])), captured: [temperature] };
    }
    case "buckets": {
      const table = learned("buckets", axisOf("R", 2 * clip + 1), axes.h);
      return { value: add(dot, read(table, [relative, h])), captured: [table] };
    }
    case "shaw":
    case "shawCapped": {
      const w = learned("w", axisOf("R", 2 * clip + 1), axes.e);
      const qw = comp(
        { name: "qw" },
        [axes.b, axes.t, axes.h, axisOf("R", 2 * clip + 1)],
        mul(read(axes.q, [axis(0), axis(1), axis(2), axis(4)]), read(w, [axis(3), axis(4)])),
        { op: "sum", axes: [axes.e] },
      );
      const biased = add(dot, read(qw, [b, t, h, relative]));
      return { value: name === "shaw" ? biased : capped(biased), captured: [w] };
    }
    case "table": {
      const table = learned("table", axes.h, axes.t, axes.s);
      return { value: add(dot, read(table, [h, t, s])), captured: [table] };
    }
  }
}

/** The flash clusters of a loss on attention and of its gradients by everything it learns. */
export function flashClusters(options: Options): readonly FlashCluster[] {
  const { output, q, k, v, captured } = attentionGraph(options);
  const w = leaf("input", "d_out", output.axes);
  const here = output.axes.map((_, i) => axis(i));
  const loss = comp({ name: "loss" }, [], mul(read(output, here), read(w, here)), { op: "sum", axes: output.axes });
  const recognised = recogniseAttention([loss]);
  const derived = gradients(recognised.roots[0] as Node, [q, k, v, ...captured]);
  const { roots } = substituteAttention(
    [recognised.roots[0] as Node, ...derived.gradients.values()],
    recognised.found,
    derived,
  );
  return clusterGraph(roots, { bindings: 8 }).clusters.filter((c) => c.kind === "flash");
}

/** Small deterministic numbers for every leaf. */
export function valuesOf(leaf: Leaf, seed = 1): Float64Array {
  let state =
    (seed * 2654435761 + leaf.name.length * 40503 + [...leaf.name].reduce((n, c) => n * 31 + c.charCodeAt(0), 7)) >>> 0;
  return Float64Array.from({ length: elementCount(leaf.axes) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return leaf.dtype === "i32"
      ? Math.floor((state / 2 ** 32) * (leaf.below ?? 2))
      : Math.fround((state / 2 ** 32) * 2 - 1);
  });
}

/** Everything of a graph that reads T × S numbers at once. */
export function quadratic(nodes: readonly Node[], { T, S }: Shape): readonly Node[] {
  return nodes.filter(
    (n) =>
      n.kind !== "leaf" &&
      n.axes.some((a) => a.name === "T" && a.size === T) &&
      n.axes.some((a) => a.name === "S" && a.size === S),
  );
}
