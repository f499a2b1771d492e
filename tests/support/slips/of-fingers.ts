/** @file What fingers do: brackets, marks and letters too few, too many or in another order. */
import { at, type Kind, quote, swapped, syntax, word } from "./kind.ts";

export const brackets: readonly Kind[] = [
  { name: "`)` left out", places: at(/\)/, ""), codes: syntax, says: word(")"), later: true },
  { name: "`]` left out", places: at(/\]/, ""), codes: syntax, says: word("]"), later: true },
  { name: "`}` left out", places: at(/\}/, ""), codes: syntax, says: word("}"), later: true },
  { name: "`(` left out", places: at(/(?<=\w)\(/, " "), codes: syntax, later: true },
  { name: "`[` left out", places: at(/(?<=\w)\[/, " "), codes: syntax, later: true },
  { name: "`{` left out", places: at(/\{/, ""), codes: syntax, says: word("{"), later: true },
  { name: "`)` twice", places: at(/\)/, "))"), codes: syntax, says: word("`)`") },
  { name: "`]` twice", places: at(/\]/, "]]"), codes: syntax, says: word("`]`") },
  { name: "`}` twice", places: at(/^\}/, "}\n}"), codes: syntax, says: word("`}`") },
  { name: "`]` for `)`", places: at(/\)/, "]"), codes: syntax, says: word(")"), later: true },
  { name: "`)` for `]`", places: at(/\]/, ")"), codes: syntax, says: word("]"), later: true },
];

export const marks: readonly Kind[] = [
  {
    name: "comma left out of a call",
    places: at(/\([^()[\]{}\n]*(?<at>,)[^()\n]*\)/, ""),
    codes: syntax,
    says: word(","),
  },
  { name: "comma left out of indices", places: at(/\w\[\w+'*(?<at>, )\w+'*\]/, " "), codes: syntax, says: word(",") },
  { name: "comma twice", places: at(/, (?=\w)/, ",, "), codes: syntax, says: word("`,`") },
  { name: "colon left out of a field", places: at(/^ +\w+(?<at>:) +[\w"[]/, ""), codes: syntax, says: word(":") },
  {
    name: "`=` for `:` in a field",
    places: at(/^ +\w+(?<at>:) /, " ="),
    codes: ["field/form", "syntax/", "model/", "type/"],
    says: word(":"),
  },
  {
    name: "`:` for `=` in an equation",
    places: at(/^ +\w+\[[\w, ']+\] +(?<at>=) /, ":"),
    codes: syntax,
    says: word("="),
  },
  {
    name: "`=` left out of an equation",
    places: at(/^ +\w+\[[\w, ']+\] +(?<at>= )/, ""),
    codes: syntax,
    says: word("="),
  },
  { name: "`->` left out", places: at(/\) (?<at>-> )/, ""), codes: syntax, says: word("->") },
  {
    name: "`=` for `:` in a call",
    places: at(/[(,] ?\w+(?<at>: )(?=\w)/, "="),
    codes: [...syntax, "field/form"],
    says: word(":"),
  },
  {
    name: "an operator without its right side",
    places: at(/^ +\w+(?:\[[^\]\n]*\])? += .*(?<at>)$/, () => " +"),
    codes: syntax,
    says: word("`+`"),
  },
  {
    name: "an operator twice",
    places: at(/ (?<at>[*+]) (?=\w)/, (found) => `${found} ${found === "*" ? "/" : "*"}`),
    codes: syntax,
    says: word("value"),
  },
];

export const words: readonly Kind[] = [
  {
    name: "a misspelt declaration",
    places: at(/^(?:op|block|data|model|train|eval|variant|compare|import)\b/, swapped),
    codes: ["syntax/unknown-declaration"],
    says: quote,
  },
  {
    name: "a misspelt field",
    places: at(
      /^ {2}(?<at>tokenizer|source|curate|split|data|dims|embed|layers|head|budget|batch|optimizer|schedule|clip|every|size|metrics|models|seeds|match)(?=:| \w* ?\{)/,
      swapped,
    ),
    codes: ["field/unknown", "model/unknown-field", "syntax/unknown-declaration"],
    says: quote,
  },
  {
    name: "a misspelt op in a field",
    places: at(/: +(?:L \* )?(?<at>layer|attention|adamw|cosine|tied|table|rmsnorm|layernorm|swiglu|mlp)\b/, swapped),
    codes: ["names/unknown"],
    says: quote,
  },
  {
    name: "a misspelt argument",
    places: at(
      /\((?:[^()\n]*, )?(?<at>norm|mix|ffn|activation|rotate|decay|vocab|std|base|betas|length|within): /,
      swapped,
    ),
    codes: ["call/unknown-argument", "field/"],
    says: quote,
  },
  {
    name: "a misspelt tensor",
    places: at(/^ +(?:\w+(?:\[[^\]\n]*\])?) += .*\b(?<at>[a-z]{3,})\[/, (found) =>
      /^(?:sum|max|min|mean)$/.test(found) ? undefined : swapped(found),
    ),
    codes: ["names/unknown", "names/unused", "shape/"],
    says: quote,
  },
  {
    name: "a misspelt function",
    places: at(/\b(?<at>sqrt|rsqrt|tanh|exp|log|sigmoid|softmax|sum|mean|clamp|floor)(?=[[(])/, swapped),
    codes: ["names/unknown"],
    says: quote,
  },
  {
    name: "a misspelt unit",
    places: at(/\d[kMB]? (?<at>steps|tokens|sequences|epochs)/, swapped),
    codes: ["syntax/unknown-noun"],
    says: quote,
  },
  {
    name: "a misspelt path of a variant",
    places: at(/^variant .*\{[^}\n]*\b(?<at>layers|head|mix|norm|rotate)(?=[.:])/, swapped),
    codes: ["variant/unknown-path", "model/unknown-field", "call/unknown-argument", "field/unknown"],
    says: quote,
  },
  {
    name: "a misspelt variant's model",
    places: at(/^variant \w+ of (?<at>\w+)/, swapped),
    codes: ["model/unknown"],
    says: quote,
  },
  {
    name: "a misspelt model of train",
    places: at(/^train (?<at>\w{4,})/, swapped),
    codes: ["model/unknown"],
    says: quote,
  },
  { name: "a misspelt data", places: at(/^ +data: +(?<at>\w+)/, swapped), codes: ["names/unknown"], says: quote },
  {
    name: "a misspelt data of the vocabulary",
    places: at(/(?<at>\w+)\.vocab/, swapped),
    codes: ["names/unknown"],
    says: quote,
  },
  { name: "a misspelt `vocab`", places: at(/\w\.(?<at>vocab)/, "vocabulary"), codes: ["names/no-member"], says: quote },
  { name: "a misspelt `learn`", places: at(/^ +(?<at>learn) /, "laern"), codes: syntax, says: quote },
  { name: "a misspelt `then`", places: at(/\bthen\b/, "than"), codes: syntax, says: quote },
  { name: "a misspelt `else`", places: at(/\belse\b/, "esle"), codes: syntax, says: quote },
  { name: "a misspelt `where`", places: at(/\bwhere\b/, "were"), codes: syntax, says: quote },
  {
    name: "a dim that is none",
    places: at(/^ +learn \w+: \[(?<at>[A-Z])[\],]/, "Q"),
    codes: ["shape/", "names/unknown"],
    elsewhere: true,
    says: word("Q"),
  },
  {
    name: "a small letter for a dim",
    places: at(/\w: \[(?<at>[A-Z])[\],]/, (found) => found.toLowerCase()),
    codes: ["shape/", "names/unknown", "type/", "syntax/"],
    says: (found) => [found],
  },
  {
    name: "a size with a small letter",
    places: at(/dims \{[^}\n]*\b(?<at>[A-Z]) = \d/, (found) => found.toLowerCase()),
    codes: ["syntax/other-language"],
    says: quote,
  },
];
