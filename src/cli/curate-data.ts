/** @file Runs the curation that a declaration asks for, with its progress on the terminal. What was made before is taken from the cache. */
import type { Section } from "../../grammar/ast.ts";
import { cacheFolder } from "../runtime/cache-folder.ts";
import { RuntimeFailure } from "../runtime/failure.ts";
import { onInterrupt } from "../runtime/node/interrupt.ts";
import type { Progress } from "../data/curate/context.ts";
import type { Curated, CurateOptions } from "../data/curate/curate.ts";
import type { Manifest } from "../data/curate/manifest.ts";
import type { TokenizerData } from "../runtime/data/tokens.ts";
import type { DataText } from "../semantics/texts.ts";
import { grouped, textSize } from "./amounts.ts";
import { curationPlan } from "./curation-plan.ts";
import type { Host } from "./host.ts";

export type { Curated } from "../data/curate/curate.ts";

const made = new WeakMap<Section, Promise<Curated>>();

/** A command curates a declaration once. */
export function curateData(data: DataText, host: Host): Promise<Curated> {
  const known = made.get(data.section) ?? run(data, host);
  made.set(data.section, known);
  return known;
}

async function run(data: DataText, host: Host): Promise<Curated> {
  const { curate } = await import("../data/curate/curate.ts");
  return interruptible(host, (options) => curate(curationPlan(data, host.cwd, host.cwd), options));
}

/** The manifest with the tokens that the tokenizer makes of the documents, at every step. */
export async function countTokens(curated: Curated, tokenizer: TokenizerData, host: Host): Promise<Manifest> {
  const count = await import("../data/curate/count-tokens.ts");
  return interruptible(host, (options) => count.countTokens(curated, tokenizer, options));
}

/** Ctrl-C stops the work; what was done of it is kept. */
async function interruptible<T>(host: Host, work: (options: CurateOptions) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const line = progressLine(host);
  const interrupt = onInterrupt(() => stop.abort(new RuntimeFailure("interrupted", "stopped; what was done is kept, and the same command goes on from there")));
  try {
    return await work({ folder: host.cwd, cache: await cacheFolder(), signal: stop.signal, progress: line.show });
  } finally {
    line.end();
    interrupt.release();
  }
}

/** Milliseconds between two lines. */
const redraw = 100;
const plain = 10_000;

/** One line that is redrawn, or a line now and then. */
function progressLine({ err, interactive }: Host): { readonly show: (done: Progress) => void; readonly end: () => void } {
  let next = 0;
  let drawn = false;
  return {
    show: ({ step, documents, bytes }) => {
      const now = performance.now();
      if (now < next) return;
      next = now + (interactive ? redraw : plain);
      drawn = interactive;
      const text = `${step}: ${grouped(documents)} documents, ${textSize(bytes)}`;
      err(interactive ? `\r\x1b[K${text}` : `${text}\n`);
    },
    end: () => {
      if (drawn) err("\r\x1b[K");
    },
  };
}
