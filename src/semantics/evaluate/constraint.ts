/** @file The where-clause of an op or block, checked at each activation, with the values that would satisfy it. */
import type { Callable, Expression } from "../../../grammar/syntax/ast.ts";
import type { Label } from "../../diagnostics/diagnostic.ts";
import { spanText } from "../../diagnostics/source.ts";
import type { Call } from "./call.ts";
import { divisibilityHelp } from "../values/divisibility.ts";
import { evaluate } from "./expression.ts";
import { failIn, rootEnvironment, type Environment, type Frame } from "../values/frame.ts";
import { dimNames, lookupDim } from "./names.ts";
import { describeKind, describeSize, type Size } from "../values/value.ts";

/** `no_future(logits, tokens)` is decided on the whole model, not here. */
export function isCausalityClaim(e: Expression): e is Extract<Expression, { kind: "call" }> {
  return e.kind === "call" && e.of.kind === "name" && e.of.text === "no_future";
}

/** Whether every constraint holds. Also notes which sizes are promised to be at most others. */
export function checkConstraints(callable: Callable, frame: Frame, call: Call): boolean {
  const env = rootEnvironment(frame, "");
  let holds = true;
  for (const constraint of callable.constraints) {
    if (isCausalityClaim(constraint)) continue;
    notePromises(constraint, frame, env);
    const value = evaluate(constraint, env);
    if (value.kind === "poison" || frame.session.generic) continue;
    if (value.kind !== "bool") {
      failIn(env, "type/mismatch", { expected: "a condition on sizes", found: describeKind(value) }, constraint.span);
      holds = false;
    } else if (!value.value) {
      reportConstraint(callable, constraint, env, call);
      holds = false;
    }
  }
  return holds;
}

function notePromises(e: Expression, frame: Frame, env: Environment): void {
  if (e.kind !== "binary") return;
  if (e.op === "and") {
    notePromises(e.left, frame, env);
    notePromises(e.right, frame, env);
    return;
  }
  if (e.op !== "<=" && e.op !== ">=" && e.op !== "==") return;
  const [left, right] = [evaluate(e.left, env), evaluate(e.right, env)];
  if (left.kind !== "number" || right.kind !== "number" || !left.exact || !right.exact) return;
  if (e.op !== ">=") frame.atMost.push([left.exact, right.exact]);
  if (e.op !== "<=") frame.atMost.push([right.exact, left.exact]);
}

/** `H mod G == 0`, if the constraint has that shape. */
function divisibility(e: Expression): { readonly whole: Expression; readonly by: Expression } | undefined {
  if (e.kind !== "binary" || e.op !== "==" || e.left.kind !== "binary" || e.left.op !== "mod") return undefined;
  return e.right.kind === "number" && e.right.value === 0 ? { whole: e.left.left, by: e.left.right } : undefined;
}

function reportConstraint(callable: Callable, constraint: Expression, env: Environment, call: Call): void {
  const names = [...new Set(dimNames(constraint))];
  const sizes = names.flatMap((name): (readonly [string, Size])[] => {
    const size = lookupDim(name, constraint.span, env);
    return size && size !== "failed" ? [[name, size]] : [];
  });
  const related: Label[] = [{ span: constraint.span, text: `\`${callable.name.text}\` requires this` }];
  const divided = divisibility(constraint);
  const [whole, by] = divided ? [valueOf(divided.whole, env), valueOf(divided.by, env)] : [undefined, undefined];
  // The divisor is what one usually changes; otherwise the size that was set last.
  const placed = sizes.filter(([, size]) => size.origin !== undefined);
  const culprit = placed.at(-1)?.[1].origin ?? call.calleeSpan;
  for (const [name, size] of placed.slice(0, -1))
    if (size.origin) related.push({ span: size.origin, text: describeSize({ ...size, text: name }) });
  const reason =
    divided && whole !== undefined && by !== undefined
      ? {
          needs: `${spanText(divided.whole.span)} to be a multiple of ${spanText(divided.by.span)}`,
          but: `${whole} mod ${by} = ${whole % by}`,
        }
      : {
          needs: spanText(constraint.span),
          but: sizes.map(([name, size]) => describeSize({ ...size, text: name })).join(" and "),
        };
  const help = divided && whole !== undefined && by !== undefined ? divisibilityHelp(divided, whole, by) : undefined;
  failIn(env, "shape/constraint", { callee: callable.name.text, ...reason }, culprit, {
    related,
    ...(help && { help }),
    path: [],
  });
}

function valueOf(e: Expression, env: Environment): number | undefined {
  const value = evaluate(e, env);
  return value.kind === "number" ? value.value : undefined;
}
