/**
 * @file Binding an argument to a parameter. A tensor's axes bind to the parameter's by name, those left over in order; with
 * `f[i, j](…)` the axes of the first tensor parameter bind to the indices. Axes of the argument that the parameter does not have are
 * lifted: the callee runs for each of their elements, and the result has them in front.
 */
import type { Parameter, TypeExpression } from "../../../grammar/syntax/ast.ts";
import { spanText, type Span } from "../../diagnostics/source.ts";
import type { Scalar } from "../../ir/graph.ts";
import { axis, bool, literal } from "../../ir/scalar.ts";
import type { Call, SuppliedValue } from "./call.ts";
import { failIn, rootEnvironment, type Environment, type Frame } from "../values/frame.ts";
import { baseName, evaluateSize } from "./names.ts";
import { bindVariables, newVariable, variableOf } from "../values/session.ts";
import { equalSizes } from "../values/size.ts";
import {
  describeKind,
  describeSize,
  type Size,
  type TensorAxis,
  type TensorValue,
  type Value,
} from "../values/value.ts";

type TensorType = Extract<TypeExpression, { kind: "tensor" }>;

export interface Binder {
  readonly frame: Frame;
  readonly call: Call;
  /** Axes of arguments that no parameter has, by name. */
  readonly lift: Map<string, TensorAxis>;
  /** The callee's axis names as the caller knows them. */
  readonly rename: Map<string, string>;
  /** The callee's axis names to the caller's index variables, for `f[i, j](…)`. */
  readonly along: Map<string, number>;
  /** Which parameter bound a dim first, for messages. */
  readonly boundBy: Map<string, string>;
}

export function newBinder(frame: Frame, call: Call): Binder {
  return { frame, call, lift: new Map(), rename: new Map(), along: new Map(), boundBy: new Map() };
}

/** Binds one value; reports and gives false when it does not fit. `isDefault` values are already in the callee's terms. */
export function bindSupplied(
  binder: Binder,
  parameter: Parameter,
  { value, span }: SuppliedValue,
  isDefault = false,
): boolean {
  const bound = fit(binder, parameter, value, span, isDefault);
  if (!bound) return false;
  binder.frame.locals.set(parameter.name.text, bound);
  return true;
}

function fit(binder: Binder, parameter: Parameter, value: Value, span: Span, isDefault: boolean): Value | undefined {
  const { call } = binder;
  const { type } = parameter;
  if (!type)
    return value.kind === "tensor" && value.axes.length > 0 && !isDefault ? liftAll(binder, value, span) : value;
  const wrong = (expected: string): undefined => {
    failIn(
      call.env,
      "call/wrong-argument",
      {
        parameter: parameter.name.text,
        callee: binder.frame.callable?.name.text ?? "",
        expected,
        found: describeKind(value),
      },
      span,
    );
    return undefined;
  };
  switch (type.kind) {
    case "index": {
      if (value.kind === "number" && (Number.isInteger(value.value) || Number.isNaN(value.value))) return value;
      return value.kind === "tensor" && value.body.dtype === "i32" ? liftAll(binder, value, span) : wrong("an index");
    }
    case "bool": {
      if (value.kind === "bool") return value;
      return value.kind === "tensor" && value.body.dtype === "bool"
        ? liftAll(binder, value, span)
        : wrong("a condition");
    }
    case "tensor": {
      const tensor = asTensor(value);
      if (!tensor) return wrong(type.axes.length === 0 ? "a number" : `a tensor ${spanText(type.span)}`);
      if (type.of && tensor.body.dtype !== "i32") return wrong(`whole numbers, ${spanText(type.span)}`);
      return bindTensor(binder, parameter, type, tensor, span, isDefault);
    }
  }
}

function asTensor(value: Value): TensorValue | undefined {
  if (value.kind === "tensor") return value;
  if (value.kind === "number") return { kind: "tensor", axes: [], body: literal(value.value) };
  return value.kind === "bool" ? { kind: "tensor", axes: [], body: bool(value.value) } : undefined;
}

function bindTensor(
  binder: Binder,
  parameter: Parameter,
  type: TensorType,
  tensor: TensorValue,
  span: Span,
  isDefault: boolean,
): TensorValue | undefined {
  const matched =
    binder.call.along && tensor.axes.length === 0 && !isDefault
      ? matchIndices(binder, parameter, type, span)
      : matchNames(binder, parameter, type, tensor, span, isDefault);
  if (!matched) return undefined;
  const axes: TensorAxis[] = [];
  for (const [i, declared] of type.axes.entries()) {
    const source = matched.axes[i];
    if (!source) return undefined;
    const name = axisName(declared.size);
    if (!agree(binder, parameter, declared.size, source.size, span, isDefault)) return undefined;
    // Inside the callee the axis is known by the callee's name for it.
    const own = binder.frame.dims.get(baseName(name));
    axes.push({ name, size: own ?? source.size, variable: source.variable });
  }
  const below = type.of ? agreeBelow(binder, parameter, type.of, tensor, span) : tensor.below;
  if (below === "failed") return undefined;
  return {
    kind: "tensor",
    axes,
    body: bindVariables(tensor.body, matched.lifted),
    declared: type.span,
    ...(below && { below }),
  };
}

interface AxisMatch {
  readonly axes: readonly TensorAxis[];
  readonly lifted: ReadonlyMap<number, Scalar>;
}

/** A scalar of the caller's equation, bound along its indices. */
function matchIndices(binder: Binder, parameter: Parameter, type: TensorType, span: Span): AxisMatch | undefined {
  const { call, frame } = binder;
  const names = type.axes.map((a) => axisName(a.size));
  if (binder.along.size === 0 && call.along) {
    if (names.length !== call.along.length) {
      const callee = frame.callable?.name.text ?? "";
      failIn(
        call.env,
        "call/along",
        { callee, axes: names.join(", "), wanted: names.length, given: call.along.length },
        call.calleeSpan,
      );
      return undefined;
    }
    for (const [i, name] of names.entries()) {
      const index = call.along[i];
      if (index) binder.along.set(name, index.variable);
    }
  }
  const axes: TensorAxis[] = [];
  for (const name of names) {
    const variable = binder.along.get(name);
    if (variable === undefined) {
      failIn(
        call.env,
        "call/missing-axis",
        {
          parameter: parameter.name.text,
          callee: frame.callable?.name.text ?? "",
          axis: name,
          found: "the indices of the call",
        },
        span,
      );
      return undefined;
    }
    axes.push({ name, size: variableOf(frame.session, variable).size, variable });
  }
  return { axes, lifted: new Map() };
}

/** Axes by name, what is left over in order, and everything beyond lifted. */
function matchNames(
  binder: Binder,
  parameter: Parameter,
  type: TensorType,
  tensor: TensorValue,
  span: Span,
  isDefault: boolean,
): AxisMatch | undefined {
  const { call, frame } = binder;
  const names = type.axes.map((a) => axisName(a.size));
  const axes: (TensorAxis | undefined)[] = names.map((name) => tensor.axes.find((a) => a.name === name));
  let rest = tensor.axes.filter((a) => !axes.includes(a));
  const open = axes.flatMap((a, i) => (a ? [] : [i]));
  if (open.length > 0) {
    if (rest.length !== open.length) {
      const axis = open.map((i) => names[i]).join(", ");
      const found =
        tensor.axes.length > 0 ? `a tensor over ${tensor.axes.map((a) => a.name).join(", ")}` : "a single number";
      const callee = frame.callable?.name.text ?? "";
      const indexed = call.env.indices.size > 0 && tensor.axes.length === 0;
      failIn(
        call.env,
        "call/missing-axis",
        { parameter: parameter.name.text, callee, axis, found },
        span,
        indexed ? { help: `say along which index: \`${callee}[${[...call.env.indices.keys()].at(-1)}](…)\`` } : {},
      );
      return undefined;
    }
    open.forEach((position, i) => (axes[position] = rest[i]));
    rest = [];
  }
  for (const [i, a] of axes.entries()) {
    const name = names[i];
    if (a && name !== undefined && !isDefault && a.name !== name) binder.rename.set(name, a.name);
    // A default such as `from = x` is known to the caller as what `x` is.
    if (a && name !== undefined && isDefault) binder.rename.set(name, binder.rename.get(a.name) ?? a.name);
  }
  const lifted = new Map<number, Scalar>();
  for (const a of rest) {
    const variable = liftAxis(binder, a, span);
    if (variable === undefined) return undefined;
    lifted.set(a.variable, axis(variable));
  }
  return { axes: axes.filter((a) => a !== undefined), lifted };
}

function liftAll(binder: Binder, tensor: TensorValue, span: Span): TensorValue | undefined {
  const lifted = new Map<number, Scalar>();
  for (const a of tensor.axes) {
    const variable = liftAxis(binder, a, span);
    if (variable === undefined) return undefined;
    lifted.set(a.variable, axis(variable));
  }
  return {
    kind: "tensor",
    axes: [],
    body: bindVariables(tensor.body, lifted),
    ...(tensor.below && { below: tensor.below }),
  };
}

/** Axes of one name are lifted together, so that two arguments stay aligned. */
function liftAxis(binder: Binder, a: TensorAxis, span: Span): number | undefined {
  const known = binder.lift.get(a.name);
  if (!known) {
    const variable = newVariable(binder.frame.session, a.name.toLowerCase(), a.name, a.size);
    binder.lift.set(a.name, { ...a, variable });
    return variable;
  }
  if (equalSizes(known.size.exact, a.size.exact)) return known.variable;
  failIn(
    binder.call.env,
    "shape/align",
    { axis: a.name, left: describeSize(known.size), right: describeSize(a.size) },
    span,
  );
  return undefined;
}

/** Binds a declared size to the argument's, or compares them when it is known. */
function agree(
  binder: Binder,
  parameter: Parameter,
  declared: TensorType["axes"][number]["size"],
  found: Size,
  span: Span,
  isDefault: boolean,
): boolean {
  const { frame, call, boundBy } = binder;
  const name = declared.kind === "name" ? baseName(declared.text) : undefined;
  const known = name === undefined ? evaluateSize(declared, calleeEnvironment(frame)) : frame.dims.get(name);
  if (!known) {
    if (name === undefined) return false;
    frame.dims.set(name, {
      text: name,
      exact: found.exact,
      value: found.value,
      ...(found.origin && { origin: found.origin }),
    });
    boundBy.set(name, parameter.name.text);
    return true;
  }
  if (equalSizes(known.exact, found.exact)) return true;
  const dim = name ?? spanText(declared.span);
  const from = boundBy.get(dim);
  failIn(
    isDefault ? calleeEnvironment(frame) : call.env,
    "shape/argument",
    {
      parameter: parameter.name.text,
      callee: frame.callable?.name.text ?? "",
      dim,
      wanted: describeSize({ ...known, text: dim }),
      found: describeSize(found),
      ...(from && { from }),
    },
    span,
    { related: [{ span: declared.span, text: `declared over \`${dim}\`` }] },
  );
  return false;
}

function calleeEnvironment(frame: Frame): Environment {
  return rootEnvironment(frame, "");
}

/** `[T] of V`: the values are below V. An unknown V becomes the bound of what is passed. */
function agreeBelow(
  binder: Binder,
  parameter: Parameter,
  of: NonNullable<TensorType["of"]>,
  tensor: TensorValue,
  span: Span,
): Size | "failed" | undefined {
  const { frame, call } = binder;
  const name = of.kind === "name" ? baseName(of.text) : undefined;
  const known = name === undefined ? evaluateSize(of, calleeEnvironment(frame)) : frame.dims.get(name);
  if (!known) {
    if (name !== undefined && tensor.below) frame.dims.set(name, { ...tensor.below, text: name });
    return tensor.below;
  }
  if (tensor.below && !equalSizes(known.exact, tensor.below.exact) && !(tensor.below.value <= known.value)) {
    failIn(
      call.env,
      "shape/below",
      {
        parameter: parameter.name.text,
        callee: frame.callable?.name.text ?? "",
        wanted: describeSize(known),
        found: describeSize(tensor.below),
      },
      span,
    );
    return "failed";
  }
  return known;
}

/** `T`, `T'`; a size expression is its own text. */
export function axisName(size: TensorType["axes"][number]["size"]): string {
  return size.kind === "name" ? size.text : spanText(size.span);
}
