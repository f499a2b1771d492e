/** @file Diagnostics as text for people. Colours only where asked for; without them the text is what fixtures and logs hold. */
import picocolors from "picocolors";
import type { Diagnostic } from "./diagnostic.ts";
import { type FramePaint, gutterWidth, renderFrame } from "./frame.ts";
import type { SourceFile } from "./source.ts";
import { visible } from "./text-width.ts";

export interface RenderOptions {
  readonly color?: boolean;
}

/** One diagnostic: header, frames, notes, help, and where it was instantiated. No line break at the end. */
export function renderDiagnostic(diagnostic: Diagnostic, options: RenderOptions = {}): string {
  const c = picocolors.createColors(options.color ?? false);
  const loud = diagnostic.severity === "error" ? c.red : c.yellow;
  const paint: FramePaint = { gutter: c.blue, primary: loud, related: c.cyan };
  const { primary, related } = diagnostic;
  const width = gutterWidth([primary, ...related]);
  const pad = " ".repeat(width + 1);
  const labels = [{ label: primary, primary: true }, ...related.map((label) => ({ label, primary: false }))];
  const files = new Set<SourceFile>(labels.map(({ label }) => label.span.file));
  const frames = [...files].flatMap((file) =>
    renderFrame(
      file,
      labels.filter(({ label }) => label.span.file === file),
      width,
      paint,
    ),
  );
  return [
    `${c.bold(loud(`${diagnostic.severity}[${diagnostic.code}]`))}${c.bold(`: ${visible(diagnostic.message)}`)}`,
    ...frames,
    ...diagnostic.notes.map((note) => `${pad}  ${visible(note)}`.trimEnd()),
    ...helpLines(diagnostic).map((line) => `${pad}${visible(line)}`),
  ].join("\n");
}

/** The mechanical mend, other help, and the path; the remark about `--fix` stands to the right of both. */
function helpLines(diagnostic: Diagnostic): readonly string[] {
  const { fixes, help, path } = diagnostic;
  const where = path.length === 0 ? [] : [`in   ${path.join(" → ")}`];
  const plain = help === undefined ? [] : [`help: ${help}`];
  if (fixes.length === 0) return [...plain, ...where];
  const mend = `help: ${fixes.map((fix) => fix.title).join(", or ")}`;
  // The path may end in a remark of its own, which then stands in the same column.
  const column = Math.max(mend.length, ...where.map((line) => line.replace(/ {4}\(.*$/, "").length)) + 4;
  return [fixes.length === 1 ? `${mend.padEnd(column)}(llmc check --fix)` : mend, ...plain, ...where];
}

/** All diagnostics with an empty line between them. */
export function renderDiagnostics(diagnostics: readonly Diagnostic[], options: RenderOptions = {}): string {
  return diagnostics.map((diagnostic) => renderDiagnostic(diagnostic, options)).join("\n\n");
}

/** `2 errors, 1 warning`; empty where there is nothing to count. */
export function countDiagnostics(diagnostics: readonly Diagnostic[]): string {
  const count = (severity: Diagnostic["severity"]): string[] => {
    const n = diagnostics.filter((diagnostic) => diagnostic.severity === severity).length;
    return n === 0 ? [] : [`${n} ${severity}${n === 1 ? "" : "s"}`];
  };
  return [...count("error"), ...count("warning")].join(", ");
}
