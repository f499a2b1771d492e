/**
 * @file The state of one elaboration: diagnostics, index variables, parameters by path, and the model's dims. Index variables are
 * numbered from zero in each session and `variables` is the space they live in, so interval analysis works on open scalars too.
 */
import { report, type CodeParams, type DiagnosticCode, type ReportDetails } from "../../diagnostics/codes.ts";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import { invariant } from "../../util/invariant.ts";
import type { Span } from "../../diagnostics/source.ts";
import type { Section } from "../../../grammar/syntax/ast.ts";
import type { Axis, Leaf, Parameter, Scalar } from "../../ir/graph.ts";
import { elementCount } from "../../ir/node.ts";
import { operands, axis as axisScalar, rewrite } from "../../ir/scalar.ts";
import { poison, type Size, type TensorAxis, type TensorValue, type Value } from "./value.ts";

/** A parameter with what sharing it needs to know. */
export interface LearnedParameter {
  readonly parameter: Parameter;
  readonly axes: readonly TensorAxis[];
  readonly declared: Span;
  /** The path with the name of every block inserted: `embed.table.w` may be written for `embed.w`. */
  readonly longPath: readonly string[];
}

export interface Variable {
  /** `t`, `t'`; an axis that was lifted has its dim's lower-case name. */
  readonly name: string;
  readonly axisName: string;
  readonly size: Size;
}

export interface Session {
  readonly diagnostics: Diagnostic[];
  /** What the diagnostics already say, so that an instance repeated L times reports once. */
  readonly reported: Set<string>;
  /** The name of the model, for messages. Absent while a declaration is checked by itself. */
  readonly model?: string;
  /** True while a declaration is checked by itself: sizes are symbols, numbers are not compared. */
  readonly generic: boolean;
  /** For messages alone: of a block repeated L times two stand for all. */
  readonly brief?: boolean;
  readonly training: boolean;
  trainingAsked: boolean;
  /** The dims of the model. */
  readonly dims: Dims;
  readonly variables: Variable[];
  /** The axes of `variables`, for interval analysis. */
  readonly space: Axis[];
  /** Shared by the training and the evaluation graph. */
  readonly parameters: Map<string, LearnedParameter>;
  /** How often what lies at a path is repeated, and how many of these a brief elaboration made. */
  readonly repetitions: Map<string, { readonly count: number; readonly made: number }>;
  /** The block instantiated at each path. */
  readonly blocks: Map<string, string>;
  /** Present while an optimizer is evaluated. */
  readonly states?: Map<string, OptimizerState>;
  /** The vocabulary of data whose text was read; nothing where it is not known better. */
  readonly vocabulary?: Vocabulary;
}

/** Sizes by name; a name that it has and cannot give was reported. */
export interface Dims {
  readonly get: (name: string) => Size | undefined;
  readonly has: (name: string) => boolean;
  readonly keys: () => Iterable<string>;
}

export interface OptimizerState {
  readonly init: number;
  readonly leaf: Leaf;
  /** Its value after the step, once its equation was evaluated. */
  next?: Scalar;
}

export type Vocabulary = (section: Section) => number | undefined;

export function newSession(
  options: Pick<Session, "generic" | "brief" | "training" | "dims" | "model" | "states" | "vocabulary"> & {
    readonly shared?: Session;
  },
): Session {
  const { shared, ...rest } = options;
  return {
    ...rest,
    diagnostics: shared?.diagnostics ?? [],
    reported: shared?.reported ?? new Set(),
    trainingAsked: false,
    variables: [],
    space: [],
    parameters: shared?.parameters ?? new Map(),
    repetitions: shared?.repetitions ?? new Map(),
    blocks: shared?.blocks ?? new Map(),
  };
}

/** Records a diagnostic unless the same is known for the same place, and gives the value that stays silent afterwards. */
export function fail<C extends DiagnosticCode>(
  session: Session,
  code: C,
  params: CodeParams<C>,
  details: ReportDetails,
): Value {
  const { span } = details.primary;
  const key = `${code} ${span.file.path} ${span.start} ${span.end}`;
  if (!session.reported.has(key)) {
    session.reported.add(key);
    session.diagnostics.push(report(code, params, details));
  }
  return poison;
}

export function newVariable(session: Session, name: string, axisName: string, size: Size): number {
  session.variables.push({ name, axisName, size });
  session.space.push({ name: axisName, size: size.value });
  return session.variables.length - 1;
}

export function variableOf(session: Session, position: number): Variable {
  const found = session.variables[position];
  invariant(found, `no index variable ${position}`);
  return found;
}

const freeOf = new WeakMap<Scalar, readonly number[]>();

/** The index variables a scalar depends on, oldest first. */
export function freeVariables(scalar: Scalar): readonly number[] {
  if (scalar.kind === "axis") return [scalar.position];
  const known = freeOf.get(scalar);
  if (known) return known;
  const inner = operands(scalar).map(freeVariables);
  const first = inner.find((list) => list.length > 0) ?? [];
  const all = inner.every((list) => list.length === 0 || list === first)
    ? first
    : [...new Set(inner.flat())].toSorted((a, b) => a - b);
  freeOf.set(scalar, all);
  return all;
}

/** Replaces index variables by index scalars. */
export function bindVariables(body: Scalar, by: ReadonlyMap<number, Scalar>): Scalar {
  if (by.size === 0 || !freeVariables(body).some((v) => by.has(v))) return body;
  return rewrite(body, (s) =>
    s.kind === "axis" ? by.get(s.position) : freeVariables(s).some((v) => by.has(v)) ? undefined : s,
  );
}

/** The element of a tensor at one index per axis. */
export function elementOf(tensor: TensorValue, at: readonly Scalar[]): Scalar {
  return bindVariables(
    tensor.body,
    new Map(tensor.axes.map((a, i) => [a.variable, at[i] ?? axisScalar(a.variable)] as const)),
  );
}

/** The paths of all parameters. Those that a brief elaboration left out have the paths of the last one made, with other numbers. */
export function parameterPaths({
  parameters,
  repetitions,
}: Pick<Session, "parameters" | "repetitions">): readonly string[] {
  return [...parameters.keys()].flatMap((path) => {
    let paths: readonly (readonly string[])[] = [[]];
    const parts = path.split(".");
    for (const [i, part] of parts.entries()) {
      const repeated = repetitions.get(parts.slice(0, i).join("."));
      const others =
        repeated && part === String(repeated.made - 1)
          ? Array.from({ length: repeated.count - repeated.made }, (_, n) => String(n + repeated.made))
          : [];
      paths = [part, ...others].flatMap((name) => paths.map((before) => [...before, name]));
    }
    return paths.map((names) => names.join("."));
  });
}

/** Elements of all parameters. The last of the repetitions that a brief elaboration made stands for those after it. */
export function parameterCount({ parameters, repetitions }: Session): number {
  let total = 0;
  for (const [path, { parameter }] of parameters) {
    const parts = path.split(".");
    const times = parts.map((part, i) => {
      const repeated = repetitions.get(parts.slice(0, i).join("."));
      return repeated && part === String(repeated.made - 1) ? repeated.count - repeated.made + 1 : 1;
    });
    total += times.reduce((product, n) => product * n, elementCount(parameter.leaf.axes));
  }
  return total;
}
