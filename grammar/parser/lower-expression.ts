/**
 * @file Concrete syntax tree → expressions and types. Recovery may leave out any child: what is missing becomes a
 * `missing` node about which later phases stay silent. The span of an expression in parentheses includes them.
 */
import type { CstNode, IToken } from "chevrotain";
import { report } from "../../src/diagnostics/codes.ts";
import type { Diagnostic } from "../../src/diagnostics/diagnostic.ts";
import { joinSpans, type SourceFile, type Span } from "../../src/diagnostics/source.ts";
import { suggest } from "../../src/util/suggest.ts";
import type { Argument, Axis, BinaryOperator, Expression, IndexItem, Name, TypeExpression } from "../syntax/ast.ts";
import type * as cst from "./cst.gen.ts";
import { readNumber, readText } from "../syntax/literals.ts";
import { pluralNoun } from "../syntax/units.ts";

/** What lowering needs beside the tree. */
export interface Lowering {
  readonly file: SourceFile;
  /** The `///` lines that stand directly before the token at this offset. */
  readonly docBefore: (offset: number) => string;
  readonly problem: (diagnostic: Diagnostic) => void;
}

/** Tokens that recovery inserted have no place in the text. */
export function isReal(token: IToken | undefined): token is IToken {
  return token !== undefined && !Number.isNaN(token.startOffset);
}

export function tokenSpan(file: SourceFile, token: IToken): Span {
  return { file, start: token.startOffset, end: (token.endOffset ?? token.startOffset) + 1 };
}

/** The text a node covers; a node without tokens is an empty span at `fallback`. */
export function nodeSpan(file: SourceFile, node: CstNode | undefined, fallback: number): Span {
  const location = node?.location;
  if (!location || Number.isNaN(location.startOffset)) return { file, start: fallback, end: fallback };
  return { file, start: location.startOffset, end: (location.endOffset ?? location.startOffset) + 1 };
}

/** A name; an empty one where recovery found none. */
export function lowerName(low: Lowering, token: IToken | undefined, fallback: number): Name {
  if (!isReal(token)) return { text: "", span: { file: low.file, start: fallback, end: fallback } };
  return { text: token.image, span: tokenSpan(low.file, token) };
}

export function lowerExpression(low: Lowering, node: cst.ExpressionCstNode | undefined, fallback: number): Expression {
  if (!node) return missing(low, fallback);
  const { pipe, Arrow } = node.children;
  return lowerChain(low, pipe, Arrow, lowerPipe, startOf(node, fallback));
}

function missing(low: Lowering, at: number): Expression {
  return { kind: "missing", span: { file: low.file, start: at, end: at } };
}

function startOf(node: CstNode, fallback: number): number {
  const start = node.location?.startOffset;
  return start === undefined || Number.isNaN(start) ? fallback : start;
}

/** A left-associative chain of operands with operators between them. */
function lowerChain<N>(
  low: Lowering,
  operands: readonly N[] | undefined,
  operators: readonly IToken[] | undefined,
  lower: (low: Lowering, node: N | undefined, fallback: number) => Expression,
  fallback: number,
): Expression {
  let left = lower(low, operands?.[0], fallback);
  for (const [i, operator] of (operators ?? []).entries()) {
    const end = isReal(operator) ? tokenSpan(low.file, operator).end : left.span.end;
    const right = lower(low, operands?.[i + 1], end);
    left = {
      kind: "binary",
      op: operator.image as BinaryOperator,
      left,
      right,
      span: joinSpans(left.span, right.span),
    };
  }
  return left;
}

function lowerPipe(low: Lowering, node: cst.PipeCstNode | undefined, fallback: number): Expression {
  if (!node) return missing(low, fallback);
  return lowerChain(low, node.children.range, node.children.Pipe, lowerRange, startOf(node, fallback));
}

function lowerRange(low: Lowering, node: cst.RangeCstNode | undefined, fallback: number): Expression {
  if (!node) return missing(low, fallback);
  return lowerChain(low, node.children.disjunction, node.children.DotDot, lowerDisjunction, startOf(node, fallback));
}

function lowerDisjunction(low: Lowering, node: cst.DisjunctionCstNode | undefined, fallback: number): Expression {
  if (!node) return missing(low, fallback);
  return lowerChain(low, node.children.conjunction, node.children.OrWord, lowerConjunction, startOf(node, fallback));
}

function lowerConjunction(low: Lowering, node: cst.ConjunctionCstNode | undefined, fallback: number): Expression {
  if (!node) return missing(low, fallback);
  return lowerChain(low, node.children.negation, node.children.AndWord, lowerNegation, startOf(node, fallback));
}

function lowerNegation(low: Lowering, node: cst.NegationCstNode | undefined, fallback: number): Expression {
  if (!node) return missing(low, fallback);
  let of = lowerComparison(low, node.children.comparison?.[0], fallback);
  for (const not of (node.children.NotWord ?? []).toReversed()) {
    of = { kind: "unary", op: "not", of, span: joinSpans(tokenSpan(low.file, not), of.span) };
  }
  return of;
}

function lowerComparison(low: Lowering, node: cst.ComparisonCstNode | undefined, fallback: number): Expression {
  if (!node) return missing(low, fallback);
  return lowerChain(low, node.children.sum, node.children.CmpOp, lowerSum, startOf(node, fallback));
}

function lowerSum(low: Lowering, node: cst.SumCstNode | undefined, fallback: number): Expression {
  if (!node) return missing(low, fallback);
  return lowerChain(low, node.children.product, node.children.AddOp, lowerProduct, startOf(node, fallback));
}

function lowerProduct(low: Lowering, node: cst.ProductCstNode | undefined, fallback: number): Expression {
  if (!node) return missing(low, fallback);
  return lowerChain(low, node.children.unary, node.children.MulOp, lowerUnary, startOf(node, fallback));
}

function lowerUnary(low: Lowering, node: cst.UnaryCstNode | undefined, fallback: number): Expression {
  if (!node) return missing(low, fallback);
  const minus = node.children.Minus?.[0];
  if (!isReal(minus)) return lowerPower(low, node.children.power?.[0], fallback);
  const sign = tokenSpan(low.file, minus);
  const of = lowerUnary(low, node.children.unary?.[0], sign.end);
  return { kind: "unary", op: "-", of, span: joinSpans(sign, of.span) };
}

function lowerPower(low: Lowering, node: cst.PowerCstNode | undefined, fallback: number): Expression {
  if (!node) return missing(low, fallback);
  const base = lowerPostfix(low, node.children.postfix?.[0], fallback);
  const caret = node.children.Caret?.[0];
  if (!caret) return base;
  const exponent = lowerUnary(low, node.children.unary?.[0], base.span.end);
  return { kind: "binary", op: "^", left: base, right: exponent, span: joinSpans(base.span, exponent.span) };
}

function lowerPostfix(low: Lowering, node: cst.PostfixCstNode | undefined, fallback: number): Expression {
  if (!node) return missing(low, fallback);
  const { atom, indices = [], callArguments = [], member = [] } = node.children;
  const start = lowerAtom(low, atom?.[0], fallback);
  const steps = [...indices, ...callArguments, ...member].toSorted(
    (a, b) => startOf(a, Infinity) - startOf(b, Infinity),
  );
  return steps.reduce<Expression>((of, step) => {
    const span = joinSpans(of.span, nodeSpan(low.file, step, of.span.end));
    switch (step.name) {
      case "indices":
        return {
          kind: "index",
          of,
          indices: (step.children.indexItem ?? []).map((item) => lowerIndexItem(low, item, of.span.end)),
          span,
        };
      case "callArguments":
        return {
          kind: "call",
          of,
          arguments: (step.children.argument ?? []).map((item) => lowerArgument(low, item, of.span.end)),
          span,
        };
      case "member":
        return {
          kind: "member",
          of,
          name: lowerName(low, step.children.Name?.[0] ?? step.children.Position?.[0], span.end),
          span,
        };
    }
  }, start);
}

function lowerIndexItem(low: Lowering, node: cst.IndexItemCstNode, fallback: number): IndexItem {
  const [value, over] = node.children.expression ?? [];
  const span = nodeSpan(low.file, node, fallback);
  return {
    value: lowerExpression(low, value, span.start),
    ...(node.children.InWord ? { over: lowerExpression(low, over, span.end) } : {}),
    span,
  };
}

function lowerArgument(low: Lowering, node: cst.ArgumentCstNode, fallback: number): Argument {
  const span = nodeSpan(low.file, node, fallback);
  const name = node.children.Name?.[0];
  return {
    ...(isReal(name) ? { name: lowerName(low, name, span.start) } : {}),
    value: lowerExpression(low, node.children.expression?.[0], span.end),
    span,
  };
}

function lowerAtom(low: Lowering, node: cst.AtomCstNode | undefined, fallback: number): Expression {
  if (!node) return missing(low, fallback);
  const { conditional, number, Text, Word, tuple, list } = node.children;
  if (conditional?.[0]) return lowerConditional(low, conditional[0], fallback);
  if (number?.[0]) return lowerNumber(low, number[0], fallback);
  if (isReal(Text?.[0])) {
    const span = tokenSpan(low.file, Text[0]);
    return { kind: "string", text: readText(Text[0].image, span, low.problem), span };
  }
  if (isReal(Word?.[0])) return { kind: "name", text: Word[0].image, span: tokenSpan(low.file, Word[0]) };
  if (tuple?.[0]) return lowerTuple(low, tuple[0], fallback);
  if (list?.[0]) return { kind: "list", items: lowerItems(low, list[0]), span: nodeSpan(low.file, list[0], fallback) };
  return missing(low, fallback);
}

function lowerItems(low: Lowering, node: cst.ListCstNode | cst.TupleCstNode): readonly Expression[] {
  return (node.children.expression ?? []).map((item) => lowerExpression(low, item, startOf(item, 0)));
}

/** One expression in parentheses is that expression, unless a comma follows it. */
function lowerTuple(low: Lowering, node: cst.TupleCstNode, fallback: number): Expression {
  const items = lowerItems(low, node);
  const span = nodeSpan(low.file, node, fallback);
  const [only] = items;
  if (only && items.length === 1 && !node.children.Comma) return { ...only, span };
  return { kind: "tuple", items, span };
}

function lowerConditional(low: Lowering, node: cst.ConditionalCstNode, fallback: number): Expression {
  const span = nodeSpan(low.file, node, fallback);
  const [condition, then, otherwise] = node.children.expression ?? [];
  return {
    kind: "if",
    condition: lowerExpression(low, condition, span.end),
    then: lowerExpression(low, then, span.end),
    else: lowerExpression(low, otherwise, span.end),
    span,
  };
}

function lowerNumber(low: Lowering, node: cst.NumberCstNode, fallback: number): Expression {
  const number = node.children.Num?.[0];
  if (!isReal(number)) return missing(low, fallback);
  const noun = node.children.Noun?.[0];
  const digits = tokenSpan(low.file, number);
  const whole = isReal(noun) ? joinSpans(digits, tokenSpan(low.file, noun)) : digits;
  return readNumber(number.image, digits, isReal(noun) ? pluralNoun(noun.image) : undefined, whole, low.problem);
}

/** A type; a word that is no type is reported and left out. */
export function lowerType(low: Lowering, node: cst.TypeCstNode | undefined): TypeExpression | undefined {
  if (!node) return undefined;
  const { list, expression, OfWord, Word } = node.children;
  const span = nodeSpan(low.file, node, 0);
  if (list?.[0]) {
    const axes = lowerItems(low, list[0]).map((size): Axis => ({ size, span: size.span }));
    return { kind: "tensor", axes, ...(OfWord ? { of: lowerExpression(low, expression?.[0], span.end) } : {}), span };
  }
  const word = Word?.[0];
  if (!isReal(word)) return undefined;
  if (word.image === "index" || word.image === "bool") return { kind: word.image, span };
  const near = suggest(word.image, ["index", "bool"]);
  const fix = (title: string, text: string): { title: string; edits: { span: Span; text: string }[] } => ({
    title,
    edits: [{ span, text }],
  });
  low.problem(
    report(
      "syntax/unknown-type",
      { word: word.image },
      {
        primary: { span, text: "" },
        fixes: near
          ? [fix(`write \`${near}\``, near)]
          : /^[A-Z]/.test(word.image)
            ? [fix(`write \`[${word.image}]\``, `[${word.image}]`)]
            : [],
      },
    ),
  );
  return undefined;
}
