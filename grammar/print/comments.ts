/**
 * @file Where comments go. Prettier attaches each to the nearest node; here stand the children it may choose from, and the
 * places where its choice would move a comment across a brace.
 */
import type { IToken } from "chevrotain";
import type { SourceFile, Span } from "../../src/diagnostics/source.ts";
import type { Callable, Declaration, Expression, Field, Statement } from "../ast.ts";
import { createLexer } from "../tokens.ts";
import type { Comment } from "./node.ts";

/** Every `//`, `///` and `//!` of a text. */
export function readComments(file: SourceFile): Comment[] {
  const { groups } = createLexer({ validate: false }).tokenize(file.text);
  const tokens: IToken[] = [...(groups["docs"] ?? []), ...(groups["comments"] ?? [])];
  return tokens
    .toSorted((a, b) => a.startOffset - b.startOffset)
    .map((token) => ({ kind: "comment", text: token.image.trimEnd(), span: { file, start: token.startOffset, end: token.startOffset + token.image.trimEnd().length } }));
}

type Attachable = { readonly span: Span };
type KindedNode = Declaration | Statement | Expression | { readonly kind: "file"; readonly declarations: readonly Declaration[]; readonly span: Span };
/** Nodes without a `kind` are fields, parameters, arguments, index items and entries of `dims`. */
export type AnyNode = KindedNode | Field | (Attachable & { readonly value?: Expression; readonly over?: Expression; readonly default?: Expression });

/** The children that are printed by themselves, in the order of the text. What is left out always stands on one line. */
export function commentChildren(node: AnyNode): Attachable[] {
  if (!("kind" in node)) {
    if ("content" in node) return node.content.kind === "group" ? [...node.content.body.fields] : [node.content.value];
    return [node.value, node.over, node.default].filter((child) => child !== undefined);
  }
  switch (node.kind) {
    case "file":
      return [...node.declarations];
    case "op":
    case "block":
      return [...node.dims, ...node.parameters, ...node.constraints, ...node.body];
    case "section":
      return [...(node.base ? [node.base] : []), ...node.body.fields];
    case "variant":
      return [...node.body.fields];
    case "learn":
      return node.init ? [node.init] : [];
    case "state":
      return [node.init];
    case "equation":
      return [node.value];
    case "dims":
      return [...node.entries];
    case "unary":
    case "member":
      return [node.of];
    case "binary":
      return [node.left, node.right];
    case "if":
      return [node.condition, node.then, node.else];
    case "index":
      return [node.of, ...node.indices];
    case "call":
      return [node.of, ...node.arguments];
    case "tuple":
    case "list":
      return [...node.items];
    case "import":
    case "missing":
    case "number":
    case "string":
    case "name":
      return [];
  }
}

/** A comment as prettier hands it over, with the nodes around it. */
export interface PlacedComment extends Comment {
  readonly enclosingNode?: AnyNode;
  readonly precedingNode?: AnyNode;
  readonly followingNode?: AnyNode;
}

export type Placement = { readonly how: "leading" | "trailing" | "dangling"; readonly node: AnyNode };

/** Where a comment goes that prettier would misplace; nothing where its own choice is right. */
export function placeComment(comment: PlacedComment): Placement | undefined {
  const { enclosingNode: enclosing, precedingNode: preceding, followingNode: following } = comment;
  if (!enclosing) return undefined;
  if ("kind" in enclosing && (enclosing.kind === "op" || enclosing.kind === "block")) return placeInCallable(comment, enclosing);
  if ("kind" in enclosing && (enclosing.kind === "call" || enclosing.kind === "index")) {
    if (preceding !== enclosing.of) return undefined;
    return following ? { how: "leading", node: following } : { how: "trailing", node: preceding };
  }
  if (!isBracketed(enclosing) && bodyStart(enclosing) === undefined) {
    // Printed in the midst of a line: a comment before its node would be found behind the one before the next time.
    if (preceding) return { how: "trailing", node: preceding };
    return { how: "leading", node: following ?? enclosing };
  }
  const open = bodyStart(enclosing);
  if (open !== undefined && comment.span.start > open) {
    if (following) return preceding && preceding.span.start > open ? undefined : { how: "leading", node: following };
    return preceding && preceding.span.start > open ? undefined : { how: "dangling", node: enclosing };
  }
  if (preceding || following) return undefined;
  return isFile(enclosing) ? undefined : { how: "leading", node: enclosing };
}

function isFile(node: AnyNode): boolean {
  return "kind" in node && node.kind === "file";
}

/** Whether the children of a node stand on lines of their own when it breaks. */
function isBracketed(node: AnyNode): boolean {
  return isFile(node) || ("kind" in node && (node.kind === "list" || node.kind === "tuple"));
}

/** Where the braces of a node open, if it has some. */
function bodyStart(node: AnyNode): number | undefined {
  if ("content" in node) return node.content.kind === "group" ? node.content.body.span.start : undefined;
  if (!("kind" in node)) return undefined;
  if (node.kind === "section" || node.kind === "variant") return node.body.span.start;
  return node.kind === "dims" ? node.span.start : undefined;
}

function placeInCallable(comment: PlacedComment, node: Callable): Placement | undefined {
  const { precedingNode: preceding, followingNode: following } = comment;
  const open = node.bodySpan.start;
  if (comment.span.start < open) {
    const inBrackets = comment.span.start < (node.results[0]?.span.start ?? open) && (preceding ?? (following && following.span.start < open));
    return inBrackets ? undefined : { how: "leading", node };
  }
  if (preceding && preceding.span.start > open) return undefined;
  return following ? { how: "leading", node: following } : { how: "dangling", node };
}
