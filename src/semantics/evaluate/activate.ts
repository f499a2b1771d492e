/** @file One activation of an op or block: arguments to parameters, dims, constraints, body, results. */
import type { Parameter } from "../../../grammar/syntax/ast.ts";
import type { Span } from "../../diagnostics/source.ts";
import { axis } from "../../ir/scalar.ts";
import { bindSupplied, newBinder, type Binder } from "./bind.ts";
import { resultKey, runBody } from "./body.ts";
import { dynamicOf, isDeclared, unknownArgument, type Call, type SuppliedValue } from "./call.ts";
import { checkConstraints } from "./constraint.ts";
import { evaluate } from "./expression.ts";
import { failIn, rootEnvironment, type Environment, type Frame } from "../values/frame.ts";
import { declaredDims, largestSize, lookupDim } from "./names.ts";
import { isLibrary } from "../load/scope.ts";
import { bindVariables, freeVariables } from "../values/session.ts";
import { atom, constant, equalSizes, type Polynomial } from "../values/size.ts";
import {
  poison,
  type Dynamic,
  type PartialFunction,
  type TensorAxis,
  type TensorValue,
  type Value,
} from "../values/value.ts";

const deepest = 80;

/** Runs the callee once; its results are seen from the caller. */
export function activate(
  callee: PartialFunction,
  call: Call,
  path: readonly string[],
  trail: readonly string[],
): Value {
  const { callable } = callee;
  const { session } = call.env.frame;
  if (trail.length > deepest) return failIn(call.env, "names/recursion", { name: callable.name.text }, call.calleeSpan);
  session.blocks.set(path.join("."), callable.name.text);
  const dynamic = dynamicOf(call);
  const site = isLibrary(callee.span.file) ? call.env.frame.site : callee.span;
  const frame: Frame = {
    session,
    scope: callee.scope,
    callable,
    ...(site && { site }),
    path,
    trail,
    dynamic,
    dims: new Map(),
    locals: new Map(),
    lifted: [],
    calls: new Map(),
    slots: new Set(callable.parameters.map((p) => p.name.text)),
    atMost: [],
    entries: new Map(
      callable.body.flatMap((s) => (s.kind === "dims" ? s.entries.map((e) => [e.name.text, e] as const) : [])),
    ),
  };
  const supplied = supply(callee, call, dynamic);
  if (!supplied || !giveDims(callee, call, dynamic, frame)) return poison;
  const binder = newBinder(frame, call);
  for (const parameter of callable.parameters) {
    const given = supplied.get(parameter.name.text);
    if (given && !bindSupplied(binder, parameter, given)) return poison;
  }
  if (!bindDefaults(binder, callable.parameters, supplied)) return poison;
  spread(binder, supplied);
  const env = rootEnvironment(frame, "");
  for (const name of declaredDims(callable)) {
    if (!frame.entries.has(name) && lookupDim(name, callable.name.span, env) === "failed") return poison;
  }
  if (!checkConstraints(callable, frame, call)) return poison;
  if (!runBody(callable, frame)) return poison;
  const results = callable.results.map((r) => resultOf(binder, frame.locals.get(resultKey(r)) ?? poison));
  return results.length === 1 ? (results[0] ?? poison) : { kind: "tuple", items: results };
}

/** Which value each parameter is given. What a recipe was given stays; the call fills the rest. */
function supply(callee: PartialFunction, call: Call, dynamic: Dynamic): Map<string, SuppliedValue> | undefined {
  const { callable, given } = callee;
  if (call.positional.some((p) => p.value.kind === "poison")) return undefined;
  const supplied = new Map<string, SuppliedValue>();
  const names = new Set(callable.parameters.map((p) => p.name.text));
  for (const [name, thunk] of given)
    if (names.has(name)) supplied.set(name, { value: thunk.force(dynamic), span: thunk.span });
  const open = callable.parameters.filter((p) => !given.has(p.name.text));
  for (const [i, value] of call.positional.entries()) {
    const parameter = open[i];
    if (!parameter) {
      failIn(
        call.env,
        "call/arity",
        { callee: callable.name.text, wanted: open.length, given: call.positional.length },
        value.span,
      );
      return undefined;
    }
    supplied.set(parameter.name.text, value);
  }
  for (const [name, { thunk, nameSpan }] of call.named) {
    if (names.has(name)) {
      if (!supplied.has(name)) supplied.set(name, { value: thunk.force(call.env.frame.dynamic), span: thunk.span });
      else if (!call.slot) return void failIn(call.env, "call/repeated-argument", { name }, nameSpan);
    } else if (!call.slot && !isDeclared(callee, name)) return void unknownArgument(callee, name, nameSpan, call.env);
  }
  const missing = callable.parameters.filter((p) => !p.default && !supplied.has(p.name.text));
  if (missing.length > 0) {
    failIn(
      call.env,
      "call/missing-argument",
      { callee: callable.name.text, names: missing.map((p) => `\`${p.name.text}\``).join(", ") },
      call.calleeSpan,
    );
    return undefined;
  }
  return [...supplied.values()].some((s) => s.value.kind === "poison") ? undefined : supplied;
}

/** Dims in brackets that were given as arguments. */
function giveDims(callee: PartialFunction, call: Call, dynamic: Dynamic, frame: Frame): boolean {
  for (const { name } of callee.callable.dims) {
    const thunk = callee.given.get(name.text) ?? call.named.get(name.text)?.thunk;
    if (!thunk) continue;
    const value = thunk.force(dynamic);
    if (value.kind === "poison") return false;
    if (
      value.kind !== "number" ||
      !((frame.session.generic && Number.isNaN(value.value)) || (Number.isInteger(value.value) && value.value > 0))
    ) {
      failIn(
        call.env,
        "shape/not-whole",
        { text: name.text, value: value.kind === "number" ? value.value : Number.NaN },
        thunk.span,
      );
      return false;
    }
    if (value.value > largestSize) {
      failIn(call.env, "shape/too-large", { text: name.text, value: value.value, most: largestSize }, thunk.span);
      return false;
    }
    const exact = value.exact ?? (Number.isNaN(value.value) ? atom(name.text) : constant(value.value));
    frame.dims.set(name.text, {
      text: name.text,
      exact,
      value: value.value,
      origin: originOf(exact, frame) ?? thunk.span,
    });
  }
  return true;
}

/** Where the model sets a dim of exactly this size: `table(V, D)` only passes it on. */
function originOf(exact: Polynomial, { session: { dims } }: Frame): Span | undefined {
  for (const name of dims.keys()) {
    const size = dims.get(name);
    if (size && equalSizes(size.exact, exact)) return size.origin;
  }
  return undefined;
}

/** Defaults see the parameters before them and the dims bound so far. */
function bindDefaults(binder: Binder, parameters: readonly Parameter[], supplied: Map<string, SuppliedValue>): boolean {
  const env: Environment = rootEnvironment(binder.frame, "", true);
  for (const parameter of parameters) {
    if (!parameter.default || supplied.has(parameter.name.text)) continue;
    const value = evaluate(parameter.default, env);
    if (value.kind === "poison") return false;
    if (!bindSupplied(binder, parameter, { value, span: parameter.default.span }, true)) return false;
  }
  return true;
}

/** Where `uniform()` draws anew: over what the arguments are lifted over, or, without arguments, wherever the caller is. */
function spread({ frame, call }: Binder, supplied: ReadonlyMap<string, SuppliedValue>): void {
  const variables = new Set<number>();
  for (const name of supplied.keys()) {
    const local = frame.locals.get(name);
    if (local?.kind === "tensor")
      for (const v of freeVariables(local.body)) if (!local.axes.some((a) => a.variable === v)) variables.add(v);
  }
  if (variables.size === 0) for (const v of [...call.env.frame.lifted, ...call.env.indices.values()]) variables.add(v);
  frame.lifted.push(...[...variables].toSorted((a, b) => a - b));
}

/** The caller's view of a result: axes by the caller's names, along its indices, behind the axes it was lifted over. */
function resultOf(binder: Binder, value: Value): Value {
  if (value.kind !== "tensor") return value;
  const axes: TensorAxis[] = [...binder.lift.values()];
  const replaced = new Map<number, ReturnType<typeof axis>>();
  for (const a of value.axes) {
    const along = binder.along.get(a.name);
    if (along !== undefined) {
      replaced.set(a.variable, axis(along));
      continue;
    }
    let name = binder.rename.get(a.name) ?? a.name;
    while (axes.some((other) => other.name === name)) name += "'";
    axes.push({ ...a, name });
  }
  return {
    kind: "tensor",
    axes,
    body: bindVariables(value.body, replaced),
    ...(value.below && { below: value.below }),
  } satisfies TensorValue;
}
