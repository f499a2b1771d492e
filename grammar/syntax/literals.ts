/** @file Numbers and texts as written → what they mean, with a diagnostic for a unit or an escape that does not exist. */
import { report } from "../../src/diagnostics/codes.ts";
import type { Diagnostic, Fix } from "../../src/diagnostics/diagnostic.ts";
import { lineEnd, type Span } from "../../src/diagnostics/source.ts";
import type { NumberLiteral } from "./ast.ts";
import { isSuffix, likelySuffix, scaled, splitNoun, type Suffix } from "./units.ts";

type ReportDiagnostic = (diagnostic: Diagnostic) => void;

const numberParts = /^([\d_]+(?:\.[\d_]+)?(?:[eE][+-]?\d+)?)(\s*)(.*)$/;

/** `digits` has the span of the digits and the suffix, `whole` that of the noun too. */
export function readNumber(
  image: string,
  digits: Span,
  noun: string | undefined,
  whole: Span,
  problem: ReportDiagnostic,
): NumberLiteral {
  const [, number = "0", space = "", suffix = ""] = numberParts.exec(image) ?? [];
  const plain = Number(number.replaceAll("_", ""));
  const literal = (value: number, known: Suffix): NumberLiteral => ({
    kind: "number",
    value,
    suffix: known,
    ...(noun === undefined ? {} : { noun }),
    span: whole,
  });
  if (!Number.isFinite(plain)) {
    problem(
      report(
        "syntax/not-finite",
        { number },
        { primary: { span: digits, text: "" }, help: "numbers reach to 1.8e308; `inf` is infinity" },
      ),
    );
    return literal(1, "");
  }
  const replaceBy = (text: string): Fix => ({ title: `write \`${text}\``, edits: [{ span: digits, text }] });
  if (isSuffix(suffix)) {
    if (space)
      problem(
        report(
          "syntax/detached-suffix",
          { suffix },
          { primary: { span: digits, text: "" }, fixes: [replaceBy(number + suffix)] },
        ),
      );
    return literal(scaled(plain, suffix), suffix);
  }
  const suffixSpan = { ...digits, start: digits.end - suffix.length };
  const counted = splitNoun(suffix);
  const meant = counted?.suffix ?? likelySuffix(suffix);
  const fixes = counted
    ? [replaceBy(`${number}${counted.suffix} ${counted.noun}`)]
    : meant === undefined
      ? []
      : [replaceBy(number + meant)];
  problem(
    report(
      "syntax/unknown-suffix",
      { suffix, number },
      {
        primary: { span: suffixSpan, text: counted ? "a counted noun stands after a space" : "" },
        fixes,
        ...(fixes.length === 0
          ? {
              help: "units are `%`, `k M B T`, `Ki Mi Gi`, `KiB MiB GiB`, `ms s min h d`; nouns such as `tokens` follow a space",
            }
          : {}),
      },
    ),
  );
  return { ...literal(scaled(plain, meant ?? ""), meant ?? ""), ...(counted ? { noun: counted.noun } : {}) };
}

const simpleEscapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", '"': '"', "\\": "\\" };

/** The text of `"…"` or `"""…"""`; a text without its closing quote was reported with its token. */
export function readText(image: string, span: Span, problem: ReportDiagnostic): string {
  if (image.startsWith('"""')) return readTemplate(image);
  const inner = image.slice(1, /^"(?:[^"\\]|\\.)*"$/.test(image) ? -1 : undefined);
  return inner.replace(
    /\\(u\{([0-9A-Fa-f]{1,6})\}|[\s\S])/g,
    (escape, what: string, hex: string | undefined, at: number) => {
      const code = hex === undefined ? Number.NaN : Number.parseInt(hex, 16);
      if (code <= 0x10ffff) return String.fromCodePoint(code);
      const simple = simpleEscapes[what];
      if (simple !== undefined) return simple;
      const start = span.start + 1 + at;
      problem(
        report(
          "syntax/bad-escape",
          { escape },
          {
            primary: { span: { ...span, start, end: start + escape.length }, text: "" },
            fixes: [{ title: `write \`\\${escape}\``, edits: [{ span: { ...span, start, end: start }, text: "\\" }] }],
          },
        ),
      );
      return what;
    },
  );
}

/** A template drops the line break after the opening quotes, the one before the closing quotes, and the common indentation. */
function readTemplate(image: string): string {
  const lines = image.slice(3, -3).split(lineEnd);
  if (lines.length === 1) return lines[0] ?? "";
  const head = lines[0]?.trim() === "" ? [] : [lines[0] ?? ""];
  const rest = lines.slice(1);
  const last = rest.at(-1) ?? "";
  const body = last.trim() === "" ? rest.slice(0, -1) : rest;
  const filled = [...body.filter((line) => line.trim() !== ""), ...(last.trim() === "" ? [last] : [])];
  const indent = Math.min(...filled.map((line) => line.length - line.trimStart().length), image.length);
  return [...head, ...body.map((line) => line.slice(indent))].join("\n");
}
