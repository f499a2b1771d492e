/** @file Reading a tensor at indices: each index must range over its axis, and computed indices must be shown to stay inside. */
import type { Expression, IndexExpression } from "../../../grammar/syntax/ast.ts";
import { positionAt, spanText } from "../../diagnostics/source.ts";
import type { Scalar } from "../../ir/graph.ts";
import { int } from "../../ir/scalar.ts";
import { failIn, type Environment } from "../values/frame.ts";
import { evaluate } from "./expression.ts";
import { reductions } from "./names.ts";
import { staysBelow, staysNonNegative } from "../values/bounds.ts";
import { elementOf, variableOf } from "../values/session.ts";
import { constantValue, divideSizes, equalSizes } from "../values/size.ts";
import {
  describeKind,
  describeSize,
  poison,
  type Size,
  type TensorAxis,
  type TensorValue,
  type Value,
} from "../values/value.ts";

/** `x[t, d]`. */
export function readTensor(e: IndexExpression, env: Environment): Value {
  if (e.of.kind === "name" && reductions.has(e.of.text))
    return failIn(env, "call/missing-argument", { callee: e.of.text, names: "what it reduces" }, e.span);
  const value = evaluate(e.of, env);
  const indices = e.indices.map((item) => evaluate(item.value, env));
  if (value.kind === "poison" || indices.some((i) => i.kind === "poison")) return poison;
  const text = spanText(e.of.span);
  if (value.kind === "function")
    return failIn(env, "call/missing-argument", { callee: text, names: "what it applies to" }, e.span, {
      help: `write \`${spanText(e.span)}(…)\``,
    });
  if (value.kind !== "tensor")
    return failIn(
      env,
      "type/mismatch",
      { expected: "a tensor before the brackets", found: describeKind(value) },
      e.of.span,
    );
  if (value.axes.length !== indices.length) {
    const axes = value.axes.map((a) => a.name).join(", ");
    return failIn(
      env,
      "shape/rank",
      { name: text, axes, rank: value.axes.length, given: indices.length },
      e.span,
      declaredHere(value),
    );
  }
  const at: Scalar[] = [];
  for (const [i, axis] of value.axes.entries()) {
    const item = e.indices[i];
    const index = indices[i];
    if (!item || !index) return poison;
    const scalar = indexScalar(index, item.value, env);
    if (!scalar || !checkIndex(e, value, i, axis, scalar, item.value, env)) return poison;
    at.push(scalar);
  }
  return { kind: "tensor", axes: [], body: elementOf(value, at), ...(value.below && { below: value.below }) };
}

/** An index value as an i32 scalar; reports what is none. */
function indexScalar(index: Value, e: Expression, env: Environment): Scalar | undefined {
  if (index.kind === "number" && (Number.isInteger(index.value) || Number.isNaN(index.value))) return int(index.value);
  if (index.kind === "tensor" && index.axes.length === 0 && index.body.dtype === "i32") return index.body;
  const help =
    index.kind === "tensor" && index.body.dtype === "f32"
      ? `\`index(${spanText(e.span)})\` makes a whole number of it`
      : undefined;
  failIn(env, "type/mismatch", { expected: "an index", found: describeKind(index) }, e.span, help ? { help } : {});
  return undefined;
}

function checkIndex(
  e: IndexExpression,
  tensor: TensorValue,
  position: number,
  axis: TensorAxis,
  at: Scalar,
  item: Expression,
  env: Environment,
): boolean {
  const { session } = env.frame;
  if (at.kind === "axis" && item.kind === "name") {
    const { size } = variableOf(session, at.position);
    if (isPart(size, axis.size) || isPromised(size, axis.size, env)) return true;
    reportMismatch(e, tensor, position, env);
    return false;
  }
  // Of symbols only a constant before the start is certain to be wrong.
  if (session.generic && !(at.kind === "literal" && at.value < 0)) return true;
  const below = axis.size.value;
  const low = staysNonNegative(at, env);
  if (low && staysBelow(at, below, env)) return true;
  failIn(
    env,
    "shape/out-of-range",
    { text: spanText(e.span), index: spanText(item.span), axis: axisText(axis), side: low ? "end" : "start" },
    item.span,
    {
      ...declaredHere(tensor),
      help:
        at.kind === "literal" && at.value < 0
          ? `indices count from the start: the last is \`${axis.name} - 1\``
          : at.kind === "read" || at.kind === "cast"
            ? `\`clamp(${spanText(item.span)}, 0, ${below - 1})\` keeps it inside`
            : `guard it: \`if … then ${spanText(e.span)} else 0\``,
    },
  );
  return false;
}

/** `P = E / 2` is never more than E, whatever E is. */
function isPart(index: Size, axis: Size): boolean {
  if (equalSizes(index.exact, axis.exact)) return true;
  const quotient = divideSizes(index.exact, axis.exact);
  const share = quotient && constantValue(quotient);
  return share !== undefined && share <= 1;
}

function isPromised(index: Size, axis: Size, env: Environment): boolean {
  return env.frame.atMost.some(([a, b]) => equalSizes(a, index.exact) && equalSizes(b, axis.exact));
}

/** The message for an index over another dim than its axis, with the order that would fit. */
function reportMismatch(e: IndexExpression, tensor: TensorValue, position: number, env: Environment): void {
  const texts = e.indices.map((item) => spanText(item.value.span));
  const sizes = e.indices.map((item) => (item.value.kind === "name" ? sizeOfIndex(item.value.text, env) : undefined));
  const fitting = fittingOrder(sizes, tensor.axes);
  const moved = fitting?.flatMap((from, to) => (from === to ? [] : [to])) ?? [];
  const axis = tensor.axes[position];
  const size = sizes[position];
  const of = spanText(e.of.span);
  const index = texts[position] ?? "";
  const ranges = size ? `\`${index}\` ranges over ${describeSize(size)}` : "";
  const label = axis ? `axis ${position + 1} is ${axisText(axis)}, but ${ranges}` : "";
  const [first, second] = moved;
  const swapped =
    moved.length === 2 && first !== undefined && second !== undefined
      ? ([texts[first] ?? "", texts[second] ?? ""] as const)
      : undefined;
  const reordered = fitting && `${of}[${fitting.map((from) => texts[from]).join(", ")}]`;
  failIn(
    env,
    "shape/axis-mismatch",
    {
      text: spanText(e.span),
      position: position + 1,
      axis: axis ? axisText(axis) : "",
      index,
      range: size ? describeSize(size) : "",
      ...(swapped && { swapped }),
      ...(reordered && !swapped && { reordered }),
    },
    e.span,
    {
      text: label,
      ...declaredHere(tensor),
      notes: indexTable(tensor.axes, texts, env.frame.session.generic),
      ...(reordered && { fixes: [{ title: `write \`${reordered}\``, edits: [{ span: e.span, text: reordered }] }] }),
      path: trailWithOrigin(env, size),
    },
  );
}

function sizeOfIndex(name: string, env: Environment): Size | undefined {
  const variable = env.indices.get(name);
  return variable === undefined ? undefined : variableOf(env.frame.session, variable).size;
}

/** For each axis the index that fits it, if the indices are a permutation of what fits. */
function fittingOrder(
  sizes: readonly (Size | undefined)[],
  axes: readonly TensorAxis[],
): readonly number[] | undefined {
  const taken = new Set<number>();
  const order: number[] = [];
  for (const [i, axis] of axes.entries()) {
    const fits = (from: number): boolean => {
      const size = sizes[from];
      return !taken.has(from) && size !== undefined && equalSizes(size.exact, axis.size.exact);
    };
    const from = fits(i) ? i : sizes.findIndex((_, candidate) => fits(candidate));
    if (from < 0) return undefined;
    taken.add(from);
    order.push(from);
  }
  return order;
}

function axisText(axis: TensorAxis): string {
  return Number.isNaN(axis.size.value) ? axis.name : `${axis.name} = ${axis.size.value}`;
}

function indexTable(axes: readonly TensorAxis[], texts: readonly string[], generic: boolean): readonly string[] {
  const rows = [
    ["declared", ...axes.map((a) => a.name)],
    ["indexed", ...texts],
    ...(generic ? [] : [["sizes", ...axes.map((a) => String(a.size.value))]]),
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

function declaredHere(tensor: TensorValue): {
  readonly related?: readonly { readonly span: NonNullable<TensorValue["declared"]>; readonly text: string }[];
} {
  return tensor.declared ? { related: [{ span: tensor.declared, text: "declared here" }] } : {};
}

/** The path of instantiation, ending in where the size in question was set. */
function trailWithOrigin(env: Environment, size: Size | undefined): readonly string[] {
  const { trail } = env.frame;
  const set = size?.origin && !Number.isNaN(size.value) ? originText(size) : undefined;
  return set && trail.length > 0
    ? [...trail.slice(0, -1), `${trail.at(-1)}    (${describeSize(size as Size)} set at ${set})`]
    : trail;
}

function originText(size: Size): string | undefined {
  const { origin } = size;
  if (!origin) return undefined;
  return `:${positionAt(origin.file, origin.start).line}`;
}
