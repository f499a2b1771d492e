/** @file A planned model becomes IR: inputs, the architecture called on the model's fields, logits, and the loss. */
import type { Expression, Parameter, TypeExpression } from "../../../grammar/syntax/ast.ts";
import { trainSchema } from "../../../grammar/schema/train.ts";
import type { Diagnostic, Fix } from "../../diagnostics/diagnostic.ts";
import { invariant } from "../../util/invariant.ts";
import { spanText, type Span } from "../../diagnostics/source.ts";
import type { Leaf, Node, Scalar } from "../../ir/graph.ts";
import type { Model, ModelInput } from "../../ir/model.ts";
import { leaf } from "../../ir/node.ts";
import { axis, div, literal, read } from "../../ir/scalar.ts";
import { activate } from "../evaluate/activate.ts";
import { axisName } from "../evaluate/bind.ts";
import { apply, type Call, type SuppliedName } from "../evaluate/call.ts";
import { evaluate } from "../evaluate/expression.ts";
import { failIn, rootEnvironment, type Environment, type Frame } from "../values/frame.ts";
import { axesOf, reduceToNode, toNode } from "../values/materialise.ts";
import { modelDims } from "./model-dims.ts";
import { nearest } from "../../diagnostics/nearest-name.ts";
import { baseName, evaluateSize } from "../evaluate/names.ts";
import { applyPatch } from "./patch.ts";
import type { ScopedValue, ModelPlan } from "./plan-of-model.ts";
import type { FoundDeclaration, Scope } from "../load/scope.ts";
import { vocabularyOf } from "../evaluate/sections.ts";
import {
  newSession,
  newVariable,
  parameterCount,
  parameterPaths,
  variableOf,
  type Session,
  type Vocabulary,
} from "../values/session.ts";
import { namesIn } from "../load/walk.ts";
import {
  dimSize,
  type PartialFunction,
  type Size,
  type TensorAxis,
  type TensorValue,
  type Value,
} from "../values/value.ts";

export interface Instantiated {
  readonly model: Model;
  /** Elements of all parameters; right for brief elaborations too. */
  readonly parameterCount: number;
  /** Their paths; all of them for brief elaborations too. */
  readonly parameterPaths: () => readonly string[];
  /** The architecture's block, for its claims. */
  readonly architecture: PartialFunction;
  /** Inputs by the name of the architecture's parameter. */
  readonly inputs: ReadonlyMap<string, Leaf>;
}

export interface InstantiateOptions {
  /** Sequences per batch, given the length of one. */
  readonly batch: (context: number) => number;
  /** The expression of `train { loss: … }` with the scope it stands in. */
  readonly loss?: { readonly value: Expression; readonly scope: Scope };
  readonly vocabulary?: Vocabulary;
  readonly brief?: boolean;
}

/** The graphs of a model, or nothing after diagnostics. */
export function instantiate(
  plan: ModelPlan,
  std: Scope,
  options: InstantiateOptions,
  diagnostics: Diagnostic[],
): Instantiated | undefined {
  const { dims, whole } = modelDims(plan, diagnostics, options.vocabulary);
  if (!whole) return undefined;
  const common = {
    generic: false,
    dims,
    model: plan.name,
    brief: options.brief ?? false,
    ...(options.vocabulary && { vocabulary: options.vocabulary }),
  };
  const training = newSession({ ...common, training: true });
  const first = runGraph(plan, std, options, training, new Map());
  diagnostics.push(...training.diagnostics.splice(0));
  if (!first) return undefined;
  let second: Graph | undefined = first;
  if (training.trainingAsked) {
    const evaluation = newSession({ ...common, training: false, shared: training });
    second = runGraph(plan, std, options, evaluation, first.inputs);
    diagnostics.push(...evaluation.diagnostics.splice(0));
  }
  if (!second) return undefined;
  const inputs: readonly ModelInput[] = [...first.inputs].map(([name, made]) => ({
    leaf: made,
    role: name === targetsName ? "targets" : "tokens",
  }));
  const { logits } = second;
  const model: Model = {
    name: plan.name,
    dims: new Map([...dims].map(([name, size]) => [name, size.value] as const)),
    batch: first.sequences,
    inputs,
    parameters: [...training.parameters.values()].map((p) => p.parameter),
    logits,
    loss: first.loss,
    evaluationLoss: second.loss,
    vocabulary: logits.axes.at(-1)?.size ?? 0,
    context: logits.axes[1]?.size ?? 0,
  };
  const tokens = new Map([...first.inputs].filter(([name]) => name !== targetsName));
  return {
    model,
    parameterCount: parameterCount(training),
    parameterPaths: () => parameterPaths(training),
    architecture: first.architecture,
    inputs: tokens,
  };
}

interface Graph {
  readonly architecture: PartialFunction;
  readonly logits: Node;
  readonly loss: Node;
  readonly inputs: Map<string, Leaf>;
  readonly sequences: number;
}

/** Not a name a program can have, so that no input of an architecture is mistaken for it. */
const targetsName = "the targets";

function runGraph(
  plan: ModelPlan,
  std: Scope,
  options: InstantiateOptions,
  session: Session,
  inputs: Map<string, Leaf>,
): Graph | undefined {
  const frame: Frame = {
    session,
    scope: plan.scope,
    path: [],
    trail: [plan.name],
    dims: new Map(),
    locals: new Map(),
    dynamic: new Map(),
    lifted: [],
    calls: new Map(),
    slots: new Set(),
    atMost: [],
    entries: new Map(),
    site: plan.section.name.span,
  };
  const env = rootEnvironment(frame, plan.name, true);
  const architecture = architectureOf(plan, std, env);
  if (!architecture) return undefined;
  const sequences = options.batch(contextOf(architecture, env));
  const batch = newVariable(session, "b", "B", dimSize("B", sequences));
  const graph: Inputs = { session, batch, leaves: inputs };
  const named = namedFields(plan, architecture, env);
  if (!named) return undefined;
  for (const parameter of architecture.callable.parameters) {
    if (!isInput(parameter) || named.has(parameter.name.text)) continue;
    const tensor = inputTensor(parameter.name.text, parameter.type, graph, env);
    if (!tensor) return undefined;
    named.set(parameter.name.text, {
      thunk: { span: parameter.span, force: () => tensor },
      nameSpan: parameter.name.span,
    });
  }
  const span = plan.base?.span ?? plan.section.name.span;
  const call: Call = { env, positional: [], named, span, calleeSpan: span, slot: false };
  const logits = activate(architecture, call, [], frame.trail);
  if (logits.kind === "poison") return undefined;

  if (logits.kind !== "tensor" || logits.axes.length !== 2 || inputs.size === 0) {
    failIn(env, "model/architecture", { name: architecture.callable.name.text }, span);
    return undefined;
  }
  const loss = lossOf(plan, std, options, logits, graph, env);
  return loss && { architecture, logits: asNode(logits, batch, session, plan), loss, inputs, sequences };
}

function architectureOf(plan: ModelPlan, std: Scope, env: Environment): PartialFunction | undefined {
  const inherited = plan.base ? undefined : sectionIn(std, "model");
  const base = plan.base ?? inherited?.base;
  invariant(base, "the standard library declares a model whose architecture is the default");
  const value = evaluate(base, inherited ? { ...env, frame: { ...env.frame, scope: std } } : env);
  if (value.kind === "poison") return undefined;
  if (value.kind === "function" && value.form === "partial" && value.callable.parameters.some(isInput)) return value;
  failIn(env, "model/architecture", { name: spanText(base.span) }, base.span);
  return undefined;
}

/** The length of a sequence: the first axis of the logits. One where it cannot be said, which is reported elsewhere. */
function contextOf({ callable }: PartialFunction, env: Environment): number {
  const type = callable.results[0]?.type;
  const time = type?.kind === "tensor" ? type.axes[0]?.size : undefined;
  return time?.kind === "name" ? (env.frame.session.dims.get(baseName(time.text))?.value ?? 1) : 1;
}

/** The one declaration of a sort in the standard library: what it says is the default. */
function sectionIn(
  std: Scope,
  keyword: "model" | "train",
): Extract<FoundDeclaration["declaration"], { kind: "section" }> | undefined {
  return std.sections(keyword)[0];
}

type InputParameter = Parameter & { readonly type: Extract<TypeExpression, { kind: "tensor" }> };

function isInput(parameter: Parameter): parameter is InputParameter {
  return parameter.type?.kind === "tensor" && parameter.type.of !== undefined && parameter.default === undefined;
}

/** In a variant, what belongs to the dims or to the training is written by its path. */
function pathMeant(name: string, span: Span, plan: ModelPlan): { readonly fixes?: Fix[]; readonly help?: string } {
  const { start, end, file } = plan.section.span;
  const inModel = span.file === file && span.start >= start && span.end <= end;
  const path = plan.dims.has(name)
    ? `dims.${name}`
    : trainingSettings.has(name)
      ? `train.optimizer.${name}`
      : trainingFields.has(name)
        ? `train.${name}`
        : undefined;
  if (path === undefined) return {};
  if (inModel)
    return { help: plan.dims.has(name) ? `write it in \`dims { … }\`` : `write it in \`train ${plan.name} { … }\`` };
  return { fixes: [{ title: `write \`${path}\``, edits: [{ span, text: path }] }] };
}

const trainingSettings: ReadonlySet<string> = new Set(["lr", "learning_rate", "decay", "betas", "eps", "momentum"]);
const trainingFields: ReadonlySet<string> = new Set(Object.keys(trainSchema.fields));

/** The model's fields as arguments of the architecture. Those that are ops or blocks are one instance each. */
function namedFields(
  plan: ModelPlan,
  architecture: PartialFunction,
  env: Environment,
): Map<string, SuppliedName> | undefined {
  const { callable } = architecture;
  const named = new Map<string, SuppliedName>();
  const meant = new Set<string>();
  const known = [
    ...callable.parameters.filter((p) => !isInput(p)).map((p) => p.name.text),
    ...callable.dims.map((d) => d.name.text),
  ];
  let whole = true;
  const shared = sharedFields(plan);
  const ordered = inOrderOfUse(plan, env);
  if (!ordered) return undefined;
  for (const [name, entry] of ordered) {
    const nameSpan = { ...entry.span, end: entry.span.start + name.length };
    if (!known.includes(name) && !shared.has(name)) {
      const near = { ...nearest(name, [...known, "data", "dims"], nameSpan), ...pathMeant(name, nameSpan, plan) };
      for (const fix of near.fixes ?? []) for (const edit of fix.edits) meant.add(edit.text);
      failIn(
        env,
        "model/unknown-field",
        { name, architecture: callable.name.text },
        nameSpan,
        near.fixes || near.help ? near : { help: `it has ${known.map((k) => `\`${k}\``).join(", ")}` },
      );
      whole = false;
      continue;
    }
    const value = fieldValue(name, entry, plan, env);
    if (value.kind === "poison") whole = false;
    else if (known.includes(name)) named.set(name, { thunk: { span: entry.value.span, force: () => value }, nameSpan });
    env.frame.locals.set(name, value);
  }
  if (meant.size > 0) return undefined;
  for (const patch of plan.patches) {
    const [head] = patch.path;
    if (!head || plan.fields.has(head.text)) continue;
    const heads = [...plan.fields.keys(), "dims", "data", "train"];
    const close = nearest(head.text, heads, head.span);
    const near = close.fixes || close.help ? close : { help: `it has ${heads.map((h) => `\`${h}\``).join(", ")}` };
    failIn(
      env,
      "variant/unknown-path",
      { path: patch.path.map((n) => n.text).join("."), at: head.text, of: `\`${plan.section.name.text}\`` },
      head.span,
      near,
    );
    whole = false;
  }
  const missing = callable.parameters.filter(
    (p) =>
      !isInput(p) &&
      !p.default &&
      !architecture.given.has(p.name.text) &&
      !plan.fields.has(p.name.text) &&
      !meant.has(p.name.text),
  );
  for (const parameter of missing) {
    failIn(
      env,
      "model/missing-field",
      { name: parameter.name.text, architecture: callable.name.text },
      plan.section.name.span,
      { related: [{ span: parameter.span, text: `\`${callable.name.text}\` declares it` }] },
    );
    whole = false;
  }
  return whole ? named : undefined;
}

/** Fields behind those they speak of. A field that speaks of its own name means what is declared outside of the model. */
function inOrderOfUse(plan: ModelPlan, env: Environment): ReadonlyMap<string, ScopedValue> | undefined {
  const ordered = new Map<string, ScopedValue>();
  let circular = false;
  const visit = (name: string, from: readonly string[]): void => {
    const entry = plan.fields.get(name);
    if (!entry || ordered.has(name)) return;
    if (from.includes(name)) {
      if (from.at(-1) === name) return;
      circular = true;
      failIn(env, "names/recursion", { name }, entry.span, {
        help: [...from.slice(from.indexOf(name)), name].map((n) => `\`${n}\``).join(" → "),
      });
      return;
    }
    const values = [entry, ...plan.patches.filter((p) => p.path[0]?.text === name).map((p) => p.entry)].map(
      (e) => e.value,
    );
    for (const value of values) for (const { text } of namesIn(value)) visit(text, [...from, name]);
    ordered.set(name, entry);
  };
  for (const name of plan.fields.keys()) visit(name, []);
  return circular ? undefined : ordered;
}

/** Fields that others refer to: one instance that several blocks use, such as a bias shared by all layers. */
function sharedFields(plan: ModelPlan): ReadonlySet<string> {
  const inFields = [...plan.fields].flatMap(([own, entry]) => namesIn(entry.value).filter((n) => n.text !== own));
  return new Set([...inFields, ...plan.patches.flatMap((p) => namesIn(p.entry.value))].map((n) => n.text));
}

function fieldValue(
  name: string,
  entry: { readonly value: Expression; readonly scope: Scope },
  plan: ModelPlan,
  env: Environment,
): Value {
  const inScope = (scope: Scope): Environment => ({ ...env, frame: { ...env.frame, scope } });
  let value = evaluate(entry.value, inScope(entry.scope));
  for (const patch of plan.patches)
    if (patch.path[0]?.text === name) value = applyPatch(value, patch, inScope(patch.entry.scope));
  return value.kind === "function" ? { kind: "function", form: "instance", path: [name], of: value } : value;
}

interface Inputs {
  readonly session: Session;
  readonly batch: number;
  readonly leaves: Map<string, Leaf>;
}

function inputTensor(
  name: string,
  type: InputParameter["type"],
  inputs: Inputs,
  env: Environment,
): TensorValue | undefined {
  const axes: TensorAxis[] = [];
  for (const declared of type.axes) {
    const size = evaluateSize(declared.size, env);
    if (!size) return undefined;
    const text = axisName(declared.size);
    axes.push({
      name: text,
      size: { ...size, text: baseName(text) },
      variable: newVariable(inputs.session, text.toLowerCase(), text, size),
    });
  }
  const below = type.of && evaluateSize(type.of, env);
  return below && readInput(name, axes, below, inputs);
}

function readInput(
  name: string,
  axes: readonly TensorAxis[],
  below: Size,
  { session, batch, leaves }: Inputs,
): TensorValue {
  const variables = [batch, ...axes.map((a) => a.variable)];
  const known =
    leaves.get(name) ??
    leaf(
      "input",
      name !== targetsName ? name : leaves.has("targets") ? "loss.targets" : "targets",
      axesOf(session, variables),
      "i32",
      { below: below.value },
    );
  leaves.set(name, known);
  return { kind: "tensor", axes, body: read(known, variables.map(axis)), below };
}

/** The mean over the batch of what the loss gives for one sequence. */
function lossOf(
  plan: ModelPlan,
  std: Scope,
  options: InstantiateOptions,
  logits: TensorValue,
  inputs: Inputs,
  env: Environment,
): Node | undefined {
  const own = options.loss;
  const standard = sectionIn(std, "train")?.body.fields.find((f) => f.path[0]?.text === "loss")?.content;
  const expression = own?.value ?? (standard?.kind === "value" ? standard.value : undefined);
  invariant(expression, "the standard library declares a train section whose loss is the default");
  const lossEnv: Environment = { ...env, frame: { ...env.frame, scope: own?.scope ?? std, calls: new Map() } };
  const loss = evaluate(expression, lossEnv);
  if (loss.kind === "poison") return undefined;
  const span = own ? expression.span : plan.section.name.span;
  const [time, vocabulary] = logits.axes;
  if (loss.kind !== "function" || !time || !vocabulary) {
    failIn(env, "model/loss", { name: spanText(expression.span) }, span);
    return undefined;
  }
  const targets = readInput(
    targetsName,
    [{ ...time, variable: newVariable(inputs.session, "t", time.name, time.size) }],
    vocabulary.size,
    inputs,
  );
  const call: Call = {
    env: lossEnv,
    positional: [
      { value: logits, span },
      { value: targets, span },
    ],
    named: new Map(),
    span,
    calleeSpan: span,
    slot: false,
  };
  const value = apply(loss, call, ["loss"], env.frame.trail, "loss");
  if (value.kind === "poison") return undefined;
  if (value.kind !== "tensor" || value.axes.length > 0) {
    failIn(env, "model/loss", { name: spanText(expression.span) }, span);
    return undefined;
  }
  const place = { name: "loss.batch", origin: span };
  const total = reduceToNode(inputs.session, place, "sum", [inputs.batch], value.body);
  return nodeOf(
    toNode(
      inputs.session,
      { name: "loss", origin: span },
      [],
      div(total, literal(variableOf(inputs.session, inputs.batch).size.value)),
    ),
  );
}

function asNode(logits: TensorValue, batch: number, session: Session, plan: ModelPlan): Node {
  const own = logits.axes.map((a) => a.variable);
  const wanted = [batch, ...own];
  const { body } = logits;
  if (body.kind === "read" && body.at.length === wanted.length && body.at.every((s, i) => s === axis(wanted[i] ?? -1)))
    return body.of;
  return nodeOf(toNode(session, { name: "logits", origin: plan.section.name.span }, wanted, body));
}

function nodeOf(scalar: Scalar): Node {
  invariant(scalar.kind === "read", "a node is read where it is made");
  return scalar.of;
}

/** The size of the vocabulary that the model's data has, where it names data. */
export function vocabularyOfData(
  plan: ModelPlan,
  vocabulary?: Vocabulary,
): { readonly name: string; readonly tokens: number } | undefined {
  const value = plan.data?.value;
  if (!plan.data || value?.kind !== "name") return undefined;
  const found = plan.data.scope.lookup(value.text);
  if (found?.declaration.kind !== "section") return undefined;
  const tokens = vocabularyOf(found.declaration, found.scope, vocabulary);
  return tokens === undefined ? undefined : { name: value.text, tokens };
}
