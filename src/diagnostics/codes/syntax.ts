/** @file What the parser reports: text that is not yet a program. */
import { error } from "./entry.ts";

export const syntaxCodes = {
  "syntax/unexpected": error(
    ({ expected, found }: { readonly expected: string; readonly found: string }) =>
      `expected ${expected}, found ${found}`,
    "The text does not continue in a way the language knows. The underlined part is the first that does not fit; the message says in plain words what could stand there. " +
      "Every declaration is parsed alone, so one mistake is reported once and hides nothing in other declarations.",
  ),
  "syntax/unclosed": error(
    ({ open, expected, found }: { readonly open: string; readonly expected: string; readonly found: string }) =>
      `\`${open}\` is not closed: expected ${expected}, found ${found}`,
    "A bracket was opened and its partner is missing. The second label shows the bracket that is still open. A declaration ends where the next word of a declaration stands in column 0, " +
      "so a missing `}` is noticed there at the latest.",
  ),
  "syntax/too-deep": error(
    ({ levels }: { readonly levels: number }) => `this is nested more than ${levels} levels deep`,
    "Brackets, conditions, signs and powers nest at most 64 levels deep, and an expression has at most 256 levels in all, a chain such as `a + b + c` one for each operator. No model comes near that; generated text may.",
  ),
  "syntax/unexpected-character": error(
    ({ text }: { readonly text: string }) => `\`${text}\` means nothing in this language`,
    "The language uses letters, digits, quotes and the marks `+ - * / ^ = == != < <= > >= -> |> .. . , : ( ) [ ] { }`. Words stand for the rest: `and`, `or`, `not`, `div`, `mod`. " +
      "A comment begins with `//`.",
  ),
  "syntax/other-language": error(
    ({ written, instead }: { readonly written: string; readonly instead: string }) =>
      `\`${written}\` is written ${instead} here`,
    "The text has a form of another language, of a paper or of a word processor. It is read as what was meant, so that the rest is checked all the same: `True` as `true`, `f(x=1)` as `f(x: 1)`, `**` as `^`, `≤` as `<=`, curly quotes as straight ones.",
  ),
  "syntax/unterminated-string": error(
    ({ quote }: { readonly quote: string }) => `this text has no closing ${quote}`,
    'A text in `"` quotes ends on the line on which it begins. A text over several lines is a template in triple quotes: `"""` … `"""`.',
  ),
  "syntax/bad-escape": error(
    ({ escape }: { readonly escape: string }) => `\`${escape}\` is not an escape`,
    'Inside `"…"` a backslash introduces `\\n` (new line), `\\t` (tab), `\\r`, `\\"`, `\\\\` or `\\u{1F600}` (a code point in hexadecimal). Templates in triple quotes have no escapes.',
  ),
  "syntax/unknown-declaration": error(
    ({ word, indented }: { readonly word: string; readonly indented?: boolean }) =>
      indented === true
        ? `\`${word}\` begins a declaration, but is indented`
        : `\`${word}\` does not begin a declaration`,
    "A file is a list of declarations. Each begins in column 0 with one of `import`, `op`, `block`, `data`, `tokenizer`, `model`, `train`, `eval`, `prompt`, `variant` and `compare`.",
  ),
  "syntax/missing-operand": error(
    ({ operator }: { readonly operator: string }) => `nothing stands to the right of \`${operator}\``,
    "An operator needs a value on both sides. The expression ends with the operator, and the next line begins an equation or a field of its own.",
  ),
  "syntax/chained-comparison": error(
    ({ text }: { readonly text: string }) => `comparisons do not chain: ${text}`,
    "`a < b < c` is not a condition of the language: write `a < b and b < c`.",
  ),
  "syntax/not-finite": error(
    ({ number }: { readonly number: string }) => `\`${number}\` is no finite number`,
    "A number in a file is a finite one of 64 bits, at most about 1.8e308. Infinity is written `inf`.",
  ),
  "syntax/unknown-suffix": error(
    ({ suffix, number }: { readonly suffix: string; readonly number: string }) =>
      `\`${suffix}\` is no unit that \`${number}\` can carry`,
    "A number may carry a suffix that touches it: `%`, `k M B T` (decimal), `Ki Mi Gi` (binary), `KiB MiB GiB` (bytes), `ms s min h d` (time). " +
      "What is counted follows after a space: `20M tokens`, `5000 steps`, `3 epochs`, `32 sequences`, `docs`, `bytes`, `params`, `flops`.",
  ),
  "syntax/detached-suffix": error(
    ({ suffix }: { readonly suffix: string }) => `\`${suffix}\` must touch its number`,
    "A suffix belongs to the number and touches it: `10%`, `2h`, `20M`. A counted noun follows after a space: `20M tokens`.",
  ),
  "syntax/unknown-noun": error(
    ({ word }: { readonly word: string }) => `\`${word}\` is nothing that can be counted`,
    "After a number and a space stands what is counted: `tokens`, `steps`, `epochs`, `sequences`, `docs`, `bytes`, `params` or `flops`, in the singular or the plural.",
  ),
  "syntax/unknown-type": error(
    ({ word }: { readonly word: string }) => `\`${word}\` is not a type`,
    "A type is a list of axes such as `[T, D]` (or `[]` for one number), `[T] of V` for integers below V, `index` for a position, or `bool` for a condition.",
  ),
};
