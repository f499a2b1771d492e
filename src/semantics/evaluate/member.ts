/** @file `betas.0`, `ramp.from`, `Stories.vocab`, and `embed.table.w`: the parameter of a block that was instantiated before. */
import type { Expression, Name } from "../../../grammar/syntax/ast.ts";
import { joinSpans, spanText } from "../../diagnostics/source.ts";
import * as ir from "../../ir/scalar.ts";
import { evaluate } from "./expression.ts";
import { failIn, type Environment } from "../values/frame.ts";
import { nearest } from "../../diagnostics/nearest-name.ts";
import { sectionMember } from "./sections.ts";
import { newVariable } from "../values/session.ts";
import { describeKind, poison, type Value } from "../values/value.ts";

export function evaluateMember(e: Extract<Expression, { kind: "member" }>, env: Environment): Value {
  const { root, names } = flatten(e);
  let value = evaluate(root, env);
  for (const [i, name] of names.entries()) {
    if (value.kind === "poison") return value;
    if (value.kind === "function" && value.form === "instance") return parameterAt(value.path, names.slice(i), e, env);
    value = memberOf(value, name, env);
  }
  return value;
}

function flatten(e: Expression): { readonly root: Expression; readonly names: readonly Name[] } {
  if (e.kind !== "member") return { root: e, names: [] };
  const { root, names } = flatten(e.of);
  return { root, names: [...names, e.name] };
}

function memberOf(value: Value, name: Name, env: Environment): Value {
  if (value.kind === "tuple" || value.kind === "list") {
    const item = value.items[Number(name.text)];
    return (
      item ??
      failIn(env, "names/no-member", { name: name.text, of: `a ${value.kind} of ${value.items.length}` }, name.span)
    );
  }
  if (value.kind === "ramp" && (name.text === "from" || name.text === "to")) return value[name.text];
  if (value.kind === "section") return sectionMember(value, name, env);
  return failIn(
    env,
    "names/no-member",
    { name: name.text, of: describeKind(value) },
    name.span,
    value.kind === "tensor"
      ? { help: membersElsewhere[name.text] ?? "a tensor is read with indices, `x[t, d]`, and has no parts with names" }
      : {},
  );
}

/** What tensors have in other languages. */
const transposed = "indices say the order of axes: with `x[t, d]` on the right, `y[d, t]` on the left is its transpose";
const membersElsewhere: Readonly<Record<string, string>> = {
  T: transposed,
  transpose: transposed,
  permute: transposed,
  mT: transposed,
  shape: "the size of an axis is its dim: `D`",
  size: "the size of an axis is its dim: `D`",
  sum: "a sum is written `sum[d](x[t, d])`",
  mean: "a mean is written `mean[d](x[t, d])`",
  max: "a maximum is written `max[d](x[t, d])`",
  min: "a minimum is written `min[d](x[t, d])`",
  view: "there is no reshaping: indices say which element is meant",
  reshape: "there is no reshaping: indices say which element is meant",
};

/** A parameter by path; the names of blocks may be left out or written. */
function parameterAt(instance: readonly string[], names: readonly Name[], e: Expression, env: Environment): Value {
  const { session } = env.frame;
  const wanted = [...instance, ...names.map((n) => n.text)];
  const found = [...session.parameters.values()].filter(
    (p) => p.longPath[0] === wanted[0] && p.longPath.at(-1) === wanted.at(-1) && isSubsequence(wanted, p.longPath),
  );
  const [parameter] = found;
  const last = names.at(-1);
  const span = names[0] && last ? joinSpans(names[0].span, last.span) : e.span;
  // Of the repetitions only the first were made.
  if (!parameter && session.brief && names.some((n) => /^\d+$/.test(n.text))) return poison;
  if (!parameter || found.length > 1) {
    const prefix = `${instance.join(".")}.`;
    const known = [...session.parameters.keys()]
      .filter((path) => path.startsWith(prefix))
      .map((path) => path.slice(prefix.length));
    if (found.length > 1)
      return failIn(
        env,
        "names/ambiguous-parameter",
        { name: spanText(e.span), found: found.map((p) => p.parameter.leaf.name).join(", ") },
        span,
      );
    const near = nearest(names.map((n) => n.text).join("."), known, span);
    return failIn(
      env,
      "names/no-parameter",
      { name: spanText(e.span) },
      span,
      near.fixes || near.help
        ? near
        : {
            help:
              known.length > 0
                ? `it has ${known.map((k) => `\`${k}\``).join(", ")}`
                : `\`${instance.join(".")}\` learns nothing before this point`,
          },
    );
  }
  const axes = parameter.axes.map((a) => ({
    ...a,
    variable: newVariable(session, a.name.toLowerCase(), a.name, a.size),
  }));
  return {
    kind: "tensor",
    axes,
    body: ir.read(
      parameter.parameter.leaf,
      axes.map((a) => ir.axis(a.variable)),
    ),
    declared: parameter.declared,
  };
}

function isSubsequence(short: readonly string[], long: readonly string[]): boolean {
  let i = 0;
  for (const part of long) if (part === short[i]) i++;
  return i === short.length;
}
