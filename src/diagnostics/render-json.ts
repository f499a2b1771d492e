/** @file Diagnostics for programs: `llmc check --json`. Members are only ever added while `formatVersion` stays the same. */
import type { Diagnostic, Label } from "./diagnostic.ts";
import { positionAt, type Span } from "./source.ts";

export interface JsonPlace {
  readonly path: string;
  /** UTF-16 offsets. */
  readonly start: number;
  readonly end: number;
  /** 1-based. */
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

export interface JsonLabel extends JsonPlace {
  readonly text: string;
}

export interface JsonDiagnostic {
  readonly code: string;
  readonly severity: Diagnostic["severity"];
  readonly message: string;
  readonly primary: JsonLabel;
  readonly related: readonly JsonLabel[];
  readonly notes: readonly string[];
  readonly help?: string;
  readonly fixes: readonly { readonly title: string; readonly edits: readonly JsonLabel[] }[];
  readonly path: readonly string[];
}

export interface JsonReport {
  readonly formatVersion: 1;
  readonly errors: number;
  readonly warnings: number;
  readonly diagnostics: readonly JsonDiagnostic[];
}

function place(span: Span): JsonPlace {
  const start = positionAt(span.file, span.start);
  const end = positionAt(span.file, span.end);
  return {
    path: span.file.path,
    start: span.start,
    end: span.end,
    line: start.line,
    column: start.column,
    endLine: end.line,
    endColumn: end.column,
  };
}

function labelled(label: Label): JsonLabel {
  return { ...place(label.span), text: label.text };
}

/** The whole report as plain data. An edit's `text` replaces what stands at its place. */
export function jsonReport(diagnostics: readonly Diagnostic[]): JsonReport {
  return {
    formatVersion: 1,
    errors: diagnostics.filter((diagnostic) => diagnostic.severity === "error").length,
    warnings: diagnostics.filter((diagnostic) => diagnostic.severity === "warning").length,
    diagnostics: diagnostics.map(({ code, severity, message, primary, related, notes, help, fixes, path }) => ({
      code,
      severity,
      message,
      primary: labelled(primary),
      related: related.map(labelled),
      notes,
      ...(help === undefined ? {} : { help }),
      fixes: fixes.map(({ title, edits }) => ({ title, edits: edits.map(labelled) })),
      path,
    })),
  };
}

export function renderJson(diagnostics: readonly Diagnostic[]): string {
  return JSON.stringify(jsonReport(diagnostics), null, 2);
}
