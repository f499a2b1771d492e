/** @file `--json` holds for failures too: a command that fails and has written no data writes one object that says why. */
import { terminalText } from "../../runtime/util/terminal-text.ts";
import type { ExitCode, Failed, Host } from "./host.ts";

/** The text of a failure for a program: `formatVersion`, and `error` with `code`, `message` and, where there is one, `help`. */
export const failureJson = (error: Failed): string => `${JSON.stringify({ formatVersion: 1, error })}\n`;

/** Runs a command that was asked for JSON. What a person would have read stays on standard error. */
export async function withJsonFailures(host: Host, run: (host: Host) => Promise<ExitCode>): Promise<ExitCode> {
  let written = false;
  let failed: Failed | undefined;
  let said = "";
  const code = await run({
    ...host,
    out: (data) => {
      written ||= data.length > 0;
      host.out(data);
    },
    err: (text) => {
      said += text;
      host.err(text);
    },
    failed: (failure) => void (failed = failure),
  });
  if (code !== 0 && !written)
    host.out(failureJson(failed ?? { code: code === 2 ? "usage" : "failed", message: terminalText(said).trimEnd() }));
  return code;
}
