/** @file What `llmc data` tells: how the documents came through curation, and what a run makes of those that are left. */
import type { Manifest } from "../../data/curate/shards/manifest.ts";
import type { Survey } from "../../data/survey/survey.ts";
import { beyondCaps, passesOver, repetitionWarnings, type MixedSource } from "../../runtime/data/epochs.ts";
import { sharesAt } from "../../runtime/data/mixture.ts";
import { grouped, shareText } from "../frame/amounts.ts";

export interface DataReport {
  /** The file that declares it, as given. */
  readonly path: string;
  readonly manifest: Manifest;
  readonly mix: readonly Mixed[];
  /** The run that the mix is for; absent where the file trains nothing on this data. */
  readonly run?: RunSize;
  readonly warnings: readonly string[];
  /** A close look at a sample of the documents, where it is wanted. */
  readonly survey?: Survey;
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

/** Steps that compare documents with each other. */
const comparing = [
  "exact_duplicates",
  "duplicate_lines",
  "duplicate_paragraphs",
  "near_duplicates",
  "repeated_substrings",
];

/** The report of a sample, which has no mix. */
export function sampleReport(path: string, manifest: Manifest): DataReport {
  const { sample, sources, steps } = manifest;
  const read = sources.reduce((sum, one) => sum + one.in.documents, 0);
  const share = sample && sample.of > read ? read / sample.of : 1;
  const blind = steps.filter(({ kind }) => share < 1 && comparing.includes(kind)).map(({ name }) => `\`${name}\``);
  const empty = sources.filter(({ out }) => out.documents === 0).map(({ name }) => `\`${name}\``);
  const warnings = [
    ...(blind.length > 0
      ? [
          `few documents of a sample of ${shareText(share)} meet their duplicates: of the whole, more goes by ${blind.join(", ")}`,
        ]
      : []),
    ...(empty.length > 0 ? [`nothing is left of the sample of ${empty.join(", ")}`] : []),
  ];
  return { path, manifest, mix: [], warnings };
}

/** What a sample is of, as a sentence; nothing where all documents were read. */
export function sampleText({ sample, sources }: Manifest): string | undefined {
  if (!sample) return undefined;
  const read = sources.reduce((sum, one) => sum + one.in.documents, 0);
  return `a random sample of ${grouped(read)} of ${sample.estimated ? "about " : ""}${grouped(sample.of)} documents; all numbers are of the sample`;
}

/** `70.0%`, or `70.0% -> 50.0%` where it changes over the run. */
export function sharesText({ from, to }: Mixed, arrow: string): string {
  const [start, end] = [shareText(from), shareText(to)];
  return start === end ? start : `${start} ${arrow} ${end}`;
}
