/**
 * @file The framed lines of source text under a message: the primary label marked `^`, related ones `─`, a `·` where
 * lines are left out. A label over several lines is marked on its first.
 */
import type { Label } from "./diagnostic.ts";
import { lineStarts, positionAt, type SourceFile } from "./source.ts";
import { expandTabs, textWidth, visible } from "./text-width.ts";

/** How the parts of a frame are coloured; the identity where colours are off. */
export interface FramePaint {
  readonly gutter: (text: string) => string;
  readonly primary: (text: string) => string;
  readonly related: (text: string) => string;
}

interface Mark {
  readonly line: number;
  /** Columns on the screen, from 0. */
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly primary: boolean;
}

function lineText(file: SourceFile, line: number): string {
  const starts = lineStarts(file);
  return file.text.slice(starts[line - 1] ?? 0, starts[line]).replace(/[\r\n]+$/, "");
}

function markOf(label: Label, primary: boolean): Mark {
  const { file, start, end } = label.span;
  const { line, column } = positionAt(file, start);
  const text = lineText(file, line);
  const from = textWidth(text.slice(0, column - 1));
  const to = textWidth(text.slice(0, Math.min(column - 1 + Math.max(1, end - start), text.length)).trimEnd());
  return { line, start: from, end: Math.max(to, from + 1), text: visible(label.text), primary };
}

/** Width of the column of line numbers that these labels need. */
export function gutterWidth(labels: readonly Label[]): number {
  return Math.max(...labels.map((label) => String(positionAt(label.span.file, label.span.start).line).length));
}

/** The frame of one file, with the place of its first label (the primary one, if it is in this file) in the header. */
export function renderFrame(
  file: SourceFile,
  labels: readonly { readonly label: Label; readonly primary: boolean }[],
  width: number,
  paint: FramePaint,
): string[] {
  const pad = " ".repeat(width);
  const head = labels.find((entry) => entry.primary) ?? labels[0];
  const place = positionAt(file, head?.label.span.start ?? 0);
  const bar = `${pad} ${paint.gutter("│")}`;
  const out = [`${pad} ${paint.gutter("┌─")} ${visible(file.path)}:${place.line}:${place.column}`, bar];
  const marks = labels.map(({ label, primary }) => markOf(label, primary));
  const lines = [...new Set(marks.map((mark) => mark.line))].toSorted((a, b) => a - b);
  for (const [i, line] of lines.entries()) {
    if (i > 0 && line > (lines[i - 1] ?? 0) + 1) out.push(`${pad} ${paint.gutter("·")}`);
    out.push(`${paint.gutter(`${String(line).padStart(width)} │`)} ${expandTabs(lineText(file, line))}`.trimEnd());
    out.push(
      ...markLines(
        marks.filter((mark) => mark.line === line),
        paint,
      ).map((text) => `${bar} ${text}`),
    );
  }
  return out;
}

/** The line of underlines with the text of the rightmost mark; the other texts follow below, each under its own mark. */
function markLines(marks: readonly Mark[], paint: FramePaint): string[] {
  const byStart = marks.toSorted((a, b) => a.start - b.start || Number(a.primary) - Number(b.primary));
  const end = Math.max(...marks.map((mark) => mark.end));
  const cells: (Mark | undefined)[] = Array.from({ length: end }, () => undefined);
  for (const mark of byStart.toSorted((a, b) => Number(a.primary) - Number(b.primary)))
    cells.fill(mark, mark.start, mark.end);
  let underline = "";
  for (let i = 0; i < end;) {
    const mark = cells[i];
    let j = i;
    while (j < end && cells[j] === mark) j++;
    underline += mark ? paintOf(mark, paint)((mark.primary ? "^" : "─").repeat(j - i)) : " ".repeat(j - i);
    i = j;
  }
  const last = byStart.at(-1);
  const beside = last && last.end === end ? last : undefined;
  const lines = [beside?.text ? `${underline} ${paintOf(beside, paint)(beside.text)}` : underline];
  for (const mark of byStart.toReversed()) {
    if (mark !== beside && mark.text) lines.push(`${" ".repeat(mark.start)}${paintOf(mark, paint)(mark.text)}`);
  }
  return lines;
}

function paintOf(mark: Mark, paint: FramePaint): (text: string) => string {
  return mark.primary ? paint.primary : paint.related;
}
