/** @file Evaluation of expressions. Calls are in `call.ts`, reads in `read.ts`, reductions and intrinsics in `builtin.ts`. */
import type { BinaryOperator, Expression } from "../../../grammar/syntax/ast.ts";
import type { Scalar } from "../../ir/graph.ts";
import * as ir from "../../ir/scalar.ts";
import { arithmetic, choose, elementwise } from "../values/align.ts";
import { evaluateBuiltin } from "./builtin.ts";
import { evaluateCall } from "./call.ts";
import { failIn, type Environment } from "../values/frame.ts";
import { evaluateMember } from "./member.ts";
import { lookupName } from "./names.ts";
import { applyIntrinsic, isBool } from "../values/numbers.ts";
import { readTensor } from "./read.ts";
import { negateSize } from "../values/size.ts";
import { describeKind, number, poison, type FunctionValue, type Value } from "../values/value.ts";

export function evaluate(e: Expression, env: Environment): Value {
  switch (e.kind) {
    case "number":
      return number(e.value);
    case "string":
      return { kind: "text", text: e.text };
    case "name":
      return lookupName(e.text, e.span, env);
    case "unary":
      return evaluateUnary(e, env);
    case "binary":
      return evaluateBinary(e, env);
    case "if":
      return evaluateIf(e, env);
    case "index":
      return readTensor(e, env);
    case "call":
      return evaluateBuiltin(e, env) ?? evaluateCall(e, env);
    case "member":
      return evaluateMember(e, env);
    case "tuple":
    case "list":
      return { kind: e.kind, items: e.items.map((item) => evaluate(item, env)) };
    case "missing":
      return poison;
  }
}

function evaluateUnary(e: Extract<Expression, { kind: "unary" }>, env: Environment): Value {
  const value = evaluate(e.of, env);
  if (e.op === "-") {
    if (value.kind === "number") return number(-value.value, value.exact && negateSize(value.exact));
    return elementwise([value], [e.of.span], e.span, env, ([a = 0]) =>
      typeof a === "number" ? ir.literal(-a) : applyIntrinsic("neg", a),
    );
  }
  if (value.kind === "bool") return { kind: "bool", value: !value.value };
  return elementwise([value], [e.of.span], e.span, env, ([a = 0]) =>
    isBool(a) ? ir.unary("not", a) : { refused: "`not` needs a condition, and this is a number" },
  );
}

function evaluateBinary(e: Extract<Expression, { kind: "binary" }>, env: Environment): Value {
  const left = evaluate(e.left, env);
  const right = evaluate(e.right, env);
  const spans = [e.left.span, e.right.span] as const;
  if (left.kind === "poison" || right.kind === "poison") return poison;
  switch (e.op) {
    case "|>": {
      if (left.kind === "function" && right.kind === "function") return compose(left, right);
      const wrong = left.kind === "function" ? { value: right, span: spans[1] } : { value: left, span: spans[0] };
      return failIn(env, "type/mismatch", { expected: "an op or block", found: describeKind(wrong.value) }, wrong.span);
    }
    case "->":
      return { kind: "ramp", from: left, to: right };
    case "..": {
      if (left.kind === "number" && right.kind === "number")
        return { kind: "range", from: left.value, to: right.value };
      return failIn(
        env,
        "type/mismatch",
        { expected: "numbers on both sides of `..`", found: describeKind(left.kind === "number" ? right : left) },
        e.span,
      );
    }
    case "*":
      return (
        repeated(left, right, e, env) ??
        repeated(right, left, e, env) ??
        arithmetic("*", left, right, spans, e.span, env)
      );
    default:
      return arithmetic(e.op satisfies Exclude<BinaryOperator, "|>" | "->" | "..">, left, right, spans, e.span, env);
  }
}

function compose(left: FunctionValue, right: FunctionValue): FunctionValue {
  return { kind: "function", form: "composition", stages: [...stagesOf(left), ...stagesOf(right)] };
}

function stagesOf(f: FunctionValue): readonly FunctionValue[] {
  return f.form === "composition" ? f.stages : [f];
}

/** `L * layer(…)`: as many instances in a row, each with parameters of its own. */
function repeated(count: Value, of: Value, e: Expression, env: Environment): Value | undefined {
  if (of.kind !== "function" || count.kind !== "number") return undefined;
  if (env.frame.session.generic) return { kind: "function", form: "repetition", count: 1, of };
  if (!Number.isInteger(count.value) || count.value < 1)
    return failIn(env, "type/repetition", { count: count.value }, e.span);
  const instances = count.value * instancesOf(of);
  if (instances > mostInstances) return failIn(env, "type/too-many", { instances, most: mostInstances }, e.span);
  return { kind: "function", form: "repetition", count: count.value, of };
}

/** Every instance is compiled by itself. */
const mostInstances = 10_000;

function instancesOf(f: FunctionValue): number {
  switch (f.form) {
    case "partial":
      return 1;
    case "instance":
      return instancesOf(f.of);
    case "repetition":
      return f.count * instancesOf(f.of);
    case "composition":
      return f.stages.reduce((total, stage) => total + instancesOf(stage), 0);
  }
}

/** A condition known while compiling takes one side and never looks at the other, unless a declaration is checked by itself. */
function evaluateIf(e: Extract<Expression, { kind: "if" }>, env: Environment): Value {
  const condition = evaluate(e.condition, env);
  if (condition.kind === "bool") {
    if (!env.frame.session.generic) return evaluate(condition.value ? e.then : e.else, env);
    const [then, otherwise] = [evaluate(e.then, env), evaluate(e.else, env)];
    return condition.value ? then : otherwise;
  }
  const guard =
    condition.kind === "tensor" && condition.axes.length === 0 && condition.body.dtype === "bool"
      ? condition.body
      : undefined;
  const then = evaluate(e.then, guarded(env, guard));
  const otherwise = evaluate(e.else, guarded(env, guard && ir.unary("not", guard)));
  return choose(condition, then, otherwise, [e.condition.span, e.then.span, e.else.span], e.span, env);
}

function guarded(env: Environment, guard: Scalar | undefined): Environment {
  return guard ? { ...env, guards: [...env.guards, guard] } : env;
}
