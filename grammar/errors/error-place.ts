/** @file The tokens around a syntax error: which bracket is open, what stands there, how it is said. */
import { type IToken, tokenMatcher, type TokenType } from "chevrotain";
import type { Fix } from "../../src/diagnostics/diagnostic.ts";
import type { SourceFile, Span } from "../../src/diagnostics/source.ts";
import { tokenSpan } from "../parser/lower-expression.ts";
import { AddOp, CmpOp, K, MulOp, P, Text } from "../syntax/tokens.ts";

/** The tokens of one declaration, and whether another one follows. */
export interface Chunk {
  readonly tokens: readonly IToken[];
  readonly last: boolean;
}

const operators: ReadonlySet<TokenType> = new Set([
  P.Caret,
  P.Pipe,
  P.Arrow,
  P.DotDot,
  P.Assign,
  P.Colon,
  K.and,
  K.or,
  K.not,
]);
export const partners: ReadonlyMap<TokenType, TokenType> = new Map([
  [P.LParen, P.RParen],
  [P.LBracket, P.RBracket],
  [P.LBrace, P.RBrace],
]);
export const closers: ReadonlySet<TokenType> = new Set(partners.values());

export function isOperator(token: IToken): boolean {
  return operators.has(token.tokenType) || [AddOp, MulOp, CmpOp].some((type) => tokenMatcher(token, type));
}

/** The bracket that is still open before the token at `index`. */
export function innermostOpen(tokens: readonly IToken[], index: number): IToken | undefined {
  const open: IToken[] = [];
  for (const token of tokens.slice(0, index)) {
    if (partners.has(token.tokenType)) open.push(token);
    else if (closers.has(token.tokenType)) open.pop();
  }
  return open.at(-1);
}

export function replacement(span: Span, text: string): Fix {
  return { title: `write \`${text}\``, edits: [{ span, text }] };
}

export function placeOf(file: SourceFile, tokens: readonly IToken[], at: number): Span {
  const token = tokens[at];
  if (token) return tokenSpan(file, token);
  const before = tokens.at(-1);
  const end = before ? tokenSpan(file, before).end : 0;
  return { file, start: end, end };
}

export function found(token: IToken | undefined, last: boolean): string {
  if (!token) return last ? "the end of the file" : "the next declaration";
  if (tokenMatcher(token, Text)) return "a text";
  return `\`${token.image.length > 30 ? `${token.image.slice(0, 29)}…` : token.image}\``;
}
