/**
 * @file The tokens of `.llm`. Keywords are contextual: every one of them is also a `Name`, and all but a few words of
 * expressions are also a `Word`, so that `from`, `eval` or `data` may name a field, a parameter or a tensor.
 * A number takes any touching suffix and any broken text is still a text: lowering reports those, the parse goes on.
 */
import { createToken, type ITokenConfig, Lexer, type TokenType } from "chevrotain";

/** Any identifier or keyword: what may name a field, a parameter, an argument. */
export const Name = createToken({ name: "Name", pattern: Lexer.NA, label: "a name" });
/** A name that may stand in an expression. */
export const Word = createToken({ name: "Word", pattern: Lexer.NA, categories: [Name], label: "a name" });
/** `"…"` and `"""…"""`. */
export const Text = createToken({ name: "Text", pattern: Lexer.NA, label: "a text in quotes" });
export const AddOp = createToken({ name: "AddOp", pattern: Lexer.NA, label: "`+` or `-`" });
export const MulOp = createToken({ name: "MulOp", pattern: Lexer.NA, label: "`*`, `/`, `div` or `mod`" });
export const CmpOp = createToken({ name: "CmpOp", pattern: Lexer.NA, label: "a comparison" });

export const Ident = createToken({
  name: "Ident",
  pattern: /[A-Za-z_][A-Za-z0-9_]*'*/,
  categories: [Word],
  label: "a name",
});

/** Words that begin a declaration in column 0. */
export const declarationWords = [
  "import",
  "op",
  "block",
  "data",
  "tokenizer",
  "model",
  "train",
  "eval",
  "prompt",
  "variant",
  "compare",
] as const;
/** Other words with a meaning in some places and usable as names in the others. */
export const contextualWords = ["from", "of", "where", "learn", "state", "next", "dims"] as const;
/** Words that cannot stand for a value. They may still name fields and arguments. */
export const reservedWords = ["if", "then", "else", "and", "or", "not", "in", "div", "mod"] as const;
/** What may be counted; both numbers of the noun are written, the plural is kept. */
export const nouns = ["tokens", "steps", "epochs", "sequences", "docs", "bytes", "params", "flops"] as const;

type DeclarationWord = (typeof declarationWords)[number];
type Keyword = DeclarationWord | (typeof contextualWords)[number] | (typeof reservedWords)[number];

function keyword(word: Keyword, categories: TokenType[]): TokenType {
  const name = `${word[0]?.toUpperCase()}${word.slice(1)}Word`;
  return createToken({ name, pattern: new RegExp(word), longer_alt: Ident, categories, label: `\`${word}\`` });
}

function keywords<K extends Keyword>(
  words: readonly K[],
  categoriesOf: (word: K) => TokenType[],
): Readonly<Record<K, TokenType>> {
  return Object.fromEntries(words.map((word) => [word, keyword(word, categoriesOf(word))])) as Record<K, TokenType>;
}

/** One token type for each keyword. */
export const K = {
  ...keywords(declarationWords, () => [Word]),
  ...keywords(contextualWords, () => [Word]),
  ...keywords(reservedWords, (word) => (word === "div" || word === "mod" ? [Name, MulOp] : [Name])),
};

export const Noun = createToken({
  name: "Noun",
  pattern: new RegExp(nouns.map((noun) => `${noun}?`).join("|")),
  longer_alt: Ident,
  categories: [Word],
  label: "a counted noun",
  start_chars_hint: [...new Set(nouns.map((noun) => noun[0] ?? ""))],
});

const digits = [..."0123456789"];
/** The position in `betas.0`: without it `.0` in `betas.0.1` would be read as a fraction. */
export const Position = createToken({
  name: "Position",
  pattern: /(?<=[\w')\]]\.)\d+/,
  start_chars_hint: digits,
  line_breaks: false,
  label: "a position",
});
/** A lone `%` after spaces belongs to the number, unless a value follows: then someone means `mod`. */
export const Num = createToken({
  name: "Num",
  pattern: /\d[\d_]*(?:\.\d[\d_]*)?(?:[eE][+-]?\d+)?(?:%|[ \t]+%(?!\s*[\w(])|[A-Za-z_][A-Za-z0-9_]*)?/,
  start_chars_hint: digits,
  line_breaks: false,
  label: "a number",
});

function text(name: string, pattern: RegExp, lineBreaks: boolean): TokenType {
  return createToken({
    name,
    pattern,
    categories: [Text],
    line_breaks: lineBreaks,
    start_chars_hint: ['"'],
    label: "a text in quotes",
  });
}
export const Template = text("Template", /"""[\s\S]*?"""/, true);
export const OpenTemplate = text("OpenTemplate", /"""/, false);
/** Quotes of word processors and of Python, too: `habits.ts` says what to write. */
export const Str = createToken({
  name: "Str",
  pattern: /"(?:[^"\\\r\n]|\\.)*"|[“”„«](?:[^“”„»"\r\n])*[“”»"]|'[^'"\r\n]*'/,
  categories: [Text],
  line_breaks: false,
  start_chars_hint: ['"', "“", "”", "„", "«", "'"],
  label: "a text in quotes",
});
export const OpenStr = text("OpenStr", /"(?:[^"\\\r\n]|\\.)*/, false);

/** A mark, and the signs that papers have for it: `habits.ts` says what to write. */
function mark(
  name: string,
  pattern: string,
  more: Partial<ITokenConfig> = {},
  signs: readonly string[] = [],
): TokenType {
  const escaped = [pattern, ...signs].map((text) => text.replace(/[|.*+^()[\]{}]/g, "\\$&")).join("|");
  return createToken({
    name,
    pattern: signs.length === 0 ? pattern : new RegExp(escaped),
    label: `\`${pattern}\``,
    ...(signs.length > 0 && { start_chars_hint: [pattern, ...signs].map((text) => text[0] ?? "") }),
    ...more,
  });
}
const comparison = { categories: [CmpOp] };
/** Punctuation; longer marks stand before their prefixes. */
export const P = {
  Pipe: mark("Pipe", "|>"),
  Arrow: mark("Arrow", "->", {}, ["→", "⟶"]),
  DotDot: mark("DotDot", ".."),
  EqualEqual: mark("EqualEqual", "==", comparison),
  NotEqual: mark("NotEqual", "!=", comparison, ["≠"]),
  LessEqual: mark("LessEqual", "<=", comparison, ["≤"]),
  GreaterEqual: mark("GreaterEqual", ">=", comparison, ["≥"]),
  Less: mark("Less", "<", comparison),
  Greater: mark("Greater", ">", comparison),
  Assign: mark("Assign", "="),
  Plus: mark("Plus", "+", { categories: [AddOp] }),
  Minus: mark("Minus", "-", { categories: [AddOp] }, ["−", "–"]),
  Star: mark("Star", "*", { categories: [MulOp] }, ["×", "·", "∗"]),
  Slash: mark("Slash", "/", { categories: [MulOp] }, ["÷"]),
  Caret: mark("Caret", "^"),
  LParen: mark("LParen", "("),
  RParen: mark("RParen", ")"),
  LBracket: mark("LBracket", "["),
  RBracket: mark("RBracket", "]"),
  LBrace: mark("LBrace", "{"),
  RBrace: mark("RBrace", "}"),
  Colon: mark("Colon", ":"),
  Comma: mark("Comma", ","),
  Dot: mark("Dot", "."),
};

/** `///` documents what follows, `//!` the file. Four slashes are a ruler, not documentation. */
export const Doc = createToken({
  name: "Doc",
  pattern: /\/\/(?:!|\/(?!\/))[^\r\n]*/,
  group: "docs",
  start_chars_hint: ["/"],
});
export const Comment = createToken({
  name: "Comment",
  pattern: /\/\/[^\r\n]*/,
  group: "comments",
  start_chars_hint: ["/"],
});
const Space = createToken({ name: "Space", pattern: /\s+/, group: Lexer.SKIPPED, line_breaks: true });

export const allTokens: TokenType[] = [
  Space,
  Doc,
  Comment,
  Position,
  Num,
  Template,
  OpenTemplate,
  Str,
  OpenStr,
  ...Object.values(K),
  Noun,
  Ident,
  ...Object.values(P),
  Name,
  Word,
  Text,
  AddOp,
  MulOp,
  CmpOp,
];

/** A lexer; its own definition is checked only by the tests, which saves start-up time. */
export function createLexer(options: { readonly validate: boolean }): Lexer {
  return new Lexer(allTokens, {
    ensureOptimizations: true,
    positionTracking: "full",
    skipValidations: !options.validate,
  });
}
