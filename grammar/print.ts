/**
 * @file The formatter: a prettier plugin for the language `llm`, and `formatText`. One style: two spaces of indentation,
 * lines of at most 120 columns, aligned `=` and values in runs of lines, at most one empty line at a place. Lists and bodies
 * that the author broke after the bracket stay broken. Comments and parentheses stay. Prettier itself is loaded at the first use.
 */
import type { AstPath, Doc, ParserOptions, Plugin } from "prettier";
import { builders } from "prettier/doc";
import { positionAt, type SourceFile, type Span } from "../src/diagnostics/source.ts";
import type { Argument, DimEntry, DimParameter, Expression, Field, File, IndexItem, Parameter } from "./syntax/ast.ts";
import { parseFile } from "./parse.ts";
import { type AnyNode, commentChildren, type PlacedComment, placeComment, readComments } from "./print/comments.ts";
import {
  printCallable,
  printEntry,
  printField,
  printImport,
  printParameter,
  printSection,
  printStatement,
  printWidth,
} from "./print/declaration.ts";
import { printExpression, printItem } from "./print/expression.ts";
import { blankLineAfter, type Comment, type Printed, type Sub } from "./print/node.ts";

const { hardline } = builders;

type Root = File & { readonly comments: Comment[] };
type Print = (selector?: string | number | (string | number)[] | AstPath, args?: unknown) => Doc;
interface Args {
  readonly pad?: number;
}

/** Prettier throws what the parser reports; `loc` lets editors show the place. */
class FormatError extends Error {
  readonly loc: { readonly start: ReturnType<typeof positionAt>; readonly end: ReturnType<typeof positionAt> };

  constructor(message: string, span: Span) {
    super(message);
    this.name = "SyntaxError";
    this.loc = { start: positionAt(span.file, span.start), end: positionAt(span.file, span.end) };
  }
}

function parse(text: string): Root {
  const source: SourceFile = { path: "", text };
  const { file, diagnostics } = parseFile(source);
  const problem = diagnostics.find((diagnostic) => diagnostic.severity === "error");
  if (problem) throw new FormatError(problem.message, problem.primary.span);
  return { ...file, comments: readComments(source) };
}

function print(path: AstPath<AnyNode>, _options: ParserOptions, printChild: Print, args?: unknown): Doc {
  const { node } = path;
  const pad = (args as Args | undefined)?.pad ?? 0;
  // Without arguments prettier prints each node once, however many layouts are tried around it.
  const sub: Sub = (keys, width) => printChild([...keys], width ? { pad: width } : undefined);
  const dangling = danglingComments(node);
  if (!("kind" in node)) return printUnkinded(path, sub, pad, dangling);
  switch (node.kind) {
    case "file":
      return printFile(node, sub, dangling);
    case "import":
      return printImport(node);
    case "op":
    case "block":
      return printCallable(node, sub, dangling);
    case "section":
    case "variant":
      return printSection(node, sub, dangling);
    case "learn":
    case "state":
    case "equation":
    case "dims":
      return printStatement(node, sub, pad, dangling);
    default:
      return printExpression(node as Expression, sub);
  }
}

/** Nodes that the tree tells apart by where they stand. */
function printUnkinded(path: AstPath<AnyNode>, sub: Sub, pad: number, dangling: readonly Doc[]): Doc {
  const node: unknown = path.node;
  switch (path.key) {
    case "fields":
      return printField(node as Field, sub, pad, dangling);
    case "entries":
      return printEntry(node as DimEntry, sub, pad);
    case "parameters":
    case "dims":
      return printParameter(node as Parameter | DimParameter, sub);
    default:
      return printItem(node as Argument | IndexItem, sub);
  }
}

function printFile(node: Extract<AnyNode, { kind: "file" }>, sub: Sub, dangling: readonly Doc[]): Doc {
  const parts = node.declarations.flatMap((declaration, i): Doc[] => {
    const doc = sub(["declarations", i]);
    if (i === node.declarations.length - 1) return [doc];
    return [doc, hardline, blankLineAfter(declaration.span) ? hardline : ""];
  });
  const all = parts.length > 0 ? parts : dangling;
  return all.length === 0 ? "" : [...all, hardline];
}

/** Comments in empty braces, or in a file of nothing but comments: they are marked as printed here. */
function danglingComments(node: Printed): Doc[] {
  const own = (node.comments ?? []) as readonly (Comment & {
    leading?: boolean;
    trailing?: boolean;
    printed?: boolean;
  })[];
  const dangling = own.filter((comment) => !comment.leading && !comment.trailing);
  return dangling.flatMap((comment, i) => {
    comment.printed = true;
    return i === dangling.length - 1
      ? [comment.text]
      : [comment.text, hardline, blankLineAfter(comment.span) ? hardline : ""];
  });
}

interface MutableComment extends PlacedComment {
  leading?: boolean;
  trailing?: boolean;
}

/** Attaches a comment as prettier's own helpers do, without loading prettier for them. */
function handler(
  ownLine: boolean,
): (comment: MutableComment, text: string, options: unknown, root: AnyNode) => boolean {
  return (comment, _text, _options, root) => {
    const placement = placeComment(comment, root, ownLine);
    if (!placement) return false;
    const node = placement.node as { comments?: MutableComment[] };
    (node.comments ??= []).push(comment);
    comment.leading = placement.how === "leading";
    comment.trailing = placement.how === "trailing";
    return true;
  };
}

// Prettier reads a plugin's parts as the exports of its module: `prettier --plugin llmc/prettier file.llm`.
export const languages: NonNullable<Plugin["languages"]> = [
  { name: "llm", parsers: ["llm"], extensions: [".llm"], vscodeLanguageIds: ["llm"] },
];
export const parsers: NonNullable<Plugin["parsers"]> = {
  llm: {
    parse,
    astFormat: "llm",
    locStart: (node: Printed) => node.span.start,
    locEnd: (node: Printed) => node.span.end,
  },
};
export const printers: NonNullable<Plugin["printers"]> = {
  llm: {
    print,
    getCommentChildNodes: commentChildren,
    canAttachComment: (node: AnyNode) => "span" in node,
    printComment: (path: AstPath<Comment>) => path.node.text,
    handleComments: { ownLine: handler(true), endOfLine: handler(false), remaining: handler(false) },
  },
};
export const defaultOptions: NonNullable<Plugin["defaultOptions"]> = { printWidth, tabWidth: 2, useTabs: false };

/** The whole plugin. */
export const plugin: Plugin = { languages, parsers, printers, defaultOptions };

/** The text in the canonical style. Throws for a text that does not parse: check it first. */
export async function formatText(text: string): Promise<string> {
  const prettier = await import("prettier/standalone");
  return prettier.format(text, { parser: "llm", plugins: [plugin], printWidth, tabWidth: 2, useTabs: false });
}
