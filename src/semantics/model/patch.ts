/** @file Changes a value inside the recipe of a field: `layers.mix.rotate` goes through repetitions, compositions and arguments. */
import type { Name } from "../../../grammar/syntax/ast.ts";
import { isDeclared, makeThunk } from "../evaluate/call.ts";
import { evaluate } from "../evaluate/expression.ts";
import { failIn, rootEnvironment, type Environment, type Frame } from "../values/frame.ts";
import { nearest } from "../../diagnostics/nearest-name.ts";
import type { Patch } from "./plan-of-model.ts";
import {
  describeKind,
  functionName,
  poison,
  type FunctionValue,
  type PartialFunction,
  type Thunk,
  type Value,
} from "../values/value.ts";

/** The value with the patch applied; `env` is that of the fields of the model. */
export function applyPatch(value: Value, patch: Patch, env: Environment): Value {
  const thunk = makeThunk(patch.entry.value, env);
  return descend(value, patch.path.slice(1), patch, thunk, env);
}

function descend(value: Value, path: readonly Name[], patch: Patch, thunk: Thunk, env: Environment): Value {
  if (value.kind === "poison") return value;
  const [name] = path;
  if (!name) return thunk.force(new Map());
  if (value.kind !== "function") return nowhere(patch, name, describeKind(value), [], env);
  switch (value.form) {
    case "instance":
      return descend(value.of, path, patch, thunk, env);
    case "repetition": {
      const of = descend(value.of, path, patch, thunk, env);
      return of.kind === "function" ? { ...value, of } : poison;
    }
    case "composition":
      return inComposition(value.stages, path, patch, thunk, env);
    case "partial":
      return inPartial(value, path, patch, thunk, env);
  }
}

function inComposition(
  stages: readonly FunctionValue[],
  path: readonly Name[],
  patch: Patch,
  thunk: Thunk,
  env: Environment,
): Value {
  const [name] = path;
  if (!name) return poison;
  const byName = stages.findIndex((s) => functionName(s) === name.text);
  const byArgument = stages.findIndex(
    (s) => innermost(s) && argumentNames(innermost(s) as PartialFunction).includes(name.text),
  );
  const at = byName >= 0 ? byName : byArgument;
  const stage = stages[at];
  if (!stage)
    return nowhere(
      patch,
      name,
      "the composition",
      stages.flatMap((s) => [functionName(s), ...(innermost(s) ? argumentNames(innermost(s) as PartialFunction) : [])]),
      env,
    );
  const changed = descend(stage, path, patch, thunk, env);
  if (changed.kind !== "function") return changed;
  return { kind: "function", form: "composition", stages: stages.map((s, i) => (i === at ? changed : s)) };
}

/** What a variant can change: settings, slots and dims, not the inputs. */
function argumentNames({ callable }: PartialFunction): readonly string[] {
  return [
    ...callable.parameters.filter((p) => p.default).map((p) => p.name.text),
    ...callable.dims.map((d) => d.name.text),
  ];
}

function innermost(value: FunctionValue): PartialFunction | undefined {
  if (value.form === "partial") return value;
  return value.form === "composition" ? undefined : innermost(value.of);
}

function inPartial(value: PartialFunction, path: readonly Name[], patch: Patch, thunk: Thunk, env: Environment): Value {
  const [name, ...rest] = path;
  if (!name) return poison;
  const { callable } = value;
  const parameter = callable.parameters.find((p) => p.name.text === name.text);
  const dim = callable.dims.find((d) => d.name.text === name.text);
  if (!parameter && !dim) {
    // The name of the block itself may be written on the way: `layers.layer.norm`.
    if (name.text === callable.name.text)
      return rest.length > 0
        ? inPartial(value, rest, patch, thunk, env)
        : swapped(value, thunk.force(new Map()), name, env);
    return nowhere(patch, name, `\`${callable.name.text}\``, argumentNames(value), env);
  }
  if (rest.length === 0) return { ...value, given: new Map([...value.given, [name.text, thunk]]) };
  const current = value.given.get(name.text)?.force(new Map()) ?? defaultOf(value, name.text, env);
  if (!current) return nowhere(patch, name, `\`${callable.name.text}\``, argumentNames(value), env);
  const changed = descend(current, rest, patch, thunk, env);
  if (changed.kind === "poison") return changed;
  return { ...value, given: new Map([...value.given, [name.text, { span: thunk.span, force: () => changed }]]) };
}

/** Another block in the place of one: it keeps the arguments given there that it declares. */
function swapped(old: PartialFunction, by: Value, at: Name, env: Environment): Value {
  if (by.kind !== "function" || by.form !== "partial") return by;
  const open = [...old.given].filter(([name]) => !by.given.has(name));
  const dropped = open.flatMap(([name]) => (isDeclared(by, name) ? [] : [`\`${name}\``]));
  if (dropped.length > 0)
    failIn(
      env,
      "variant/dropped",
      { from: old.callable.name.text, to: by.callable.name.text, names: dropped.join(", ") },
      at.span,
    );
  return { ...by, given: new Map([...open.filter(([name]) => isDeclared(by, name)), ...by.given]) };
}

/** The default of a parameter, as a recipe: its names are those of the file that declares it. */
function defaultOf(value: PartialFunction, name: string, env: Environment): Value | undefined {
  const expression = value.callable.parameters.find((p) => p.name.text === name)?.default;
  if (!expression) return undefined;
  const frame: Frame = { ...env.frame, scope: value.scope, locals: new Map(), dims: new Map(), calls: new Map() };
  return evaluate(expression, rootEnvironment(frame, name, true));
}

function nowhere(patch: Patch, at: Name, of: string, known: readonly string[], env: Environment): Value {
  const path = patch.path.map((n) => n.text).join(".");
  const near = nearest(at.text, known, at.span);
  return failIn(
    env,
    "variant/unknown-path",
    { path, at: at.text, of },
    at.span,
    near.fixes || near.help || known.length === 0
      ? near
      : { help: `it has ${known.map((k) => `\`${k}\``).join(", ")}` },
  );
}
