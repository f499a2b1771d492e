/**
 * @file What people write who come from Python, from papers or from a word processor: said in the words of this language, and read as what was meant, so that
 * one habit is one message and the rest of the declaration is checked as if it were written right. Works on the tokens of one declaration.
 */
import { type IToken, tokenMatcher, type TokenType } from "chevrotain";
import { report } from "../../src/diagnostics/codes.ts";
import type { Diagnostic, Fix } from "../../src/diagnostics/diagnostic.ts";
import type { SourceFile, Span } from "../../src/diagnostics/source.ts";
import { tokenSpan } from "../parser/lower-expression.ts";
import { AddOp, K, MulOp, Name, Num, P, Str, Text, Word } from "../syntax/tokens.ts";

export interface ReadTokens {
  readonly tokens: readonly IToken[];
  readonly problems: readonly Diagnostic[];
  /** Whether something was left out that the declaration needs: then it is no longer what was written. */
  readonly broken: boolean;
}

/** Signs of papers and word processors that the lexer takes for marks of the language. */
const signs: Readonly<Record<string, string>> = {
  "×": "*",
  "·": "*",
  "∗": "*",
  "÷": "/",
  "−": "-",
  "–": "-",
  "≤": "<=",
  "≥": ">=",
  "≠": "!=",
  "→": "->",
  "⟶": "->",
};
/** Values by the names that other languages have for them. */
const values: Readonly<Record<string, string>> = {
  True: "true",
  False: "false",
  None: "none",
  null: "none",
  Infinity: "inf",
  infinity: "inf",
};
const reductions: ReadonlySet<string> = new Set(["sum", "mean", "max", "min"]);
const axisNames: ReadonlySet<string> = new Set(["axis", "dim", "axes", "keepdims", "keepdim"]);

/** `comments` are those of the whole file. */
export function readHabits(file: SourceFile, given: readonly IToken[], comments: readonly IToken[]): ReadTokens {
  const problems: Diagnostic[] = [];
  const tokens: IToken[] = [];
  let broken = false;
  const spanOf = (from: IToken, to = from): Span => ({ ...tokenSpan(file, from), end: tokenSpan(file, to).end });
  const say = (written: string, instead: string, span: Span, fix?: string | Fix): void => {
    const fixes =
      fix === undefined
        ? []
        : [typeof fix === "string" ? { title: `write \`${fix}\``, edits: [{ span, text: fix }] } : fix];
    problems.push(report("syntax/other-language", { written, instead }, { primary: { span, text: "" }, fixes }));
  };
  const opened = bracketsOf(given);
  const sizes = sizesIn(given);
  const kinds = innermost(given);
  const isCallable = given[0]?.tokenType === K.op || given[0]?.tokenType === K.block;
  for (let i = 0; i < given.length; i++) {
    const [before, token, next] = [given[i - 1], given[i] as IToken, given[i + 1]];
    const word = token.image;
    const touches = next !== undefined && (token.endOffset ?? token.startOffset) + 1 === next.startOffset;
    const sign = signs[token.image];
    if (sign !== undefined) {
      say(token.image, `\`${sign}\``, spanOf(token), sign);
      tokens.push({ ...token, image: sign });
    } else if (token.tokenType === Str && !token.image.startsWith('"')) {
      const text = `"${token.image.slice(1, -1)}"`;
      say(`${token.image.slice(0, 1)}…${token.image.slice(-1)}`, 'in `"` quotes', spanOf(token), text);
      tokens.push({ ...token, image: text });
    } else if (token.tokenType === P.Colon && next?.tokenType === P.Assign && touches) {
      say(":=", "`=`", spanOf(token, next), "=");
      tokens.push(retyped(next, P.Assign, "="));
      i++;
    } else if (token.tokenType === P.Star && next?.tokenType === P.Star && touches) {
      say("**", "`^`", spanOf(token, next), "^");
      tokens.push(retyped(token, P.Caret, "^"));
      i++;
    } else if ((tokenMatcher(token, AddOp) || tokenMatcher(token, MulOp)) && next?.tokenType === P.Assign && touches) {
      say(`${token.image}=`, "with a new name, `y2 = y + x`, as each name is computed once,", spanOf(token, next));
      tokens.push(next);
      i++;
      broken = true;
    } else if (
      token.tokenType === P.Assign &&
      opened[i] === "call" &&
      tokenMatcher(before ?? token, Name) &&
      isFirst(given[i - 2])
    ) {
      const callee = calleeOf(given, i);
      if (callee && reductions.has(callee.image) && axisNames.has(before?.image ?? "")) {
        say(
          `${callee.image}(…, ${before?.image ?? ""}=…)`,
          `with the index that it runs over: \`${callee.image}[d](x[t, d])\``,
          spanOf(before ?? token, next),
        );
        broken = true;
      } else say(`${before?.image ?? ""}=`, "with `:` in a call", spanOf(token), ":");
      tokens.push(retyped(token, P.Colon, ":"));
    } else if (sizes.has(token)) {
      const capital = token.image.charAt(0).toUpperCase() + token.image.slice(1);
      say(
        token.image,
        `\`${capital}\`, as sizes have capital names and \`${token.image}\` is an index over it,`,
        spanOf(token),
        capital,
      );
      tokens.push({ ...token, image: capital });
    } else if (
      tokenMatcher(token, Word) &&
      Object.hasOwn(values, token.image) &&
      before?.tokenType !== P.Dot &&
      next?.tokenType !== P.Colon &&
      next?.tokenType !== P.LParen
    ) {
      const value = values[token.image] ?? "";
      say(token.image, `\`${value}\``, spanOf(token), value);
      tokens.push({ ...token, image: value });
    } else if (word === "elif" && tokenMatcher(token, Word)) {
      say("elif", "`else if`", spanOf(token), "else if");
      tokens.push(retyped(token, K.else, "else"), retyped(token, K.if, "if"));
    } else if (word === "lambda" && next !== undefined && (tokenMatcher(next, Word) || next.tokenType === P.Colon)) {
      const colon = given.findIndex((other, at) => at > i && other.tokenType === P.Colon);
      say(
        "lambda",
        "as an op of its own, `op f(x) -> y { y = … }`, which is given by its name,",
        spanOf(token, given[colon]),
      );
      i = Math.max(i, colon);
      broken = true;
    } else if (
      word === "return" &&
      isCallable &&
      next !== undefined &&
      next.tokenType !== P.Assign &&
      next.tokenType !== P.LBracket &&
      before?.endLine !== token.startLine
    ) {
      say("return", `as the equation of the result, \`${resultOf(given)} = …\``, spanOf(token));
      tokens.push({ ...token, image: resultOf(given) }, retyped(token, P.Assign, "="));
      broken = true;
    } else if (/^[fFrRbBuU]$/.test(word) && next?.tokenType === Str && touches) {
      say(`${word}"…"`, 'as a plain text, `"…"`,', { ...spanOf(token), end: next.startOffset + 1 }, '"');
    } else if (token.tokenType === P.Colon && kinds[i] === P.LBracket && isCallable && known(given, i)) {
      const [from, to] = sliceAround(given, i);
      say(
        given
          .slice(from, to)
          .map(({ image }) => image)
          .join(""),
        "with an index for each axis: `x[t, d]` is all of it, `x[2 * p, d]` every second",
        spanOf(given[from] ?? token, given[to - 1]),
      );
      tokens.splice(tokens.length - (i - from), i - from, { ...retyped(token, Num, "0") });
      i = to - 1;
      broken = true;
    } else if (missesColon(given, i, kinds)) {
      const { end } = spanOf(token);
      const at = { file, start: end, end };
      problems.push(
        report(
          "syntax/unexpected",
          {
            expected: "`:` and a value, or `{`",
            found: next !== undefined && tokenMatcher(next, Text) ? "a text" : `\`${next?.image ?? ""}\``,
          },
          {
            primary: { span: spanOf(next ?? token), text: "" },
            fixes: [{ title: "write `:` before it", edits: [{ span: at, text: ":" }] }],
          },
        ),
      );
      tokens.push(token, { ...retyped(token, P.Colon, ":"), startOffset: end, endOffset: end });
    } else tokens.push(token);
  }
  const [first, last] = [given[0], given.at(-1)];
  for (const comment of comments) {
    if (
      !first ||
      !last ||
      comment.startOffset < first.startOffset ||
      comment.startOffset > last.startOffset ||
      !division.test(comment.image)
    )
      continue;
    const before = given.findLast((token) => token.startOffset < comment.startOffset);
    if (
      !before ||
      before.endLine !== comment.startLine ||
      !(tokenMatcher(before, Name) || before.tokenType === P.RParen || before.tokenType === P.RBracket)
    )
      continue;
    const span = { ...tokenSpan(file, comment), end: comment.startOffset + 2 };
    say("//", "`div`, as it begins a comment", span, "div");
    broken = true;
  }
  return { tokens, problems, broken };
}

/** A comment that goes on as an expression would: `// 2 == t // 2`. */
const division =
  /^\/\/\s*\w+\s*(?:[=!<>]=|[-+*<>)\]]|and\b|or\b|then\b|else\b)|^\/\/\s*\d+\s*(?:$|,)|^\/\/\s*\(\s*[A-Z0-9]\w*\s*[-+*/]\s*[A-Z0-9]\w*\s*\)\s*$/;

/** Whether an argument begins after a token. */
const isFirst = (token: IToken | undefined): boolean => token?.tokenType === P.LParen || token?.tokenType === P.Comma;

function retyped(token: IToken, type: TokenType, image: string): IToken {
  return {
    ...token,
    image,
    tokenType: type,
    ...(type.tokenTypeIdx === undefined ? {} : { tokenTypeIdx: type.tokenTypeIdx }),
  };
}

/** For each token what it stands in: a call's round brackets, or something else, such as the parameters of the op itself. */
function bracketsOf(tokens: readonly IToken[]): readonly ("call" | "other")[] {
  const open: ("call" | "other")[] = [];
  const isCallable = tokens[0]?.tokenType === K.op || tokens[0]?.tokenType === K.block;
  let body = !isCallable;
  return tokens.map((token, i) => {
    const here = open.at(-1) ?? "other";
    const before = tokens[i - 1];
    if (token.tokenType === P.LBrace) body = true;
    if (token.tokenType === P.LParen)
      open.push(
        body && before !== undefined && (tokenMatcher(before, Name) || before.tokenType === P.RBracket)
          ? "call"
          : "other",
      );
    else if (token.tokenType === P.LBracket || token.tokenType === P.LBrace) open.push("other");
    else if (token.tokenType === P.RParen || token.tokenType === P.RBracket || token.tokenType === P.RBrace) open.pop();
    return here;
  });
}

/** Names of sizes that begin with a small letter: what `dims { … }` gives a value. */
function sizesIn(tokens: readonly IToken[]): ReadonlySet<IToken> {
  const found = new Set<IToken>();
  for (const [i, token] of tokens.entries()) {
    if (token.tokenType !== K.dims || tokens[i + 1]?.tokenType !== P.LBrace) continue;
    for (let at = i + 2; at < tokens.length && tokens[at]?.tokenType !== P.RBrace; at++) {
      const name = tokens[at] as IToken;
      if (tokenMatcher(name, Word) && /^[a-z]/.test(name.image) && tokens[at + 1]?.tokenType === P.Assign)
        found.add(name);
    }
  }
  return found;
}

/** For each token the bracket in which it stands. */
function innermost(tokens: readonly IToken[]): readonly (TokenType | undefined)[] {
  const open: TokenType[] = [];
  return tokens.map(({ tokenType }) => {
    const here = open.at(-1);
    if (tokenType === P.LParen || tokenType === P.LBracket || tokenType === P.LBrace) open.push(tokenType);
    else if (tokenType === P.RParen || tokenType === P.RBracket || tokenType === P.RBrace) open.pop();
    return here;
  });
}

/** The name of the first result in a signature. */
function resultOf(tokens: readonly IToken[]): string {
  const arrow = tokens.findIndex(({ tokenType }) => tokenType === P.Arrow);
  return (tokens[arrow + 1]?.tokenType === K.next ? tokens[arrow + 2] : tokens[arrow + 1])?.image ?? "y";
}

/** From where to where a slice reaches around its colon: to the commas or brackets beside it. */
function sliceAround(tokens: readonly IToken[], colon: number): readonly [number, number] {
  const ends = new Set([P.Comma, P.LBracket, P.RBracket]);
  let [from, to] = [colon, colon + 1];
  while (from > 0 && !ends.has(tokens[from - 1]?.tokenType ?? P.Comma)) from--;
  while (to < tokens.length && !ends.has(tokens[to]?.tokenType ?? P.Comma)) to++;
  return [from, to];
}

/** Whether the brackets around a slice belong to a read on one line. */
function known(tokens: readonly IToken[], colon: number): boolean {
  const [from, to] = sliceAround(tokens, colon);
  const [open, close] = [tokens[from - 1], tokens[to]];
  return open !== undefined && close !== undefined && open.startLine === close.startLine;
}

/** `budget 20 steps`: a line of a section that begins with a name and goes on with a value. */
function missesColon(tokens: readonly IToken[], at: number, kinds: readonly (TokenType | undefined)[]): boolean {
  const [first, before, token, next, after] = [tokens[0], tokens[at - 1], tokens[at], tokens[at + 1], tokens[at + 2]];
  if (
    !first ||
    !before ||
    !token ||
    !next ||
    first.tokenType === K.op ||
    first.tokenType === K.block ||
    first.tokenType === K.import
  )
    return false;
  if (
    kinds[at] !== P.LBrace ||
    !tokenMatcher(token, Word) ||
    token.tokenType === K.of ||
    before.endLine === token.startLine ||
    next.startLine !== token.startLine
  )
    return false;
  const ended =
    before.tokenType === P.LBrace ||
    before.tokenType === P.RBrace ||
    before.tokenType === P.RParen ||
    before.tokenType === P.RBracket ||
    before.tokenType === P.Comma ||
    [Word, Num, Text].some((type) => tokenMatcher(before, type));
  if (!ended || after?.tokenType === P.LBrace) return false;
  if (after?.tokenType === P.Colon || after?.tokenType === P.Assign) return after.startLine !== next.startLine;
  return (
    next.tokenType === Num || next.tokenType === P.LBracket || tokenMatcher(next, Word) || tokenMatcher(next, Text)
  );
}

/** The name before the bracket that a token stands in. */
function calleeOf(tokens: readonly IToken[], at: number): IToken | undefined {
  let depth = 0;
  for (let i = at; i >= 0; i--) {
    const type = tokens[i]?.tokenType;
    if (type === P.RParen || type === P.RBracket) depth++;
    if (type === P.LBracket) depth--;
    if (type === P.LParen && depth-- === 0) return tokens[i - 1];
  }
  return undefined;
}
