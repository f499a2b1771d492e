/**
 * @file Failures that a person can mend: a typed code, one plain sentence, and what to do. Everything the runtime rejects goes through here, so that
 * programs and the command line render failures without stacks. Other errors are bugs and keep their stack.
 */

import type { FailureCode } from "../../abi/failure-codes.ts";

export type { FailureCode };

/** Not a bug: the message is for the person who runs the program. */
export class RuntimeFailure extends Error {
  override readonly name = "RuntimeFailure";
  readonly code: FailureCode;
  /** What to do about it, one sentence or command. */
  readonly help: string | undefined;

  constructor(code: FailureCode, message: string, help?: string) {
    super(message);
    this.code = code;
    this.help = help;
  }
}

/** By name, not by class: a program and the command line may hold two copies of this module. */
export function isFailure(error: unknown): error is RuntimeFailure {
  return error instanceof Error && error.name === "RuntimeFailure";
}

/** As printed on a terminal, without a trailing newline. */
export function renderFailure(failure: RuntimeFailure): string {
  const help = failure.help === undefined ? "" : `\n  help: ${failure.help}`;
  return `error[${failure.code}]: ${failure.message}${help}`;
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** `code` of a system error (`ENOENT`, `ENOSPC`, …). */
export function systemCode(error: unknown): string | undefined {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : undefined;
}
