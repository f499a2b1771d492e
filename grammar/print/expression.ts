/** @file Expressions and types as documents. Parentheses stay where the author put them; long chains break before their operators. */
import type { Doc } from "prettier";
import { builders } from "prettier/doc";
import { unreachable } from "../../src/util/invariant.ts";
import { spanText } from "../../src/diagnostics/source.ts";
import type { Argument, BinaryOperator, Expression, IndexItem, NumberLiteral, TypeExpression } from "../syntax/ast.ts";
import { breaksAfter, isParenthesised, oneLine, type Sub } from "./node.ts";

const { group, ifBreak, indent, join, line, literalline, softline } = builders;

const levels: Readonly<Record<BinaryOperator, number>> = {
  "->": 0,
  "|>": 1,
  "..": 2,
  or: 3,
  and: 4,
  "==": 5,
  "!=": 5,
  "<": 5,
  "<=": 5,
  ">": 5,
  ">=": 5,
  "+": 6,
  "-": 6,
  "*": 7,
  "/": 7,
  div: 7,
  mod: 7,
  "^": 8,
};

/** Items between brackets: on one line, or one on a line with a comma after the last. */
export function bracketed(open: string, items: readonly Doc[], close: string, expanded: boolean): Doc {
  if (items.length === 0) return open + close;
  return group([open, indent([softline, join([",", line], [...items])]), ifBreak(","), softline, close], {
    shouldBreak: expanded,
  });
}

export function printExpression(node: Expression, sub: Sub): Doc {
  const bare = printBare(node, sub);
  return isParenthesised(node) ? group(["(", indent([softline, bare]), softline, ")"]) : bare;
}

function each(count: number, key: string, sub: Sub): Doc[] {
  return Array.from({ length: count }, (_, i) => sub([key, i]));
}

function printBare(node: Expression, sub: Sub): Doc {
  switch (node.kind) {
    case "number":
      return printNumber(node);
    case "string":
      return join(
        literalline,
        (/^(?:"""[\s\S]*?"""|"(?:[^"\\\n]|\\.)*")/.exec(literalText(node))?.[0] ?? "").split("\n"),
      );
    case "name":
      return node.text;
    case "unary":
      return [node.op === "not" ? "not " : "-", sub(["of"])];
    case "binary":
      return printBinary(node, sub);
    case "if":
      return group(["if ", sub(["condition"]), indent([line, "then ", sub(["then"]), line, "else ", sub(["else"])])]);
    case "index":
      return [sub(["of"]), bracketed("[", each(node.indices.length, "indices", sub), "]", false)];
    case "call":
      return [
        sub(["of"]),
        bracketed(
          "(",
          each(node.arguments.length, "arguments", sub),
          ")",
          breaksAfter("(", node.of.span.end, node.span),
        ),
      ];
    case "member":
      return [sub(["of"]), ".", node.name.text];
    case "tuple":
      if (node.items.length === 1) return group(["(", indent([softline, sub(["items", 0]), ","]), softline, ")"]);
      return bracketed("(", each(node.items.length, "items", sub), ")", breaksAfter("(", node.span.start, node.span));
    case "list":
      return bracketed("[", each(node.items.length, "items", sub), "]", breaksAfter("[", node.span.start, node.span));
    case "missing":
      return "";
    default:
      return unreachable(node);
  }
}

/** The source of a literal and what follows it, without parentheses and comments before it. */
function literalText(node: Expression): string {
  return spanText(node.span).replace(/^(?:[(\s]|\/\/[^\n]*)+/, "");
}

function printNumber(node: NumberLiteral): string {
  const [, number = "", noun] = /^(\d[\w.%]*(?:(?<=[eE])[+-]\d[\w.%]*)?)(?:\s+([a-z]+))?/.exec(literalText(node)) ?? [];
  return node.noun === undefined || noun === undefined ? number : `${number} ${noun}`;
}

/** Operands of one level stand in one group, so that they break together. */
function printBinary(node: Extract<Expression, { kind: "binary" }>, sub: Sub): Doc {
  const simple = node.left.kind === "name" || node.left.kind === "number";
  // `L * layer(…)`: the arguments break, not the product.
  if (simple && node.right.kind === "call" && !hasComments(node.left) && !hasComments(node.right))
    return [sub(["left"]), ` ${node.op} `, sub(["right"])];
  const tight = node.op === "..";
  const parts: Doc[] = [];
  const keys: string[] = [];
  let first: Expression = node;
  while (
    first.kind === "binary" &&
    levels[first.op] === levels[node.op] &&
    (first === node || (!isParenthesised(first) && !hasComments(first)))
  ) {
    parts.unshift([tight ? softline : line, first.op, tight ? "" : " ", sub([...keys, "right"])]);
    keys.push("left");
    first = first.left;
  }
  return group([sub(keys), indent(parts)]);
}

function hasComments(node: Expression): boolean {
  return ((node as { readonly comments?: readonly unknown[] }).comments?.length ?? 0) > 0;
}

/** A type always stands on one line. */
export function typeText(type: TypeExpression): string {
  if (type.kind !== "tensor") return type.kind;
  return `[${type.axes.map((axis) => expressionText(axis.size)).join(", ")}]${type.of ? ` of ${expressionText(type.of)}` : ""}`;
}

/** An expression on one line: for what is never broken, and to know its width. */
export function expressionText(node: Expression): string {
  return oneLine(flatDoc(node));
}

function flatDoc(node: Expression): Doc {
  return printExpression(node, (keys) => flatChild(node, keys));
}

function flatChild(node: unknown, keys: readonly (string | number)[]): Doc {
  const child = keys.reduce<unknown>((at, key) => (at as Record<string | number, unknown>)[key], node) as
    Expression | Argument | IndexItem;
  return "kind" in child ? flatDoc(child) : printItem(child, (inner) => flatChild(child, inner));
}

/** An argument `name: value`, or an index `value in over`. */
export function printItem(node: Argument | IndexItem, sub: Sub): Doc {
  const name = "name" in node && node.name ? `${node.name.text}: ` : "";
  return [name, sub(["value"]), "over" in node ? [" in ", sub(["over"])] : ""];
}
