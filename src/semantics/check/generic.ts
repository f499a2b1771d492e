/** @file Checks an op or block by itself: its dims are symbols, its inputs stand for anything, so mistakes show before a model uses it. */
import type { Callable, Parameter, TypeExpression } from "../../../grammar/syntax/ast.ts";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import { leaf } from "../../ir/node.ts";
import { axis, read } from "../../ir/scalar.ts";
import { axisName } from "../evaluate/bind.ts";
import { runBody } from "../evaluate/body.ts";
import type { Call } from "../evaluate/call.ts";
import { checkConstraints } from "../evaluate/constraint.ts";
import { evaluate } from "../evaluate/expression.ts";
import { rootEnvironment, type Frame } from "../values/frame.ts";
import { axesOf } from "../values/materialise.ts";
import { baseName, evaluateSize } from "../evaluate/names.ts";
import type { Scope } from "../load/scope.ts";
import { newSession, newVariable, type Dims } from "../values/session.ts";
import { dimSize, poison, type TensorAxis, type Value } from "../values/value.ts";

const noDims: Dims = { get: () => undefined, has: () => false, keys: () => [] };

export function checkGeneric(callable: Callable, scope: Scope): readonly Diagnostic[] {
  const session = newSession({ generic: true, training: true, dims: noDims, states: new Map() });
  const frame: Frame = {
    session,
    scope,
    callable,
    path: [],
    trail: [],
    dims: new Map(),
    locals: new Map(),
    dynamic: new Map(),
    lifted: [],
    calls: new Map(),
    slots: new Set(callable.parameters.map((p) => p.name.text)),
    atMost: [],
    entries: new Map(
      callable.body.flatMap((s) => (s.kind === "dims" ? s.entries.map((e) => [e.name.text, e] as const) : [])),
    ),
  };
  const env = rootEnvironment(frame, "", true);
  const call: Call = {
    env,
    positional: [],
    named: new Map(),
    span: callable.name.span,
    calleeSpan: callable.name.span,
    slot: false,
  };
  for (const parameter of callable.parameters) {
    const given = parameter.default && evaluate(parameter.default, env);
    frame.locals.set(parameter.name.text, given && !parameter.type ? given : anything(parameter, frame));
  }
  checkConstraints(callable, frame, call);
  runBody(callable, frame);
  return session.diagnostics;
}

/** A value of the parameter's type about which nothing else is known. */
function anything({ name, type }: Parameter, frame: Frame): Value {
  const { session } = frame;
  // It may be a number, a tensor or an op: nothing can be said.
  if (!type) return poison;
  if (type.kind === "tensor") return anyTensor(name.text, type, frame);
  if (type.kind === "index")
    return {
      kind: "tensor",
      axes: [],
      body: axis(newVariable(session, name.text, name.text, dimSize(name.text, Number.NaN))),
    };
  return { kind: "tensor", axes: [], body: read(leaf("input", name.text, [], "bool"), []) };
}

function anyTensor(name: string, type: Extract<TypeExpression, { kind: "tensor" }>, frame: Frame): Value {
  const { session } = frame;
  const env = rootEnvironment(frame, "");
  const axes: TensorAxis[] = [];
  for (const a of type.axes) {
    const text = axisName(a.size);
    const size = evaluateSize(a.size, env);
    if (!size) return poison;
    axes.push({
      name: text,
      size: { ...size, text: baseName(text) },
      variable: newVariable(session, text.toLowerCase(), text, size),
    });
  }
  const variables = axes.map((a) => a.variable);
  const below = type.of && evaluateSize(type.of, env);
  const source = leaf("input", name, axesOf(session, variables), type.of ? "i32" : "f32");
  return {
    kind: "tensor",
    axes,
    body: read(source, variables.map(axis)),
    declared: type.span,
    ...(below && { below }),
  };
}
