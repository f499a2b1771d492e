/**
 * @file Several equations for one name (`y[t, p] = …` and `y[t, p + P] = …`): together they must cover one axis exactly, as blocks behind each
 * other or interleaved with one stride. They become a choice by the axis's index.
 */
import type { Equation, Expression, TypeExpression } from "../../../grammar/syntax/ast.ts";
import { spanText } from "../../diagnostics/source.ts";
import { affineOf } from "../../ir/affine.ts";
import type { Scalar } from "../../ir/graph.ts";
import * as ir from "../../ir/scalar.ts";
import { axisName } from "./bind.ts";
import { openScalar } from "./body.ts";
import { evaluate } from "./expression.ts";
import { failIn, type Environment } from "../values/frame.ts";
import { baseName, evaluateSize } from "./names.ts";
import { unify } from "../values/numbers.ts";
import { bindVariables, newVariable, variableOf } from "../values/session.ts";
import {
  addSizes,
  constant,
  constantValue,
  equalSizes,
  multiplySizes,
  negateSize,
  printSize,
  type Polynomial,
} from "../values/size.ts";
import { describeSize, type Size, type TensorAxis, type Value } from "../values/value.ts";

export interface EquationPiece {
  readonly equation: Equation;
  /** One per index position: its variable, and the index it stands for there. */
  readonly at: readonly { readonly variable: number; readonly index: Scalar; readonly expression: Expression }[];
  readonly value: Value;
}

interface Interval {
  readonly piece: EquationPiece;
  readonly stride: number;
  readonly offset: Polynomial;
  readonly offsetValue: number;
  readonly range: Size;
}

/** The axes of the whole and its value there. */
export function combinePieces(
  pieces: readonly EquationPiece[],
  declared: TypeExpression | undefined,
  env: Environment,
): { readonly axes: readonly TensorAxis[]; readonly body: Scalar } | undefined {
  const { session } = env.frame;
  const [first] = pieces;
  if (!first) return undefined;
  const name = first.equation.name.text;
  const problem = (reason: string): undefined => {
    failIn(env, "shape/pieces", { name, reason }, pieces.at(-1)?.equation.span ?? first.equation.span);
    return undefined;
  };
  const rank = first.at.length;
  if (pieces.some((p) => p.at.length !== rank)) return problem("they have different numbers of indices");
  const split = Array.from({ length: rank }, (_, i) => i).filter((i) =>
    pieces.some((p) => p.at[i]?.index.kind !== "axis"),
  );
  const [position] = split;
  if (position === undefined) return problem("they say the same elements twice");
  if (split.length > 1) return problem("more than one axis is cut");
  const intervals: Interval[] = [];
  for (const piece of pieces) {
    const interval = intervalOf(piece, position, env);
    if (!interval)
      return problem(
        `\`${spanText(piece.at[position]?.expression.span ?? piece.equation.span)}\` is not an index plus a size`,
      );
    intervals.push(interval);
  }
  const total = covered(intervals);
  if (typeof total === "string") return problem(total);
  const whole = wholeAxis(name, position, total, declared, env);
  if (!whole) return undefined;
  if (!equalSizes(whole.size.exact, total)) {
    const sum = session.generic ? printSize(total) : `${printSize(total)} elements`;
    return problem(`they cover ${sum}, but the axis is ${describeSize(whole.size)}`);
  }
  const axes = first.at.map((a, i): TensorAxis => {
    if (i === position) return whole;
    const { axisName: text, size } = variableOf(session, a.variable);
    return { name: text, size, variable: a.variable };
  });
  const body = chooseBy(intervals, position, axes, env);
  return body && { axes, body };
}

/** The stride, offset and range of a piece along the cut axis. */
function intervalOf(piece: EquationPiece, position: number, env: Environment): Interval | undefined {
  const at = piece.at[position];
  if (!at) return undefined;
  const variable = variableOf(env.frame.session, at.variable);
  if (at.expression.kind === "name")
    return { piece, stride: 1, offset: constant(0), offsetValue: 0, range: variable.size };
  // The offset as a size: the index expression where its variable is zero.
  const zero = new Map(env.frame.locals);
  const index = indexName(at.expression);
  if (index === undefined) return undefined;
  zero.set(index, { kind: "number", value: 0, exact: constant(0) });
  const atZero = evaluate(at.expression, { ...env, frame: { ...env.frame, locals: zero }, indices: new Map() });
  zero.set(index, { kind: "number", value: 1, exact: constant(1) });
  const atOne = evaluate(at.expression, { ...env, frame: { ...env.frame, locals: zero }, indices: new Map() });
  if (atZero.kind !== "number" || atOne.kind !== "number" || !atZero.exact || !atOne.exact) return undefined;
  const stride = constantValue(addSizes(atOne.exact, negateSize(atZero.exact)));
  const affine = affineOf(at.index).terms.size === 1 || env.frame.session.generic;
  return stride !== undefined && stride >= 1 && affine
    ? { piece, stride, offset: atZero.exact, offsetValue: atZero.value, range: variable.size }
    : undefined;
}

function indexName(e: Expression): string | undefined {
  if (e.kind === "name") return /^[a-z]/.test(e.text) ? e.text : undefined;
  return e.kind === "binary" ? (indexName(e.left) ?? indexName(e.right)) : undefined;
}

/** How many elements the pieces cover, or why they do not cover a whole. */
function covered(intervals: readonly Interval[]): Polynomial | string {
  const [first] = intervals;
  if (!first) return "there are none";
  const { stride } = first;
  if (intervals.some((i) => i.stride !== stride)) return "they have different strides";
  if (stride > 1) {
    const offsets = intervals.map((i) => constantValue(i.offset));
    const complete =
      intervals.length === stride && Array.from({ length: stride }, (_, k) => k).every((k) => offsets.includes(k));
    if (!complete || intervals.some((i) => !equalSizes(i.range.exact, first.range.exact)))
      return `with stride ${stride} there must be ${stride} pieces of one length, at offsets 0 to ${stride - 1}`;
    return multiplySizes(first.range.exact, constant(stride));
  }
  const open = new Set(intervals);
  let end = constant(0);
  while (open.size > 0) {
    const next = [...open].find((i) => equalSizes(i.offset, end));
    if (!next) return `no piece begins at ${printSize(end)}`;
    open.delete(next);
    end = addSizes(end, next.range.exact);
  }
  return end;
}

/** The axis that the pieces make up: the declared one of a result, else one of its own. */
function wholeAxis(
  name: string,
  position: number,
  total: Polynomial,
  declared: TypeExpression | undefined,
  env: Environment,
): TensorAxis | undefined {
  const { session } = env.frame;
  const type = declared?.kind === "tensor" ? declared.axes[position] : undefined;
  if (type) {
    const size = evaluateSize(type.size, env);
    const text = axisName(type.size);
    return (
      size && {
        name: text,
        size: { ...size, text: baseName(text) },
        variable: newVariable(session, text.toLowerCase(), text, size),
      }
    );
  }
  const value = constantValue(total);
  const known = [...env.frame.dims].find(([, size]) => equalSizes(size.exact, total));
  if (!known && value === undefined) {
    failIn(
      env,
      "shape/pieces",
      { name, reason: `no dim is ${printSize(total)}` },
      env.frame.callable?.name.span ?? { file: env.frame.scope.file.span.file, start: 0, end: 0 },
      { help: `name the whole axis: \`dims { … = ${printSize(total)} }\`` },
    );
    return undefined;
  }
  const size = known?.[1] ?? { text: printSize(total), exact: total, value: value ?? 0 };
  const text = known?.[0] ?? "I";
  return { name: text, size, variable: newVariable(session, text.toLowerCase(), text, size) };
}

/** Each piece at its own indices, chosen by where the axis's index lies. */
function chooseBy(
  intervals: readonly Interval[],
  position: number,
  axes: readonly TensorAxis[],
  env: Environment,
): Scalar | undefined {
  const axis = ir.axis(axes[position]?.variable ?? 0);
  const ordered = [...intervals].toSorted((a, b) => b.offsetValue - a.offsetValue);
  let body: Scalar | undefined;
  for (const { piece, stride, offsetValue, range } of ordered) {
    const open = openScalar(piece, env);
    if (!open) return undefined;
    const own = stride === 1 ? ir.sub(axis, ir.int(offsetValue)) : ir.binary("idiv", axis, ir.int(stride));
    const by = new Map(
      piece.at.map((a, i) => [a.variable, i === position ? own : ir.axis(axes[i]?.variable ?? 0)] as const),
    );
    const value = bindVariables(open, by);
    const sides = body ? unify(value, body) : ([value, value] as const);
    if (!sides) {
      failIn(env, "type/operator", { reason: "one piece is a condition and another a number" }, piece.equation.span);
      return undefined;
    }
    const here =
      stride === 1
        ? ir.binary("lt", axis, ir.int(offsetValue + range.value))
        : ir.binary("eq", ir.binary("mod", axis, ir.int(stride)), ir.int(offsetValue));
    body = body ? ir.select(here, sides[0], sides[1]) : value;
  }
  return body;
}
