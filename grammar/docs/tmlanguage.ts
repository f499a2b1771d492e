/** @file The text of `llm.tmLanguage.json`, the colouring of `.llm` in editors, made from the words and numbers of the lexer. */
import { contextualWords, declarationWords, nouns, reservedWords } from "../syntax/tokens.ts";
import { suffixes } from "../syntax/units.ts";

interface ColouringRule {
  readonly name?: string;
  readonly match?: string;
  readonly begin?: string;
  readonly end?: string;
  readonly captures?: Readonly<Record<string, { readonly name: string }>>;
  readonly patterns?: readonly ColouringRule[];
}

function anyOf(words: readonly string[]): string {
  return words.toSorted((a, b) => b.length - a.length).join("|");
}

const identifier = "[A-Za-z_][A-Za-z0-9_]*'*";
const units = anyOf(Object.keys(suffixes).filter((suffix) => suffix !== ""));
const countedNouns = anyOf(nouns.flatMap((noun) => [noun, noun.slice(0, -1)]));
const operatorWords: readonly string[] = ["and", "or", "not", "in", "div", "mod"];
const conditionWords = reservedWords.filter((word) => !operatorWords.includes(word));

const rules: readonly ColouringRule[] = [
  { name: "comment.line.documentation.llm", match: "//[/!](?!/).*$" },
  { name: "comment.line.double-slash.llm", match: "//.*$" },
  {
    name: "string.quoted.triple.llm",
    begin: '"""',
    end: '"""',
    patterns: [{ name: "variable.other.placeholder.llm", match: `\\{${identifier}\\}` }],
  },
  {
    name: "string.quoted.double.llm",
    begin: '"',
    end: '"|$',
    patterns: [{ name: "constant.character.escape.llm", match: "\\\\(?:u\\{[0-9A-Fa-f]+\\}|.)" }],
  },
  {
    match: `^(${anyOf(declarationWords)})\\b(?!\\s*[:.=,(\\[])(?:\\s+(${identifier}))?`,
    captures: { 1: { name: "keyword.declaration.llm" }, 2: { name: "entity.name.type.llm" } },
  },
  { name: "variable.other.property.llm", match: `\\b${identifier}(?:\\.(?:${identifier}|\\d+))*(?=\\s*:)` },
  {
    match: `\\b(\\d[\\d_]*(?:\\.\\d[\\d_]*)?(?:[eE][+-]?\\d+)?)(${units})?(?![A-Za-z0-9_])(?:[ \\t]+(${countedNouns})\\b(?!\\s*[:=.{\\[]))?`,
    captures: {
      1: { name: "constant.numeric.llm" },
      2: { name: "keyword.other.unit.llm" },
      3: { name: "support.type.unit.llm" },
    },
  },
  { name: "keyword.control.llm", match: `\\b(?:${anyOf(conditionWords)})\\b` },
  { name: "keyword.operator.word.llm", match: `\\b(?:${anyOf(operatorWords)})\\b` },
  { name: "keyword.other.llm", match: `\\b(?:${anyOf(contextualWords)})\\b(?=\\s+[A-Za-z_"\\[{])` },
  { match: ":\\s*(index|bool)\\b", captures: { 1: { name: "support.type.llm" } } },
  { name: "variable.other.constant.llm", match: "\\b[A-Z][A-Z0-9]*\\b'*" },
  { name: "entity.name.function.llm", match: `\\b${identifier}(?=[(\\[])` },
  { name: "keyword.operator.llm", match: "\\|>|->|\\.\\.|==|!=|<=|>=|[-+*/^<>=]" },
];

export function tmLanguage(): string {
  const grammar = {
    $schema: "https://raw.githubusercontent.com/martinring/tmlanguage/master/tmlanguage.json",
    name: "llm",
    scopeName: "source.llm",
    fileTypes: ["llm"],
    patterns: rules,
  };
  return `${JSON.stringify(grammar, null, 2)}\n`;
}
