/**
 * @file Limits on nesting. The parser and every later phase recurse, so what nests without end would overflow the stack. What the
 * parser may meet is counted on the tokens before it runs; the tree is cut where a chain such as `a + a + …` makes it deeper.
 */
import { type IToken, tokenMatcher } from "chevrotain";
import type { Declaration, Expression } from "../syntax/ast.ts";
import { AddOp, CmpOp, K, MulOp, Name, Num, P, Text } from "../syntax/tokens.ts";

/** Levels of brackets, conditions, signs and powers. */
export const deepestNesting = 64;
/** Levels of the tree of an expression. */
export const deepestTree = 256;

const openers = new Set([P.LParen, P.LBracket, P.LBrace]);
const closers = new Set([P.RParen, P.RBracket, P.RBrace]);
const separators = new Set([P.Comma, P.Colon, P.Assign]);
const endsOperand = new Set([P.Pipe, P.Arrow, P.DotDot, K.and, K.or, K.then, K.else]);

export interface Nesting {
  /** Of the deepest token. */
  readonly depth: number;
  /** The first token that stands deeper than the parser can follow. */
  readonly tooDeep?: IToken;
  /** As many tokens can be parsed: all, or those before the nesting that goes too deep began. */
  readonly count: number;
}

/** Below this depth the parser also reads on after a mistake: to find out where, it goes down once more. */
export const deepestRecovery = 16;

export function nestingOf(tokens: readonly IToken[]): Nesting {
  let deepest = 0;
  let count = 0;
  // Inside of each open bracket: conditions around this place, and signs and powers before it.
  const levels = [{ conditions: 0, prefixes: 0 }];
  let depth = 0;
  for (const [i, token] of tokens.entries()) {
    const { tokenType: type } = token;
    const level = levels.at(-1) ?? { conditions: 0, prefixes: 0 };
    const binary = [AddOp, MulOp, CmpOp].some((operator) => tokenMatcher(token, operator)) && endsValue(tokens[i - 1]);
    if (openers.has(type)) {
      levels.push({ conditions: 0, prefixes: 0 });
      depth++;
    } else if (closers.has(type) && levels.length > 1) {
      levels.pop();
      depth -= 1 + level.conditions + level.prefixes;
    } else if (type === K.if) {
      level.conditions++;
      depth++;
    } else if (separators.has(type)) {
      depth -= level.conditions + level.prefixes;
      level.conditions = 0;
      level.prefixes = 0;
    } else if (binary || endsOperand.has(type)) {
      depth -= level.prefixes;
      level.prefixes = 0;
    } else if (type === P.Minus || type === P.Caret || type === K.not) {
      level.prefixes++;
      depth++;
    }
    if (depth > deepestNesting) return { depth: deepestRecovery, tooDeep: token, count };
    if (depth <= deepestRecovery) count = i;
    deepest = Math.max(deepest, depth);
  }
  return { depth: deepest, count: tokens.length };
}

function endsValue(token: IToken | undefined): boolean {
  return (
    token !== undefined &&
    ([Name, Num, Text].some((type) => tokenMatcher(token, type)) ||
      token.tokenType === P.RParen ||
      token.tokenType === P.RBracket)
  );
}

interface NestedNode {
  readonly node: object;
  readonly depth: number;
}

/** Replaces what lies too deep in the tree by `missing`, and gives what was left out first. */
export function cutDeep(declaration: Declaration): Expression | undefined {
  let cut: Expression | undefined;
  const open: NestedNode[] = [{ node: declaration, depth: 0 }];
  for (let entry = open.pop(); entry; entry = open.pop()) {
    const { node, depth } = entry;
    for (const [key, child] of Object.entries(node)) {
      if (key === "span" || typeof child !== "object" || child === null) continue;
      const isNode = "kind" in child;
      if (isNode && depth >= deepestTree) {
        cut ??= { ...(child as Expression) };
        Object.assign(node, { [key]: { kind: "missing", span: (child as Expression).span } });
      } else open.push({ node: child, depth: depth + (isNode ? 1 : 0) });
    }
  }
  return cut;
}
