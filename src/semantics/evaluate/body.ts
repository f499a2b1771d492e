/** @file Runs the statements of an op or block: dims, parameters, optimizer states and equations, in order. */
import type { Callable, DimsBlock, Equation, Expression, Learn, Result, State } from "../../../grammar/syntax/ast.ts";
import { leaf } from "../../ir/node.ts";
import type { Scalar } from "../../ir/graph.ts";
import * as ir from "../../ir/scalar.ts";
import { axisName } from "./bind.ts";
import { bindIndex } from "./builtin.ts";
import { apply } from "./call.ts";
import { combinePieces, type EquationPiece } from "./pieces.ts";
import { evaluate } from "./expression.ts";
import { failIn, rootEnvironment, type Environment, type Frame } from "../values/frame.ts";
import { axesOf, isTrivial, nodeName, positions, toNode } from "../values/materialise.ts";
import { baseName, evaluateSize } from "./names.ts";
import { asFloat } from "../values/numbers.ts";
import { bindVariables, newVariable, variableOf } from "../values/session.ts";
import { equalSizes } from "../values/size.ts";
import { describeKind, describeSize, poison, type TensorAxis, type TensorValue, type Value } from "../values/value.ts";
import { joinSpans, spanText } from "../../diagnostics/source.ts";

/** Runs the body; its values are in `frame.locals` afterwards. False if something was reported that leaves a result unknown. */
export function runBody(callable: Callable, frame: Frame): boolean {
  const pieces = new Map<string, EquationPiece[]>();
  const left = new Map<string, number>();
  for (const s of callable.body) if (s.kind === "equation") left.set(keyOf(s), (left.get(keyOf(s)) ?? 0) + 1);
  for (const statement of callable.body) {
    switch (statement.kind) {
      case "missing":
        return false;
      case "dims":
        runDims(statement, frame);
        break;
      case "learn":
        frame.locals.set(statement.name.text, learn(statement, frame));
        break;
      case "state":
        frame.locals.set(statement.name.text, state(statement, frame));
        break;
      case "equation": {
        const key = keyOf(statement);
        const remaining = (left.get(key) ?? 1) - 1;
        left.set(key, remaining);
        const known = pieces.get(key) ?? [];
        const piece = evaluateEquation(statement, frame);
        pieces.set(key, [...known, piece]);
        if (remaining === 0) {
          const value = finish(statement, [...known, piece], frame, callable.results);
          frame.locals.set(key, value);
          if (statement.next) advance(statement.name.text, value, frame);
        }
        break;
      }
    }
  }
  return callable.results.every((r) => (frame.locals.get(resultKey(r)) ?? poison).kind !== "poison");
}

/** `next m` lives beside `m`, the value before the step. */
function keyOf(e: Equation): string {
  return e.next ? `next ${e.name.text}` : e.name.text;
}

export function resultKey(result: Result): string {
  return result.next ? `next ${result.name.text}` : result.name.text;
}

function runDims(block: DimsBlock, frame: Frame): void {
  for (const { name, value } of block.entries) {
    const size = evaluateSize(value, rootEnvironment(frame, name.text));
    if (size) frame.dims.set(name.text, { ...size, text: name.text });
  }
}

function learn(statement: Learn, frame: Frame): Value {
  const { session } = frame;
  const { name, type } = statement;
  const env = rootEnvironment(frame, name.text);
  if (frame.callable?.kind === "op") {
    const op = frame.callable;
    // One `op` for `block` is one mistake, however much is learnt.
    if (op.body.find((other) => other.kind === "learn") !== statement) return poison;
    const span = { file: op.span.file, start: op.span.start, end: op.span.start + 2 };
    return failIn(env, "learn/in-op", { name: name.text, op: op.name.text }, statement.span, {
      fixes: [{ title: `write \`block ${op.name.text}\``, edits: [{ span, text: "block" }] }],
    });
  }
  if (type.kind !== "tensor")
    return failIn(env, "type/mismatch", { expected: "the axes of a parameter", found: `\`${type.kind}\`` }, type.span);
  const axes: TensorAxis[] = [];
  for (const a of type.axes) {
    const size = evaluateSize(a.size, env);
    if (!size) return poison;
    const text = axisName(a.size);
    axes.push({
      name: text,
      size: { ...size, text: baseName(text) },
      variable: newVariable(session, text.toLowerCase(), text, size),
    });
  }
  const path = [...frame.path, name.text].join(".");
  const known = session.parameters.get(path);
  const variables = axes.map((a) => a.variable);
  if (known)
    return { kind: "tensor", axes, body: ir.read(known.parameter.leaf, variables.map(ir.axis)), declared: type.span };
  const initial = initialValue(statement, axes, env);
  if (!initial) return poison;
  const made = leaf("parameter", path, axesOf(session, variables), "f32", { origin: statement.span });
  session.parameters.set(path, {
    parameter: {
      leaf: made,
      init: initial,
      ...(statement.init && { declared: withNumbers(statement.init, initialEnvironment(axes, env)) }),
    },
    axes,
    declared: type.span,
    longPath: longPath([...frame.path], session.blocks, name.text),
  });
  return { kind: "tensor", axes, body: ir.read(made, variables.map(ir.axis)), declared: type.span };
}

/** `normal(std: std / 2)` as `normal(std: 0.01)`. */
function withNumbers(init: Expression, env: Environment): string {
  if (init.kind !== "call") return spanText(init.span);
  const shown = init.arguments.map(({ name, value }) => {
    const number = evaluate(value, env);
    return `${name ? `${name.text}: ` : ""}${number.kind === "number" ? String(Number(number.value.toPrecision(4))) : spanText(value.span)}`;
  });
  return `${spanText(init.of.span)}(${shown.join(", ")})`.replace(/\s+/g, " ");
}

/** The path with the name of each block after the part that instantiates it. */
function longPath(path: readonly string[], blocks: ReadonlyMap<string, string>, name: string): readonly string[] {
  const long = path.flatMap((part, i) => {
    const block = blocks.get(path.slice(0, i + 1).join("."));
    return block === undefined || block === part ? [part] : [part, block];
  });
  return [...long, name];
}

/** What an initialiser may speak of: the indices of the parameter. Draws in it are named after the parameter. */
function initialEnvironment(axes: readonly TensorAxis[], outer: Environment): Environment {
  const indices = new Map<string, number>();
  // The second axis over D is `d'`: every axis counts, or rows of a square matrix would start alike.
  for (const a of axes) {
    let name = a.name.toLowerCase();
    while (indices.has(name)) name += "'";
    indices.set(name, a.variable);
  }
  return {
    ...outer,
    indices,
    frame: { ...outer.frame, path: [...outer.frame.path, outer.label], calls: new Map(), lifted: [] },
  };
}

/** The initialiser as a scalar over the parameter's axes; an op without inputs is drawn from. */
function initialValue({ init, span }: Learn, axes: readonly TensorAxis[], outer: Environment): Scalar | undefined {
  const env = initialEnvironment(axes, outer);
  if (!init) {
    failIn(outer, "learn/no-init", { name: outer.label }, span, {
      help: "write what it starts from: `= zeros`, `= ones` or `= normal(std: 0.02)`",
    });
    return undefined;
  }
  let value = evaluate(init, env);
  if (value.kind === "function")
    value = apply(
      value,
      { env, positional: [], named: new Map(), span: init.span, calleeSpan: init.span, slot: false },
      env.frame.path,
      env.frame.trail,
    );
  if (value.kind === "poison") return undefined;
  const scalar =
    value.kind === "number"
      ? ir.literal(value.value)
      : value.kind === "tensor" && value.axes.length === 0
        ? asFloat(value.body)
        : undefined;
  if (!scalar || ir.subexpressions(scalar).some((s) => s.kind === "read")) {
    failIn(
      outer,
      "learn/bad-init",
      { name: outer.label, found: scalar ? "something that reads other tensors" : describeKind(value) },
      init.span,
    );
    return undefined;
  }
  return bindVariables(scalar, positions(axes.map((a) => a.variable)));
}

function state(statement: State, frame: Frame): Value {
  const env = rootEnvironment(frame, statement.name.text);
  const { states } = frame.session;
  if (!states) return failIn(env, "state/outside-optimizer", { name: statement.name.text }, statement.span);
  const init = evaluate(statement.init, env);
  if (init.kind === "poison") return init;
  if (init.kind !== "number")
    return failIn(
      env,
      "type/mismatch",
      { expected: "a number that the state begins with", found: describeKind(init) },
      statement.init.span,
    );
  const made = states.get(statement.name.text)?.leaf ?? leaf("state", statement.name.text, []);
  states.set(statement.name.text, { init: init.value, leaf: made });
  return { kind: "tensor", axes: [], body: ir.read(made, []) };
}

/** `next m = …`: the state's value after the step. */
function advance(name: string, value: Value, frame: Frame): void {
  const known = frame.session.states?.get(name);
  if (known && value.kind === "tensor" && value.axes.length === 0) known.next = asFloat(value.body);
  if (known && value.kind === "number") known.next = ir.literal(value.value);
}

/** One equation by itself: the indices of its left side with what it is worth there. */
function evaluateEquation(equation: Equation, frame: Frame): EquationPiece {
  const { indices: left, value: right, name } = equation;
  const at: EquationPiece["at"][number][] = [];
  const indices = new Map<string, number>();
  const label = name.text;
  const outer: Environment = rootEnvironment(frame, label);
  for (const e of left ?? []) {
    const index = indexOnLeft(e);
    if (index === undefined) {
      failIn(outer, "shape/bad-left", { text: spanText(e.span) }, e.span);
      return { equation, at: [], value: poison };
    }
    if (indices.has(index.text)) {
      failIn(outer, "shape/repeated-index", { index: index.text }, e.span, {
        help: `a second index over the same dim is \`${index.text}'\``,
      });
      return { equation, at: [], value: poison };
    }
    const bound = bindIndex({ value: index, span: index.span }, outer);
    if (!bound) return { equation, at: [], value: poison };
    indices.set(bound.name, bound.variable);
    const position = e.kind === "name" ? ir.axis(bound.variable) : undefined;
    const computed = position ?? affineLeft(e, { ...outer, indices });
    if (!computed) return { equation, at: [], value: poison };
    at.push({ variable: bound.variable, index: computed, expression: e });
  }
  return { equation, at, value: evaluate(right, { ...outer, indices, whole: right }) };
}

function affineLeft(e: Equation["value"], env: Environment): Scalar | undefined {
  const value = evaluate(e, env);
  return value.kind === "tensor" && value.body.dtype === "i32" ? value.body : undefined;
}

/** The one lower-case name in an index position of a left side: `p` in `p + P` and `2 * p + 1`. */
function indexOnLeft(e: Equation["value"]): Extract<Equation["value"], { kind: "name" }> | undefined {
  if (e.kind === "name") return /^[a-z]/.test(e.text) ? e : undefined;
  return e.kind === "binary" ? (indexOnLeft(e.left) ?? indexOnLeft(e.right)) : undefined;
}

/** What a name is worth once all its equations are evaluated. */
function finish(equation: Equation, pieces: readonly EquationPiece[], frame: Frame, results: readonly Result[]): Value {
  const env = rootEnvironment(frame, equation.name.text);
  if (pieces.some((p) => p.value.kind === "poison")) return poison;
  const [piece] = pieces;
  if (!piece) return poison;
  const declared = results.find((r) => resultKey(r) === keyOf(equation))?.type;
  const place = { name: nodeName(env), origin: equation.span };
  if (!equation.indices) {
    if (pieces.length > 1) return poison;
    return checkResult(bare(piece.value, place, env), equation, declared, env);
  }
  if (pieces.length > 1 || piece.at.some((a) => a.index.kind !== "axis")) {
    const combined = combinePieces(pieces, declared, env);
    if (!combined) return poison;
    return checkResult(indexed(combined.axes, combined.body, place, env), equation, declared, env);
  }
  const open = openScalar(piece, env);
  if (!open) return poison;
  return checkResult(
    indexed(
      piece.at.map((a) => axisOf(a.variable, env)),
      open,
      place,
      env,
    ),
    equation,
    declared,
    env,
  );
}

function axisOf(variable: number, env: Environment): TensorAxis {
  const { axisName: name, size } = variableOf(env.frame.session, variable);
  return { name, size, variable };
}

/** The right side of an indexed equation must be one number at each index. */
export function openScalar({ value, equation }: EquationPiece, env: Environment): Scalar | undefined {
  if (value.kind === "number") return ir.literal(value.value);
  if (value.kind === "bool") return ir.bool(value.value);
  if (value.kind === "tensor" && value.axes.length === 0) return value.body;
  if (value.kind === "tensor") {
    failIn(
      env,
      "shape/unindexed",
      { text: spanText(equation.value.span), axes: value.axes.map((a) => a.name).join(", ") },
      equation.value.span,
    );
    return undefined;
  }
  failIn(env, "type/mismatch", { expected: "a number at each index", found: describeKind(value) }, equation.value.span);
  return undefined;
}

function indexed(
  axes: readonly TensorAxis[],
  body: Scalar,
  place: { readonly name: string; readonly origin: Equation["span"] },
  env: Environment,
): TensorValue {
  const variables = axes.map((a) => a.variable);
  const declared = place.origin;
  const end = declared.file.text.indexOf("]", declared.start) + 1;
  return {
    kind: "tensor",
    axes,
    declared: { ...declared, end: Math.max(end, declared.start + 1) },
    body: isTrivial(body) ? body : toNode(env.frame.session, place, variables, body),
  };
}

/** A bare name takes the axes of the right side; a tensor is computed there once, an open scalar stays open. */
function bare(
  value: Value,
  place: { readonly name: string; readonly origin: Equation["span"] },
  env: Environment,
): Value {
  if (value.kind !== "tensor" || value.axes.length === 0 || isTrivial(value.body)) return value;
  return {
    ...value,
    body: toNode(
      env.frame.session,
      place,
      value.axes.map((a) => a.variable),
      value.body,
    ),
  };
}

/** Compares a result with its declared type and puts its axes in the declared order. */
function checkResult(value: Value, equation: Equation, type: Result["type"], env: Environment): Value {
  if (!type || value.kind === "poison") return value;
  const wrong = (found: string): Value =>
    failIn(
      env,
      "shape/result",
      { name: equation.name.text, wanted: spanText(type.span), found },
      joinSpans(equation.name.span, equation.value.span),
      { related: [{ span: type.span, text: "declared here" }] },
    );
  if (type.kind !== "tensor") {
    const dtype = type.kind === "bool" ? "bool" : "i32";
    if (value.kind === "bool") return type.kind === "bool" ? value : wrong("a condition");
    if (value.kind === "number") return type.kind === "index" ? value : wrong("a number");
    return value.kind === "tensor" && value.axes.length === 0 && value.body.dtype === dtype
      ? value
      : wrong(describeKind(value));
  }
  if (value.kind === "number")
    return type.axes.length === 0 ? { kind: "tensor", axes: [], body: ir.literal(value.value) } : wrong("a number");
  if (value.kind !== "tensor" || value.axes.length !== type.axes.length) return wrong(describeKind(value));
  const names = type.axes.map((a) => axisName(a.size));
  const byName = names.map((name) => value.axes.find((a) => a.name === name));
  const ordered = equation.indices || byName.some((a) => !a) ? value.axes : byName.filter((a) => a !== undefined);
  const axes: TensorAxis[] = [];
  for (const [i, declared] of type.axes.entries()) {
    const size = evaluateSize(declared.size, env);
    const a = ordered[i];
    if (!size || !a) return poison;
    if (!equalSizes(size.exact, a.size.exact))
      return wrong(`axis ${i + 1} over ${describeSize({ ...a.size, text: a.name })}`);
    axes.push({ ...a, name: names[i] ?? a.name, size });
  }
  return { ...value, axes };
}
