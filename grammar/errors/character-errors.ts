/** @file Characters that fit no token, and texts without their quotes, as diagnostics. */
import type { ILexingError, IToken } from "chevrotain";
import { report } from "../../src/diagnostics/codes.ts";
import type { Diagnostic, Fix } from "../../src/diagnostics/diagnostic.ts";
import type { SourceFile, Span } from "../../src/diagnostics/source.ts";
import { tokenSpan } from "../parser/lower-expression.ts";
import { OpenStr, OpenTemplate, Str } from "../syntax/tokens.ts";
import { replacement } from "./error-place.ts";

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

/** Commands of LaTeX by what they are here. */
const commands: Readonly<Record<string, string>> = {
  cdot: "*",
  times: "*",
  odot: "*",
  le: "<=",
  leq: "<=",
  ge: ">=",
  geq: ">=",
  ne: "!=",
  neq: "!=",
  to: "->",
  rightarrow: "->",
  infty: "inf",
  land: "and",
  lor: "or",
  lnot: "not",
  ell: "l",
  sqrt: "sqrt",
  exp: "exp",
  log: "log",
  ln: "log",
  sin: "sin",
  cos: "cos",
  tanh: "tanh",
  max: "max",
  min: "min",
  operatorname: "",
};
const longerCommands: Readonly<Record<string, string>> = {
  sum: "a sum is written `sum[d](x[t, d])`",
  frac: "a fraction is written `a / b`",
  mathbf: "names stand as they are",
  mathrm: "names stand as they are",
  text: "names stand as they are",
  left: "brackets stand as they are",
  right: "brackets stand as they are",
};

/** `\\cdot`. */
function commandHint(name: string): CharacterHint | undefined {
  const fix = commands[name] ?? greek.find((letter) => letter === name);
  return fix ? { fix } : { help: longerCommands[name] ?? "formulas are written out, as in `a * sqrt(b)`" };
}

/** Characters that no token begins with. */
export function characterError(file: SourceFile, error: ILexingError): Diagnostic {
  const command = /^\\([A-Za-z]+)/.exec(file.text.slice(error.offset, error.offset + 32));
  if (command) {
    const span: Span = { file, start: error.offset, end: error.offset + command[0].length };
    const hint = commandHint(command[1] ?? "");
    return report(
      "syntax/unexpected-character",
      { text: command[0] },
      {
        primary: { span, text: "" },
        ...(hint?.help === undefined ? {} : { help: hint.help }),
        fixes: hint?.fix === undefined ? [] : [replacement(span, hint.fix)],
      },
    );
  }
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

/** A text without its closing quotes, or with those of the next one. */
export function openTextError(file: SourceFile, token: IToken): Diagnostic | undefined {
  if (token.tokenType !== OpenStr && token.tokenType !== OpenTemplate && token.tokenType !== Str) return undefined;
  const quote = token.tokenType !== OpenTemplate ? '`"`' : '`"""`';
  return report("syntax/unterminated-string", { quote }, { primary: { span: tokenSpan(file, token), text: "" } });
}
