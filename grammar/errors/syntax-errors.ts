/** @file A recognition error of the parser, or a character that fits no token → one diagnostic in plain words. */
import {
  EOF,
  type ILexingError,
  type IRecognitionException,
  type IToken,
  tokenMatcher,
  type TokenType,
} from "chevrotain";
import { report } from "../../src/diagnostics/codes.ts";
import type { Diagnostic, Fix } from "../../src/diagnostics/diagnostic.ts";
import type { SourceFile, Span } from "../../src/diagnostics/source.ts";
import { suggest } from "../../src/util/suggest.ts";
import { isReal, tokenSpan } from "../parser/lower-expression.ts";
import { AddOp, CmpOp, K, MulOp, Name, nouns, Num, OpenStr, OpenTemplate, P, Text, Word } from "../syntax/tokens.ts";
import { isSuffix, likelySuffix } from "../syntax/units.ts";

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
const partners: ReadonlyMap<TokenType, TokenType> = new Map([
  [P.LParen, P.RParen],
  [P.LBracket, P.RBracket],
  [P.LBrace, P.RBrace],
]);
const closers: ReadonlySet<TokenType> = new Set(partners.values());

function isOperator(token: IToken): boolean {
  return operators.has(token.tokenType) || [AddOp, MulOp, CmpOp].some((type) => tokenMatcher(token, type));
}

/** The bracket that is still open before the token at `index`. */
function innermostOpen(tokens: readonly IToken[], index: number): IToken | undefined {
  const open: IToken[] = [];
  for (const token of tokens.slice(0, index)) {
    if (partners.has(token.tokenType)) open.push(token);
    else if (closers.has(token.tokenType)) open.pop();
  }
  return open.at(-1);
}

function replacement(span: Span, text: string): Fix {
  return { title: `write \`${text}\``, edits: [{ span, text }] };
}

/** The diagnostic for what the parser could not read. */
export function syntaxError(file: SourceFile, chunk: Chunk, error: IRecognitionException): Diagnostic {
  const { tokens } = chunk;
  const at = error.token.tokenType === EOF || !isReal(error.token) ? tokens.length : tokens.indexOf(error.token);
  const token = tokens[at];
  return (
    missingOperand(file, tokens, at) ??
    misplacedUnit(file, tokens, at) ??
    chainedComparison(file, tokens, at) ??
    unclosedParameters(file, chunk, at) ??
    missingComma(file, chunk, at, error.message) ??
    unclosed(file, chunk, at, error.message) ??
    unexpected(file, tokens, at, token, error.message)
  );
}

function placeOf(file: SourceFile, tokens: readonly IToken[], at: number): Span {
  const token = tokens[at];
  if (token) return tokenSpan(file, token);
  const before = tokens.at(-1);
  const end = before ? tokenSpan(file, before).end : 0;
  return { file, start: end, end };
}

function found(token: IToken | undefined, last: boolean): string {
  if (!token) return last ? "the end of the file" : "the next declaration";
  if (tokenMatcher(token, Text)) return "a text";
  return `\`${token.image.length > 30 ? `${token.image.slice(0, 29)}…` : token.image}\``;
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

/** `(x, eps = 1e-6 -> y: [D] {`: the `->` of the results was read as a ramp, so the error comes only after it. */
function unclosedParameters(file: SourceFile, chunk: Chunk, at: number): Diagnostic | undefined {
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

function unclosed(file: SourceFile, chunk: Chunk, at: number, expected: string): Diagnostic | undefined {
  const { tokens } = chunk;
  const token = tokens[at];
  const open = innermostOpen(tokens, at);
  const close = open && partners.get(open.tokenType);
  if (!open || !close) return undefined;
  const wrongCloser = token !== undefined && closers.has(token.tokenType) && token.tokenType !== close;
  const separated =
    token !== undefined &&
    [Word, Num, Text].some((type) => tokenMatcher(token, type)) &&
    tokens[at - 1]?.endLine === token.startLine;
  const awaited = close.LABEL !== undefined && close !== P.RBrace && expected.endsWith(close.LABEL) && !separated;
  if (token !== undefined && !wrongCloser && !awaited) return undefined;
  const startsLine = token !== undefined && tokens[at - 1]?.endLine !== token.startLine;
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

/** `norm: norm mix: attention`: another argument begins, and nothing parts it from the one before. */
function missingComma(file: SourceFile, { tokens, last }: Chunk, at: number, expected: string): Diagnostic | undefined {
  const [before, token, next] = [tokens[at - 1], tokens[at], tokens[at + 1]];
  if (!before || !token || !expected.startsWith("`,`")) return undefined;
  const starts = tokenMatcher(token, Name) && next?.tokenType === P.Colon;
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

interface CharacterHint {
  readonly help?: string;
  readonly fix?: string;
}
const characterHints: Readonly<Record<string, CharacterHint>> = {
  "²": { fix: " ^ 2" },
  "³": { fix: " ^ 3" },
  "?": { help: "a choice is written `if c then a else b`" },
  "∑": { help: "a sum is written `sum[d](x[t, d])`" },
  "√": { help: "a root is written `sqrt(x)`" },
  "∞": { fix: "inf" },
  "#": { fix: "//" },
  ";": { fix: "" },
  "%": { help: "the remainder is written `a mod b`; a percentage touches its number, `10%`" },
  "&&": { fix: "and" },
  "&": { fix: "and" },
  "||": { fix: "or" },
  "|": { help: "`or` joins conditions, `a |> b` composes" },
  "!": { fix: "not " },
  "@": { help: "a product of matrices is a sum over the axis they share: `y[t, e] = sum[d](x[t, d] * w[d, e])`" },
  "'": { help: "a text stands in `\"` quotes; `t'` is a second index over `T`" },
};

const greek =
  "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma sigma tau upsilon phi chi psi omega".split(
    " ",
  );

/** `γ` is written `gamma`; a letter of another script has no such name. */
function greekHint(text: string): CharacterHint | undefined {
  const letter = /^\p{L}/u.test(text) ? (text.normalize("NFD").codePointAt(0) ?? 0) : 0;
  const name = greek[letter - 0x3b1] ?? greek[letter - 0x391];
  if (name !== undefined && text.length === 1) return { fix: name };
  return letter === 0 ? undefined : { help: "names are letters a to z, digits and `_`" };
}

/** Characters that no token begins with. */
export function characterError(file: SourceFile, error: ILexingError): Diagnostic {
  const text = file.text.slice(error.offset, error.offset + error.length);
  const span: Span = { file, start: error.offset, end: error.offset + error.length };
  const hint = Object.hasOwn(characterHints, text) ? characterHints[text] : greekHint(text);
  const fixes: Fix[] =
    hint?.fix === undefined
      ? []
      : [
          hint.fix === ""
            ? { title: "leave it out: no separators are needed", edits: [{ span, text: "" }] }
            : replacement(span, hint.fix),
        ];
  return report(
    "syntax/unexpected-character",
    { text },
    { primary: { span, text: "" }, fixes, ...(hint?.help === undefined ? {} : { help: hint.help }) },
  );
}

/** A text without its closing quotes. */
export function openTextError(file: SourceFile, token: IToken): Diagnostic | undefined {
  if (token.tokenType !== OpenStr && token.tokenType !== OpenTemplate) return undefined;
  const quote = token.tokenType === OpenStr ? '`"`' : '`"""`';
  return report("syntax/unterminated-string", { quote }, { primary: { span: tokenSpan(file, token), text: "" } });
}
