/** @file The parser on whole files: what it accepts, what it keeps of broken declarations, how contextual words read. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Callable, Expression, File, Section } from "../../grammar/syntax/ast.ts";
import { checkFileFields } from "../../grammar/check-fields.ts";
import { parseFile } from "../../grammar/parse.ts";
import { LlmParser } from "../../grammar/parser/parser.ts";
import { createLexer } from "../../grammar/syntax/tokens.ts";
import { renderDiagnostic } from "../../src/diagnostics/render-terminal.ts";

function fixture(name: string): string {
  return readFileSync(new URL(`../fixtures/language/${name}`, import.meta.url), "utf8");
}

function parse(text: string): ReturnType<typeof parseFile> {
  return parseFile({ path: "test.llm", text });
}

/** Parses what must be right, and gives the first declaration. */
function callable(text: string): Callable {
  const { file, diagnostics } = parse(text);
  expect(diagnostics).toEqual([]);
  return file.declarations[0] as Callable;
}

/** A short form of an expression that shows how its parts hang together. */
function show(e: Expression): string {
  switch (e.kind) {
    case "number":
      return `${e.value}${e.noun ? ` ${e.noun}` : ""}`;
    case "string":
      return JSON.stringify(e.text);
    case "name":
      return e.text;
    case "unary":
      return `(${e.op} ${show(e.of)})`;
    case "binary":
      return `(${show(e.left)} ${e.op} ${show(e.right)})`;
    case "if":
      return `(if ${show(e.condition)} ${show(e.then)} ${show(e.else)})`;
    case "index":
      return `${show(e.of)}[${e.indices.map((i) => show(i.value) + (i.over ? ` in ${show(i.over)}` : "")).join(", ")}]`;
    case "call":
      return `${show(e.of)}(${e.arguments.map((a) => (a.name ? `${a.name.text}: ` : "") + show(a.value)).join(", ")})`;
    case "member":
      return `${show(e.of)}.${e.name.text}`;
    case "tuple":
      return `tuple(${e.items.map(show).join(", ")})`;
    case "list":
      return `[${e.items.map(show).join(", ")}]`;
    case "missing":
      return "?";
  }
}

function names(file: File): readonly string[] {
  return file.declarations.map((d) => (d.kind === "import" ? "import" : d.name.text));
}

function showEquation(text: string): string {
  const [statement] = callable(`op f(x) -> y {\n${text}\n}`).body;
  if (statement?.kind !== "equation") throw new Error("no equation");
  return show(statement.value);
}

test("the grammar is unambiguous within its lookahead and the lexer is well defined", () => {
  expect(createLexer({ validate: true }).lexerDefinitionErrors).toEqual([]);
  expect(() => new LlmParser({ validate: true })).not.toThrow();
});

test.each(["sample.llm", "hard-cases.llm"])("%s parses without a word", (name) => {
  expect(parse(fixture(name)).diagnostics).toEqual([]);
});

test("three planted mistakes are three errors, and no declaration is lost", () => {
  const bad = fixture("sample.llm")
    .replace("eps = 1e-6) -> y", "eps = 1e-6 -> y")
    .replace("budget:    20M tokens", "budget     20M tokens")
    .replace("variant Alibi of Tiny", "variant Alibi Tiny");
  const good = parse(fixture("sample.llm")).file;
  const { file, diagnostics } = parse(bad);
  expect(
    diagnostics.map((d) => [d.code, d.primary.span.file.text.slice(d.primary.span.start, d.primary.span.end)]),
  ).toEqual([
    ["syntax/unclosed", "->"],
    ["syntax/unexpected", "20M"],
    ["syntax/unexpected", "Tiny"],
  ]);
  expect(names(file)).toEqual(names(good));
});

test.each([
  ["y = -x ^ -2 * 3", "((- (x ^ (- 2))) * 3)"],
  ["y = a ^ b ^ c", "(a ^ (b ^ c))"],
  ["y = a - b - c div d mod e", "((a - b) - ((c div d) mod e))"],
  ["y = not a < b and c or d", "(((not (a < b)) and c) or d)"],
  ["y = if a == b then c + 1 else d + 1", "(if (a == b) (c + 1) (d + 1))"],
  ["y = betas.0.1 * 0.5", "(betas.0.1 * 0.5)"],
  ["y = sum[i in M](a[m, i] * a[i, m''])", "sum[i in M]((a[m, i] * a[i, m'']))"],
  ["y = e |> 4 * layer(norm: n,) |> [a, b,]", "((e |> (4 * layer(norm: n))) |> [a, b])"],
  ["y = f(0 -> 1, 1..3, (1, 2), (a), ())", "f((0 -> 1), (1 .. 3), tuple(1, 2), a, tuple())"],
  [
    "y = g(20M tokens, 1 epoch, tokens, 10%, 4Ki, 2h, 1_000)",
    "g(20000000 tokens, 1 epochs, tokens, 0.1, 4096, 7200, 1000)",
  ],
  ["y = 8\n tokens = 3", "8"],
  ["y = state\n next p = 1", "state"],
  ["y = from[s, d] + data + next", "((from[s, d] + data) + next)"],
])("%s", (source, expected) => {
  expect(showEquation(source)).toBe(expected);
});

test("words of the language may name parameters, results, tensors and fields", () => {
  const op =
    callable(`op state[model, of = 2](from: [S, D] = x, next, eval = 3 docs) -> next p, learn: [] of V where from, a == b {
  state[t] = 1
  state m = 0
  next m = state + 1
  next = m
  state = learn
  dims = 3
  learn = 4
  dims { P = E / 2  Q = P }
}`);
  expect(op.dims.map((d) => d.name.text)).toEqual(["model", "of"]);
  expect(op.parameters.map((p) => p.name.text)).toEqual(["from", "next", "eval"]);
  expect(op.results.map((r) => [r.name.text, r.next])).toEqual([
    ["p", true],
    ["learn", false],
  ]);
  expect(op.constraints).toHaveLength(2);
  expect(op.body.map((s) => (s.kind === "equation" ? `${s.next ? "next " : ""}${s.name.text}` : s.kind))).toEqual([
    "state",
    "state",
    "next m",
    "next",
    "state",
    "dims",
    "learn",
    "dims",
  ]);
});

test("fields may be paths, equations, groups with a name or a pattern, with commas or without", () => {
  const text = `train Tiny: base(x: 1) {
  eval: 1 data: 2, layers.3.model.norm: c
  dims { T = 256  L = 6 }
  group vectors { decay: 0 } group "layers.*" { decay: 1, }
}`;
  const { file, diagnostics } = parse(text);
  expect(diagnostics).toEqual([]);
  const section = file.declarations[0] as Section;
  expect(section.base && show(section.base)).toBe("base(x: 1)");
  expect(section.body.fields.map((f) => f.path.map((p) => p.text).join("."))).toEqual([
    "eval",
    "data",
    "layers.3.model.norm",
    "dims",
    "group",
    "group",
  ]);
  expect(
    section.body.fields.flatMap((f) =>
      f.content.kind === "group" && f.content.label ? [f.content.label.text, f.content.label.quoted] : [],
    ),
  ).toEqual(["vectors", false, "layers.*", true]);
});

test("doc comments belong to the next declaration or field, file comments to the file, rulers to nothing", () => {
  const { file } = parse(
    "//! A file.\n//! Of two lines.\n//// ruler\n/// First\n/// second.\ndata D {\n  /// A field.\n  a: 1 // no doc\n  b: 2\n}\n",
  );
  const section = file.declarations[0] as Section;
  expect(file.doc).toBe("A file.\nOf two lines.");
  expect(section.doc).toBe("First\nsecond.");
  expect(section.body.fields.map((f) => f.doc)).toEqual(["A field.", ""]);
});

test("a template keeps its lines without the common indentation, even with keywords in column 0", () => {
  const { file, diagnostics } = parse(
    'prompt P {\n  text: """\n    Question: {question}\n      more\n    """\n}\nprompt Q { text: """\ndata is\n""" }\n',
  );
  expect(diagnostics).toEqual([]);
  const texts = file.declarations.map((d) => (d as Section).body.fields[0]?.content);
  expect(texts).toMatchObject([{ value: { text: "Question: {question}\n  more" } }, { value: { text: "data is" } }]);
});

test("a misspelt keyword is corrected and its declaration is read; an unknown word is skipped", () => {
  const { file, diagnostics } = parse("modle Tiny {\n data: X\n}\nwhatever Foo {\n}\ntrain Tiny { }\n");
  expect(diagnostics.map((d) => [d.code, d.fixes[0]?.title])).toEqual([
    ["syntax/unknown-declaration", "write `model`"],
    ["syntax/unknown-declaration", undefined],
  ]);
  expect(file.declarations).toMatchObject([{ keyword: "model", name: { text: "Tiny" } }, { keyword: "train" }]);
});

test("whatever is cut out of a file or put into it, the rest is read and every message points into the text", () => {
  const sources = [fixture("sample.llm"), fixture("hard-cases.llm")];
  const pieces = fc.constantFrom(
    "",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    '"',
    '"""',
    "->",
    "=",
    ":",
    ",",
    "op ",
    "learn ",
    "next ",
    "20M tokens",
    "§",
    "\n",
    "\ntrain T {",
    "'",
    "%",
    "if ",
  );
  const damage = fc.array(fc.tuple(fc.nat(8000), fc.nat(12), pieces), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(fc.constantFrom(...sources), damage, (source, edits) => {
      const text = edits.reduce((old, [at, length, piece]) => {
        const start = at % old.length;
        return old.slice(0, start) + piece + old.slice(start + length);
      }, source);
      const { file, diagnostics } = parse(text);
      for (const diagnostic of [...diagnostics, ...checkFileFields(file)]) {
        const { start, end } = diagnostic.primary.span;
        expect(0 <= start && start <= end && end <= text.length).toBe(true);
        expect(renderDiagnostic(diagnostic)).toContain(diagnostic.message);
      }
    }),
    { numRuns: 300 },
  );
});
