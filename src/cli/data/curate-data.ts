/** @file Runs the curation that a declaration asks for, with its progress on the terminal. What was made before is taken from the cache. */
import type { Section } from "../../../grammar/syntax/ast.ts";
import { cacheFolder } from "../../runtime/files/cache-folder.ts";
import { RuntimeFailure } from "../../runtime/util/failure.ts";
import { onInterrupt } from "../../runtime/node/interrupt.ts";
import type { Curated, CurateOptions } from "../../data/curate/curate.ts";
import type { Manifest } from "../../data/curate/shards/manifest.ts";
import type { Survey } from "../../data/survey/survey.ts";
import type { TokenizerData } from "../../runtime/data/tokenizer/tokenizer.ts";
import type { DataText } from "../../semantics/model/texts.ts";
import { curationPlan } from "./curation-plan.ts";
import type { Host } from "../frame/host.ts";
import { progressLine } from "../frame/progress-line.ts";

export type { Curated } from "../../data/curate/curate.ts";

const made = new WeakMap<Section, Map<number | undefined, Promise<Curated>>>();

/** A command curates a declaration once. `sample`: about so many documents of it, to try its steps. */
export function curateData(data: DataText, host: Host, sample?: number): Promise<Curated> {
  const of = made.get(data.section) ?? new Map<number | undefined, Promise<Curated>>();
  made.set(data.section, of);
  const known = of.get(sample) ?? run(data, host, sample);
  of.set(sample, known);
  return known;
}

async function run(data: DataText, host: Host, sample: number | undefined): Promise<Curated> {
  const { curate } = await import("../../data/curate/curate.ts");
  const plan = curationPlan(data, host.cwd, host.cwd);
  return interruptible(host, (options) => curate(sample === undefined ? plan : { ...plan, sample }, options));
}

/** The manifest with the tokens that the tokenizer makes of the documents, at every step. */
export async function countTokens(curated: Curated, tokenizer: TokenizerData, host: Host): Promise<Manifest> {
  const count = await import("../../data/curate/count-tokens.ts");
  return interruptible(host, (options) => count.countTokens(curated, tokenizer, options));
}

/** A close look at a sample of the documents. */
export async function surveyData(curated: Curated, host: Host): Promise<Survey> {
  const { surveyOf } = await import("../../data/survey/survey.ts");
  return interruptible(host, (options) => surveyOf(curated, options));
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
