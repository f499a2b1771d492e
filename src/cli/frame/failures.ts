/** @file Runs a command's work; failures that a person can mend become a message and an exit code. */
import { isFailure, renderFailure } from "../../runtime/util/failure.ts";
import { diskCause } from "../../runtime/files/write-atomically.ts";
import type { ExitCode, Host } from "./host.ts";

export async function withFailures(host: Host, work: () => Promise<ExitCode>): Promise<ExitCode> {
  try {
    return await work();
  } catch (error) {
    if (isFailure(error)) {
      host.failed?.({
        code: error.code,
        message: error.message,
        ...(error.help !== undefined && { help: error.help }),
      });
      if (error.code === "interrupted") {
        host.err(`${error.message}\n`);
        return 130;
      }
      host.err(`${renderFailure(error)}\n`);
      return error.code === "usage" ? 2 : 1;
    }
    const problem = fileProblem(error);
    if (problem === undefined) throw error;
    host.err(`${problem}\n`);
    return 1;
  }
}

/** An output that cannot be written is the machine's state, not a bug. */
function fileProblem(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return undefined;
  // Node says ENOENT where a folder cannot be made, whatever the reason.
  const cause =
    error.code === "ENOENT" && "syscall" in error && error.syscall === "mkdir"
      ? "the folder cannot be made"
      : error.code === "ENOENT"
        ? undefined
        : diskCause(error);
  const path = "path" in error && typeof error.path === "string" ? error.path : "the output";
  return cause === undefined ? undefined : `cannot write ${path}: ${cause}`;
}
