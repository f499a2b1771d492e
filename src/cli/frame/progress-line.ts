/** @file How far a command has come with its text, on the terminal. */
import type { Progress } from "../../data/curate/workers/context.ts";
import { grouped, textSize } from "./amounts.ts";
import { liveLine } from "../../runtime/util/terminal-text.ts";
import type { Host } from "./host.ts";

/** Milliseconds between two lines. */
const redraw = 100;
const plain = 10_000;
/** Milliseconds before a line says how many files were looked at: where they are few, that is soon done and no news. */
const patience = 1000;

type Shown = Omit<Progress, "bytes"> & Partial<Pick<Progress, "bytes">>;

/** One line that is redrawn, or a line now and then. */
export function progressLine({ err, interactive, columns }: Host): {
  readonly show: (done: Shown) => void;
  readonly end: () => void;
} {
  let next = 0;
  let drawn = false;
  const start = performance.now();
  return {
    show: ({ step, unit = "documents", documents, bytes }) => {
      const now = performance.now();
      if (now < next || (!interactive && unit === "files" && now < start + patience)) return;
      next = now + (interactive ? redraw : plain);
      drawn = interactive;
      const text = `${step}: ${grouped(documents)} ${unit}${bytes === undefined ? "" : `, ${textSize(bytes)}`}`;
      err(interactive ? liveLine(text, columns) : `${text}\n`);
    },
    end: () => {
      if (drawn) err(liveLine("", columns));
    },
  };
}
