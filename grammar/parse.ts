/**
 * @file Source text → syntax tree and the diagnostics of the text itself. Every declaration is parsed alone and keeps
 * its first syntax error; what could be read of it is in the tree all the same.
 */
import { type ILexingError, type IToken, tokenMatcher } from "chevrotain";
import { report } from "../src/diagnostics/codes.ts";
import type { Diagnostic } from "../src/diagnostics/diagnostic.ts";
import { lineEnd, type SourceFile, type Span } from "../src/diagnostics/source.ts";
import { suggest } from "../src/util/suggest.ts";
import type { Declaration, File } from "./syntax/ast.ts";
import { cutDeclarations, isDeclarationWord } from "./parser/chunks.ts";
import { readHabits } from "./errors/habits.ts";
import { lowerDeclaration, tokensSpan } from "./parser/lower.ts";
import { type Lowering, tokenSpan } from "./parser/lower-expression.ts";
import type { DeclarationCstNode } from "./parser/cst.gen.ts";
import { cutDeep, deepestNesting, deepestRecovery, deepestTree, nestingOf } from "./parser/nesting.ts";
import { LlmParser } from "./parser/parser.ts";
import { characterError, openTextError } from "./errors/character-errors.ts";
import { syntaxError } from "./errors/syntax-errors.ts";
import { createLexer, declarationWords, K, Name, OpenStr, P, Str } from "./syntax/tokens.ts";

export interface ParseResult {
  readonly file: File;
  /** Names of declarations that could not be read: what refers to them is no mistake of its own. */
  readonly lost: readonly string[];
  /** In the order of the text. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Made when they are first needed: a process that parses nothing does not pay for them. */
let knownLexer: ReturnType<typeof createLexer> | undefined;
const parsers = new Map<boolean, LlmParser>();

function parserFor(depth: number): LlmParser {
  const recovery = depth <= deepestRecovery;
  const parser = parsers.get(recovery) ?? new LlmParser({ validate: false, recovery });
  parsers.set(recovery, parser);
  return parser;
}

/** A part of a file that begins in column 0 and holds whole declarations. */
export interface FilePart {
  readonly start: number;
  readonly end: number;
}

/** The syntax tree of a file, or of a part of it. Mistakes are diagnostics; declarations with a mistake are in the tree as far as they go. */
export function parseFile(source: SourceFile, part: FilePart = { start: 0, end: source.text.length }): ParseResult {
  const lexer = (knownLexer ??= createLexer({ validate: false }));
  const lexed = tokenize(lexer, source, part);
  const diagnostics: Diagnostic[] = [];
  const docs = readDocs(lexed.tokens, lexed.groups["docs"] ?? []);
  const low: Lowering = {
    file: source,
    docBefore: (offset) => docs.before.get(offset) ?? "",
    problem: (diagnostic) => diagnostics.push(diagnostic),
  };
  const declarations: Declaration[] = [];
  const lost: string[] = [];
  const chunks = cutDeclarations(lexed.tokens);
  for (const [i, tokens] of chunks.entries()) {
    const declared = asDeclaration(low, tokens);
    if (!declared) {
      if (tokens[1] && tokenMatcher(tokens[1], Name)) lost.push(tokens[1].image);
      continue;
    }
    const { tokens: known, problems, broken } = readHabits(source, declared, lexed.groups["comments"] ?? []);
    diagnostics.push(...problems);
    const last = i === chunks.length - 1;
    const { depth, tooDeep, count } = nestingOf(known);
    const parser = parserFor(depth);
    parser.input = known.slice(0, count);
    // Without recovery there is no tree after a mistake.
    const tree = parser.declaration() as DeclarationCstNode | undefined;
    const end = chunks[i + 1]?.[0]?.startOffset ?? Infinity;
    const problem = tooDeep
      ? deepProblem(tokenSpan(source, tooDeep), deepestNesting)
      : firstProblem(source, known, errorsBetween(lexed.errors, known[0]?.startOffset ?? 0, end), () => {
          const error = parser.errors[0];
          return error && syntaxError(source, { tokens: known, last }, error);
        });
    if (problem) diagnostics.push(problem);
    if (!tree) {
      if (known[1]) lost.push(known[1].image);
      continue;
    }
    const declaration = lowerDeclaration(low, tree, {
      broken: broken || problem !== undefined,
      span: tokensSpan(low, known),
    });
    if (!declaration) continue;
    const cut = cutDeep(declaration);
    if (cut && !problem) diagnostics.push(deepProblem(cut.span, deepestTree));
    declarations.push(cut ? { ...declaration, broken: true } : declaration);
  }
  diagnostics.push(
    ...errorsBetween(lexed.errors, 0, chunks[0]?.[0]?.startOffset ?? Infinity).map((error) =>
      characterError(source, error),
    ),
  );
  diagnostics.sort((a, b) => a.primary.span.start - b.primary.span.start);
  return {
    file: { kind: "file", doc: docs.file, declarations, span: { file: source, ...part } },
    lost,
    diagnostics,
  };
}

function deepProblem(span: Span, levels: number): Diagnostic {
  return report(
    "syntax/too-deep",
    { levels },
    {
      primary: { span: { ...span, end: Math.min(span.end, span.start + 40) }, text: "" },
      help: "give a part of it a name: an equation, a size or a field of its own",
    },
  );
}

/** Tokens of a part, with offsets in the whole file. */
function tokenize(
  lexer: ReturnType<typeof createLexer>,
  source: SourceFile,
  { start, end }: FilePart,
): ReturnType<typeof lexer.tokenize> {
  const lexed = lexer.tokenize(source.text.slice(start, end));
  if (start === 0) return lexed;
  for (const token of [...lexed.tokens, ...Object.values(lexed.groups).flat()]) {
    token.startOffset += start;
    if (token.endOffset !== undefined) token.endOffset += start;
  }
  for (const error of lexed.errors) error.offset += start;
  return lexed;
}

function errorsBetween(errors: readonly ILexingError[], start: number, end: number): readonly ILexingError[] {
  return errors.filter((error) => error.offset >= start && error.offset < end);
}

/** The earliest mistake of a declaration; what stands after a broken text or character is its consequence. */
function firstProblem(
  source: SourceFile,
  tokens: readonly IToken[],
  lexing: readonly ILexingError[],
  syntax: () => Diagnostic | undefined,
): Diagnostic | undefined {
  const candidates = [
    ...lexing.slice(0, 1).map((error) => characterError(source, error)),
    ...tokens.flatMap((token) => (token.tokenType === Str ? [] : (openTextError(source, token) ?? []))).slice(0, 1),
  ];
  const error = syntax();
  const stray = error && strayQuote(source, tokens, error);
  if (error) candidates.push(stray ?? error);
  return candidates.toSorted((a, b) => a.primary.span.start - b.primary.span.start)[0];
}

/** Where a text lacks its end, the next quote on the line ends it, and the last one begins a text: the mistake is at the text before the error. */
function strayQuote(
  source: SourceFile,
  tokens: readonly IToken[],
  { primary: { span } }: Diagnostic,
): Diagnostic | undefined {
  const open = tokens.find((token) => token.tokenType === OpenStr && token.startOffset >= span.start);
  const text =
    open &&
    tokens.findLast(
      (token) => token.tokenType === Str && token.startOffset < span.start && token.startLine === open.startLine,
    );
  return text && openTextError(source, text);
}

/** Words that begin a function elsewhere: an `op`, or a `block` where it learns. */
const functionWords: ReadonlySet<string> = new Set([
  "def",
  "fn",
  "func",
  "function",
  "fun",
  "class",
  "module",
  "layer",
  "let",
]);

function callableMeant(first: IToken, rest: readonly IToken[]): "op" | "block" | undefined {
  if (
    !functionWords.has(first.image) ||
    rest[0] === undefined ||
    !tokenMatcher(rest[0], Name) ||
    !rest.slice(1, 3).some((token) => token.tokenType === P.LParen || token.tokenType === P.LBracket)
  )
    return undefined;
  return rest.some((token) => token.tokenType === K.learn) ? "block" : "op";
}

/** A misspelt keyword is reported and read as the keyword that was meant, so that the declaration is not lost. */
function asDeclaration(low: Lowering, tokens: readonly IToken[]): readonly IToken[] | undefined {
  const [first, ...rest] = tokens;
  if (!first || (isDeclarationWord(first) && first.startColumn === 1)) return tokens;
  const span = tokenSpan(low.file, first);
  const near = isDeclarationWord(first)
    ? undefined
    : (callableMeant(first, rest) ?? declarationWords.find((word) => word === suggest(first.image, declarationWords)));
  const indented = isDeclarationWord(first);
  const margin = { ...span, start: span.start - (first.startColumn ?? 1) + 1, end: span.start };
  low.problem(
    report(
      "syntax/unknown-declaration",
      { word: first.image.split(lineEnd)[0] ?? "", indented },
      {
        primary: { span, text: indented ? "a declaration begins in column 0" : "" },
        fixes: near
          ? [{ title: `write \`${near}\``, edits: [{ span, text: near }] }]
          : indented
            ? [{ title: "take the blanks before it away", edits: [{ span: margin, text: "" }] }]
            : [],
        ...(near || indented
          ? {}
          : { help: `a declaration begins with ${declarationWords.map((word) => `\`${word}\``).join(", ")}` }),
      },
    ),
  );
  if (indented) return tokens;
  if (!near) return undefined;
  const keyword = K[near];
  return [
    {
      ...first,
      tokenType: keyword,
      ...(keyword.tokenTypeIdx === undefined ? {} : { tokenTypeIdx: keyword.tokenTypeIdx }),
    },
    ...rest,
  ];
}

interface Docs {
  /** The `//!` lines. */
  readonly file: string;
  /** The `///` lines before the token at an offset. */
  readonly before: ReadonlyMap<number, string>;
}

/** Attaches every doc line to the token that follows it. */
function readDocs(tokens: readonly IToken[], docs: readonly IToken[]): Docs {
  const lines = new Map<number, string[]>();
  const ofFile: string[] = [];
  let next = 0;
  for (const doc of docs) {
    const text = doc.image.slice(3).replace(/^ /, "").trimEnd();
    if (doc.image.startsWith("//!")) {
      ofFile.push(text);
      continue;
    }
    while (tokens[next] && (tokens[next]?.startOffset ?? 0) < doc.startOffset) next++;
    const token = tokens[next];
    if (!token) continue;
    const known = lines.get(token.startOffset);
    if (known) known.push(text);
    else lines.set(token.startOffset, [text]);
  }
  return { file: ofFile.join("\n"), before: new Map([...lines].map(([offset, text]) => [offset, text.join("\n")])) };
}
