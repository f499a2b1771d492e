/** @file What the language itself offers inside expressions: reductions over named indices, intrinsics, and random numbers. */
import type { Argument, CallExpression, Expression, IndexItem } from "../../../grammar/syntax/ast.ts";
import type { ReportDetails } from "../../diagnostics/codes.ts";
import { spanText } from "../../diagnostics/source.ts";
import type { Scalar, UnaryOp } from "../../ir/graph.ts";
import * as ir from "../../ir/scalar.ts";
import { streamOf } from "../../abi/stream.ts";
import { elementwise } from "../values/align.ts";
import { evaluate } from "./expression.ts";
import { failIn, type Environment } from "../values/frame.ts";
import { nodeName, reduceToNode } from "../values/materialise.ts";
import { dimOfIndex, evaluateSize, lookupDim, reductions } from "./names.ts";
import {
  applyIntrinsic,
  asFloat,
  asInt,
  extreme,
  isRefusal,
  isWhole,
  unaryFunctions,
  type NumberOperand,
  type Refusal,
} from "../values/numbers.ts";
import { newVariable, variableOf } from "../values/session.ts";
import { describeKind, number, poison, scalarValue, type NumberValue, type Size, type Value } from "../values/value.ts";

/** A call of something of the language itself; nothing if the callee is not. */
export function evaluateBuiltin(e: CallExpression, env: Environment): Value | undefined {
  const callee = e.of;
  if (callee.kind === "index") {
    return callee.of.kind === "name" && reductions.has(callee.of.text)
      ? reduction(callee.of.text, callee.indices, e, env)
      : undefined;
  }
  if (callee.kind !== "name") return undefined;
  const name = callee.text;
  if (name === "uniform" || name === "gaussian") return draw(name, e, env);
  if (name === "round" && e.arguments.length === 2) return roundTo(e, env);
  if (unaryFunctions.has(name)) return intrinsic(name as UnaryOp, e, env);
  if (name === "min" || name === "max")
    return fixed(
      e,
      2,
      env,
      ([a = 0, b = 0]) => extremeOf(name, a, b),
      (x, y) => Math[name](x, y),
    );
  if (name === "clamp") {
    return fixed(
      e,
      3,
      env,
      ([x = 0, low = 0, high = 0]) => {
        const floor = extremeOf("max", x, low);
        return isRefusal(floor) ? floor : extremeOf("min", floor, high);
      },
      (x, low, high) => Math.min(Math.max(x, low), high),
    );
  }
  if (name === "index")
    return fixed(
      e,
      1,
      env,
      ([x = 0]) =>
        typeof x !== "number" && x.dtype === "bool"
          ? { refused: "`index` needs a number, and this is a condition" }
          : asInt(x),
      Math.trunc,
    );
  if (name === "sum" || name === "mean")
    return failIn(env, "call/no-index", { name }, e.span, { help: `say over what: \`${name}[d](…)\`` });
  return undefined;
}

function extremeOf(op: "min" | "max", a: NumberOperand, b: NumberOperand): Scalar | Refusal {
  if (typeof a !== "number" || typeof b !== "number") return extreme(op, a, b);
  const value = Math[op](a, b);
  return isWhole(value) ? ir.int(value) : ir.literal(value);
}

/** The values of exactly `count` positional arguments. */
function positional(e: CallExpression, count: number, env: Environment): readonly Value[] | undefined {
  const name = spanText(e.of.span);
  const named = e.arguments.find((a) => a.name);
  if (named?.name) {
    failIn(env, "call/unknown-argument", { name: named.name.text, callee: name }, named.name.span);
    return undefined;
  }
  if (e.arguments.length !== count) {
    failIn(env, "call/arity", { callee: name, wanted: count, given: e.arguments.length }, e.span);
    return undefined;
  }
  return e.arguments.map((a) => evaluate(a.value, env));
}

function fixed(
  e: CallExpression,
  count: number,
  env: Environment,
  build: (operands: readonly NumberOperand[]) => Scalar | Refusal,
  fold: (...numbers: number[]) => number,
): Value {
  const values = positional(e, count, env);
  if (!values || values.some((v) => v.kind === "poison")) return poison;
  if (values.every((v): v is NumberValue => v.kind === "number")) return number(fold(...values.map((v) => v.value)));
  return elementwise(
    values,
    e.arguments.map((a) => a.value.span),
    e.span,
    env,
    build,
  );
}

function intrinsic(op: UnaryOp, e: CallExpression, env: Environment): Value {
  return fixed(
    e,
    1,
    env,
    ([x = 0]) => (typeof x === "number" ? asFloat(x) : applyIntrinsic(op, x)),
    (x) => ir.applyUnary(op, x),
  );
}

/** `round(x, to: 64)`: the nearest multiple. */
function roundTo(e: CallExpression, env: Environment): Value {
  const [of, to] = e.arguments;
  if (!of || !to || of.name || to.name?.text !== "to")
    return failIn(env, "call/unknown-argument", { name: to?.name?.text ?? "", callee: "round" }, e.span, {
      help: "write `round(x, to: 64)`",
    });
  const [x, step] = [evaluate(of.value, env), evaluate(to.value, env)];
  if (x.kind === "poison" || step.kind === "poison") return poison;
  if (x.kind !== "number" || step.kind !== "number")
    return failIn(
      env,
      "type/mismatch",
      { expected: "numbers known while compiling", found: describeKind(x.kind === "number" ? step : x) },
      e.span,
    );
  return number(Math.round(x.value / step.value) * step.value);
}

/** `sum[h, e](…)`: the indices are bound in the body and gone from the result. */
function reduction(name: string, items: readonly IndexItem[], e: CallExpression, env: Environment): Value {
  const [argument, ...others] = e.arguments;
  if (!argument || others.length > 0 || argument.name)
    return failIn(env, "call/arity", { callee: name, wanted: 1, given: e.arguments.length }, e.span);
  const { session } = env.frame;
  const indices = new Map(env.indices);
  const reduced: number[] = [];
  for (const item of items) {
    const condition = conditionOnIndex(name, item, argument.value);
    if (condition)
      return failIn(
        env,
        "type/mismatch",
        { expected: "the name of an index", found: `the condition \`${spanText(item.value.span)}\`` },
        item.value.span,
        condition,
      );
    const bound = bindIndex(item, env);
    if (!bound) return poison;
    indices.set(bound.name, bound.variable);
    reduced.push(bound.variable);
    if (!mentions(argument.value, bound.name))
      return failIn(env, "shape/idle-index", { index: bound.name, reduction: name }, item.span);
  }
  const value = evaluate(argument.value, { ...env, indices });
  if (value.kind === "poison") return value;
  if (value.kind !== "number" && !(value.kind === "tensor" && value.axes.length === 0)) {
    return failIn(
      env,
      "shape/unindexed",
      {
        text: spanText(argument.value.span),
        axes: value.kind === "tensor" ? value.axes.map((a) => a.name).join(", ") : "",
      },
      argument.value.span,
    );
  }
  const body = value.kind === "number" ? ir.literal(value.value) : value.body;
  if (body.dtype === "bool")
    return failIn(
      env,
      "type/mismatch",
      { expected: `numbers inside \`${name}\``, found: "a condition" },
      argument.value.span,
    );
  const op = name === "max" || name === "min" ? name : "sum";
  const whole = env.label !== "" && isWholeEquation(e, env);
  const total = reduceToNode(
    session,
    { name: nodeName(env, whole ? "" : `.${name}`), origin: e.span },
    op,
    reduced,
    name === "mean" ? asFloat(body) : body,
  );
  if (name !== "mean") return scalarValue(total);
  const count = reduced.reduce((n, v) => n * variableOf(session, v).size.value, 1);
  return scalarValue(ir.div(total, ir.literal(count)));
}

/** `sum[t' <= t](x[t'])` is meant as `sum[t'](if t' <= t then x[t'] else 0)`. */
function conditionOnIndex(
  reduction: string,
  { value }: IndexItem,
  argument: Expression,
): Pick<ReportDetails, "fixes" | "help"> | undefined {
  if (value.kind !== "binary" || value.left.kind !== "name" || !["<", "<=", ">", ">=", "==", "!="].includes(value.op))
    return undefined;
  const neutral = { sum: "0", max: "-inf", min: "inf" }[reduction];
  if (neutral === undefined) return { help: `divide a guarded \`sum\` by how many there are` };
  const { file, start, end } = argument.span;
  const guard = `if ${spanText(value.span)} then `;
  const edits = [
    { span: value.span, text: value.left.text },
    { span: { file, start, end: start }, text: guard },
    { span: { file, start: end, end }, text: ` else ${neutral}` },
  ];
  return { fixes: [{ title: `write \`${reduction}[${value.left.text}](${guard}… else ${neutral})\``, edits }] };
}

/** Whether the reduction is all of the equation's right side: then the node bears the equation's name. */
function isWholeEquation(e: Expression, env: Environment): boolean {
  return env.whole === e;
}

/** A new index variable: by its name over the dim of that name, or `i in T`. */
export function bindIndex(
  item: IndexItem,
  env: Environment,
): { readonly name: string; readonly variable: number } | undefined {
  const { frame } = env;
  if (item.value.kind !== "name") {
    failIn(
      env,
      "type/mismatch",
      { expected: "the name of an index", found: `\`${spanText(item.value.span)}\`` },
      item.value.span,
    );
    return undefined;
  }
  const name = item.value.text;
  const size = item.over ? evaluateSize(item.over, env) : sizeOfIndexName(name, item.value, env);
  if (!size) return undefined;
  const axisName = item.over ? name.toUpperCase() : axisNameOf(name, size.text);
  return { name, variable: newVariable(frame.session, name, axisName, size) };
}

/** The dim that a new index ranges over; reports an index that has none. */
function sizeOfIndexName(name: string, e: Expression, env: Environment): Size | undefined {
  const dim = dimOfIndex(name, env.frame);
  if (!dim) {
    failIn(env, "shape/unknown-index", { index: name, callee: env.frame.callable?.name.text ?? "" }, e.span, {
      help: `an index is the lower-case name of a dim; \`${name} in T\` names one freely`,
    });
    return undefined;
  }
  const size = lookupDim(dim, e.span, env);
  return size === "failed" ? undefined : size;
}

/** `t'` over `T` is the axis `T'`. */
function axisNameOf(index: string, dim: string): string {
  return dim + index.slice(index.replace(/'+$/, "").length);
}

function mentions(e: Expression, name: string): boolean {
  switch (e.kind) {
    case "name":
      return e.text === name;
    case "number":
    case "string":
      return false;
    case "missing":
      return true;
    case "unary":
    case "member":
      return mentions(e.of, name);
    case "binary":
      return mentions(e.left, name) || mentions(e.right, name);
    case "if":
      return mentions(e.condition, name) || mentions(e.then, name) || mentions(e.else, name);
    case "index":
      return mentions(e.of, name) || e.indices.some((i) => mentions(i.value, name));
    case "call":
      return mentions(e.of, name) || e.arguments.some((a: Argument) => mentions(a.value, name));
    case "tuple":
    case "list":
      return e.items.some((i) => mentions(i, name));
  }
}

/** A number in [0, 1), or a standard normal one, drawn anew for every element, step and place in the model. */
function draw(name: "uniform" | "gaussian", e: CallExpression, env: Environment): Value {
  if (e.arguments.length > 0)
    return failIn(env, "call/arity", { callee: name, wanted: 0, given: e.arguments.length }, e.span);
  const { frame } = env;
  const drawn = frame.calls.get(`${name}()`) ?? 0;
  frame.calls.set(`${name}()`, drawn + 1);
  const variables = [...new Set([...frame.lifted, ...env.indices.values()])].toSorted((a, b) => a - b);
  let counter: Scalar = ir.int(0);
  for (const v of variables)
    counter = ir.add(ir.mul(counter, ir.int(variableOf(frame.session, v).size.value)), ir.axis(v));
  const stream = streamOf(`${frame.path.join(".")}/${name}${drawn === 0 ? "" : drawn + 1}`);
  return scalarValue(ir.random(stream, counter, name));
}
