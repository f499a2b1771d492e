/**
 * @file Source text and spans. A span is a pair of UTF-16 offsets into one file; lines and columns are
 * computed only when a message is rendered.
 */

export interface SourceFile {
  /** As shown to the user: relative to the working directory where possible, `std/norms.llm` for the standard library. */
  readonly path: string;
  readonly text: string;
}

export interface Span {
  readonly file: SourceFile;
  /** UTF-16 offset of the first character. */
  readonly start: number;
  /** UTF-16 offset after the last character. */
  readonly end: number;
}

/** 1-based line and column of an offset. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

const lineStartsOf = new WeakMap<SourceFile, readonly number[]>();

/** What ends a line, on any system: `\n`, `\r\n`, or `\r` alone. */
export const lineEnd = /\r\n?|\n/;

/** Offsets at which each line starts; computed once per file. */
export function lineStarts(file: SourceFile): readonly number[] {
  const known = lineStartsOf.get(file);
  if (known) return known;
  const starts = [0];
  for (const { index, 0: end } of file.text.matchAll(new RegExp(lineEnd, "g"))) starts.push(index + end.length);
  lineStartsOf.set(file, starts);
  return starts;
}

export function positionAt(file: SourceFile, offset: number): Position {
  const starts = lineStarts(file);
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
}

export function spanText(span: Span): string {
  return span.file.text.slice(span.start, span.end);
}

/** The smallest span that covers both; they must be of one file. */
export function joinSpans(a: Span, b: Span): Span {
  return { file: a.file, start: Math.min(a.start, b.start), end: Math.max(a.end, b.end) };
}
