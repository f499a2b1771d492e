/**
 * @file Where comments go. Prettier attaches each to the nearest node; here stand the children it may choose from, and the
 * places where its choice would move a comment across a brace.
 */
import type { IToken } from "chevrotain";
import type { SourceFile, Span } from "../../src/diagnostics/source.ts";
import type { Callable, Declaration, Expression, Field, Statement } from "../syntax/ast.ts";
import { createLexer } from "../syntax/tokens.ts";
import type { Comment, Printed } from "./node.ts";

/** Every `//`, `///` and `//!` of a text. */
export function readComments(file: SourceFile): Comment[] {
  const { groups } = createLexer({ validate: false }).tokenize(file.text);
  const tokens: IToken[] = [...(groups["docs"] ?? []), ...(groups["comments"] ?? [])];
  return tokens
    .toSorted((a, b) => a.startOffset - b.startOffset)
    .map((token) => ({
      kind: "comment",
      text: token.image.trimEnd(),
      span: { file, start: token.startOffset, end: token.startOffset + token.image.trimEnd().length },
    }));
}

type Attachable = { readonly span: Span };
type KindedNode =
  | Declaration
  | Statement
  | Expression
  | { readonly kind: "file"; readonly declarations: readonly Declaration[]; readonly span: Span };
/** Nodes without a `kind` are fields, parameters, arguments, index items and entries of `dims`. */
export type AnyNode =
  | KindedNode
  | Field
  | (Attachable & { readonly value?: Expression; readonly over?: Expression; readonly default?: Expression });

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

export interface Placement {
  readonly how: "leading" | "trailing" | "dangling";
  readonly node: Attachable;
}

/** Where a comment goes that prettier would misplace; nothing where its own choice is right. */
export function placeComment(comment: PlacedComment, root: AnyNode, ownLine: boolean): Placement | undefined {
  const { enclosingNode: enclosing, precedingNode: preceding, followingNode: following } = comment;
  if (!enclosing) return undefined;
  // A second comment behind the same node would stand on its own line, and be found there the next time.
  const second = !ownLine && preceding !== undefined && hasTrailing(preceding);
  if (second && following && standsOnLine(enclosing, following)) return { how: "leading", node: following };
  if (!("kind" in enclosing))
    return "content" in enclosing && enclosing.content.kind === "group"
      ? placeInBody(comment, enclosing, enclosing.content.body.span.start)
      : beforeLine(comment, root);
  switch (enclosing.kind) {
    case "file":
      return undefined;
    case "op":
    case "block":
      return placeInCallable(comment, enclosing);
    case "section":
    case "variant":
      return comment.span.start > enclosing.body.span.start
        ? placeInBody(comment, enclosing, enclosing.body.span.start)
        : beforeLine(comment, root);
    case "dims":
      return placeInBody(comment, enclosing, enclosing.span.start);
    case "call":
    case "index":
      if (preceding !== enclosing.of) return undefined;
      return following ? { how: "leading", node: following } : beforeLine(comment, root);
    case "list":
    case "tuple":
      return preceding || following ? undefined : beforeLine(comment, root);
    case "binary":
    case "if":
      return preceding && !ownLine && !second ? { how: "trailing", node: preceding } : beforeLine(comment, root);
    default:
      return beforeLine(comment, root);
  }
}

function hasTrailing(node: Printed): boolean {
  return node.comments?.some((other) => other.trailing) ?? false;
}

/** Before what stands on a line of its own: in the midst of a line there is no place that a second formatting would find again. */
function beforeLine(comment: PlacedComment, root: AnyNode): Placement {
  let node: AnyNode = root;
  let line: Attachable = root;
  for (;;) {
    const child: Attachable | undefined = commentChildren(node).find(
      ({ span }) => span.start <= comment.span.start && comment.span.end <= span.end,
    );
    if (!child) return { how: "leading", node: line };
    if (standsOnLine(node, child)) line = child;
    node = child as AnyNode;
  }
}

/** Whether a child of `parent` begins a line when its parent breaks. */
function standsOnLine(parent: AnyNode, child: Attachable): boolean {
  if (!("kind" in parent)) return "content" in parent && parent.content.kind === "group";
  switch (parent.kind) {
    case "op":
    case "block":
      return !parent.constraints.some((constraint) => constraint === child);
    case "section":
      return child !== parent.base;
    case "call":
    case "index":
      return child !== parent.of;
    case "file":
    case "variant":
    case "dims":
    case "list":
    case "tuple":
      return true;
    default:
      return false;
  }
}

function placeInBody(comment: PlacedComment, node: Attachable, open: number): Placement | undefined {
  const { precedingNode: preceding, followingNode: following } = comment;
  if (preceding && preceding.span.start > open) return undefined;
  return following ? { how: "leading", node: following } : { how: "dangling", node };
}

function placeInCallable(comment: PlacedComment, node: Callable): Placement | undefined {
  const { precedingNode: preceding, followingNode: following } = comment;
  const open = node.bodySpan.start;
  if (comment.span.start > open) return placeInBody(comment, node, open);
  const items: readonly unknown[] = [...node.dims, ...node.parameters];
  if (items.includes(following)) return undefined;
  const behindItem =
    preceding && items.includes(preceding) && comment.span.start < (node.results[0]?.span.start ?? open);
  return behindItem ? { how: "trailing", node: preceding } : { how: "leading", node };
}
