/** @file The op of `train { optimizer: … }` on one element: its new value and states as scalars over rank-0 leaves. */
import type { Callable } from "../../../grammar/syntax/ast.ts";
import type { CheckedGroup } from "../../../grammar/schema.ts";
import { report } from "../../diagnostics/codes.ts";
import { spanText } from "../../diagnostics/source.ts";
import { suggestions } from "../../util/suggest.ts";
import type { Leaf, Scalar } from "../../ir/graph.ts";
import type { Optimizer, OptimizerGroup } from "../../ir/model.ts";
import { leaf } from "../../ir/node.ts";
import { literal, mul, read } from "../../ir/scalar.ts";
import { apply, isDeclared, makeThunk, unknownArgument, type SuppliedName } from "../evaluate/call.ts";
import { evaluate } from "../evaluate/expression.ts";
import { failIn, rootEnvironment, type Environment, type Frame } from "../values/frame.ts";
import { asFloat } from "../values/numbers.ts";
import { applyPatch } from "./patch.ts";
import type { ScopedValue, Patch } from "./plan-of-model.ts";
import { newSession, type OptimizerState, type Session } from "../values/session.ts";
import { scalarValue, type PartialFunction, type Size, type Thunk, type Value } from "../values/value.ts";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";

/** Names by which an optimizer asks for what the run knows. */
const rateName = "lr";
const stepName = "step";

interface Elements {
  readonly parameter: Leaf;
  readonly gradient: Leaf;
  readonly lr: Leaf;
  readonly step: Leaf;
}

export function elaborateOptimizer(
  entry: ScopedValue,
  patches: readonly Patch[],
  groups: readonly CheckedGroup[],
  dims: ReadonlyMap<string, Size>,
  diagnostics: Diagnostic[],
): Optimizer | undefined {
  const states = new Map<string, OptimizerState>();
  const session = newSession({ generic: false, training: true, dims, states, model: "train" });
  const made = build(entry, patches, groups, session, states);
  diagnostics.push(...session.diagnostics);
  return session.diagnostics.some((d) => d.severity === "error") ? undefined : made;
}

function build(
  entry: ScopedValue,
  patches: readonly Patch[],
  groups: readonly CheckedGroup[],
  session: Session,
  states: Map<string, OptimizerState>,
): Optimizer | undefined {
  const frame: Frame = {
    session,
    scope: entry.scope,
    path: ["optimizer"],
    trail: ["train"],
    dims: new Map(),
    locals: new Map(),
    dynamic: new Map(),
    lifted: [],
    calls: new Map(),
    slots: new Set(),
    atMost: [],
    entries: new Map(),
  };
  const env = rootEnvironment(frame, "optimizer", true);
  let value = evaluate(entry.value, env);
  for (const patch of patches)
    value = applyPatch(value, patch, { ...env, frame: { ...frame, scope: patch.entry.scope } });
  if (value.kind === "poison") return undefined;
  const shape = value.kind === "function" && value.form === "partial" ? shapeOf(value.callable) : undefined;
  if (value.kind !== "function" || value.form !== "partial" || !shape) {
    failIn(env, "optimizer/shape", { name: spanText(entry.value.span) }, entry.value.span);
    return undefined;
  }
  const elements: Elements = {
    parameter: leaf("parameter", shape.parameter, []),
    gradient: leaf("input", shape.gradient, []),
    lr: leaf("scalar", rateName, []),
    step: leaf("scalar", stepName, []),
  };
  const rate = rateOf(value, env, entry);
  if (rate === undefined) return undefined;
  const made: OptimizerGroup[] = [];
  for (const group of [undefined, ...groups]) {
    const settings = group ? groupSettings(group, value, env) : new Map<string, Thunk>();
    if (!settings) return undefined;
    const own = settings.has(rateName)
      ? rateOf({ ...value, given: new Map([...value.given, ...settings]) }, env, entry)
      : rate;
    if (own === undefined) return undefined;
    const step = runOnce(
      value,
      settings,
      shape,
      elements,
      own / rate,
      states,
      { ...env, frame: { ...frame, calls: new Map() } },
      entry,
    );
    if (!step) return undefined;
    made.push({ name: group?.label?.text ?? "all", takes: group?.label ? selector(group.label) : () => true, ...step });
  }
  const { callable } = value;
  return {
    name: callable.name.text,
    rate,
    ...elements,
    states: [...states].map(([name, { init, leaf: made }]) => ({ name, init, leaf: made })),
    groups: made,
  };
}

/** Which parameter of the op is the model's parameter, and which its gradient. */
function shapeOf(callable: Callable): { readonly parameter: string; readonly gradient: string } | undefined {
  const result = callable.results.find((r) => r.next);
  const inputs = callable.parameters.filter(
    (p) => !p.default && p.name.text !== rateName && p.name.text !== stepName && p.name.text !== result?.name.text,
  );
  const [gradient] = inputs;
  const parameter = callable.parameters.find((p) => p.name.text === result?.name.text);
  if (
    callable.kind !== "op" ||
    !result ||
    !parameter ||
    !gradient ||
    inputs.length !== 1 ||
    parameter.type ||
    gradient.type
  )
    return undefined;
  return { parameter: result.name.text, gradient: gradient.name.text };
}

function rateOf(value: PartialFunction, env: Environment, entry: ScopedValue): number | undefined {
  const standard = value.callable.parameters.find((p) => p.name.text === rateName)?.default;
  const rate = value.given.get(rateName)?.force(new Map()) ?? (standard && evaluate(standard, env));
  if (rate?.kind === "poison") return undefined;
  if (rate?.kind === "number" && rate.value > 0) return rate.value;
  if (rate?.kind === "number") {
    failIn(
      env,
      "optimizer/bad-rate",
      { name: value.callable.name.text, rate: rate.value },
      value.given.get(rateName)?.span ?? entry.value.span,
      { help: "a usual rate is between 1e-5 and 1e-2" },
    );
    return undefined;
  }
  failIn(env, "optimizer/no-rate", { name: value.callable.name.text }, entry.value.span, {
    help: `write \`${value.callable.name.text}(${rateName}: 3e-4)\``,
  });
  return undefined;
}

function groupSettings(group: CheckedGroup, value: PartialFunction, env: Environment): Map<string, Thunk> | undefined {
  const settings = new Map<string, Thunk>();
  for (const field of group.rest) {
    const [name] = field.path;
    if (!name || field.content.kind === "group") continue;
    if (!isDeclared(value, name.text)) {
      unknownArgument(value, name.text, name.span, env);
      return undefined;
    }
    settings.set(name.text, makeThunk(field.content.value, env));
  }
  return settings;
}

function runOnce(
  value: PartialFunction,
  settings: ReadonlyMap<string, Thunk>,
  shape: { readonly parameter: string; readonly gradient: string },
  elements: Elements,
  factor: number,
  states: Map<string, OptimizerState>,
  env: Environment,
  entry: ScopedValue,
): Pick<OptimizerGroup, "parameter" | "states"> | undefined {
  const { span } = entry.value;
  const supplied: [string, Value][] = [
    [shape.parameter, elementOf(elements.parameter)],
    [shape.gradient, elementOf(elements.gradient)],
    [rateName, scalarValue(mul(read(elements.lr, []), literal(factor)))],
    [stepName, elementOf(elements.step)],
  ];
  const given = new Map([...value.given, ...settings]);
  given.delete(rateName);
  const named = new Map(
    supplied.map(
      ([name, v]) => [name, { thunk: { span, force: () => v }, nameSpan: span } satisfies SuppliedName] as const,
    ),
  );
  const inner = { ...value, given };
  const result = apply(
    inner,
    { env, positional: [], named, span, calleeSpan: span, slot: true },
    ["optimizer"],
    env.frame.trail,
  );
  const parameter = asScalar(result);
  if (!parameter) {
    if (result.kind !== "poison") failIn(env, "optimizer/shape", { name: value.callable.name.text }, span);
    return undefined;
  }
  return { parameter, states: [...states.values()].map((s) => s.next ?? read(s.leaf, [])) };
}

function elementOf(l: Leaf): Value {
  return scalarValue(read(l, []));
}

function asScalar(value: Value): Scalar | undefined {
  if (value.kind === "number") return literal(value.value);
  return value.kind === "tensor" && value.axes.length === 0 ? asFloat(value.body) : undefined;
}

/** Patterns over paths that fit no parameter. */
export function checkGroups(
  groups: readonly CheckedGroup[],
  paths: () => Iterable<string>,
  problem: (diagnostic: Diagnostic) => void,
): void {
  for (const { label } of groups) {
    if (!label?.quoted) continue;
    const fits = patternOf(label.text);
    const known = [...paths()];
    if (known.some((path) => fits.test(path))) continue;
    const near = nearestPaths(label.text, known);
    problem(
      report(
        "optimizer/idle-group",
        { pattern: label.text },
        {
          primary: { span: label.span, text: "" },
          ...(near.length > 0 && { help: `the model has ${near.map((path) => `\`${path}\``).join(", ")}` }),
        },
      ),
    );
  }
}

/** Parameters whose paths share a part with the pattern, else those whose last part is near to its last. */
function nearestPaths(pattern: string, known: readonly string[]): readonly string[] {
  const last = lastOf(pattern).replaceAll("*", "");
  const names = new Set([...known.map(lastOf), ...known.map((path) => path.split(".")[0] ?? "")]);
  const near = new Set([
    ...suggestions(last, names),
    ...pattern.split(".").flatMap((part) => suggestions(part.replaceAll("*", ""), names)),
    ...pattern.split("."),
  ]);
  const fitting = known.filter((path) => near.has(lastOf(path)) || near.has(path.split(".")[0] ?? ""));
  return (fitting.length > 0 ? fitting : known).slice(0, 6);
}

function lastOf(path: string): string {
  return path.split(".").at(-1) ?? "";
}

function patternOf(text: string): RegExp {
  return new RegExp(
    `^${text
      .split("*")
      .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"))
      .join(".*")}$`,
  );
}

/** `vectors`, `matrices`, or a pattern over paths in which `*` stands for anything. */
function selector(label: NonNullable<CheckedGroup["label"]>): (parameter: Leaf) => boolean {
  if (!label.quoted) return label.text === "vectors" ? (p) => p.axes.length < 2 : (p) => p.axes.length >= 2;
  const pattern = patternOf(label.text);
  return (p) => pattern.test(p.name);
}
