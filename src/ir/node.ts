/** @file Constructors of tensor nodes. Ids increase, so that sorting by id is a topological order. */
import { invariant } from "../util/invariant.ts";
import type { Span } from "../diagnostics/source.ts";
import type { Axis, Comp, DType, Leaf, Node, Reduction, Region, RegionForm, Scalar, Scatter, Update } from "./graph.ts";
import { subexpressions } from "./scalar.ts";

let nextId = 0;

export interface Label {
  readonly name: string;
  readonly origin?: Span;
}

export function leaf(
  role: Leaf["role"],
  name: string,
  axes: readonly Axis[],
  dtype: DType = "f32",
  extra: { readonly values?: Float64Array; readonly below?: number; readonly origin?: Span } = {},
): Leaf {
  return { kind: "leaf", id: nextId++, role, name, axes, dtype, ...extra };
}

export function comp(label: Label, axes: readonly Axis[], body: Scalar, reduce?: Reduction): Comp {
  return { kind: "comp", id: nextId++, ...label, axes, dtype: body.dtype, body, ...(reduce && { reduce }) };
}

export function scatter(
  label: Label,
  axes: readonly Axis[],
  over: readonly Axis[],
  at: readonly Scalar[],
  body: Scalar,
): Scatter {
  invariant(at.length === axes.length, `scatter into ${axes.length} axes at ${at.length} indices`);
  return { kind: "scatter", id: nextId++, ...label, axes, dtype: body.dtype, over, at, body };
}

export function region(label: Label, form: RegionForm, role: string, reference: Node): Region {
  return {
    kind: "region",
    id: nextId++,
    ...label,
    axes: reference.axes,
    dtype: reference.dtype,
    form,
    role,
    reference,
  };
}

export function update(target: Leaf, value: Node): Update {
  return {
    kind: "update",
    id: nextId++,
    name: `${target.name}'`,
    axes: target.axes,
    dtype: target.dtype,
    target,
    value,
  };
}

/** The nodes a node reads directly, without repetition. For a region: what its reference needs is not listed, only what its form reads. */
export function inputsOf(node: Node): readonly Node[] {
  const known = inputs.get(node) ?? findInputs(node);
  inputs.set(node, known);
  return known;
}

/** Nodes never change, and every pass asks for their inputs. */
const inputs = new WeakMap<Node, readonly Node[]>();

function findInputs(node: Node): readonly Node[] {
  switch (node.kind) {
    case "leaf":
      return [];
    case "comp":
      return nodesRead(node.body);
    case "scatter":
      return nodesRead(...node.at, node.body);
    case "update":
      return [node.value];
    case "region":
      return formInputs(node.form);
  }
}

function formInputs(form: RegionForm): readonly Node[] {
  const attention = form.kind === "attention" ? form : form.forward;
  const { q, k, v, score, mask, weight } = attention;
  const reads = nodesRead(q, k, v, score, ...(mask ? [mask] : []), ...(weight ? [weight] : []));
  return form.kind === "attention" ? reads : [...new Set([...reads, form.lse, form.cotangent, form.dot])];
}

/** The nodes that scalars read. */
export function nodesRead(...scalars: readonly Scalar[]): readonly Node[] {
  const found = new Set<Node>();
  for (const s of subexpressions(...scalars)) if (s.kind === "read") found.add(s.of);
  return [...found];
}

/** Every node the roots depend on (roots included), operands first. */
export function reachable(roots: readonly Node[]): readonly Node[] {
  const seen = new Set<Node>();
  const stack = [...roots];
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    stack.push(...inputsOf(node));
  }
  return [...seen].toSorted((a, b) => a.id - b.id);
}

export function elementCount(axes: readonly Axis[]): number {
  return axes.reduce((n, a) => n * a.size, 1);
}
