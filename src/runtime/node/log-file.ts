/** @file The log of a run as a file of JSON lines, one a record, each there as soon as it is written. */
import { closeSync, existsSync, openSync, readFileSync, writeSync } from "node:fs";
import type { Log, LogRecord } from "../metrics.ts";
import { diskFailure, writeAtomically } from "./write-atomically.ts";

/**
 * Opens the log. A resumed run (`start` above 0) keeps the records up to that step and drops what came after the checkpoint it resumes from: those steps are
 * done again. A new run starts an empty log.
 */
export async function openLogFile(path: string, start: number): Promise<Log> {
  const kept = start > 0 && existsSync(path) ? readFileSync(path, "utf8").split("\n").filter((line) => isUpTo(line, start)) : [];
  await writeAtomically(path, [new TextEncoder().encode(kept.map((line) => `${line}\n`).join(""))]);
  let file: number;
  try {
    file = openSync(path, "a");
  } catch (error) {
    throw diskFailure(path, error);
  }
  return {
    write: (record) => {
      try {
        writeSync(file, `${JSON.stringify(record)}\n`);
      } catch (error) {
        throw diskFailure(path, error);
      }
    },
    close: () => closeSync(file),
  };
}

/** Reads a log back. A last line that a crash cut short is left out. */
export function readLog(path: string): readonly LogRecord[] {
  return readFileSync(path, "utf8")
    .split("\n")
    .flatMap((line) => parseLine(line) ?? []);
}

function isUpTo(line: string, start: number): boolean {
  const record = parseLine(line);
  return record !== undefined && (record.kind === "run" ? record.start : record.step) <= start && !(record.kind === "run" && record.start === start);
}

function parseLine(line: string): LogRecord | undefined {
  if (line === "") return undefined;
  try {
    return JSON.parse(line) as LogRecord;
  } catch {
    return undefined;
  }
}
