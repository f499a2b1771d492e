/**
 * @file Rows of a table as Python's csv cuts them: `\n`, `\r\n` and `\r` end a row wherever no quotes are open, and a quote within a field that does not begin with one
 * is text. What is wrong with quotes costs one row: reading goes on with the next line.
 */
import { longestDocument } from "../stream/pieces.ts";

export interface Dialect {
  /** One byte. */
  readonly delimiter: number;
  /** The byte that fields are quoted with, if they are. */
  readonly quote: number | undefined;
  /** Whether a quote that quotes no whole field is text, as in files with tabs, which mostly have no quoting. */
  readonly looseQuotes: boolean;
}

/** The fields of a row, or why it is none, with the line it begins on. */
export type Row = { readonly line: number } & (
  { readonly fields: readonly Uint8Array[] } | { readonly problem: string }
);

const [lineFeed, carriageReturn] = [0x0a, 0x0d];
/** The row may go on in the next chunk. */
const more = "more";
const batchBytes = 2 ** 20;
const notClosed = "a quote is not closed";
const misplaced = "quotes are not where they may be";

/** Cuts chunks into rows. */
export class RowCutter {
  private readonly dialect: Dialect;
  /** What is not cut yet, in chunks, and how long it is. */
  private chunks: Uint8Array[] = [];
  private length = 0;
  /** So many bytes were too few for the next row. A long row is looked at again when there are twice as many, not for every chunk. */
  private tooFew = 0;
  private line = 1;

  constructor(dialect: Dialect) {
    this.dialect = dialect;
  }

  /** The rows that a chunk completes, those of a megabyte at a time. */
  *push(chunk: Uint8Array, last: boolean): Generator<readonly Row[]> {
    this.chunks.push(chunk);
    this.length += chunk.length;
    if (!last && this.length < 2 * this.tooFew) return;
    let [rows, given]: [Row[], number] = [[], 0];
    const bytes = Buffer.concat(this.chunks);
    let at = 0;
    while (at < bytes.length) {
      const final = last || bytes.length - at > longestDocument;
      const row = cutRow(bytes, at, this.dialect, final);
      if (row === more) break;
      if ("problem" in row || row.fields.length > 1 || (row.fields[0]?.length ?? 0) > 0)
        rows.push({ line: this.line, ...row });
      this.line += linesIn(bytes.subarray(at, row.end));
      at = row.end;
      if (at - given < batchBytes) continue;
      yield rows;
      [rows, given] = [[], at];
    }
    this.chunks = [bytes.subarray(at)];
    this.length = this.tooFew = bytes.length - at;
    yield rows;
  }
}

type RowCut = { readonly end: number } & ({ readonly fields: readonly Uint8Array[] } | { readonly problem: string });

/** The row that begins at `start`; `final`: nothing comes after the bytes. */
export function cutRow(
  bytes: Buffer,
  start: number,
  { delimiter, quote, looseQuotes }: Dialect,
  final: boolean,
): RowCut | typeof more {
  const fields: Uint8Array[] = [];
  let at = start;
  for (;;) {
    let end: number | undefined;
    if (quote !== undefined && bytes[at] === quote) {
      const field = quotedField(bytes, at, quote, delimiter, final);
      if (field === more) return more;
      if (typeof field === "string") {
        if (!looseQuotes) {
          const next = lineEnd(bytes, start);
          return next < 0 && !final ? more : { problem: field, end: next < 0 ? bytes.length : next };
        }
      } else {
        fields.push(field.value);
        end = field.end;
      }
    }
    if (end === undefined) {
      for (end = at; end < bytes.length; end++) {
        const byte = bytes[end];
        if (byte === delimiter || byte === lineFeed || byte === carriageReturn) break;
      }
      fields.push(bytes.subarray(at, end));
    }
    if (end === bytes.length) return final ? { fields, end } : more;
    if (bytes[end] !== delimiter) {
      const isPair = bytes[end] === carriageReturn && bytes[end + 1] === lineFeed;
      if (bytes[end] === carriageReturn && end + 1 === bytes.length && !final) return more;
      return { fields, end: end + (isPair ? 2 : 1) };
    }
    at = end + 1;
  }
}

/** The field whose quote opens at `open`, unless its closing quote is missing or not at its end. */
function quotedField(
  bytes: Buffer,
  open: number,
  quote: number,
  delimiter: number,
  final: boolean,
): { readonly value: Uint8Array; readonly end: number } | string {
  let doubled = false;
  for (let close = bytes.indexOf(quote, open + 1); close >= 0; close = bytes.indexOf(quote, close + 2)) {
    if (close + 1 === bytes.length && !final) return more;
    const next = bytes[close + 1];
    if (next === quote) {
      doubled = true;
      continue;
    }
    if (next !== undefined && next !== delimiter && next !== lineFeed && next !== carriageReturn) return misplaced;
    const value = bytes.subarray(open + 1, close);
    return { value: doubled ? undoubled(value, quote) : value, end: close + 1 };
  }
  return final ? notClosed : more;
}

function undoubled(bytes: Uint8Array, quote: number): Uint8Array {
  const made = new Uint8Array(bytes.length);
  let length = 0;
  for (let i = 0; i < bytes.length; i++) {
    made[length++] = bytes[i] as number;
    if (bytes[i] === quote) i++;
  }
  return made.subarray(0, length);
}

/** Where the line has ended that begins at `start`, or -1. */
function lineEnd(bytes: Buffer, start: number): number {
  for (let at = start; at < bytes.length; at++) {
    if (bytes[at] === lineFeed) return at + 1;
    if (bytes[at] === carriageReturn) return at + (bytes[at + 1] === lineFeed ? 2 : 1);
  }
  return -1;
}

/** How many lines end in the bytes of a row. */
function linesIn(bytes: Buffer): number {
  let lines = 0;
  for (let at = bytes.indexOf(lineFeed); at >= 0; at = bytes.indexOf(lineFeed, at + 1)) lines++;
  for (let at = bytes.indexOf(carriageReturn); at >= 0; at = bytes.indexOf(carriageReturn, at + 1))
    if (bytes[at + 1] !== lineFeed) lines++;
  return lines;
}
