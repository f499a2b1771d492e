/**
 * @file A small decoder built by hand from IR constructors, as elaboration would make it: embedding table, pre-norm layers of causal
 * attention with rotary positions and a gated feed-forward, a head tied to the table, cross-entropy. For tests of what comes after elaboration.
 */
import type { Axis, Comp, Leaf, Node, Parameter, Scalar } from "../../src/ir/graph.ts";
import type { Model, Optimizer, Schedule } from "../../src/ir/model.ts";
import { comp, leaf } from "../../src/ir/node.ts";
import { add, axis, binary, cast, div, int, literal, mul, read, select, sub, unary } from "../../src/ir/scalar.ts";

export interface TinySizes {
  readonly batch: number;
  readonly context: number;
  readonly width: number;
  readonly heads: number;
  readonly hidden: number;
  readonly layers: number;
  readonly vocabulary: number;
}

const tinySizes: TinySizes = { batch: 2, context: 8, width: 12, heads: 3, hidden: 16, layers: 2, vocabulary: 11 };

type Reads = (...at: readonly Scalar[]) => Scalar;
const at =
  (node: Node): Reads =>
  (...indices) =>
    read(node, indices);
const [a0, a1, a2, a3, a4] = [0, 1, 2, 3, 4].map(axis) as [Scalar, Scalar, Scalar, Scalar, Scalar];

const pointwise = (name: string, axes: readonly Axis[], body: Scalar): Comp => comp({ name }, axes, body);
const sum = (name: string, axes: readonly Axis[], over: readonly Axis[], body: Scalar): Comp =>
  comp({ name }, axes, body, { op: "sum", axes: over });

/** The model with random-looking but reproducible initialisers. */
export function tinyModel(sizes: TinySizes = tinySizes): Model {
  const B: Axis = { name: "B", size: sizes.batch };
  const T: Axis = { name: "T", size: sizes.context };
  const D: Axis = { name: "D", size: sizes.width };
  const H: Axis = { name: "H", size: sizes.heads };
  const E: Axis = { name: "E", size: sizes.width / sizes.heads };
  const F: Axis = { name: "F", size: sizes.hidden };
  const V: Axis = { name: "V", size: sizes.vocabulary };
  const half = E.size / 2;
  const P: Axis = { name: "P", size: half };
  const parameters: Parameter[] = [];

  const learn = (name: string, axes: readonly Axis[], scale = 0.3, offset = 0): Leaf => {
    const made = leaf("parameter", name, axes);
    // A spread of values in about [-scale, scale] around the offset, different for each parameter.
    const flat = axes.reduce<Scalar>((f, x, i) => add(mul(f, int(x.size)), axis(i)), int(0));
    const phase = add(mul(cast(flat, "f32"), literal(0.7311)), literal(parameters.length * 1.37));
    parameters.push({ leaf: made, init: add(literal(offset), mul(literal(scale), unary("sin", mul(phase, phase)))) });
    return made;
  };

  const tokens = leaf("input", "tokens", [B, T], "i32", { below: V.size });
  const targets = leaf("input", "targets", [B, T], "i32", { below: V.size });
  const table = learn("embed.w", [V, D]);

  const norm = (path: string, x: Node): Node => {
    const gain = learn(`${path}.gain`, [D], 0.1, 1);
    const square = sum(`${path}.square`, [B, T], [D], mul(at(x)(a0, a1, a2), at(x)(a0, a1, a2)));
    const mean = pointwise(`${path}.ms`, [B, T], div(at(square)(a0, a1), literal(D.size)));
    return pointwise(
      `${path}.y`,
      [B, T, D],
      mul(mul(at(x)(a0, a1, a2), unary("rsqrt", add(at(mean)(a0, a1), literal(1e-6)))), at(gain)(a2)),
    );
  };
  const project = (path: string, x: Node): Node => {
    const w = learn(`${path}`, [D, H, E]);
    return sum(`${path}.out`, [B, T, H, E], [D], mul(at(x)(a0, a1, a4), at(w)(a4, a2, a3)));
  };
  const rotate = (path: string, x: Node): Node => {
    const angle = pointwise(
      `${path}.a`,
      [T, P],
      mul(cast(a0, "f32"), binary("pow", literal(10000), div(mul(cast(a1, "f32"), literal(-2)), literal(E.size)))),
    );
    const low = binary("lt", a3, int(half));
    const paired = sub(a3, int(half));
    const rotated = (first: Scalar, second: Scalar, p: Scalar, sign: 1 | -1): Scalar => {
      const [cos, sin] = [unary("cos", at(angle)(a1, p)), unary("sin", at(angle)(a1, p))];
      return binary(sign > 0 ? "add" : "sub", mul(first, cos), mul(second, sin));
    };
    const x1 = at(x)(a0, a1, a2, a3);
    return pointwise(
      `${path}.y`,
      [B, T, H, E],
      select(
        low,
        rotated(x1, at(x)(a0, a1, a2, add(a3, int(half))), a3, -1),
        rotated(x1, at(x)(a0, a1, a2, paired), paired, 1),
      ),
    );
  };
  const S: Axis = { name: "T'", size: T.size };
  const attend = (path: string, q: Node, k: Node, v: Node): Node => {
    const dot = sum(`${path}.dot`, [B, H, T, S], [E], mul(at(q)(a0, a2, a1, a4), at(k)(a0, a3, a1, a4)));
    const scores = pointwise(`${path}.a`, [B, H, T, S], div(at(dot)(a0, a1, a2, a3), literal(Math.sqrt(E.size))));
    const masked = pointwise(
      `${path}.masked`,
      [B, H, T, S],
      select(binary("le", a3, a2), at(scores)(a0, a1, a2, a3), literal(-Infinity)),
    );
    const m = comp({ name: `${path}.m` }, [B, H, T], at(masked)(a0, a1, a2, a3), { op: "max", axes: [S] });
    const e = pointwise(`${path}.e`, [B, H, T, S], unary("exp", sub(at(masked)(a0, a1, a2, a3), at(m)(a0, a1, a2))));
    const z = sum(`${path}.z`, [B, H, T], [S], at(e)(a0, a1, a2, a3));
    const p = pointwise(`${path}.p`, [B, H, T, S], div(at(e)(a0, a1, a2, a3), at(z)(a0, a1, a2)));
    return sum(`${path}.o`, [B, T, H, E], [S], mul(at(p)(a0, a2, a1, a4), at(v)(a0, a4, a2, a3)));
  };
  const layer = (path: string, x: Node): Node => {
    const n1 = norm(`${path}.norm1`, x);
    const q = rotate(`${path}.mix.rq`, project(`${path}.mix.wq`, n1));
    const k = rotate(`${path}.mix.rk`, project(`${path}.mix.wk`, n1));
    const v = project(`${path}.mix.wv`, n1);
    const o = attend(`${path}.mix`, q, k, v);
    const wo = learn(`${path}.mix.wo`, [H, E, D]);
    const y = sum(`${path}.mix.y`, [B, T, D], [H, E], mul(at(o)(a0, a1, a3, a4), at(wo)(a3, a4, a2)));
    const m = pointwise(`${path}.m`, [B, T, D], add(at(x)(a0, a1, a2), at(y)(a0, a1, a2)));
    const n2 = norm(`${path}.norm2`, m);
    const [w1, w3] = [learn(`${path}.ffn.w1`, [D, F]), learn(`${path}.ffn.w3`, [D, F])];
    const gate = sum(`${path}.ffn.gate`, [B, T, F], [D], mul(at(n2)(a0, a1, a3), at(w1)(a3, a2)));
    const up = sum(`${path}.ffn.up`, [B, T, F], [D], mul(at(n2)(a0, a1, a3), at(w3)(a3, a2)));
    const g = at(gate)(a0, a1, a2);
    const hidden = pointwise(
      `${path}.ffn.h`,
      [B, T, F],
      mul(div(g, add(literal(1), unary("exp", unary("neg", g)))), at(up)(a0, a1, a2)),
    );
    const w2 = learn(`${path}.ffn.w2`, [F, D]);
    const down = sum(`${path}.ffn.y`, [B, T, D], [F], mul(at(hidden)(a0, a1, a3), at(w2)(a3, a2)));
    return pointwise(`${path}.y`, [B, T, D], add(at(m)(a0, a1, a2), at(down)(a0, a1, a2)));
  };

  let x: Node = pointwise("embed.x", [B, T, D], at(table)(at(tokens)(a0, a1), a2));
  for (let i = 0; i < sizes.layers; i++) x = layer(`layers.${i}`, x);
  const final = norm("head.norm", x);
  const logits = sum("head.logits", [B, T, V], [D], mul(at(final)(a0, a1, a3), at(table)(a2, a3)));
  const m = comp({ name: "loss.m" }, [B, T], at(logits)(a0, a1, a2), { op: "max", axes: [V] });
  const z = sum("loss.z", [B, T], [V], unary("exp", sub(at(logits)(a0, a1, a2), at(m)(a0, a1))));
  const nll = pointwise(
    "loss.nll",
    [B, T],
    sub(add(unary("log", at(z)(a0, a1)), at(m)(a0, a1)), at(logits)(a0, a1, at(targets)(a0, a1))),
  );
  const total = sum("loss.total", [], [B, T], at(nll)(a0, a1));
  const loss = pointwise("loss", [], div(at(total)(), literal(B.size * T.size)));

  return {
    name: "Tiny",
    dims: new Map(Object.entries({ B: B.size, T: T.size, D: D.size, H: H.size, F: F.size, V: V.size })),
    batch: B.size,
    inputs: [
      { leaf: tokens, role: "tokens" },
      { leaf: targets, role: "targets" },
    ],
    parameters,
    logits,
    loss,
    evaluationLoss: loss,
    vocabulary: V.size,
    context: T.size,
  };
}

const scalar = (name: string): Leaf => leaf("scalar", name, []);
const at0 = (l: Leaf): Scalar => read(l, []);
const blend = (old: Scalar, beta: number, fresh: Scalar): Scalar =>
  add(mul(literal(beta), old), mul(literal(1 - beta), fresh));

/** A momentum optimizer with bias correction and weight decay on everything of more than one axis. */
export function tinyOptimizer(): Optimizer {
  const [p, g, m, v] = ["p", "g", "m", "v"].map((name) => leaf("parameter", name, [])) as [Leaf, Leaf, Leaf, Leaf];
  const [lr, step] = [scalar("lr"), scalar("step")];
  const group = (name: string, decay: number, takes: (l: Leaf) => boolean): Optimizer["groups"][number] => {
    const m1 = blend(at0(m), 0.9, at0(g));
    const v1 = blend(at0(v), 0.95, mul(at0(g), at0(g)));
    const corrected = (s: Scalar, beta: number): Scalar =>
      div(s, sub(literal(1), binary("pow", literal(beta), at0(step))));
    const direction = div(corrected(m1, 0.9), add(unary("sqrt", corrected(v1, 0.95)), literal(1e-8)));
    return {
      name,
      takes,
      parameter: sub(at0(p), mul(at0(lr), add(direction, mul(literal(decay), at0(p))))),
      states: [m1, v1],
    };
  };
  return {
    name: "momentum",
    rate: 1e-2,
    parameter: p,
    gradient: g,
    lr,
    step,
    states: [
      { name: "m", init: 0, leaf: m },
      { name: "v", init: 0, leaf: v },
    ],
    groups: [group("all", 0.1, () => true), group("vectors", 0, (l) => l.axes.length === 1)],
  };
}

/** Warm-up, then a cosine. */
export function tinySchedule(): Schedule {
  const progress = leaf("scalar", "progress", []);
  const x = read(progress, []);
  const cosine = div(add(literal(1), unary("cos", mul(literal(Math.PI), x))), literal(2));
  return { progress, factor: select(binary("lt", x, literal(0.02)), div(x, literal(0.02)), cosine) };
}
