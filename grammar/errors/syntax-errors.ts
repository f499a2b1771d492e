/** @file A recognition error of the parser as one diagnostic in plain words. */
import { EOF, type IRecognitionException, type IToken, tokenMatcher } from "chevrotain";
import { report } from "../../src/diagnostics/codes.ts";
import type { Diagnostic, Fix } from "../../src/diagnostics/diagnostic.ts";
import type { SourceFile } from "../../src/diagnostics/source.ts";
import { suggest } from "../../src/util/suggest.ts";
import { isReal, tokenSpan } from "../parser/lower-expression.ts";
import { CmpOp, K, Name, nouns, Num, P, Text, Word } from "../syntax/tokens.ts";
import { isSuffix, likelySuffix } from "../syntax/units.ts";
import { missingOpener, unclosedParameters, unclosed } from "./bracket-errors.ts";
import { type Chunk, partners, isOperator, innermostOpen, replacement, placeOf, found } from "./error-place.ts";

/** The diagnostic for what the parser could not read. */
export function syntaxError(file: SourceFile, chunk: Chunk, error: IRecognitionException): Diagnostic {
  const { tokens } = chunk;
  const at = error.token.tokenType === EOF || !isReal(error.token) ? tokens.length : tokens.indexOf(error.token);
  const token = tokens[at];
  return (
    missingOperand(file, tokens, at) ??
    misplacedUnit(file, tokens, at) ??
    chainedComparison(file, tokens, at) ??
    choiceBehind(file, tokens, at, error.message) ??
    missingOpener(file, tokens, at) ??
    unclosedParameters(file, chunk, at) ??
    missingComma(file, chunk, at, error.message) ??
    unclosed(file, chunk, at, error.message) ??
    unexpected(file, tokens, at, token, error.message)
  );
}

/** `m = x +` and then a line that begins an equation or a field. */
function missingOperand(file: SourceFile, tokens: readonly IToken[], at: number): Diagnostic | undefined {
  const token = tokens[at];
  if (!token) return undefined;
  let first = at;
  while (first > 0 && tokens[first - 1]?.startLine === token.startLine) first--;
  const operator = tokens[first - 1];
  const head = tokens[first] ?? token;
  if (!operator || !isOperator(operator) || innermostOpen(tokens, at) !== innermostOpen(tokens, first))
    return undefined;
  const startsLine = first === at;
  const startsAnother = token.tokenType === P.Assign || token.tokenType === P.Colon;
  if (!startsLine && !(startsAnother && tokenMatcher(head, Name))) return undefined;
  return report(
    "syntax/missing-operand",
    { operator: operator.image },
    { primary: { span: tokenSpan(file, operator), text: "a value is missing here" } },
  );
}

/** What others call what is counted. */
const otherNouns: Readonly<Record<string, (typeof nouns)[number]>> = {
  iter: "steps",
  iteration: "steps",
  update: "steps",
  sample: "sequences",
  example: "sequences",
  document: "docs",
  pass: "epochs",
  parameter: "params",
};

/** `20 M tokens`, `2 hours`, `20M tokns`. */
function misplacedUnit(file: SourceFile, tokens: readonly IToken[], at: number): Diagnostic | undefined {
  for (const index of [at, at - 1, at - 2]) {
    const [number, word] = [tokens[index - 1], tokens[index]];
    if (!number || !word || number.tokenType !== Num || !tokenMatcher(word, Word) || number.endLine !== word.startLine)
      continue;
    if (file.text.slice(tokenSpan(file, number).end, word.startOffset).trim() !== "") continue;
    const span = tokenSpan(file, word);
    const suffix = isSuffix(word.image) ? word.image : likelySuffix(word.image);
    if (suffix !== undefined) {
      const whole = { ...tokenSpan(file, number), end: span.end };
      return report(
        "syntax/detached-suffix",
        { suffix: word.image },
        { primary: { span: whole, text: "" }, fixes: [replacement(whole, number.image + suffix)] },
      );
    }
    const noun = otherNouns[word.image.toLowerCase().replace(/s$/, "")] ?? suggest(word.image, nouns);
    if (noun)
      return report(
        "syntax/unknown-noun",
        { word: word.image },
        { primary: { span, text: "" }, fixes: [replacement(span, noun)] },
      );
    // What follows begins the next field: this word can be nothing but what is counted.
    const [name, mark] = [tokens[index + 1], tokens[index + 2]];
    if (name && mark?.tokenType === P.Colon && name.startLine !== word.startLine) {
      return report(
        "syntax/unknown-noun",
        { word: word.image },
        {
          primary: { span, text: "" },
          help: "a run is counted in `steps`, `tokens` or `epochs`, a batch in `sequences`",
        },
      );
    }
  }
  return undefined;
}

function chainedComparison(file: SourceFile, tokens: readonly IToken[], at: number): Diagnostic | undefined {
  const [before, token] = [tokens[at - 1], tokens[at]];
  if (!before || !token || !tokenMatcher(token, CmpOp) || isOperator(before) || partners.has(before.tokenType))
    return undefined;
  const earlier = tokens.slice(0, at).findLast((other) => tokenMatcher(other, CmpOp));
  if (!earlier || earlier.startLine !== token.startLine) return undefined;
  return report(
    "syntax/chained-comparison",
    { text: `a second \`${token.image}\` follows \`${earlier.image}\`` },
    {
      primary: { span: tokenSpan(file, token), text: "" },
      related: [{ span: tokenSpan(file, earlier), text: "the first comparison" }],
      help: `write \`a ${earlier.image} b and b ${token.image} c\``,
    },
  );
}

/** `x if c else y`. */
function choiceBehind(
  file: SourceFile,
  tokens: readonly IToken[],
  at: number,
  expected: string,
): Diagnostic | undefined {
  const [before, token] = [tokens[at - 1], tokens[at]];
  if (!before || token?.tokenType !== K.if || isOperator(before) || partners.has(before.tokenType)) return undefined;
  return report(
    "syntax/unexpected",
    { expected, found: "`if`" },
    { primary: { span: tokenSpan(file, token), text: "" }, help: "a choice is written `if c then a else b`" },
  );
}

/** `norm: norm mix: attention`: another argument begins, and nothing parts it from the one before. */
function missingComma(file: SourceFile, { tokens, last }: Chunk, at: number, expected: string): Diagnostic | undefined {
  const [before, token, next] = [tokens[at - 1], tokens[at], tokens[at + 1]];
  if (!before || !token || !expected.startsWith("`,`")) return undefined;
  const starts = tokenMatcher(token, Name) && next?.tokenType === P.Colon;
  const open = innermostOpen(tokens, tokens.indexOf(token));
  const margin = open && tokens.find((other) => other.startLine === open.startLine)?.startColumn;
  // A line that stands no further to the right than the one that opens the bracket is no part of what is in it.
  if (before.endLine !== token.startLine && margin !== undefined && (token.startColumn ?? 1) <= margin)
    return undefined;
  if (!starts && !(token.tokenType === P.Colon && before && tokenMatcher(before, Name))) return undefined;
  const first = starts ? token : before;
  const { end } = tokenSpan(file, tokens[tokens.indexOf(first) - 1] ?? first);
  const fix: Fix = { title: "write `,` before it", edits: [{ span: { file, start: end, end }, text: "," }] };
  return report(
    "syntax/unexpected",
    { expected: "`,`", found: found(first, last) },
    { primary: { span: tokenSpan(file, first), text: "" }, fixes: [fix] },
  );
}

function unexpected(
  file: SourceFile,
  tokens: readonly IToken[],
  at: number,
  token: IToken | undefined,
  expected: string,
): Diagnostic {
  const hint = hintFor(tokens[at - 1], token, tokens[at + 1], expected);
  const shifted = hint?.at ?? token;
  const fixes: Fix[] = [];
  if (hint?.fix !== undefined && shifted) fixes.push(replacement(tokenSpan(file, shifted), hint.fix));
  if (hint?.insert !== undefined && token) {
    const start = token.startOffset;
    fixes.push({
      title: `write \`${hint.insert.trim()}\` before it`,
      edits: [{ span: { file, start, end: start }, text: hint.insert }],
    });
  }
  return report(
    "syntax/unexpected",
    { expected: hint?.expected ?? expected, found: found(shifted, true) },
    {
      primary: { span: shifted ? tokenSpan(file, shifted) : placeOf(file, tokens, at), text: "" },
      fixes,
      ...(hint?.help === undefined ? {} : { help: hint.help }),
    },
  );
}

interface Hint {
  readonly help?: string;
  /** Another token than the reported one is the one to change. */
  readonly at?: IToken;
  readonly expected?: string;
  readonly fix?: string;
  readonly insert?: string;
}

/** What people mean who come from other languages, or who left out a mark. */
function hintFor(
  before: IToken | undefined,
  token: IToken | undefined,
  after: IToken | undefined,
  expected: string,
): Hint | undefined {
  if (!token) return undefined;
  if (expected.startsWith("an equation") && after?.tokenType === P.Colon)
    return { at: after, expected: "`=` and a value", fix: "=" };
  if (expected.startsWith("`=`") && token.tokenType === P.Colon) return { fix: "=" };
  if (token.tokenType === P.Assign && (expected === "`then`" || expected === "`else`")) return { fix: "==" };
  if (expected === "`{`" && suggest(token.image, ["where"]) && tokenMatcher(token, Word))
    return { expected: "`where` and a condition, or `{`", fix: "where" };
  if (token.tokenType === K.if && !expected.startsWith("a value"))
    return { help: "a choice is written `if c then a else b`" };
  if (token.image === "for" || token.image === "while")
    return {
      help: "there are no loops: an equation holds at every index on its left, `y[t, d] = x[t, d]`, and `sum[t](…)` runs over one",
    };
  if (token.tokenType === P.Star && before?.tokenType === P.Star) return { help: "a power is written `a ^ b`" };
  if (token.tokenType === P.RBrace && expected === "the next declaration")
    return { help: "every `{` before it is closed already" };
  if (expected.startsWith("`of`") && tokenMatcher(token, Word)) return { insert: "of " };
  const isValue =
    [Num, Text].some((type) => tokenMatcher(token, type)) ||
    token.tokenType === P.LBracket ||
    token.tokenType === P.LParen;
  if (expected.startsWith("`:`") && isValue) return { insert: ": " };
  if (expected === "a value" && tokenMatcher(token, Name))
    return { help: `\`${token.image}\` is a word of the language and cannot name a value` };
  return undefined;
}
