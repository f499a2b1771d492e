/**
 * @file Cuts a file's tokens into declarations before anything is parsed, so that an error in one never hides or
 * multiplies the errors of another. A declaration begins in column 0 with its keyword, or with an unknown word where
 * the declaration before is complete.
 */
import { type IToken, tokenMatcher, type TokenType } from "chevrotain";
import { declarationWords, K, Name, P } from "../syntax/tokens.ts";

const starters: ReadonlySet<TokenType> = new Set(declarationWords.map((word) => K[word]));
/** After one of these a keyword names a field or a tensor. */
const continues: ReadonlySet<TokenType> = new Set([P.Colon, P.Dot, P.Assign, P.LBracket, P.LParen, P.Comma]);

/** Whether a token is the keyword of a declaration. */
export function isDeclarationWord(token: IToken): boolean {
  return starters.has(token.tokenType);
}

export function cutDeclarations(tokens: readonly IToken[]): readonly (readonly IToken[])[] {
  const chunks: IToken[][] = [];
  let depth = 0;
  let complete = true;
  for (const [i, token] of tokens.entries()) {
    const next = tokens[i + 1];
    const atMargin = token.startColumn === 1;
    const keyword = isDeclarationWord(token) && !(next && continues.has(next.tokenType));
    // Behind a whole declaration nothing else can stand: an indented one is a slip.
    const indented = keyword && complete && depth <= 0 && tokens[i - 1]?.endLine !== token.startLine;
    if (chunks.length === 0 || indented || (atMargin && (keyword || (complete && tokenMatcher(token, Name))))) {
      chunks.push([]);
      depth = 0;
      complete = false;
    }
    chunks.at(-1)?.push(token);
    if (token.tokenType === P.LBrace) depth++;
    if (token.tokenType === P.RBrace) depth--;
    const isImport = chunks.at(-1)?.[0]?.tokenType === K.import;
    const closed = depth <= 0 && token.tokenType === P.RBrace;
    complete ||= isImport ? tokens[i - 1]?.tokenType === K.from : closed;
  }
  return chunks;
}
