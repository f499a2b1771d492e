/**
 * @file Arithmetic on values: numbers fold, tensors without indices align their axes by name, and open scalars combine in place.
 */
import { spanText, type Span } from "../../diagnostics/source.ts";
import type { Scalar } from "../../ir/graph.ts";
import { axis, literal, select } from "../../ir/scalar.ts";
import { failIn, type Environment } from "./frame.ts";
import {
  combine,
  foldNumbers,
  isBool,
  isRefusal,
  unify,
  type Arithmetic,
  type NumberOperand,
  type Refusal,
} from "./numbers.ts";
import { bindVariables, newVariable } from "./session.ts";
import { equalSizes } from "./size.ts";
import { describeKind, describeSize, poison, type TensorAxis, type TensorValue, type Value } from "./value.ts";

/** Applies a scalar operation to values that are numbers, conditions or tensors, after aligning named axes. */
export function elementwise(
  values: readonly Value[],
  spans: readonly Span[],
  span: Span,
  env: Environment,
  build: (operands: readonly NumberOperand[]) => Scalar | Refusal,
): Value {
  if (values.some((v) => v.kind === "poison")) return poison;
  const axes = new Map<string, TensorAxis>();
  for (const [i, value] of values.entries()) {
    if (value.kind !== "tensor" && value.kind !== "number" && value.kind !== "bool") {
      return failIn(
        env,
        "type/mismatch",
        { expected: "a number or a tensor", found: describeKind(value) },
        spans[i] ?? span,
      );
    }
    if (value.kind !== "tensor") continue;
    for (const a of value.axes) {
      const known = axes.get(a.name);
      if (known && !equalSizes(known.size.exact, a.size.exact)) {
        return failIn(
          env,
          "shape/align",
          { axis: a.name, left: describeSize(known.size), right: describeSize(a.size) },
          spans[i] ?? span,
        );
      }
      if (!known)
        axes.set(a.name, { ...a, variable: newVariable(env.frame.session, a.name.toLowerCase(), a.name, a.size) });
    }
  }
  const operands = values.map((value): NumberOperand => {
    if (value.kind === "number") return value.value;
    if (value.kind === "bool") return literal(value.value ? 1 : 0, "bool");
    const tensor = value as TensorValue;
    return bindVariables(
      tensor.body,
      new Map(tensor.axes.map((a) => [a.variable, axis(axes.get(a.name)?.variable ?? a.variable)] as const)),
    );
  });
  const body = build(operands);
  if (isRefusal(body)) return failIn(env, "type/operator", { reason: body.refused }, span);
  return { kind: "tensor", axes: [...axes.values()], body };
}

/** A binary operator on any two values it is defined for. */
export function arithmetic(
  op: Arithmetic,
  left: Value,
  right: Value,
  spans: readonly [Span, Span],
  span: Span,
  env: Environment,
): Value {
  if (left.kind === "poison" || right.kind === "poison") return poison;
  if (left.kind === "number" && right.kind === "number") {
    const folded = foldNumbers(op, left, right);
    if (isRefusal(folded)) return failIn(env, "type/operator", { reason: folded.refused }, span);
    return typeof folded === "boolean" ? { kind: "bool", value: folded } : folded;
  }
  if (left.kind === "bool" && right.kind === "bool") {
    if (op === "and") return { kind: "bool", value: left.value && right.value };
    if (op === "or") return { kind: "bool", value: left.value || right.value };
    if (op === "==" || op === "!=") return { kind: "bool", value: (left.value === right.value) === (op === "==") };
  }
  if (left.kind === "function" && right.kind === "function" && (op === "==" || op === "!=")) {
    const same = left.form === "partial" && right.form === "partial" && left.callable === right.callable;
    return { kind: "bool", value: same === (op === "==") };
  }
  if ((left.kind === "function" || right.kind === "function") && (op === "==" || op === "!="))
    return { kind: "bool", value: op === "!=" };
  neverEqual(op, left, right, span, env);
  neverEqual(op, right, left, span, env);
  return elementwise([left, right], spans, span, env, ([a, b]) => combine(op, a ?? 0, b ?? 0));
}

/** Warns of `tokens[t] == 300` where tokens are below 256. */
function neverEqual(op: Arithmetic, bounded: Value, other: Value, span: Span, env: Environment): void {
  if ((op !== "==" && op !== "!=") || bounded.kind !== "tensor" || !bounded.below || other.kind !== "number") return;
  const { value } = other;
  if (Number.isInteger(value) && value >= 0 && !(value >= bounded.below.value)) return;
  if (!Number.isNaN(value))
    failIn(env, "type/never", { text: spanText(span), op, value, below: describeSize(bounded.below) }, span);
}

/** `if` over tensors: both sides become one type. */
export function choose(
  condition: Value,
  then: Value,
  otherwise: Value,
  spans: readonly Span[],
  span: Span,
  env: Environment,
): Value {
  return elementwise([condition, then, otherwise], spans, span, env, ([c = 0, a = 0, b = 0]) => {
    if (!isBool(c)) return { refused: "`if` needs a condition, and this is a number" };
    const sides = unify(a, b);
    if (!sides) return { refused: "one side of `if` is a condition and the other a number" };
    return select(c, sides[0], sides[1]);
  });
}
