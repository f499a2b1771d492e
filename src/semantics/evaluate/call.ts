/** @file Calls: telling an application from a recipe, naming what is instantiated, and running through compositions and repetitions. */
import type { Callable, CallExpression, Expression, IndexItem, Parameter } from "../../../grammar/syntax/ast.ts";
import type { Fix } from "../../diagnostics/diagnostic.ts";
import { spanText, type Span } from "../../diagnostics/source.ts";
import { activate } from "./activate.ts";
import { bindIndex } from "./builtin.ts";
import { evaluate } from "./expression.ts";
import { failIn, type Environment } from "../values/frame.ts";
import { nearest } from "../../diagnostics/nearest-name.ts";
import { freeVariables, variableOf } from "../values/session.ts";
import {
  describeKind,
  functionName,
  poison,
  type Dynamic,
  type FunctionValue,
  type PartialFunction,
  type Thunk,
  type Value,
} from "../values/value.ts";

export interface SuppliedValue {
  readonly value: Value;
  readonly span: Span;
}

export interface SuppliedName {
  readonly thunk: Thunk;
  readonly nameSpan: Span;
}

/** What a call hands over. */
export interface Call {
  /** Of the caller. */
  readonly env: Environment;
  readonly positional: readonly SuppliedValue[];
  readonly named: ReadonlyMap<string, SuppliedName>;
  /** Of `f[i, j](…)`: index variables of the caller. */
  readonly along?: readonly {
    readonly name: string;
    readonly variable: number;
    readonly span: Span;
    /** Bound by this call alone. */ readonly own: boolean;
  }[];
  readonly span: Span;
  /** The callee as written. */
  readonly calleeSpan: Span;
  /** Through a parameter: named arguments that the callee does not declare are dropped. */
  readonly slot: boolean;
}

export function evaluateCall(e: CallExpression, env: Environment): Value {
  const [calleeExpression, items] = e.of.kind === "index" ? [e.of.of, e.of.indices] : [e.of, undefined];
  const inner: Environment = { ...env, recipe: false };
  const callee = evaluate(calleeExpression, inner);
  const positionalArguments = e.arguments.filter((a) => !a.name);
  if (callee.kind === "poison") {
    // What is called is wrong, not the indices that it runs along.
    const bound = items && alongOf(items, inner);
    const within = bound
      ? { ...inner, indices: new Map([...inner.indices, ...bound.map((a) => [a.name, a.variable] as const)]) }
      : inner;
    for (const a of positionalArguments) evaluate(a.value, within);
    return poison;
  }
  if (callee.kind !== "function") {
    return failIn(
      env,
      "type/mismatch",
      { expected: "an op or block before the parentheses", found: describeKind(callee) },
      calleeExpression.span,
    );
  }
  const named = namedArguments(e, inner);
  if (!named) return poison;
  if (isGiving(callee, positionalArguments.length, named, env))
    return give(
      callee,
      positionalArguments.map((a) => a.value),
      named,
      e,
      inner,
    );
  const along = items && alongOf(items, inner);
  if (items && !along) return poison;
  const within = along
    ? { ...inner, indices: new Map([...inner.indices, ...along.map((a) => [a.name, a.variable] as const)]) }
    : inner;
  const positional = positionalArguments.map((a) => ({ value: evaluate(a.value, within), span: a.value.span }));
  const slot = calleeExpression.kind === "name" && env.frame.slots.has(calleeExpression.text);
  const call: Call = {
    env: within,
    positional,
    named,
    ...(along && { along }),
    span: e.span,
    calleeSpan: calleeExpression.span,
    slot,
  };
  const name = calleeExpression.kind === "name" ? calleeExpression.text : functionName(callee);
  const value = apply(callee, call, [...env.frame.path, instanceName(env, name)], env.frame.trail, name);
  const escaped =
    value.kind === "tensor" ? along?.find((a) => a.own && freeVariables(value.body).includes(a.variable)) : undefined;
  if (!escaped) return value;
  const dim = variableOf(env.frame.session, escaped.variable).axisName;
  return failIn(env, "shape/unbound-index", { index: escaped.name, dim }, escaped.span, {
    help: `the result still has the axis ${dim}: write \`${escaped.name}\` on the left`,
  });
}

/** The second `norm` of one body is `norm_2`. */
function instanceName(env: Environment, name: string): string {
  const count = (env.frame.calls.get(name) ?? 0) + 1;
  env.frame.calls.set(name, count);
  return count === 1 ? name : `${name}_${count}`;
}

function namedArguments(e: CallExpression, env: Environment): ReadonlyMap<string, SuppliedName> | undefined {
  const named = new Map<string, SuppliedName>();
  for (const argument of e.arguments) {
    if (!argument.name) continue;
    const { text, span } = argument.name;
    if (named.has(text)) {
      failIn(env, "call/repeated-argument", { name: text }, span);
      return undefined;
    }
    named.set(text, { thunk: makeThunk(argument.value, env), nameSpan: span });
  }
  return named;
}

/** An argument, evaluated where it stands but only when it is needed. */
export function makeThunk(e: Expression, env: Environment): Thunk {
  return {
    span: e.span,
    force: (dynamic) =>
      evaluate(e, {
        ...env,
        recipe: true,
        frame: { ...env.frame, dynamic: new Map([...env.frame.dynamic, ...dynamic]) },
      }),
  };
}

/** In fields every call only gives arguments; in a body a call does so when it supplies none of the inputs. */
function isGiving(
  callee: FunctionValue,
  positional: number,
  named: ReadonlyMap<string, unknown>,
  env: Environment,
): boolean {
  if (env.giving) return true;
  if (positional > 0 || callee.form !== "partial") return false;
  const missing = requiredParameters(callee).filter((p) => !named.has(p.name.text));
  return missing.length > 0 || (env.recipe === true && requiredParameters(callee).length === 0);
}

/** Inputs that are still to be supplied. */
function requiredParameters(f: PartialFunction): readonly Parameter[] {
  return f.callable.parameters.filter((p) => p.default === undefined && !f.given.has(p.name.text));
}

/** `attention(rotate: rope, H: 8)`, `swiglu(F)`: positional values are the dims in brackets, then the settings, in order. */
function give(
  callee: FunctionValue,
  positional: readonly Expression[],
  named: ReadonlyMap<string, SuppliedName>,
  e: CallExpression,
  env: Environment,
): Value {
  if (callee.form !== "partial") return failIn(env, "call/no-arguments", { callee: spanText(e.of.span) }, e.span);
  const { callable } = callee;
  const given = new Map(callee.given);
  const settable = [
    ...callable.dims.map((d) => d.name.text),
    ...callable.parameters.filter((p) => p.default !== undefined).map((p) => p.name.text),
  ];
  const order = settable.filter((name) => !named.has(name) && !callee.given.has(name));
  for (const [i, value] of positional.entries()) {
    const name = order[i];
    if (name === undefined)
      return failIn(
        env,
        "call/arity",
        { callee: callable.name.text, wanted: order.length, given: positional.length },
        value.span,
        rampMeant(callable, positional),
      );
    given.set(name, makeThunk(value, env));
  }
  let failed = false;
  for (const [name, { thunk, nameSpan }] of named) {
    if (!isDeclared(callee, name)) {
      unknownArgument(callee, name, nameSpan, env);
      failed = true;
    }
    given.set(name, thunk);
  }
  return failed ? poison : { ...callee, given, span: e.span };
}

/** `cosine(1, 0.1)` is meant as `cosine(1 -> 0.1)`. */
function rampMeant(callable: Callable, [from, to, ...more]: readonly Expression[]): { readonly fixes?: Fix[] } {
  const takesRamp = callable.parameters.some((p) => p.default && spanText(p.default.span).includes("->"));
  if (!takesRamp || !from || !to || more.length > 0) return {};
  const ramp = `${spanText(from.span)} -> ${spanText(to.span)}`;
  return { fixes: [{ title: `write \`${ramp}\``, edits: [{ span: { ...from.span, end: to.span.end }, text: ramp }] }] };
}

export function isDeclared({ callable }: PartialFunction, name: string): boolean {
  return callable.parameters.some((p) => p.name.text === name) || callable.dims.some((d) => d.name.text === name);
}

function argumentNames({ callable }: PartialFunction): readonly string[] {
  return [...callable.parameters.map((p) => p.name.text), ...callable.dims.map((d) => d.name.text)];
}

/** What other libraries call a setting. */
const otherNames: Readonly<Record<string, string>> = { learning_rate: "lr", epsilon: "eps", wd: "decay" };

export function unknownArgument(callee: PartialFunction, name: string, span: Span, env: Environment): void {
  const names = argumentNames(callee);
  // `weight_decay` is the `decay` of an op that has one.
  const part = otherNames[name] ?? names.find((known) => known.length > 2 && name.split("_").includes(known));
  const near =
    part !== undefined && names.includes(part)
      ? { fixes: [{ title: `write \`${part}\``, edits: [{ span, text: part }] }] }
      : nearest(name, names, span);
  failIn(env, "call/unknown-argument", { name, callee: callee.callable.name.text }, span, {
    ...near,
    ...(near.fixes || "help" in near
      ? {}
      : { help: `\`${callee.callable.name.text}\` takes ${names.map((n) => `\`${n}\``).join(", ")}` }),
  });
}

/** Indices that the equation has are taken from there; others are bound by the call, as by a reduction. */
function alongOf(items: readonly IndexItem[], env: Environment): Call["along"] | undefined {
  const along = [];
  for (const item of items) {
    const known = item.value.kind === "name" && !item.over ? env.indices.get(item.value.text) : undefined;
    const bound = known === undefined ? bindIndex(item, env) : { name: spanText(item.value.span), variable: known };
    if (!bound) return undefined;
    along.push({ ...bound, span: item.span, own: known === undefined });
  }
  return along;
}

/** Calls a function value as the instance at `path`. `label` is how the caller names it, for messages. */
export function apply(
  callee: FunctionValue,
  call: Call,
  path: readonly string[],
  trail: readonly string[],
  label?: string,
): Value {
  switch (callee.form) {
    case "instance":
      return apply(callee.of, call, callee.path, trail, callee.path.at(-1));
    case "repetition": {
      return repeat(callee, call, path, label ? [...trail, label] : trail);
    }
    case "composition":
      return inARow(stageNames(callee.stages), call, path, label ? [...trail, label] : trail);
    case "partial": {
      const { text } = callee.callable.name;
      return activate(callee, call, path, [
        ...trail,
        label === undefined || label === text ? text : `${label}: ${text}`,
      ]);
    }
  }
}

function stageNames(stages: readonly FunctionValue[]): readonly (readonly [string, FunctionValue])[] {
  const counts = new Map<string, number>();
  return stages.map((stage) => {
    const name = functionName(stage);
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    return [count === 1 ? name : `${name}_${count}`, stage] as const;
  });
}

/** The first takes the call's inputs, each later one the result of the one before; all see the named arguments. */
function inARow(
  stages: readonly (readonly [string, FunctionValue])[],
  call: Call,
  path: readonly string[],
  trail: readonly string[],
): Value {
  let positional = call.positional;
  let value: Value = poison;
  for (const [name, stage] of stages) {
    value = apply(stage, { ...call, positional, slot: true }, [...path, name], trail);
    if (value.kind === "poison") return value;
    positional = [{ value, span: call.span }];
  }
  return value;
}

/** A brief elaboration stops as soon as the next instance would see what the last one saw. */
function repeat(
  { count, of }: Extract<FunctionValue, { form: "repetition" }>,
  call: Call,
  path: readonly string[],
  trail: readonly string[],
): Value {
  const { session } = call.env.frame;
  const stages = Array.from({ length: count }, (_, i) => [String(i), of] as const);
  if (!session.brief) return inARow(stages, call, path, trail);
  const first = inARow(stages.slice(0, 1), call, path, trail);
  const made = first.kind === "poison" || count === 1 || sameShape(first, call.positional[0]?.value) ? 1 : 2;
  session.repetitions.set(path.join("."), { count, made });
  return made === 1
    ? first
    : inARow(stages.slice(1, 2), { ...call, positional: [{ value: first, span: call.span }] }, path, trail);
}

function sameShape(a: Value, b: Value | undefined): boolean {
  if (a.kind !== "tensor" || b?.kind !== "tensor" || a.axes.length !== b.axes.length || a.body.dtype !== b.body.dtype)
    return false;
  return a.axes.every((axis, i) => axis.name === b.axes[i]?.name && axis.size.value === b.axes[i]?.size.value);
}

/** The named arguments of a call as what fields of a model may refer to. */
export function dynamicOf(call: Call): Dynamic {
  return new Map([...call.env.frame.dynamic, ...[...call.named].map(([name, { thunk }]) => [name, thunk] as const)]);
}
