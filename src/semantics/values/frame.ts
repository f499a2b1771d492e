/**
 * @file Where an expression is evaluated: the activation of one op or block (or the fields of a model), and what the equation around the
 * expression binds.
 */
import type { Callable, DimEntry, Expression } from "../../../grammar/syntax/ast.ts";
import type { CodeParams, DiagnosticCode, ReportDetails } from "../../diagnostics/codes.ts";
import type { Span } from "../../diagnostics/source.ts";
import type { Scalar } from "../../ir/graph.ts";
import { isLibrary, type Scope } from "../load/scope.ts";
import { fail, type Session } from "./session.ts";
import type { Polynomial } from "./size.ts";
import type { Dynamic, Size, Value } from "./value.ts";

/** One activation. Fields have no callable: there every call of an op or block only gives arguments. */
export interface Frame {
  readonly session: Session;
  readonly scope: Scope;
  readonly callable?: Callable;
  /** Of parameters and nodes: `["layers", "0", "mix"]`. */
  readonly path: readonly string[];
  /** For messages: `["Tiny", "layers", "layer", "mix: attention"]`. */
  readonly trail: readonly string[];
  readonly dims: Map<string, Size>;
  readonly locals: Map<string, Value>;
  readonly dynamic: Dynamic;
  /** Index variables over which this activation is mapped: `uniform()` draws anew for each of them. */
  readonly lifted: number[];
  /** How often each name was instantiated here: the second `norm` is `norm_2`. */
  readonly calls: Map<string, number>;
  /** Parameters, by name, that hold what the caller passed: a call of one drops named arguments it does not declare. */
  readonly slots: ReadonlySet<string>;
  /** `a <= b` promised by a where-clause: an index over `a` may read an axis of size `b`. */
  readonly atMost: (readonly [Polynomial, Polynomial])[];
  /** Entries of `dims { … }` by name. */
  readonly entries: ReadonlyMap<string, DimEntry>;
  /** The nearest place outside of the standard library that led here: what the user can change. */
  readonly site?: Span;
}

export interface Environment {
  readonly frame: Frame;
  /** Index names in scope to their variables. */
  readonly indices: ReadonlyMap<string, number>;
  /** Conditions known to hold here, for the bounds of reads. */
  readonly guards: readonly Scalar[];
  /** The equation or parameter being computed; reductions inside it are named after it. */
  readonly label: string;
  /** True where `f(a: 1)` gives arguments and computes nothing: fields and defaults. */
  readonly giving: boolean;
  /** The right side of the equation: a reduction that is all of it bears the equation's name. */
  readonly whole?: Expression;
  /** True for an argument: an op without inputs is then passed on, not drawn from. */
  readonly recipe?: boolean;
}

/** Records a diagnostic with the path of instantiation, and gives the silent value. */
export function failIn<C extends DiagnosticCode>(
  env: Environment,
  code: C,
  params: CodeParams<C>,
  span: Span,
  details: Partial<ReportDetails> & { readonly text?: string } = {},
): Value {
  const { text = "", ...rest } = details;
  const { session, site, trail } = env.frame;
  if (!site || !isLibrary(span.file))
    return fail(session, code, params, { primary: { span, text }, path: trail, ...rest });
  // Nobody can edit the library: the place that uses it comes first.
  const related = [{ span, text: text === "" ? "here" : text }, ...(rest.related ?? [])];
  const { fixes: _inLibrary, ...kept } = rest;
  return fail(session, code, params, { path: trail, ...kept, primary: { span: site, text: "" }, related });
}

/** The environment of a frame before any equation. */
export function rootEnvironment(frame: Frame, label: string, giving = false): Environment {
  return { frame, indices: new Map(), guards: [], label, giving };
}
