/**
 * @file The text of `cst.gen.ts`: the types of the concrete syntax tree, made from the parser's rules. Error recovery can
 * leave any child out, so every child is optional.
 */
import { generateCstDts } from "chevrotain";
import { LlmParser } from "./parser.ts";

export function cstTypes(): string {
  const parser = new LlmParser({ validate: false });
  const types = generateCstDts(parser.getGAstProductions(), { includeVisitorInterface: false })
    .replace("CstNode, ICstVisitor, IToken", "CstNode, IToken")
    .replace(/^ {2}(\w+)\??: \(?(\w+)\)?\[\];$/gm, (line, key: string, type: string) =>
      key === "name" ? line : `  ${key}?: ${type}[];`,
    );
  return `/** @file Generated from the rules of parser.ts by scripts/generate.ts; do not edit. */\n${types}\n`;
}
