/**
 * @file `llmc check --fix`: applies the mechanical mends. A diagnostic that offers a choice is left to the user, and so
 * is a mend that touches text another one has already changed; running again takes it up.
 */
import type { Diagnostic, Fix, TextEdit } from "./diagnostic.ts";
import type { SourceFile } from "./source.ts";

export interface FixedFile {
  readonly file: SourceFile;
  /** The new text of the whole file. */
  readonly text: string;
  /** Titles of the mends that were applied, in the order of the text. */
  readonly applied: readonly string[];
}

function key(edit: TextEdit): string {
  return `${edit.span.file.path}:${edit.span.start}:${edit.span.end}:${edit.text}`;
}

function overlap(a: TextEdit, b: TextEdit): boolean {
  if (a.span.file !== b.span.file) return false;
  if (a.span.start === b.span.start) return true;
  return a.span.start < b.span.end && b.span.start < a.span.end;
}

/** The changed files. */
export function applyFixes(diagnostics: readonly Diagnostic[]): readonly FixedFile[] {
  const edits: TextEdit[] = [];
  const chosen: Fix[] = [];
  for (const { fixes } of diagnostics) {
    const [fix] = fixes;
    if (!fix || fixes.length > 1) continue;
    const known = new Set(edits.map(key));
    const fresh = fix.edits.filter((edit) => !known.has(key(edit)));
    if (fresh.length === 0 || fresh.some((edit) => edits.some((other) => overlap(edit, other)))) continue;
    edits.push(...fresh);
    chosen.push(fix);
  }
  const files = new Set(edits.map((edit) => edit.span.file));
  return [...files].map((file) => ({
    file,
    text: editText(
      file.text,
      edits.filter((edit) => edit.span.file === file),
    ),
    applied: chosen.filter((fix) => fix.edits.some((edit) => edit.span.file === file)).map((fix) => fix.title),
  }));
}

function editText(text: string, edits: readonly TextEdit[]): string {
  let out = text;
  for (const edit of edits.toSorted((a, b) => b.span.start - a.span.start)) {
    out = out.slice(0, edit.span.start) + edit.text + out.slice(edit.span.end);
  }
  return out;
}
