/** @file One op or block of the standard library by itself, evaluated in f64 on given tensors. */
import type { Leaf } from "../../src/ir/graph.ts";
import { evaluateOne } from "../../src/ir/evaluate/evaluate.ts";
import { comp, elementCount, leaf } from "../../src/ir/node.ts";
import { axis, read, substitute } from "../../src/ir/scalar.ts";
import { invariant } from "../../src/util/invariant.ts";
import { apply, type Call } from "../../src/semantics/evaluate/call.ts";
import { rootEnvironment, type Frame } from "../../src/semantics/values/frame.ts";
import { loadProgram } from "../../src/semantics/load/program.ts";
import { bindVariables, freeVariables, newSession, newVariable } from "../../src/semantics/values/session.ts";
import { dimSize, number, type FunctionValue, type TensorAxis, type Value } from "../../src/semantics/values/value.ts";
import { stdlib } from "./elaborated.ts";

export interface Input {
  /** `{ T: 5, D: 8 }`, in order. */
  readonly axes: Readonly<Record<string, number>>;
  readonly values: Float64Array;
  /** Index values instead of numbers. */
  readonly integers?: boolean;
}

const program = loadProgram("none.llm", { readFile: () => "", stdlib });

function library(name: string): FunctionValue {
  const found = program.std.lookup(name);
  invariant(found && (found.declaration.kind === "op" || found.declaration.kind === "block"), `no op ${name}`);
  return {
    kind: "function",
    form: "partial",
    callable: found.declaration,
    scope: found.scope,
    given: new Map(),
    span: found.declaration.name.span,
  };
}

/** The result of `name(inputs…, settings…)`, row-major over its axes; `parameters` gives what blocks learn, by their last name. */
export function applyOp(
  name: string,
  inputs: readonly Input[],
  settings: Readonly<Record<string, number | string>> = {},
  options: {
    readonly dims?: Readonly<Record<string, number>>;
    readonly parameters?: (leaf: Leaf) => Float64Array;
  } = {},
): { readonly axes: readonly string[]; readonly values: Float64Array } {
  const sizes = new Map(
    Object.entries({
      ...options.dims,
      ...(Object.assign({}, ...inputs.map((i) => i.axes)) as Record<string, number>),
    }).map(([dim, size]) => [dim, dimSize(dim, size)] as const),
  );
  const session = newSession({ generic: false, training: false, dims: sizes, model: name });
  const frame: Frame = {
    session,
    scope: program.std,
    path: [],
    trail: [],
    dims: new Map(),
    locals: new Map(),
    dynamic: new Map(),
    lifted: [],
    calls: new Map(),
    slots: new Set(),
    atMost: [],
    entries: new Map(),
  };
  const callee = library(name);
  const span = program.std.file.span;
  const values = new Map<Leaf, Float64Array>();
  const positional = inputs.map(({ axes, values: given, integers }) => {
    const named = Object.keys(axes).map((dim): TensorAxis => {
      const size = sizes.get(dim) ?? dimSize(dim, axes[dim] ?? 0);
      return { name: dim, size, variable: newVariable(session, dim.toLowerCase(), dim, size) };
    });
    const source = leaf(
      "input",
      "x",
      named.map((a) => ({ name: a.name, size: a.size.value })),
      integers ? "i32" : "f32",
      integers ? { below: Math.max(1, ...given) + 1 } : {},
    );
    values.set(source, given);
    const value: Value = {
      kind: "tensor",
      axes: named,
      body: read(
        source,
        named.map((a) => axis(a.variable)),
      ),
    };
    return { value, span };
  });
  const named = new Map(
    Object.entries(settings).map(
      ([key, value]) =>
        [
          key,
          {
            thunk: { span, force: (): Value => (typeof value === "number" ? number(value) : library(value)) },
            nameSpan: span,
          },
        ] as const,
    ),
  );
  const call: Call = { env: rootEnvironment(frame, name), positional, named, span, calleeSpan: span, slot: false };
  const result = apply(callee, call, [name], []);
  invariant(result.kind === "tensor", `${name}: ${session.diagnostics.map((d) => d.message).join("; ")}`);
  invariant(
    freeVariables(result.body).every((v) => result.axes.some((a) => a.variable === v)),
    `${name} has a loose index`,
  );
  const body = substitute(
    bindVariables(result.body, new Map()),
    session.variables.map((_, v) =>
      axis(
        Math.max(
          0,
          result.axes.findIndex((a) => a.variable === v),
        ),
      ),
    ),
  );
  const node = comp(
    { name },
    result.axes.map((a) => ({ name: a.name, size: a.size.value })),
    body,
  );
  const learned = (l: Leaf): Float64Array => options.parameters?.(l) ?? new Float64Array(elementCount(l.axes)).fill(1);
  return { axes: result.axes.map((a) => a.name), values: evaluateOne(node, (l) => values.get(l) ?? learned(l)) };
}

/** The fixed inputs of the PyTorch fixtures. */
export function pattern(seed: number, count: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => ((i * 37 + seed * 101) % 64) / 32 - 1);
}
