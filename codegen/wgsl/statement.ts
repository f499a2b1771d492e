/** @file Kernel statements of both levels as lines of WGSL. */
import { commentText } from "../text/comment.ts";
import { invariant, unreachable } from "../../src/util/invariant.ts";
import type { Placed } from "../../src/kernel/barriers.ts";
import type { Expr, Statement } from "../../src/kernel/ir.ts";
import { indent } from "../text/text.ts";
import { expression } from "./expression.ts";
import { wgslName } from "./names.ts";
import type { Scope } from "./scope.ts";
import { partName } from "./scope.ts";

/** The lines of a kernel's body, unindented. */
export function uniformLines(body: readonly Placed[], scope: Scope): string[] {
  /** Names of the phases so far: phases are blocks in the IR, and are printed as such only when they would clash. */
  const declared = new Set<string>();
  return body.flatMap((statement): string[] => {
    switch (statement.kind) {
      case "phase": {
        const comment = statement.name === undefined ? [] : [`// ${commentText(statement.name)}`];
        const lines = laneLines(statement.body, scope);
        const own = statement.body.flatMap((inner) =>
          inner.kind === "let" || inner.kind === "var" ? [inner.name] : [],
        );
        const clash = own.some((name) => declared.has(name));
        for (const name of own) declared.add(name);
        return clash ? [...comment, "{", ...indent(lines), "}"] : [...comment, ...lines];
      }
      case "barrier":
        return [
          ...(statement.storage ? ["storageBarrier();"] : []),
          ...(statement.shared ? ["workgroupBarrier();"] : []),
        ];
      case "for":
        return loopLines(statement, uniformLines(statement.body, scope), scope);
      case "if":
        return branchLines(
          statement.condition,
          uniformLines(statement.then, scope),
          uniformLines(statement.else, scope),
          scope,
        );
      default:
        return unreachable(statement);
    }
  });
}

function laneLines(body: readonly Statement[], scope: Scope): string[] {
  return body.flatMap((statement): string[] => {
    switch (statement.kind) {
      case "let":
        return [`let ${wgslName(statement.name)} = ${expression(statement.value, scope)};`];
      case "var":
        return [`var ${wgslName(statement.name)} = ${expression(statement.value, scope)};`];
      case "set":
        return [assignment(targetText(statement.target, statement.index, scope), statement.value, scope)];
      case "store":
        return [
          assignment(`${wgslName(statement.array)}[${expression(statement.index, scope)}]`, statement.value, scope),
        ];
      case "for":
        return loopLines(statement, laneLines(statement.body, scope), scope);
      case "if":
        return branchLines(
          statement.condition,
          laneLines(statement.then, scope),
          laneLines(statement.else, scope),
          scope,
        );
      default:
        return unreachable(statement);
    }
  });
}

const compound: Readonly<Record<string, string>> = { add: "+=", sub: "-=", mul: "*=" };

function assignment(place: string, value: Expr, scope: Scope): string {
  if (value.kind === "binary" && compound[value.op] !== undefined && expression(value.left, scope) === place) {
    return `${place} ${compound[value.op]} ${expression(value.right, scope)};`;
  }
  return `${place} = ${expression(value, scope)};`;
}

function targetText(target: string, index: Expr | undefined, scope: Scope): string {
  if (index === undefined) return wgslName(target);
  if (!scope.split.has(target)) return `${wgslName(target)}[${expression(index, scope)}]`;
  invariant(index.kind === "literal", `split register ${target} assigned by a variable index`);
  return partName(target, index.value);
}

function loopLines(
  loop: { readonly variable: string; readonly from: Expr; readonly to: Expr; readonly step: number },
  body: readonly string[],
  scope: Scope,
): string[] {
  const name = wgslName(loop.variable);
  const advance = loop.step === 1 ? `${name}++` : `${name} += ${loop.step}`;
  // The bound may bind less tightly than the comparison.
  const goesOn: Expr = {
    kind: "binary",
    type: { scalar: "bool", width: 1 },
    op: "lt",
    left: { kind: "variable", type: loop.from.type, name: loop.variable },
    right: loop.to,
  };
  return [
    `for (var ${name} = ${expression(loop.from, scope)}; ${expression(goesOn, scope)}; ${advance}) {`,
    ...indent(body),
    "}",
  ];
}

function branchLines(condition: Expr, then: readonly string[], otherwise: readonly string[], scope: Scope): string[] {
  if (then.length + otherwise.length === 0) return [];
  const head = `if ${expression(condition, scope)} {`;
  if (otherwise.length === 0) return [head, ...indent(then), "}"];
  const chained = otherwise[0]?.startsWith("if ") && otherwise.indexOf("}") === otherwise.length - 1;
  const tail = chained ? [`} else ${otherwise[0]}`, ...otherwise.slice(1)] : ["} else {", ...indent(otherwise), "}"];
  return [head, ...indent(then), ...tail];
}
