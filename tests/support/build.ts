/**
 * @file A small way to write tensor IR in tests: axes are named by letters, `define` passes the scalar of each index, and calling a
 * node reads it. `const y = define("y", [T, D], [E], (t, d, e) => mul(x(t, e), w(e, d)))`.
 */
import type { Axis, DType, Leaf, Node, Reduction, Scalar } from "../../src/ir/graph.ts";
import { comp, leaf } from "../../src/ir/node.ts";
import { axis, binary, div, literal, mul, read, select, sub, unary } from "../../src/ir/scalar.ts";

export interface Tensor<N extends Node = Node> {
  (...at: readonly (Scalar | number)[]): Scalar;
  readonly node: N;
}

export function tensor<N extends Node>(node: N): Tensor<N> {
  const readAt = (...at: readonly (Scalar | number)[]): Scalar =>
    read(
      node,
      at.map((s) => (typeof s === "number" ? literal(s, "i32") : s)),
    );
  return Object.assign(readAt, { node });
}

export const dim = (name: string, size: number): Axis => ({ name, size });

export function parameter(name: string, ...axes: readonly Axis[]): Tensor<Leaf> {
  return tensor(leaf("parameter", name, axes));
}

export function integers(name: string, below: number, ...axes: readonly Axis[]): Tensor<Leaf> {
  return tensor(leaf("input", name, axes, "i32", { below }));
}

export function constant(
  name: string,
  dtype: DType,
  values: readonly number[],
  ...axes: readonly Axis[]
): Tensor<Leaf> {
  return tensor(leaf("constant", name, axes, dtype, { values: Float64Array.from(values) }));
}

type Body = (...at: readonly Scalar[]) => Scalar;

/** A pointwise node, or a sum over `over`. */
export function define(
  name: string,
  axes: readonly Axis[],
  over: readonly Axis[],
  body: (...at: Scalar[]) => Scalar,
  op: Reduction["op"] = "sum",
): Tensor {
  const at = [...axes, ...over].map((_, i) => axis(i));
  return tensor(comp({ name }, axes, (body as Body)(...at), over.length > 0 ? { op, axes: over } : undefined));
}

export function softmax(name: string, x: Tensor, rows: readonly Axis[], s: Axis): Tensor {
  const max = define(`${name}.m`, rows, [s], (...at) => x(...at), "max");
  const e = define(`${name}.e`, [...rows, s], [], (...at) => unary("exp", sub(x(...at), max(...at.slice(0, -1)))));
  const z = define(`${name}.z`, rows, [s], (...at) => e(...at));
  return define(name, [...rows, s], [], (...at) => div(e(...at), z(...at.slice(0, -1))));
}

export function rmsnorm(name: string, x: Tensor, gain: Tensor, rows: readonly Axis[], d: Axis, eps = 1e-6): Tensor {
  const ms = define(`${name}.ms`, rows, [d], (...at) => div(mul(x(...at), x(...at)), literal(d.size)));
  return define(name, [...rows, d], [], (...at) =>
    mul(mul(x(...at), unary("rsqrt", binary("add", ms(...at.slice(0, -1)), literal(eps)))), gain(at.at(-1) as Scalar)),
  );
}

export function gelu(name: string, x: Tensor, axes: readonly Axis[]): Tensor {
  return define(name, axes, [], (...at) => {
    const v = x(...at);
    return mul(mul(v, literal(0.5)), binary("add", unary("erf", div(v, literal(Math.SQRT2))), literal(1)));
  });
}

export const causal = (t: Scalar, s: Scalar, score: Scalar): Scalar =>
  select(binary("le", s, t), score, literal(-Infinity));
