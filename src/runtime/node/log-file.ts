/** @file The log of a run as a file of JSON lines, one a record, each there as soon as it is written. It may be larger than a string can be. */
import { closeSync, existsSync, openSync, readSync, writeSync } from "node:fs";
import type { Log, LogRecord } from "../training/metrics.ts";
import { diskFailure, writeAtomically } from "../files/write-atomically.ts";

/** A log, and how many lines of the one before were no records: what a crash cut short, or damage. */
export interface LogFile extends Log {
  readonly skipped: number;
}

/**
 * Opens the log. A resumed run (`start` above 0) keeps the records up to that step and drops what came after the checkpoint it resumes from: those steps are
 * done again. A new run starts an empty log.
 */
export async function openLogFile(path: string, start: number): Promise<LogFile> {
  let skipped = 0;
  const encoder = new TextEncoder();
  function* kept(): Generator<Uint8Array> {
    let text = "";
    for (const line of linesOf(path)) {
      const record = recordIn(line);
      if (record === undefined) skipped++;
      else if (isUpTo(record, start)) text += `${line}\n`;
      if (text.length < pieceBytes) continue;
      yield encoder.encode(text);
      text = "";
    }
    yield encoder.encode(text);
  }
  await writeAtomically(path, start > 0 && existsSync(path) ? kept() : []);
  let file: number;
  try {
    file = openSync(path, "a");
  } catch (error) {
    throw diskFailure(path, error);
  }
  return {
    skipped,
    write: (record) => {
      const bytes = encoder.encode(`${JSON.stringify(record)}\n`);
      try {
        // A disk that is nearly full takes a part of it without a word.
        for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
      } catch (error) {
        throw diskFailure(path, error);
      }
    },
    close: () => closeSync(file),
  };
}

/** Reads a log back. Lines that are no records are left out. */
export function readLog(path: string): readonly LogRecord[] {
  return [...linesOf(path)].flatMap((line) => recordIn(line) ?? []);
}

function isUpTo(record: LogRecord, start: number): boolean {
  return (
    (record.kind === "run" ? record.start : record.step) <= start && !(record.kind === "run" && record.start === start)
  );
}

const kinds = new Set(["run", "step", "evaluation", "sample"]);

function recordIn(line: string): LogRecord | undefined {
  try {
    const value = JSON.parse(line) as LogRecord | null;
    return typeof value === "object" && value !== null && kinds.has(value.kind) ? value : undefined;
  } catch {
    return undefined;
  }
}

const pieceBytes = 1 << 20;
/** What is longer is no record: a file system that lost blocks leaves zeros without an end. */
const longestLine = 64 << 20;
const lineEnd = 10;

/** The lines that are not empty, read piece by piece. */
function* linesOf(path: string): Generator<string> {
  const file = openSync(path, "r");
  try {
    const piece = Buffer.alloc(pieceBytes);
    let parts: Buffer[] = [];
    let length = 0;
    const take = (bytes: Buffer): void => {
      if (length <= longestLine) parts.push(Buffer.from(bytes));
      length += bytes.length;
    };
    const line = (): string => {
      const text = length > longestLine ? "too long" : Buffer.concat(parts).toString();
      [parts, length] = [[], 0];
      return text;
    };
    for (let read = readSync(file, piece); read > 0; read = readSync(file, piece)) {
      let from = 0;
      for (let at = piece.indexOf(lineEnd); at >= 0 && at < read; at = piece.indexOf(lineEnd, from)) {
        take(piece.subarray(from, at));
        from = at + 1;
        const text = line();
        if (text !== "") yield text;
      }
      take(piece.subarray(from, read));
    }
    const last = line();
    if (last !== "") yield last;
  } finally {
    closeSync(file);
  }
}
