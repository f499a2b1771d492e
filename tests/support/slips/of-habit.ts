/** @file What other languages and papers write. */
import { at, type Edit, type Kind, syntax, word } from "./kind.ts";

export const habits: readonly Kind[] = [
  { name: "`**`", places: at(/ \^ /, " ** "), codes: syntax, says: word("`^`") },
  { name: "`None`", places: at(/\bnone\b/, "None"), codes: syntax, says: word("`none`") },
  { name: "`True`", places: at(/\btraining\b/, "True"), meant: "true", codes: syntax, says: word("`true`") },
  { name: "`&&`", places: at(/ and /, " && "), codes: syntax, says: word("`and`") },
  { name: "`||`", places: at(/ or /, " || "), codes: syntax, says: word("`or`") },
  {
    name: "`x if c else y`",
    places: at(/\bif ([^()\n]+?) then ([^()\n]+?) else /, (_, m) => `${m[2] ?? ""} if ${m[1] ?? ""} else `),
    codes: syntax,
    says: word("if c then a else b"),
  },
  { name: "`elif`", places: at(/\belse if\b/, "elif"), codes: syntax, says: word("else if") },
  { name: "`lambda`", places: at(/activation: (?<at>\w+)/, "lambda x: x"), codes: syntax, says: word("op") },
  { name: "`[::2]`", places: at(/= .*\w\[(?<at>[a-z])[,\]]/, "::2"), codes: syntax, says: word("2 * ") },
  { name: "`[:, d]`", places: at(/= .*\w\[(?<at>[a-z]), /, ":"), codes: syntax, says: word("index") },
  {
    name: "`[-1]`",
    places: at(/= .*[^\w]\w+\[(?<at>t)[,\]]/, "-1"),
    codes: ["shape/out-of-range"],
    says: word("before the start"),
  },
  {
    name: "`x.T`",
    places: at(/= .*\b(?<at>[a-z]\w*)\[/, (found) => (/^(?:sum|max|min|mean)$/.test(found) ? undefined : `${found}.T`)),
    codes: [...syntax, "names/"],
    says: word("indices"),
  },
  {
    name: "`@`",
    places: at(/sum\[\w\]\((\w+)\[[^\]\n]*\] \* (\w+)\[[^\]\n]*\]\)/, (_, m) => `${m[1] ?? ""} @ ${m[2] ?? ""}`),
    codes: syntax,
    says: word("sum["),
  },
  { name: "`:=`", places: at(/^ +\w+(?:\[[^\]\n]*\])? +(?<at>=) /, ":="), codes: syntax, says: word("`=`") },
  { name: "`+=`", places: at(/^ +\w+(?:\[[^\]\n]*\])? +(?<at>=) /, "+="), codes: syntax, says: word("new name") },
  {
    name: "`;` behind a line",
    places: at(/^ +\w+(?:\[[^\]\n]*\])? += .*[\w)\]](?<at>)$/, () => ";"),
    codes: syntax,
    says: word("leave it out"),
  },
  {
    name: "a comment with `#`",
    places: at(/^ +\w+(?:\[[^\]\n]*\])? += .*[\w)\]](?<at>)$/, () => "  # as in the paper"),
    codes: syntax,
    says: word("//"),
  },
  {
    name: "`'single'` quotes",
    places: (_, text) =>
      [...text.matchAll(/"([^"'\\\n]*)"/g)]
        .filter(
          (m) =>
            !text.startsWith('"', m.index + m[0].length) &&
            text[m.index - 1] !== '"' &&
            !/\/\/.*$/.test(text.slice(text.lastIndexOf("\n", m.index) + 1, m.index)),
        )
        .map((m): Edit => ({ start: m.index, end: m.index + m[0].length, text: `'${m[1] ?? ""}'` })),
    codes: syntax,
    says: word('"'),
  },
  {
    name: "`1_000`",
    harmless: true,
    places: at(/\b(?<at>\d{4,})\b(?!\.|e)/, (found) => `${found.slice(0, -3)}_${found.slice(-3)}`),
    codes: syntax,
    says: (found) => [found],
  },
  { name: "`1e-3f`", places: at(/\b\de-\d\b(?!%)/, (found) => `${found}f`), codes: syntax, says: (found) => [found] },
  {
    name: "`return`",
    places: at(/^ +(?<at>\w+(?:\[[^\]\n]*\])? +=) (?=.*\n\})/, "return"),
    codes: syntax,
    says: word("="),
  },
  {
    name: "`def`",
    places: at(/^(?:op\b|block(?= [^{]*\{\n(?: +[^\n]*\n)*? +learn))/, "def"),
    codes: syntax,
    says: word("write `"),
  },
  { name: '`f"…"`', places: at(/: +(?<at>)"/, () => "f"), codes: syntax, says: word("f") },
  {
    name: "`torch.`",
    places: at(/(?<at>)\b(?:exp|sqrt|rsqrt|log|tanh|softmax|sigmoid)[[(]/, () => "torch."),
    codes: [...syntax, "names/unknown"],
    says: word("torch"),
  },
  { name: "`\\cdot`", places: at(/ \* (?=[a-z])/, " \\cdot "), codes: syntax, says: word("`*`") },
  {
    name: "`\\sqrt`",
    places: at(/\b(?:sqrt|exp|log|tanh)\(/, (found) => `\\${found}`),
    codes: syntax,
    says: (found) => [found.slice(0, -1)],
  },
  { name: "`//` for `div`", places: at(/ div /, " // "), codes: syntax, says: word("`div`") },
  { name: "`%` for `mod`", places: at(/ mod /, " % "), codes: syntax, says: word("mod") },
  {
    name: "`const`",
    places: at(/^ +(?<at>)\w+(?:\[[^\]\n]*\])? += .*[^,\n]$/, () => "const "),
    codes: syntax,
    says: word("const"),
  },
  { name: "tabs", places: at(/^ +/, (found) => "\t".repeat(Math.ceil(found.length / 2))), codes: [], harmless: true },
  { name: "blanks at the end of a line", places: at(/(?<at>)$/, () => "  "), codes: [], harmless: true },
  {
    name: "a declaration that is indented",
    places: at(/(?<at>)^(?:op|block|data|model|train|eval|variant|compare)\b/, () => "  "),
    codes: ["syntax/unknown-declaration"],
    says: word("column 0"),
  },
];
