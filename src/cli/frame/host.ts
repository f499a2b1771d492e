/** @file What a command may touch of the outside: injected, so that commands run inside tests. Data goes to `out`, progress and messages to `err`. */
import { fstatSync } from "node:fs";
import { createColors } from "picocolors";
import { terminalText } from "../../runtime/util/terminal-text.ts";

/** Why a command failed, for programs. */
export interface Failed {
  /** A code that `llmc explain` knows; `failed` where a message says all. */
  readonly code: string;
  readonly message: string;
  readonly help?: string;
}

/** What a command may touch. */
export interface Host {
  readonly out: (data: string | Uint8Array) => void;
  readonly err: (text: string) => void;
  /** All of standard input. */
  readonly input: () => Promise<Uint8Array>;
  /** Standard input by its lines, each with its end, as they come. */
  readonly lines: () => AsyncIterable<Uint8Array>;
  /** Whether standard input is a pipe or a file, rather than a terminal or nothing. */
  readonly piped: boolean;
  readonly cwd: string;
  /** Whether `err` is a terminal that can redraw a line. */
  readonly interactive: boolean;
  /** How wide it is. */
  readonly columns: number | undefined;
  readonly colors: ReturnType<typeof createColors>;
  /** Takes the failure that ends the command, besides its text on `err`. */
  readonly failed?: (failure: Failed) => void;
}

/** 0 ok, 1 the user's input failed, 2 usage, 70 a bug, 130 interrupted. */
export type ExitCode = 0 | 1 | 2 | 70 | 130;

/** The process as a host. */
export function processHost(): Host {
  const forced = process.env["FORCE_COLOR"];
  const color = !process.env["NO_COLOR"] && (forced === undefined ? process.stderr.isTTY === true : forced !== "0");
  return {
    // A file or another program gets data as they are, a terminal nothing that it would obey.
    out: (data) =>
      void process.stdout.write(
        process.stdout.isTTY === true
          ? terminalText(typeof data === "string" ? data : Buffer.from(data).toString())
          : data,
      ),
    err: (text) => void process.stderr.write(terminalText(text)),
    input: standardInput,
    lines: linesOfInput,
    get piped() {
      return isPiped();
    },
    cwd: process.cwd(),
    interactive: process.stderr.isTTY === true && process.env["CI"] === undefined,
    get columns() {
      return process.stderr.columns;
    },
    colors: createColors(color),
  };
}

function isPiped(): boolean {
  try {
    const stat = fstatSync(0);
    return stat.isFIFO() || stat.isFile() || stat.isSocket();
  } catch {
    return false;
  }
}

async function standardInput(): Promise<Uint8Array> {
  const pieces: Buffer[] = [];
  for await (const piece of process.stdin) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

async function* linesOfInput(): AsyncGenerator<Uint8Array> {
  let rest = Buffer.alloc(0);
  for await (const piece of process.stdin) {
    rest = Buffer.concat([rest, piece as Buffer]);
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      yield rest.subarray(0, end + 1);
      rest = rest.subarray(end + 1);
    }
  }
  if (rest.length > 0) yield rest;
}
