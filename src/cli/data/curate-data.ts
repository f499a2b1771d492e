/** @file Runs the curation that a declaration asks for, with its progress on the terminal. What was made before is taken from the cache. */
import type { Section } from "../../../grammar/syntax/ast.ts";
import { cacheFolder } from "../../runtime/files/cache-folder.ts";
import { RuntimeFailure } from "../../runtime/util/failure.ts";
import { onInterrupt } from "../../runtime/node/interrupt.ts";
import type { Curated, CurateOptions } from "../../data/curate/curate.ts";
import type { Manifest } from "../../data/curate/shards/manifest.ts";
import type { TokenizerData } from "../../runtime/data/tokenizer/tokenizer.ts";
import type { DataText } from "../../semantics/model/texts.ts";
import { curationPlan } from "./curation-plan.ts";
import type { Host } from "../frame/host.ts";
import { progressLine } from "../frame/progress-line.ts";

export type { Curated } from "../../data/curate/curate.ts";

const made = new WeakMap<Section, Promise<Curated>>();

/** A command curates a declaration once. */
export function curateData(data: DataText, host: Host): Promise<Curated> {
  const known = made.get(data.section) ?? run(data, host);
  made.set(data.section, known);
  return known;
}

async function run(data: DataText, host: Host): Promise<Curated> {
  const { curate } = await import("../../data/curate/curate.ts");
  return interruptible(host, (options) => curate(curationPlan(data, host.cwd, host.cwd), options));
}

/** The manifest with the tokens that the tokenizer makes of the documents, at every step. */
export async function countTokens(curated: Curated, tokenizer: TokenizerData, host: Host): Promise<Manifest> {
  const count = await import("../../data/curate/count-tokens.ts");
  return interruptible(host, (options) => count.countTokens(curated, tokenizer, options));
}

/** Ctrl-C stops the work; what was done of it is kept. */
export async function interruptible<T>(host: Host, work: (options: CurateOptions) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const line = progressLine(host);
  const interrupt = onInterrupt(() =>
    stop.abort(
      new RuntimeFailure("interrupted", "stopped; what was done is kept, and the same command goes on from there"),
    ),
  );
  try {
    return await work({
      folder: host.cwd,
      cache: await cacheFolder(),
      signal: stop.signal,
      progress: line.show,
      notice: (text) => (line.end(), host.err(`note: ${text}\n`)),
    });
  } finally {
    line.end();
    interrupt.release();
  }
}
