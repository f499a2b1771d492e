/** @file Declarations, statements and fields as documents. */
import type { Doc } from "prettier";
import { builders } from "prettier/doc";
import { unreachable } from "../../src/util/invariant.ts";
import type {
  Body,
  Callable,
  DimEntry,
  DimParameter,
  Field,
  Import,
  Parameter,
  Result,
  Section,
  Statement,
  Variant,
} from "../syntax/ast.ts";
import { expanded, inlineOr, type Item, sizeRows, stacked } from "./body.ts";
import { bracketed, expressionText, typeText } from "./expression.ts";
import { breaksAfter, type Printed, type Sub } from "./node.ts";

const { group, hardline, indent, join, line } = builders;

/** The longest line that is not broken. */
export const printWidth = 120;

export function printImport(node: Import): Doc {
  const names = node.names.map((name) => name.text);
  const from =
    node.from.kind === "path"
      ? node.from.span.file.text.slice(node.from.span.start, node.from.span.end)
      : node.from.text;
  return [
    group(["import {", indent([line, join([",", line], names)]), builders.ifBreak(","), line, "}"]),
    ` from ${from}`,
  ];
}

export function printCallable(node: Callable, sub: Sub, dangling: readonly Doc[]): Doc {
  const dims = node.dims.map((_, i) => sub(["dims", i]));
  const parameters = node.parameters.map((_, i) => sub(["parameters", i]));
  const afterDims = node.dims.at(-1)?.span.end ?? node.name.span.end;
  const header: Doc = [
    `${node.kind} ${node.name.text}`,
    dims.length > 0 ? bracketed("[", dims, "]", false) : "",
    bracketed("(", parameters, ")", breaksAfter("(", afterDims, node.span)),
    ` -> ${node.results.map(resultText).join(", ")}`,
  ];
  const items = node.body.map((statement, i) => statementItem(statement, (pad) => sub(["body", i], pad)));
  const lines = expanded(stacked(items), dangling);
  if (node.constraints.length > 0) {
    const constraints = join(
      ", ",
      node.constraints.map((_, i) => sub(["constraints", i])),
    );
    return [header, indent([hardline, "where ", constraints]), hardline, lines];
  }
  return [header, " ", items.length === 1 ? inlineOr(items, "", node.bodySpan.start, lines) : lines];
}

function resultText(result: Result): string {
  return `${result.next ? "next " : ""}${result.name.text}${result.type ? `: ${typeText(result.type)}` : ""}`;
}

export function printParameter(node: Parameter | DimParameter, sub: Sub): Doc {
  const type = "type" in node && node.type ? `: ${typeText(node.type)}` : "";
  return [node.name.text, type, node.default ? [" = ", sub(["default"])] : ""];
}

/** What stands before the `=` of a statement, on one line. */
function leftSide(node: Statement): string {
  switch (node.kind) {
    case "learn":
      return `learn ${node.name.text}: ${typeText(node.type)}`;
    case "state":
      return `state ${node.name.text}`;
    case "equation":
      return `${node.next ? "next " : ""}${node.name.text}${node.indices ? `[${node.indices.map(expressionText).join(", ")}]` : ""}`;
    case "dims":
    case "missing":
      return "";
    default:
      return unreachable(node);
  }
}

function statementItem(node: Statement & Printed, doc: (pad: number) => Doc): Item {
  const sort =
    node.kind === "dims" || node.kind === "missing" ? "" : node.kind === "equation" && node.next ? "next" : node.kind;
  const counts = !(node.kind === "learn" && node.init === undefined);
  return { sort, width: counts ? leftSide(node).length : 0, doc, span: node.span, ...comments(node) };
}

function comments(node: Printed): Pick<Printed, "comments"> {
  return node.comments ? { comments: node.comments } : {};
}

export function printStatement(node: Statement, sub: Sub, pad: number, dangling: readonly Doc[]): Doc {
  const left = leftSide(node);
  const equals = `${" ".repeat(pad)} = `;
  switch (node.kind) {
    case "learn":
      return node.init ? [left, equals, sub(["init"])] : left;
    case "state":
      return [left, equals, sub(["init"])];
    case "equation":
      return [left, equals, sub(["value"])];
    case "dims":
      return [
        "dims ",
        printSizes(
          node.entries.map((entry, i) => entryItem(entry, (width) => sub(["entries", i], width))),
          node.span.start,
          dangling,
        ),
      ];
    case "missing":
      return "";
    default:
      return unreachable(node);
  }
}

function entryItem(node: DimEntry & Printed, doc: (pad: number) => Doc): Item {
  return { sort: "size", width: node.name.text.length, doc, span: node.span, ...comments(node) };
}

export function printEntry(node: DimEntry, sub: Sub, pad: number): Doc {
  return [node.name.text, " ".repeat(pad), " = ", sub(["value"])];
}

function printSizes(items: readonly Item[], start: number, dangling: readonly Doc[]): Doc {
  const open = items[0]?.span.file.text.indexOf("{", start) ?? start;
  return inlineOr(items, "  ", open, expanded(sizeRows(items, printWidth), dangling));
}

export function printSection(node: Section | Variant, sub: Sub, dangling: readonly Doc[]): Doc {
  const head =
    node.kind === "variant" ? `variant ${node.name.text} of ${node.of.text} ` : `${node.keyword} ${node.name.text}`;
  const base = node.kind === "variant" ? "" : node.base ? [": ", sub(["base"]), " "] : " ";
  return [head, base, printFields(node.body, (i, pad) => sub(["body", "fields", i], pad), dangling)];
}

function pathText(node: Field): string {
  return node.path.map((name) => name.text).join(".");
}

function fieldItem(node: Field & Printed, doc: (pad: number) => Doc): Item {
  const sort = node.content.kind === "group" ? "" : node.content.kind;
  return { sort, width: pathText(node).length, doc, span: node.span, ...comments(node) };
}

function printFields(body: Body, child: (index: number, pad: number) => Doc, dangling: readonly Doc[]): Doc {
  const items = body.fields.map((field, i) => fieldItem(field, (pad) => child(i, pad)));
  const sizes = body.fields.length > 0 && body.fields.every((field) => field.content.kind === "equation");
  if (sizes) return printSizes(items, body.span.start, dangling);
  return inlineOr(items, ", ", body.span.start, expanded(stacked(items), dangling));
}

export function printField(node: Field, sub: Sub, pad: number, dangling: readonly Doc[]): Doc {
  const path = pathText(node);
  const { content } = node;
  switch (content.kind) {
    case "value":
      return [path, ": ", " ".repeat(pad), sub(["content", "value"])];
    case "equation":
      return [path, " ".repeat(pad), " = ", sub(["content", "value"])];
    case "group": {
      const { label, body } = content;
      const name =
        label === undefined
          ? ""
          : ` ${label.quoted ? label.span.file.text.slice(label.span.start, label.span.end) : label.text}`;
      return [path, name, " ", printFields(body, (i, width) => sub(["content", "body", "fields", i], width), dangling)];
    }
    default:
      return unreachable(content);
  }
}
