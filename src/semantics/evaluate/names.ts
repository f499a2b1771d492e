/** @file What a name or a dim stands for where an expression is evaluated. */
import { nearest } from "../../diagnostics/nearest-name.ts";
import type { Callable, Expression, TypeExpression } from "../../../grammar/syntax/ast.ts";
import { spanText, type Span } from "../../diagnostics/source.ts";
import { axis } from "../../ir/scalar.ts";
import { divisibilityHelp } from "../values/divisibility.ts";
import { evaluate } from "./expression.ts";
import { failIn, type Environment, type Frame } from "../values/frame.ts";
import { unaryFunctions } from "../values/numbers.ts";
import { atom, constant } from "../values/size.ts";
import { dimSize, number, poison, scalarValue, sizeNumber, type Size, type Value } from "../values/value.ts";

export const reductions: ReadonlySet<string> = new Set(["sum", "max", "min", "mean"]);
/** Words of the language inside expressions: no declaration, parameter or equation may take them. */
export const reservedNames: ReadonlySet<string> = new Set([
  ...reductions,
  ...unaryFunctions,
  "clamp",
  "index",
  "uniform",
  "gaussian",
  "training",
  "pi",
  "inf",
  "true",
  "false",
  "no_future",
]);

/** The value of a name. */
export function lookupName(name: string, span: Span, env: Environment): Value {
  const { frame } = env;
  const variable = env.indices.get(name);
  const local = frame.locals.get(name);
  if (local) return local;
  if (variable !== undefined) return scalarValue(axis(variable));
  const dim = lookupDim(name, span, env);
  if (dim) return dim === "failed" ? poison : sizeNumber(dim);
  const constantOf = builtinConstant(name, frame);
  if (constantOf) return constantOf;
  const found = frame.scope.lookup(name);
  if (found) {
    const { declaration } = found;
    if (declaration.kind === "op" || declaration.kind === "block") {
      // A signature with a syntax error says less than was meant.
      if (declaration.broken) return poison;
      return { kind: "function", form: "partial", callable: declaration, scope: found.scope, given: new Map(), span };
    }
    if (declaration.kind === "section") return { kind: "section", section: declaration, scope: found.scope };
  }
  const passed = frame.callable ? undefined : frame.dynamic.get(name);
  if (passed) return passed.force(frame.dynamic);
  return unknownName(name, span, env);
}

function builtinConstant(name: string, frame: Frame): Value | undefined {
  switch (name) {
    case "pi":
      return number(Math.PI);
    case "inf":
      return number(Infinity);
    case "true":
      return { kind: "bool", value: true };
    case "false":
      return { kind: "bool", value: false };
    case "training":
      frame.session.trainingAsked = true;
      return { kind: "bool", value: frame.session.training };
    default:
      return undefined;
  }
}

type Meant = { readonly write: string } | { readonly help: string };
const ranks =
  "count what is greater: `rank[e] = sum[e'](if x[e'] > x[e] then 1 else 0)`; the `k` greatest are those with `rank[e] < k`";
/** What other languages call things that are written otherwise here. */
const foreign: ReadonlyMap<string, Meant> = new Map<string, Meant>([
  ...["stop_gradient", "stopgrad", "stop_grad", "StopGradient", "detach", "no_grad"].map((name): [string, Meant] => [
    name,
    { write: "stop" },
  ]),
  ...["topk", "top_k", "argmax", "argsort", "sort"].map((name): [string, Meant] => [name, { help: ranks }]),
]);

function unknownName(name: string, span: Span, env: Environment): Value {
  const { frame } = env;
  if (frame.scope.failed.has(name)) return poison;
  const dim = dimOfIndex(name, frame);
  if (dim && frame.callable) {
    const bound = [...env.indices.keys()];
    return failIn(env, "shape/unbound-index", { index: name, dim }, span, {
      help:
        bound.length > 0
          ? `the indices here are ${bound.map((b) => `\`${b}\``).join(", ")}; a reduction such as \`sum[${name}](…)\` binds another`
          : `write it on the left of the equation, or reduce over it: \`sum[${name}](…)\``,
    });
  }
  const meant = foreign.get(name);
  if (meant)
    return failIn(
      env,
      "names/unknown",
      { name, where: "here" },
      span,
      "write" in meant
        ? { fixes: [{ title: `write \`${meant.write}\``, edits: [{ span, text: meant.write }] }] }
        : meant,
    );
  const known = [
    ...env.indices.keys(),
    ...frame.locals.keys(),
    ...frame.dims.keys(),
    ...frame.session.dims.keys(),
    ...frame.scope.names(),
    ...reservedNames,
  ];
  return failIn(env, "names/unknown", { name, where: "here" }, span, nearest(name, known, span));
}

const isCapital = (name: string): boolean => /^[A-Z]/.test(name);

/** The dim an index name ranges over: `t'` ranges over `T`. */
export function dimOfIndex(index: string, frame: Frame): string | undefined {
  const base = index.replace(/'+$/, "");
  if (isCapital(base)) return undefined;
  const names = [...frame.dims.keys(), ...(frame.callable ? declaredDims(frame.callable) : [])];
  return names.find((name) => name.toLowerCase() === base);
}

/** The dims that an op or block may speak of: those in brackets, in its signature, and in its `dims`. */
export function declaredDims(callable: Callable): readonly string[] {
  const known = declaredOf.get(callable);
  if (known) return known;
  const names = new Set(callable.dims.map((d) => d.name.text));
  for (const p of callable.parameters) if (p.type) for (const name of dimsOfType(p.type)) names.add(name);
  for (const r of callable.results) if (r.type) for (const name of dimsOfType(r.type)) names.add(name);
  for (const s of callable.body) if (s.kind === "dims") for (const e of s.entries) names.add(e.name.text);
  const list = [...names];
  declaredOf.set(callable, list);
  return list;
}

const declaredOf = new WeakMap<Callable, readonly string[]>();

function dimsOfType(type: TypeExpression): readonly string[] {
  if (type.kind !== "tensor") return [];
  return [...type.axes.map((a) => a.size), ...(type.of ? [type.of] : [])].flatMap(dimNames);
}

/** The capital names in a size expression, without primes. */
export function dimNames(e: Expression): readonly string[] {
  switch (e.kind) {
    case "name":
      return isCapital(e.text) ? [baseName(e.text)] : [];
    case "binary":
      return [...dimNames(e.left), ...dimNames(e.right)];
    case "unary":
      return dimNames(e.of);
    default:
      return [];
  }
}

/** `T'` is a second axis over `T`. */
export function baseName(axisName: string): string {
  return axisName.replace(/'+$/, "");
}

/**
 * The size that a dim's name stands for. In an op or block: what its inputs, its brackets or its `dims` give it, else the model's dim of that
 * name if it is declared here. In fields: the model's.
 */
export function lookupDim(name: string, span: Span, env: Environment): Size | "failed" | undefined {
  const { frame } = env;
  const base = baseName(name);
  if (!isCapital(base)) return undefined;
  const known = frame.dims.get(base);
  if (known) return known;
  const { callable, session } = frame;
  const ofModel = session.dims.get(base);
  if (!ofModel && session.dims.has(base)) return "failed";
  if (!callable) return ofModel;
  const inBrackets = callable.dims.find((d) => d.name.text === base);
  if (inBrackets || declaredDims(callable).includes(base)) {
    const size = session.generic ? dimSize(base, Number.NaN) : (ofModel ?? bracketDefault(inBrackets?.default, env));
    if (size === "failed") return size;
    if (size) {
      frame.dims.set(base, { ...size, text: base });
      return frame.dims.get(base);
    }
    const entry = frame.entries.get(base);
    if (entry) return "failed";
    failIn(
      env,
      "shape/missing-dim",
      { name: base, callee: callable.name.text, kind: callable.kind, model: session.model ?? "the model" },
      span,
      {
        help: inBrackets
          ? `add \`${base} = …\` to dims, or write \`${callable.name.text}(${base}: …)\``
          : `add \`${base} = …\` to dims`,
      },
    );
    return "failed";
  }
  if (!ofModel && frame.scope.lookup(base)) return undefined;
  const meant = ofModel ? undefined : spelledOtherwise(base, frame.scope.names());
  if (meant !== undefined) {
    failIn(env, "names/unknown", { name: base, where: "here" }, span, {
      fixes: [{ title: `write \`${meant}\``, edits: [{ span, text: meant }] }],
    });
    return "failed";
  }
  failIn(env, "shape/undeclared-dim", { name: base, callee: callable.name.text, kind: callable.kind }, span, {
    help: `write \`${callable.kind} ${callable.name.text}[${[...callable.dims.map((d) => spanText(d.span)), base].join(", ")}](…)\``,
  });
  // Said once; from here on it is taken as declared.
  const assumed = session.generic ? dimSize(base, Number.NaN) : ofModel;
  if (!assumed) return "failed";
  frame.dims.set(base, { ...assumed, text: base });
  return assumed;
}

const plain = (word: string): string => word.toLowerCase().replaceAll("_", "");

/** `ReLU`, `LayerNorm` and `RMS_Norm` are `relu`, `layernorm` and `rmsnorm`: the same letters with other capitals. */
function spelledOtherwise(name: string, known: Iterable<string>): string | undefined {
  for (const other of known)
    if (other !== name && !isCapital(other) && other.length > 1 && plain(other) === plain(name)) return other;
  return undefined;
}

/** The default of a dim in brackets. What is made of other dims is blamed on where those were set. */
function bracketDefault(e: Expression | undefined, env: Environment): Size | "failed" | undefined {
  if (!e) return undefined;
  const size = evaluateSize(e, { ...env, giving: true });
  if (!size) return "failed";
  const [origin] = dimNames(e).flatMap(
    (name) => env.frame.dims.get(name)?.origin ?? env.frame.session.dims.get(name)?.origin ?? [],
  );
  return origin ? { ...size, origin } : size;
}

/** Indices are whole numbers of 32 bits. */
export const largestSize = 2 ** 31 - 1;

/** The value of an expression that must be a size. Reports and gives nothing when it is none. */
export function evaluateSize(e: Expression, env: Environment): Size | undefined {
  if (e.kind === "name") {
    const dim = lookupDim(e.text, e.span, env);
    if (dim) return dim === "failed" ? undefined : dim;
  }
  const value = evaluate(e, env);
  if (value.kind === "poison") return undefined;
  const text = spanText(e.span);
  if (value.kind !== "number") {
    failIn(env, "type/not-a-size", { text }, e.span);
    return undefined;
  }
  const symbolic = env.frame.session.generic && Number.isNaN(value.value);
  if (!symbolic && !(Number.isInteger(value.value) && value.value > 0)) {
    failIn(env, "shape/not-whole", { text, value: value.value, ...quotientOf(e, env) }, e.span, quotientHelp(e, env));
    return undefined;
  }
  if (value.value > largestSize) {
    failIn(env, "shape/too-large", { text, value: value.value, most: largestSize }, e.span);
    return undefined;
  }
  return {
    text,
    exact: value.exact ?? (Number.isNaN(value.value) ? atom(text) : constant(value.value)),
    value: value.value,
    origin: e.span,
  };
}

/** Dividend and divisor of `D / H`. */
function quotientOf(e: Expression, env: Environment): { readonly from?: readonly [number, number] } {
  if (e.kind !== "binary" || e.op !== "/") return {};
  const [a, b] = [evaluate(e.left, env), evaluate(e.right, env)];
  return a.kind === "number" && b.kind === "number" ? { from: [a.value, b.value] } : {};
}

function quotientHelp(e: Expression, env: Environment): { readonly help?: string } {
  const { from } = quotientOf(e, env);
  const round = { help: `write \`round(${spanText(e.span)}, to: 64)\` for the nearest multiple of 64` };
  if (!from) return e.kind === "binary" ? round : {};
  if (e.kind !== "binary" || !Number.isInteger(from[0]) || !Number.isInteger(from[1])) return {};
  const help = divisibilityHelp({ whole: e.left, by: e.right }, from[0], from[1]);
  return help ? { help } : round;
}
