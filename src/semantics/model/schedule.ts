/** @file The learning rate over the run: schedules behind each other, each an op of its own progress. */
import type { Expression, NumberLiteral } from "../../../grammar/syntax/ast.ts";
import type { TrainConfig } from "../../../grammar/schema.ts";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import { spanText } from "../../diagnostics/source.ts";
import type { Scalar } from "../../ir/graph.ts";
import type { Schedule } from "../../ir/model.ts";
import { leaf } from "../../ir/node.ts";
import { binary, div, literal, read, select, sub } from "../../ir/scalar.ts";
import { apply } from "../evaluate/call.ts";
import { evaluate } from "../evaluate/expression.ts";
import { failIn, rootEnvironment, type Environment, type Frame } from "../values/frame.ts";
import { asFloat } from "../values/numbers.ts";
import type { Scope } from "../load/scope.ts";
import { newSession } from "../values/session.ts";
import { scalarValue, type Size } from "../values/value.ts";

export interface RunLength {
  readonly budget: TrainConfig["budget"];
  readonly tokensPerStep: number;
}

/** The factor on the learning rate; constantly one without schedules. */
export function elaborateSchedule(
  parts: readonly Expression[],
  scope: Scope,
  dims: ReadonlyMap<string, Size>,
  run: RunLength,
  diagnostics: Diagnostic[],
): Schedule | undefined {
  const session = newSession({ generic: false, training: true, dims, model: "train" });
  const frame: Frame = {
    session,
    scope,
    path: ["schedule"],
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
  const env = rootEnvironment(frame, "schedule", true);
  const progress = leaf("scalar", "progress", []);
  const factor = parts.length === 0 ? literal(1) : chain(parts, read(progress, []), run, env);
  diagnostics.push(...session.diagnostics);
  return factor && { progress, factor };
}

interface ScheduleSegment {
  readonly expression: Expression;
  readonly share: number | undefined;
}

function chain(parts: readonly Expression[], progress: Scalar, run: RunLength, env: Environment): Scalar | undefined {
  const read = parts.map((p) => splitOver(p, run, env));
  const known = read.filter((p): p is ScheduleSegment => p !== undefined);
  if (known.length < parts.length) return undefined;
  const problem = (reason: string, e: Expression): undefined => void failIn(env, "schedule/length", { reason }, e.span);
  const open = known.filter((p) => p.share === undefined);
  const second = open[1];
  if (second) return problem("only one schedule of a list can go without `over`", second.expression);
  const taken = known.reduce((sum, p) => sum + (p.share ?? 0), 0);
  const last = known.at(-1);
  if (last && taken > 1 + 1e-9)
    return problem(`the schedules take ${Number((taken * 100).toFixed(2))}% of the run`, last.expression);
  if (last && open.length === 0 && taken < 1 - 1e-9)
    return problem(
      `the schedules take only ${Number((taken * 100).toFixed(2))}% of the run: leave \`over\` away from one of them`,
      last.expression,
    );
  let start = 0;
  const pieces: { readonly end: number; readonly value: Scalar }[] = [];
  for (const part of known) {
    const length = part.share ?? 1 - taken;
    const own = length === 1 ? progress : div(sub(progress, literal(start)), literal(length));
    const value = valueAt(part.expression, own, env);
    if (!value) return undefined;
    start += length;
    pieces.push({ end: start, value });
  }
  return pieces.reduceRight<Scalar | undefined>(
    (after, piece) => (after ? select(binary("lt", progress, literal(piece.end)), piece.value, after) : piece.value),
    undefined,
  );
}

function valueAt(e: Expression, progress: Scalar, env: Environment): Scalar | undefined {
  const op = evaluate(e, env);
  if (op.kind === "poison") return undefined;
  const refuse = (): undefined => void failIn(env, "schedule/shape", { name: spanText(e.span) }, e.span);
  if (op.kind !== "function") return refuse();
  const { diagnostics } = env.frame.session;
  const before = diagnostics.length;
  const value = apply(
    op,
    {
      env: { ...env, giving: false },
      positional: [{ value: scalarValue(progress), span: e.span }],
      named: new Map(),
      span: e.span,
      calleeSpan: e.span,
      slot: true,
    },
    ["schedule"],
    env.frame.trail,
  );
  // An op that needs more than the progress is none, such as an optimizer.
  if (
    diagnostics
      .slice(before)
      .some(
        (d) =>
          d.code === "call/missing-argument" &&
          d.primary.span.start === e.span.start &&
          d.primary.span.file === e.span.file,
      )
  ) {
    diagnostics.splice(before);
    return refuse();
  }
  if (value.kind === "number") return literal(value.value);
  if (value.kind === "tensor" && value.axes.length === 0) return asFloat(value.body);
  return value.kind === "poison" ? undefined : refuse();
}

/** Takes `over: 2%` off a call: it belongs to the list, not to the op. */
function splitOver(e: Expression, run: RunLength, env: Environment): ScheduleSegment | undefined {
  const over = e.kind === "call" ? e.arguments.find((a) => a.name?.text === "over") : undefined;
  if (e.kind !== "call" || !over) return { expression: e, share: undefined };
  const share = over.value.kind === "number" ? shareOf(over.value, run) : undefined;
  if (share === undefined || !(share > 0 && share <= 1)) {
    failIn(
      env,
      "schedule/length",
      {
        reason: `\`over: ${spanText(over.value.span)}\` is no part of a run of ${run.budget.amount} ${run.budget.unit}`,
      },
      over.value.span,
      { help: "write a share of at most 100%, such as `over: 2%`" },
    );
    return undefined;
  }
  return { expression: { ...e, arguments: e.arguments.filter((a) => a !== over) }, share };
}

function shareOf(n: NumberLiteral, { budget, tokensPerStep }: RunLength): number | undefined {
  if (["ms", "s", "min", "h", "d"].includes(n.suffix)) return undefined;
  if (n.noun === undefined) return n.value;
  if (n.noun === budget.unit) return n.value / budget.amount;
  if (n.noun === "steps" && budget.unit === "tokens") return (n.value * tokensPerStep) / budget.amount;
  if (n.noun === "tokens" && budget.unit === "steps") return n.value / (budget.amount * tokensPerStep);
  return undefined;
}
