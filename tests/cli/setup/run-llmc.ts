/** @file Runs the bundled command in a folder of its own, as a shell would. */
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, onTestFinished } from "vitest";

const root = join(import.meta.dirname, "../../..");
export const program = join(root, "dist/llmc.js");
export const fixtures = join(root, "tests/fixtures/cli");

/** Where the key of a user lies, who gives all commands of a test file. */
export const dataHome = mkdtempSync(join(tmpdir(), "llmc-data-home-"));
afterAll(() => rmSync(dataHome, { recursive: true, force: true }));

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunSettings {
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string;
  /** Send this signal when standard error first contains the text. */
  readonly signalAt?: { readonly text: string; readonly signal: NodeJS.Signals };
  /** Stop reading standard error when it first contains the text, as `| head` does. */
  readonly leaveAt?: string;
}

/** Runs a file with Node until it ends. */
export function run(
  file: string,
  args: readonly string[],
  { cwd, env = {}, input, signalAt, leaveAt }: RunSettings,
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const { FORCE_COLOR: _, ...inherited } = process.env;
    const child = spawn(process.execPath, [file, ...args], {
      cwd,
      env: { ...inherited, NO_COLOR: "1", XDG_DATA_HOME: dataHome, ...env },
    });
    let [stdout, stderr, signalled] = ["", "", false];
    child.stdout.setEncoding("utf8").on("data", (text: string) => void (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
      if (leaveAt !== undefined && stderr.includes(leaveAt)) child.stderr.destroy();
      if (!signalAt || signalled || !stderr.includes(signalAt.text)) return;
      signalled = true;
      child.kill(signalAt.signal);
    });
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
    child.stdin.end(input ?? "");
  });
}

export function llmc(args: readonly string[], settings: RunSettings): Promise<Finished> {
  return run(program, args, settings);
}

/** A folder with the small model and its text, removed after the test; its name has what trips up careless programs. */
export function workspace(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "llmc (cli) [test] ")));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(fixtures, folder, { recursive: true });
  return folder;
}

/** What a command printed, as one text, without what differs from run to run. */
export function transcript(args: readonly string[], cwd: string, { code, stdout, stderr }: Finished): string {
  const shown = [
    `$ llmc ${args.join(" ")}`,
    stdout === "" ? "" : `--- stdout\n${stdout}`,
    stderr === "" ? "" : `--- stderr\n${stderr}`,
    `exit ${code}`,
  ];
  return `${shown
    .map((part) => part.trimEnd())
    .filter((part) => part !== "")
    .join("\n")}\n`.replaceAll(cwd, "WORK");
}
