/** @file What `llmc data` tells: how the documents came through curation, and what a run makes of those that are left. */
import type { Manifest } from "../../data/curate/shards/manifest.ts";
import { beyondCaps, passesOver, repetitionWarnings, type MixedSource } from "../../runtime/data/epochs.ts";
import { sharesAt } from "../../runtime/data/mixture.ts";
import { shareText } from "../frame/amounts.ts";

export interface DataReport {
  /** The file that declares it, as given. */
  readonly path: string;
  readonly manifest: Manifest;
  readonly mix: readonly Mixed[];
  /** The run that the mix is for; absent where the file trains nothing on this data. */
  readonly run?: RunSize;
  readonly warnings: readonly string[];
}

export interface RunSize {
  readonly model: string;
  readonly tokens: number;
}

/** A source's part of what is trained on. */
export interface Mixed {
  readonly name: string;
  /** Shares at the start and at the end of the run. */
  readonly from: number;
  readonly to: number;
  /** For training: without what is kept for validation. */
  readonly tokens: number;
  readonly cap?: number;
  readonly epochs?: number;
}

export function dataReport(
  path: string,
  manifest: Manifest,
  sources: readonly MixedSource[],
  run: RunSize | undefined,
): DataReport {
  const weights = sources.map(({ weight }) => weight);
  const [from, to] = [sharesAt(weights, 0), sharesAt(weights, 1)];
  const passes = run && passesOver(sources, run.tokens);
  const mix = sources.map(({ name, tokens, epochs: cap }, i): Mixed => ({
    name,
    tokens,
    from: from[i] ?? 0,
    to: to[i] ?? 0,
    ...(cap === undefined ? {} : { cap }),
    ...(passes ? { epochs: passes[i]?.epochs ?? 0 } : {}),
  }));
  const beyond = run && passes && beyondCaps(sources, passes, run.tokens);
  const warnings = [
    ...(beyond ? [`${beyond.message}; ${beyond.help ?? ""}`] : []),
    ...repetitionWarnings(passes ?? []),
  ];
  return { path, manifest, mix, ...(run ? { run } : {}), warnings };
}

/** `70.0%`, or `70.0% -> 50.0%` where it changes over the run. */
export function sharesText({ from, to }: Mixed, arrow: string): string {
  const [start, end] = [shareText(from), shareText(to)];
  return start === end ? start : `${start} ${arrow} ${end}`;
}
