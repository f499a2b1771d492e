/** @file Concrete syntax tree of a declaration → syntax tree. Expressions and types are in `lower-expression.ts`. */
import type { IToken } from "chevrotain";
import { joinSpans, type Span } from "../../src/diagnostics/source.ts";
import type {
  Body,
  Callable,
  Declaration,
  DimParameter,
  Field,
  FieldContent,
  GroupLabel,
  Import,
  Parameter,
  Result,
  Section,
  Statement,
  Variant,
} from "../syntax/ast.ts";
import { sectionKeywords } from "../syntax/ast.ts";
import type * as cst from "./cst.gen.ts";
import { readText } from "../syntax/literals.ts";
import {
  isReal,
  type Lowering,
  lowerExpression,
  lowerName,
  lowerType,
  nodeSpan,
  tokenSpan,
} from "./lower-expression.ts";

type DeclarationBase = Pick<Declaration, "broken" | "span">;

/** The declaration, unless so little of it is there that its sort is unknown. */
export function lowerDeclaration(
  low: Lowering,
  node: cst.DeclarationCstNode,
  declared: DeclarationBase,
): Declaration | undefined {
  const { importDeclaration, callable, section, variant } = node.children;
  if (importDeclaration?.[0]) return lowerImport(low, importDeclaration[0], declared);
  if (callable?.[0]) return lowerCallable(low, callable[0], declared);
  if (section?.[0]) return lowerSection(low, section[0], declared);
  if (variant?.[0]) return lowerVariant(low, variant[0], declared);
  return undefined;
}

function lowerImport(low: Lowering, node: cst.ImportDeclarationCstNode, declared: DeclarationBase): Import {
  const { span } = declared;
  const { Name = [], Word, Text } = node.children;
  const names = Name.filter(isReal).map((token) => lowerName(low, token, span.end));
  const path = Text?.[0];
  if (isReal(path)) {
    const pathSpan = tokenSpan(low.file, path);
    return {
      kind: "import",
      names,
      from: { kind: "path", text: readText(path.image, pathSpan, low.problem), span: pathSpan },
      ...declared,
    };
  }
  return { kind: "import", names, from: { kind: "std", ...lowerName(low, Word?.[0], span.end) }, ...declared };
}

function lowerCallable(low: Lowering, node: cst.CallableCstNode, declared: DeclarationBase): Callable {
  const { span } = declared;
  const {
    BlockWord,
    Name,
    dimParameters,
    parameters,
    result = [],
    constraints,
    statement = [],
    LBrace,
    RBrace,
  } = node.children;
  const open = LBrace?.[0];
  const close = RBrace?.[0];
  const bodyStart = isReal(open) ? open.startOffset : span.end;
  return {
    kind: BlockWord ? "block" : "op",
    name: lowerName(low, Name?.[0], span.end),
    doc: low.docBefore(span.start),
    dims: (dimParameters?.[0]?.children.dimParameter ?? []).map((dim) => lowerDimParameter(low, dim, span.end)),
    parameters: (parameters?.[0]?.children.parameter ?? []).map((parameter) =>
      lowerParameter(low, parameter, span.end),
    ),
    results: result.map((item) => lowerResult(low, item, span.end)),
    constraints: (constraints?.[0]?.children.expression ?? []).map((item) => lowerExpression(low, item, span.end)),
    body: statement.map((item) => lowerStatement(low, item, span.end)),
    bodySpan: { file: low.file, start: bodyStart, end: isReal(close) ? close.startOffset + 1 : span.end },
    ...declared,
  };
}

function lowerDimParameter(low: Lowering, node: cst.DimParameterCstNode, fallback: number): DimParameter {
  const span = nodeSpan(low.file, node, fallback);
  return {
    name: lowerName(low, node.children.Name?.[0], span.start),
    ...(node.children.Assign ? { default: lowerExpression(low, node.children.expression?.[0], span.end) } : {}),
    span,
  };
}

function lowerParameter(low: Lowering, node: cst.ParameterCstNode, fallback: number): Parameter {
  const span = nodeSpan(low.file, node, fallback);
  const type = lowerType(low, node.children.type?.[0]);
  return {
    name: lowerName(low, node.children.Name?.[0], span.start),
    ...(type ? { type } : {}),
    ...(node.children.Assign ? { default: lowerExpression(low, node.children.expression?.[0], span.end) } : {}),
    span,
  };
}

function lowerResult(low: Lowering, node: cst.ResultCstNode, fallback: number): Result {
  const span = nodeSpan(low.file, node, fallback);
  const type = lowerType(low, node.children.type?.[0]);
  return {
    name: lowerName(low, node.children.Name?.[0], span.end),
    next: node.children.NextWord !== undefined,
    ...(type ? { type } : {}),
    span,
  };
}

function lowerStatement(low: Lowering, node: cst.StatementCstNode, fallback: number): Statement {
  const span = nodeSpan(low.file, node, fallback);
  const { learn, state, dims, equation } = node.children;
  if (learn?.[0]) {
    const { Name, type, Assign, expression } = learn[0].children;
    const lowered = lowerType(low, type?.[0]);
    if (!lowered) return { kind: "missing", span };
    const init = Assign ? { init: lowerExpression(low, expression?.[0], span.end) } : {};
    return { kind: "learn", name: lowerName(low, Name?.[0], span.end), type: lowered, ...init, span };
  }
  if (state?.[0]) {
    const { Name, expression } = state[0].children;
    return {
      kind: "state",
      name: lowerName(low, Name?.[0], span.end),
      init: lowerExpression(low, expression?.[0], span.end),
      span,
    };
  }
  if (dims?.[0]) {
    const entries = (dims[0].children.dimEntry ?? []).map((entry) => {
      const { Name, expression } = entry.children;
      const entrySpan = nodeSpan(low.file, entry, span.end);
      return {
        name: lowerName(low, Name?.[0], entrySpan.end),
        value: lowerExpression(low, expression?.[0], entrySpan.end),
        span: entrySpan,
      };
    });
    return { kind: "dims", entries, span };
  }
  if (equation?.[0]) {
    const { NextWord, Name, list, expression } = equation[0].children;
    const indices = list?.[0]?.children.expression ?? [];
    return {
      kind: "equation",
      next: NextWord !== undefined,
      name: lowerName(low, Name?.[0], span.end),
      ...(list ? { indices: indices.map((index) => lowerExpression(low, index, span.end)) } : {}),
      value: lowerExpression(low, expression?.[0], span.end),
      span,
    };
  }
  return { kind: "missing", span };
}

function lowerSection(low: Lowering, node: cst.SectionCstNode, declared: DeclarationBase): Section {
  const { span } = declared;
  const { children } = node;
  const keyword = sectionKeywords.find(
    (word) => children[`${word[0]?.toUpperCase()}${word.slice(1)}Word` as keyof cst.SectionCstChildren],
  );
  return {
    kind: "section",
    keyword: keyword ?? "data",
    name: lowerName(low, children.Name?.[0], span.end),
    ...(children.Colon ? { base: lowerExpression(low, children.expression?.[0], span.end) } : {}),
    doc: low.docBefore(span.start),
    body: lowerBody(low, children.body?.[0], span.end),
    ...declared,
  };
}

function lowerVariant(low: Lowering, node: cst.VariantCstNode, declared: DeclarationBase): Variant {
  const { span } = declared;
  const [name, of] = node.children.Name ?? [];
  return {
    kind: "variant",
    name: lowerName(low, name, span.end),
    of: lowerName(low, of, span.end),
    doc: low.docBefore(span.start),
    body: lowerBody(low, node.children.body?.[0], span.end),
    ...declared,
  };
}

function lowerBody(low: Lowering, node: cst.BodyCstNode | undefined, fallback: number): Body {
  const span = nodeSpan(low.file, node, fallback);
  return { fields: (node?.children.field ?? []).flatMap((field) => lowerField(low, field)), span };
}

function lowerField(low: Lowering, node: cst.FieldCstNode): readonly Field[] {
  const { Name = [], Position = [], content } = node.children;
  const parts: IToken[] = [...Name, ...Position].filter(isReal).toSorted((a, b) => a.startOffset - b.startOffset);
  const first = parts[0];
  if (!first) return [];
  const span = nodeSpan(low.file, node, first.startOffset);
  const path = parts.map((part) => lowerName(low, part, span.end));
  return [{ path, doc: low.docBefore(first.startOffset), content: lowerContent(low, content?.[0], span.end), span }];
}

function lowerContent(low: Lowering, node: cst.ContentCstNode | undefined, fallback: number): FieldContent {
  const { Colon, Assign, expression, Name, Text, body } = node?.children ?? {};
  if (body?.[0])
    return { kind: "group", ...lowerLabel(low, Name?.[0], Text?.[0]), body: lowerBody(low, body[0], fallback) };
  const kind = Assign && !Colon ? "equation" : "value";
  return { kind, value: lowerExpression(low, expression?.[0], fallback) };
}

function lowerLabel(
  low: Lowering,
  name: IToken | undefined,
  quoted: IToken | undefined,
): { readonly label?: GroupLabel } {
  if (isReal(name)) return { label: { ...lowerName(low, name, 0), quoted: false } };
  if (!isReal(quoted)) return {};
  const span = tokenSpan(low.file, quoted);
  return { label: { text: readText(quoted.image, span, low.problem), span, quoted: true } };
}

/** From the first token of a declaration to its last. */
export function tokensSpan(low: Lowering, tokens: readonly IToken[]): Span {
  const [first, last] = [tokens[0], tokens.at(-1)];
  if (!first || !last) return { file: low.file, start: 0, end: 0 };
  return joinSpans(tokenSpan(low.file, first), tokenSpan(low.file, last));
}
