/** @file The text of a data declaration as the runtime reads it: its files, or what curation left of them where the declaration asks for it. */
import { basename } from "node:path";
import { escapePath } from "tinyglobby";
import type { SourceSpec } from "../../runtime/data/corpus.ts";
import type { DataSpec } from "../../runtime/data/data.ts";
import { requireFiles } from "../../runtime/node/files.ts";
import type { DataText } from "../../semantics/model/texts.ts";
import { curateData, type Curated } from "./curate-data.ts";
import { dataSpec, sourceShare } from "./spec.ts";
import type { Host } from "../frame/host.ts";
import { goesThroughCuration } from "./plain-text.ts";

interface Prepared {
  /** Relative to the working directory. */
  readonly spec: DataSpec;
  readonly curated?: Curated;
}

/** Where the documents are. Fails where files are missing. */
export async function preparedData(data: DataText, host: Host): Promise<Prepared> {
  const spec = dataSpec(data, host.cwd, host.cwd);
  if (await goesThroughCuration(data, host)) {
    const curated = await curateData(data, host);
    return { spec: { ...spec, sources: curatedSources(data, curated) }, curated };
  }
  await requireFiles(spec, host.cwd);
  return { spec };
}

/** What curation left of each source. */
export function curatedSources(data: DataText, { files }: Curated): readonly SourceSpec[] {
  return data.config.source.map((source): SourceSpec => {
    const { name, ...share } = sourceShare(source);
    return {
      name,
      files: files(name).map(escapePath),
      ...share,
      format: "jsonl",
      ...(source.separator === undefined ? {} : { separator: source.separator }),
    };
  });
}

/** The end of a text in the tokenizers that have one. */
const endsOfText = ["<|endoftext|>", "<|end_of_text|>", "</s>", "<eos>", "<|eos|>"];

/** The special token that ends a text, of those that a tokenizer has. */
export const endOfText = (specials: readonly string[]): string | undefined =>
  specials.find((special) => endsOfText.includes(special)) ?? (specials.length === 1 ? specials[0] : undefined);
const blankLine = "\n\n";

/** With what ends a curated document, where its source does not say: the special token that ends a text, or else a blank line. */
export function withEndings(sources: readonly SourceSpec[], specials: readonly string[]): readonly SourceSpec[] {
  const ending = endOfText(specials) ?? blankLine;
  return sources.map((source) => (source.format === "jsonl" ? { separator: ending, ...source } : source));
}

export interface ProgramData {
  readonly spec: DataSpec;
  /** What the program's folder holds of it, by path in the folder. */
  readonly files: ReadonlyMap<string, { readonly copyOf: string }>;
}

/** The data of a program in `folder`. Curated documents are copied into it, so that it needs nothing of the cache. */
export async function dataIn(
  folder: string,
  data: DataText,
  specials: readonly string[],
  host: Host,
): Promise<ProgramData> {
  if (!(await goesThroughCuration(data, host))) return { spec: dataSpec(data, host.cwd, folder), files: new Map() };
  const { spec, curated } = await preparedData(data, host);
  const files = new Map<string, { readonly copyOf: string }>();
  const sources = withEndings(spec.sources, specials).map((source) => {
    const shards = curated?.files(source.name) ?? [];
    for (const shard of shards) files.set(`data/${basename(shard)}`, { copyOf: shard });
    return { ...source, files: shards.map((shard) => escapePath(`data/${basename(shard)}`)) };
  });
  return { spec: { ...spec, sources }, files };
}
