/** @file What the printer's parts share: nodes as the formatter walks them, and questions about the text around them. */
import type { Doc } from "prettier";
import { printer } from "prettier/doc";
import { type Span, spanText } from "../../src/diagnostics/source.ts";
import type { Expression } from "../syntax/ast.ts";

export interface Comment {
  readonly kind: "comment";
  readonly text: string;
  readonly span: Span;
}

/** A node to which prettier may have attached comments. */
export interface Printed {
  readonly span: Span;
  readonly comments?: readonly (Comment & { readonly leading?: boolean; readonly trailing?: boolean })[];
}

/** Prints the child at these keys, with the comments around it; `pad` widens what stands before its `=` or after its `:`. */
export type Sub = (keys: readonly (string | number)[], pad?: number) => Doc;

/** Whether comments stand on lines of their own before a node. */
export function hasLeadingComments(node: Printed): boolean {
  return node.comments?.some((comment) => comment.leading) ?? false;
}

/** Whether an empty line follows the line on which a node ends. */
export function blankLineAfter(span: Span): boolean {
  return /^[ \t,]*(?:\/\/[^\n]*)?\r?\n[ \t]*\r?\n/.test(span.file.text.slice(span.end));
}

/** Whether the line breaks right after the first `bracket` at or behind `from`: then its items stay one on a line. */
export function breaksAfter(bracket: string, from: number, span: Span): boolean {
  const { text } = span.file;
  const open = text.indexOf(bracket, from);
  return open >= 0 && open < span.end && /^[ \t]*(?:\/\/[^\n]*)?\r?\n/.test(text.slice(open + bracket.length));
}

/** Whether the author put the expression in parentheses: its span begins with them. */
export function isParenthesised(node: Expression): boolean {
  switch (node.kind) {
    case "binary":
      return node.left.span.start > node.span.start;
    case "call":
    case "index":
    case "member":
      return node.of.span.start > node.span.start;
    case "tuple":
    case "missing":
      return false;
    default:
      return spanText(node.span).startsWith("(");
  }
}

/** The document as one line. */
export function oneLine(doc: Doc): string {
  return printer.printDocToString(doc, { printWidth: Number.MAX_SAFE_INTEGER, tabWidth: 2, useTabs: false }).formatted;
}
