/** @file What a diagnostic looks like in a terminal and as JSON, and what its fixes do to the text. */
import { expect, test } from "vitest";
import { applyFixes } from "../../src/diagnostics/apply-fixes.ts";
import type { Diagnostic, Label } from "../../src/diagnostics/diagnostic.ts";
import { renderDiagnostic } from "../../src/diagnostics/render-terminal.ts";
import { jsonReport } from "../../src/diagnostics/render-json.ts";
import type { SourceFile } from "../../src/diagnostics/source.ts";
import { suggestions } from "../../src/util/suggest.ts";

/** A file whose numbered lines are given and whose other lines are empty. */
function file(path: string, lines: Readonly<Record<number, string>>): SourceFile {
  const last = Math.max(...Object.keys(lines).map(Number));
  return { path, text: Array.from({ length: last }, (_, i) => lines[i + 1] ?? "").join("\n") };
}

function at(source: SourceFile, needle: string, text: string): Label {
  const start = source.text.indexOf(needle);
  return { span: { file: source, start, end: start + needle.length }, text };
}

function diagnostic(message: string, parts: Partial<Diagnostic> & { readonly primary: Label }): Diagnostic {
  return {
    code: "syntax/unexpected",
    severity: "error",
    message,
    related: [],
    notes: [],
    fixes: [],
    path: [],
    ...parts,
  };
}

const attention = file("models/tiny.llm", {
  39: "  learn wo: [H, E, D] = normal(std: 0.02 / sqrt(2 * L))",
  44: "  y[t, d]    = sum[h, e](o[t, h, e] * wo[h, d, e])",
});
const swapped = diagnostic("`d` and `e` are swapped in `wo[h, d, e]`", {
  primary: at(attention, "wo[h, d, e]", "axis 2 is E = 32, but `d` ranges over D = 192"),
  related: [at(attention, "[H, E, D]", "declared here")],
  notes: ["declared  H  E   D", "indexed   h  d   e", "sizes     6  32  192"],
  fixes: [
    { title: "write `wo[h, e, d]`", edits: [{ span: at(attention, "wo[h, d, e]", "").span, text: "wo[h, e, d]" }] },
  ],
  path: ["Tiny", "layers", "layer", "mix: attention"],
});

test("a message shows both halves of the conflict, its notes, the mend and the path", () => {
  expect(renderDiagnostic(swapped)).toBe(`error[syntax/unexpected]: \`d\` and \`e\` are swapped in \`wo[h, d, e]\`
   ┌─ models/tiny.llm:44:39
   │
39 │   learn wo: [H, E, D] = normal(std: 0.02 / sqrt(2 * L))
   │             ───────── declared here
   ·
44 │   y[t, d]    = sum[h, e](o[t, h, e] * wo[h, d, e])
   │                                       ^^^^^^^^^^^ axis 2 is E = 32, but \`d\` ranges over D = 192
     declared  H  E   D
     indexed   h  d   e
     sizes     6  32  192
   help: write \`wo[h, e, d]\`                      (llmc check --fix)
   in   Tiny → layers → layer → mix: attention`);
});

test("several labels of one line share their underline, and every text stands under its own mark", () => {
  const source = file("models/tiny.llm", {
    27: "  where H mod G == 0",
    55: "    T = 256  L = 6  D = 192  H = 6  G = 4  E = D / H",
  });
  const constraint = diagnostic("`attend` needs H to be a multiple of G, but 6 mod 4 = 2", {
    primary: at(source, "G = 4", ""),
    related: [at(source, "H mod G == 0", "`attend` requires this"), at(source, "H = 6", "H = 6")],
    help: "G can be 1, 2, 3 or 6; or set H to 4, 8 or 12",
  });
  expect(renderDiagnostic(constraint))
    .toBe(`error[syntax/unexpected]: \`attend\` needs H to be a multiple of G, but 6 mod 4 = 2
   ┌─ models/tiny.llm:55:37
   │
27 │   where H mod G == 0
   │         ──────────── \`attend\` requires this
   ·
55 │     T = 256  L = 6  D = 192  H = 6  G = 4  E = D / H
   │                              ─────  ^^^^^
   │                              H = 6
   help: G can be 1, 2, 3 or 6; or set H to 4, 8 or 12`);
});

test("tabs and wide characters do not shift the underline, another file has a frame of its own", () => {
  const source = file("a.llm", { 1: '\tx: "日本語", y: 1' });
  const other = file("std/norms.llm", { 100: "op norm" });
  const text = renderDiagnostic(
    diagnostic("m", { primary: at(source, "y: 1", "here"), related: [at(other, "norm", "there")] }),
  );
  expect(text.split("\n").slice(1)).toEqual([
    "    ┌─ a.llm:1:12",
    "    │",
    '  1 │     x: "日本語", y: 1',
    "    │                  ^^^^ here",
    "    ┌─ std/norms.llm:100:4",
    "    │",
    "100 │ op norm",
    "    │    ──── there",
  ]);
});

test("an empty span and a span over several lines are marked where they begin", () => {
  const source = file("a.llm", { 1: "op f {  ", 2: "}" });
  const frame = (start: number, end: number): string | undefined =>
    renderDiagnostic(diagnostic("m", { primary: { span: { file: source, start, end }, text: "x" } })).split("\n")[4];
  expect(frame(source.text.length, source.text.length)).toBe("  │  ^ x");
  expect(frame(5, 10)).toBe("  │      ^ x");
});

test("colours come only when asked for", () => {
  expect(renderDiagnostic(swapped)).not.toContain("\u001b");
  expect(renderDiagnostic(swapped, { color: true })).toContain("\u001b[31m^^^^^^^^^^^\u001b[39m");
});

test("JSON carries offsets, lines and columns of every label and edit", () => {
  const report = jsonReport([swapped]);
  expect(report).toMatchObject({ formatVersion: 1, errors: 1, warnings: 0 });
  expect(report.diagnostics[0]).toMatchObject({
    primary: { path: "models/tiny.llm", line: 44, column: 39, endColumn: 50 },
    fixes: [{ edits: [{ line: 44, column: 39, text: "wo[h, e, d]" }] }],
  });
});

test("mends are applied once each, choices and overlaps are left alone", () => {
  const source: SourceFile = { path: "a.llm", text: "one two three" };
  const mend = (needle: string, ...texts: string[]): Diagnostic => {
    const { span } = at(source, needle, "");
    return diagnostic("m", {
      primary: { span, text: "" },
      fixes: texts.map((text) => ({ title: text, edits: [{ span, text }] })),
    });
  };
  const fixed = applyFixes([
    mend("three", "3"),
    mend("one", "1"),
    mend("one", "1"),
    mend("ne", "eins"),
    mend("two", "2", "zwei"),
  ]);
  expect(fixed).toMatchObject([{ text: "1 two 3", applied: ["3", "1"] }]);
});

test("suggestions are near, nearest first, and silent about distant words", () => {
  const known = ["layernorm", "rmsnorm", "softmax", "budget", "batch"];
  expect(suggestions("layrenorm", known)).toEqual(["layernorm"]);
  expect(suggestions("bugdet", known)).toEqual(["budget"]);
  expect(suggestions("RMSNorm", known)).toEqual(["rmsnorm"]);
  expect(suggestions("bat", known)).toEqual(["batch"]);
  expect(suggestions("attention", known)).toEqual([]);
  expect(suggestions("x", ["y", "z"])).toEqual([]);
});
