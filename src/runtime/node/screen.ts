/** @file The progress of a run on a terminal (one line, redrawn) or in a file (a line now and then). */
import type { StepRecord } from "../training/metrics.ts";
import { ProgressLine } from "../training/metrics.ts";
import { liveLine, terminalText } from "../util/terminal-text.ts";
import type { Screen } from "../training/train.ts";

export interface Output {
  readonly write: (text: string) => void;
  /** Whether a line can be redrawn. */
  readonly interactive: boolean;
}

export function processOutput(): Output {
  const { stderr } = process;
  // A terminal or a pipe that is gone, or a full disk under it, ends no run: what matters is in the log and the checkpoints.
  if (!stderr.listeners("error").includes(unread)) stderr.on("error", unread);
  return {
    write: (text) => void stderr.write(terminalText(text)),
    interactive: stderr.isTTY === true && process.env["CI"] === undefined,
  };
}

const unread = (): void => undefined;

/** Milliseconds between two lines. */
const redraw = 100;
const plain = 10_000;

export function openScreen(output: Output, steps: number): Screen {
  const progress = new ProgressLine(steps);
  let next = 0;
  let drawn = false;
  return {
    step: (record: StepRecord) => {
      const line = progress.add(record);
      const now = performance.now();
      if (now < next && record.step !== steps) return;
      next = now + (output.interactive ? redraw : plain);
      drawn = output.interactive;
      output.write(output.interactive ? liveLine(line, process.stderr.columns) : `${line}\n`);
    },
    note: (text) => {
      output.write(`${drawn ? "\n" : ""}${text}\n`);
      drawn = false;
    },
  };
}
