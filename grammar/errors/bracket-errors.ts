/** @file Brackets that are not closed, or not opened, as diagnostics: told by what closes, by lines and by their margins. */
import { type IToken, tokenMatcher, type TokenType } from "chevrotain";
import { report } from "../../src/diagnostics/codes.ts";
import type { Diagnostic } from "../../src/diagnostics/diagnostic.ts";
import type { SourceFile, Span } from "../../src/diagnostics/source.ts";
import { tokenSpan } from "../parser/lower-expression.ts";
import { K, Name, Num, P, Text, Word } from "../syntax/tokens.ts";
import { type Chunk, partners, closers, innermostOpen, replacement, placeOf, found } from "./error-place.ts";

/** `normal std: 0.02)`: a bracket further on in the line closes one that was not opened. */
export function missingOpener(file: SourceFile, tokens: readonly IToken[], at: number): Diagnostic | undefined {
  const token = tokens[at];
  if (!token || closers.has(token.tokenType)) return undefined;
  const first = tokens.findIndex((other) => other.startLine === token.startLine);
  const open: TokenType[] = [];
  for (const [i, other] of tokens.entries()) {
    if (i < first || other.startLine !== token.startLine) continue;
    if (partners.has(other.tokenType)) open.push(other.tokenType);
    else if (closers.has(other.tokenType) && open.pop() === undefined && i > at && other.tokenType !== P.RBrace) {
      if (innermostOpen(tokens, first)?.tokenType !== P.LBrace) return undefined;
      const opener = other.tokenType === P.RParen ? "(" : "[";
      const [callee, name] = [tokens[at - 2], tokens[at - 1]];
      const isArgument =
        token.tokenType === P.Colon &&
        callee &&
        name &&
        tokenMatcher(callee, Word) &&
        tokenMatcher(name, Name) &&
        callee.endLine === name.startLine;
      const gap = isArgument
        ? { file, start: tokenSpan(file, callee).end, end: tokenSpan(file, name).start }
        : undefined;
      return report(
        "syntax/unexpected",
        { expected: `\`${opener}\``, found: found(isArgument ? name : token, true) },
        {
          primary: { span: tokenSpan(file, isArgument ? name : token), text: "" },
          related: [{ span: tokenSpan(file, other), text: "this closes nothing" }],
          ...(gap ? { fixes: [{ title: `write \`${opener}\` before it`, edits: [{ span: gap, text: opener }] }] } : {}),
        },
      );
    }
  }
  return undefined;
}

/** `(x, eps = 1e-6 -> y: [D] {`: the `->` of the results was read as a ramp, so the error comes only after it. */
export function unclosedParameters(file: SourceFile, chunk: Chunk, at: number): Diagnostic | undefined {
  const { tokens } = chunk;
  const [first, token] = [tokens[0], tokens[at]];
  const open = innermostOpen(tokens, at);
  if (first?.tokenType !== K.op && first?.tokenType !== K.block) return undefined;
  if (
    !open ||
    open.tokenType !== P.LParen ||
    (token?.tokenType !== P.Colon && token?.tokenType !== P.LBrace && token?.tokenType !== K.where)
  )
    return undefined;
  const arrow = tokens.findLastIndex(
    (other, i) => i < at && other.tokenType === P.Arrow && innermostOpen(tokens, i) === open,
  );
  return arrow < 0 ? undefined : unclosed(file, chunk, arrow, "`,` or `)`");
}

/** The `//` that stands right behind a token in brackets, where a value could. */
function divisionBehind(file: SourceFile, token: IToken | undefined): Span | undefined {
  if (
    !token ||
    !(
      tokenMatcher(token, Name) ||
      token.tokenType === Num ||
      token.tokenType === P.RParen ||
      token.tokenType === P.RBracket
    )
  )
    return undefined;
  const { end } = tokenSpan(file, token);
  const blanks = /^[ \t]*(?=\/\/ ?[\w(])/.exec(file.text.slice(end, end + 80))?.[0].length;
  return blanks === undefined ? undefined : { file, start: end + blanks, end: end + blanks + 2 };
}

/** The brace that its partner's place in the lines shows to be left open: what follows stands no further to the right than the line that opens it. */
function leftOpen(tokens: readonly IToken[]): IToken | undefined {
  const open: { readonly token: IToken; readonly margin: number }[] = [];
  let margin = 1;
  for (const [i, token] of tokens.entries()) {
    const startsLine = tokens[i - 1]?.endLine !== token.startLine;
    if (startsLine) margin = token.startColumn ?? 1;
    const top = open.at(-1);
    if (startsLine && top?.token.tokenType === P.LBrace && top.token.startLine !== token.startLine) {
      if (token.tokenType === P.RBrace ? margin < top.margin : margin <= top.margin) return top.token;
    }
    if (partners.has(token.tokenType)) open.push({ token, margin });
    else if (closers.has(token.tokenType)) open.pop();
  }
  return undefined;
}

export function unclosed(file: SourceFile, chunk: Chunk, at: number, expected: string): Diagnostic | undefined {
  const { tokens } = chunk;
  const token = tokens[at];
  const open = token === undefined ? (leftOpen(tokens) ?? innermostOpen(tokens, at)) : innermostOpen(tokens, at);
  const close = open && partners.get(open.tokenType);
  if (!open || !close) return undefined;
  if (token === undefined && open !== innermostOpen(tokens, at)) {
    const line = tokens.filter((other) => other.startLine === open.startLine);
    const end = tokenSpan(file, line.at(-1) ?? open).end;
    return report(
      "syntax/unclosed",
      { open: open.image, expected, found: found(token, chunk.last) },
      {
        primary: { span: { file, start: end, end }, text: `${close.LABEL} is missing` },
        related: [{ span: tokenSpan(file, open), text: "opened here" }],
      },
    );
  }
  const wrongCloser = token !== undefined && closers.has(token.tokenType) && token.tokenType !== close;
  const separated =
    token !== undefined &&
    [Word, Num, Text].some((type) => tokenMatcher(token, type)) &&
    tokens[at - 1]?.endLine === token.startLine;
  const awaited = close.LABEL !== undefined && close !== P.RBrace && expected.endsWith(close.LABEL) && !separated;
  if (token !== undefined && !wrongCloser && !awaited) return undefined;
  const startsLine = token !== undefined && tokens[at - 1]?.endLine !== token.startLine;
  const comment = startsLine ? divisionBehind(file, tokens[at - 1]) : undefined;
  if (comment)
    return report(
      "syntax/other-language",
      { written: "//", instead: "`div`, as it begins a comment" },
      {
        primary: { span: comment, text: "" },
        related: [{ span: tokenSpan(file, open), text: "so this is not closed" }],
        fixes: [replacement(comment, "div")],
      },
    );
  return report(
    "syntax/unclosed",
    { open: open.image, expected, found: found(token, chunk.last) },
    {
      primary:
        token && !startsLine
          ? { span: tokenSpan(file, token), text: "" }
          : { span: placeOf(file, tokens.slice(0, at), at), text: `${close.LABEL} is missing` },
      related: [{ span: tokenSpan(file, open), text: "opened here" }],
    },
  );
}
