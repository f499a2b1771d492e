/**
 * @file What the parser expected, in plain words. Chevrotain asks for a whole message; here it gets only the phrase
 * after "expected", and `syntax-errors.ts` makes the diagnostic from it.
 */
import type { IParserErrorMessageProvider, TokenType } from "chevrotain";
import { K, Name, P, Word } from "../syntax/tokens.ts";

/** Said for a rule in which no alternative fits. */
const alternatives: Readonly<Record<string, string>> = {
  declaration: "a declaration",
  importDeclaration: "`std` or the path of a file in quotes",
  callable: "`op` or `block`",
  type: "a type such as `[T, D]`, `index` or `bool`",
  statement: "an equation, `learn`, `state` or `}`",
  section: "a declaration",
  field: "a name",
  content: "`:` and a value, or `{`",
  unary: "a value",
  postfix: "`[`, `(` or `.`",
  member: "a name or a position after the dot",
  atom: "a value",
};

/** Said for a token that did not come, where its own label would not be enough. */
const closers: ReadonlyMap<TokenType, string> = new Map([
  [P.RParen, "`,` or `)`"],
  [P.RBracket, "`,` or `]`"],
]);

const closingBrace: Readonly<Record<string, string>> = {
  importDeclaration: "`,` or `}`",
  callable: "an equation or `}`",
  dims: "a size such as `P = E / 2`, or `}`",
  body: "a field or `}`",
};

const names: Readonly<Record<string, string>> = {
  importDeclaration: "a name to import",
  callable: "the name of the op or block",
  section: "the name of the declaration",
  variant: "the name of a model",
  parameter: "the name of a parameter",
  dimParameter: "the name of a size",
  result: "the name of the result",
};

function phrase(expected: TokenType, ruleName: string): string {
  if (expected === P.RBrace) return closingBrace[ruleName] ?? "`}`";
  if (expected === Name || expected === Word) return names[ruleName] ?? "a name";
  if (expected === P.LBrace) return "`{`";
  if (expected === P.Arrow && ruleName === "callable") return "`->` and the result";
  if (expected === P.Assign && ruleName === "equation") return "`=` and a value";
  if (expected === K.of) return "`of` and the name of a model";
  return closers.get(expected) ?? expected.LABEL ?? expected.name;
}

/** The `message` of a recognition error is the phrase that follows "expected". */
export const expectationProvider: IParserErrorMessageProvider = {
  buildMismatchTokenMessage: ({ expected, ruleName }) => phrase(expected, ruleName),
  buildNotAllInputParsedMessage: () => "the next declaration",
  buildNoViableAltMessage: ({ ruleName, customUserDescription }) =>
    customUserDescription || (alternatives[ruleName] ?? "something else"),
  buildEarlyExitMessage: ({ ruleName }) => alternatives[ruleName] ?? "something more",
};
