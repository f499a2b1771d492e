/**
 * @file What a training loop reads: batches of training windows, any one by its number alone, and the batches that validation averages over. Both are
 * functions of (seed, number), so resuming needs no state and every run with a seed sees the same data.
 */
import { digestOf } from "../util/digest.ts";
import { RuntimeFailure } from "../util/failure.ts";
import { streamKey } from "../../abi/random.ts";
import type { Corpus, SourceSpec, Split, TextFile } from "./corpus.ts";
import { buildCorpus } from "./corpus.ts";
import { beyondCaps, passesOver, repetitionWarnings } from "./epochs.ts";
import type { Draw } from "./mixture.ts";
import { Mixture } from "./mixture.ts";
import type { TokenArray, Tokenizer } from "./tokenizer/tokenizer.ts";
import { Windows, copyWindow } from "./windows.ts";

export interface DataSpec {
  readonly name: string;
  readonly sources: readonly SourceSpec[];
  readonly split: Split;
}

export interface DataOptions {
  readonly tokenizer: Tokenizer;
  readonly batch: number;
  readonly context: number;
  /** Sequences of the whole run: where annealed weights end. */
  readonly total: number;
  readonly seed: number;
  /** Sequences of the validation text to measure the loss on; absent: 128. */
  readonly validation?: number;
}

export interface TrainingData {
  readonly train: TrainingBatches;
  /** Absent when the split keeps nothing for validation. */
  readonly validation: ValidationBatches | undefined;
  /** Tokens held for training, over all sources. */
  readonly tokens: number;
  /** Hash of all tokens, and of which source and part they are. */
  readonly hash: () => Promise<string>;
  /** What should be known before training. */
  readonly warnings: readonly string[];
}

export interface TrainingBatches {
  /** Writes the sequences `first`, `first + 1`, … of the run: as many windows of the context's length as the arrays hold. */
  fill(first: number, inputs: Int32Array, targets: Int32Array): void;
}

export interface ValidationBatches {
  readonly count: number;
  fill(batch: number, inputs: Int32Array, targets: Int32Array): void;
  readonly tokenizer: Tokenizer;
}

/** Loads every source; `read` gives the files of one. Fails if there is less than one batch to train on. */
export async function loadDataWith(
  spec: DataSpec,
  options: DataOptions,
  read: (source: SourceSpec) => AsyncIterable<TextFile> | Iterable<TextFile>,
): Promise<TrainingData> {
  const corpora: Corpus[] = [];
  for (const source of spec.sources)
    corpora.push(await buildCorpus(source, read(source), options.tokenizer, spec.split));
  return trainingData(spec, options, corpora);
}

function trainingData(spec: DataSpec, options: DataOptions, corpora: readonly Corpus[]): TrainingData {
  const { batch, context, seed } = options;
  const tokens = corpora.reduce((sum, corpus) => sum + corpus.train.length, 0);
  for (const corpus of corpora) requireWindow(corpus.name, "training", corpus.train.length, context);
  if (tokens < batch * context + 1) {
    throw new RuntimeFailure(
      "data/too-small",
      `\`${spec.name}\` has ${tokens} tokens for training, fewer than one batch of ${batch} sequences of ${context} tokens`,
      "make the batch or the context smaller, or add text",
    );
  }
  const mixture = new Mixture(
    spec.sources.map((source) => source.weight),
    options.total,
    seed,
  );
  const sources = spec.sources.map((source, i) => ({ ...source, tokens: (corpora[i] as Corpus).train.length }));
  const passes = passesOver(sources, options.total * context);
  const beyond = beyondCaps(sources, passes, options.total * context);
  if (beyond) throw beyond;
  const windows = corpora.map((corpus, i) => new Windows(corpus.train, context, streamKey(seed, 0, i).a));
  const draw: Draw = { source: 0, ordinal: 0 };
  const train: TrainingBatches = {
    fill: (first, inputs, targets) => {
      for (let at = 0, index = first; at < inputs.length; at += context, index++) {
        mixture.draw(index, draw);
        (windows[draw.source] as Windows).copy(draw.ordinal, inputs, targets, at);
      }
    },
  };
  return {
    train,
    validation: spec.split.validation > 0 ? validationBatches(options, corpora) : undefined,
    tokens,
    hash: () => hashOf(corpora),
    warnings: repetitionWarnings(passes),
  };
}

async function hashOf(corpora: readonly Corpus[]): Promise<string> {
  const parts: string[][] = [];
  for (const { name, train, validation } of corpora)
    parts.push([name, ...(await Promise.all([train, validation].map(bytesHash)))]);
  return digestOf(new TextEncoder().encode(JSON.stringify(parts)));
}

const bytesHash = (tokens: TokenArray): Promise<string> =>
  digestOf(new Uint8Array(tokens.buffer, tokens.byteOffset, tokens.byteLength));

/** Enough to see the loss fall, and soon done. */
const validationWindows = 128;

/** Windows spread evenly over the validation text of all sources, the same ones every time. None is taken twice unless there are fewer than a batch. */
function validationBatches(options: DataOptions, corpora: readonly Corpus[]): ValidationBatches {
  const { batch, context, tokenizer } = options;
  const places: { readonly corpus: Corpus; readonly start: number }[] = [];
  for (const corpus of corpora) {
    for (let start = 0; start + context < corpus.validation.length; start += context) places.push({ corpus, start });
  }
  if (places.length === 0) {
    const longest = corpora.reduce((a, b) => (b.validation.length > a.validation.length ? b : a));
    requireWindow(longest.name, "validation", longest.validation.length, context);
  }
  const used = Math.min(places.length, Math.max(batch, options.validation ?? validationWindows));
  return {
    count: Math.max(1, Math.floor(used / batch)),
    tokenizer,
    fill: (number, inputs, targets) => {
      for (let at = 0, window = number * batch; at < inputs.length; at += context, window++) {
        const { corpus, start } = places[
          Math.floor(((window % used) * places.length) / used)
        ] as (typeof places)[number];
        copyWindow(corpus.validation, start, context, inputs, targets, at);
      }
    },
  };
}

function requireWindow(name: string, what: string, length: number, context: number): void {
  if (length > context) return;
  throw new RuntimeFailure(
    "data/too-small",
    `source \`${name}\` has ${length} tokens for ${what}, fewer than one sequence of ${context} tokens and the one after`,
    "make the context smaller, or add text",
  );
}
