/** @file The documents of a file, by its format, with what could not be read among them. A file is never in memory as a whole, unless it is one document. */
import { contentOf } from "./content.ts";
import { readCsv } from "./csv.ts";
import { beginning, Damaged, type Fields, type Item, type Mark } from "./item.ts";
import { readJsonl } from "./jsonl.ts";
import { readParquet } from "./parquet.ts";
import { readText } from "./text.ts";

export interface ReadOptions extends Fields {
  readonly format: "auto" | "text" | "jsonl" | "csv" | "parquet";
  readonly separator?: string;
}

/** Of text and JSON Lines, what is after a mark. */
export async function* readFile(file: { readonly path: string; readonly name: string }, options: ReadOptions, from: Mark = beginning): AsyncGenerator<readonly Item[]> {
  try {
    yield* itemsOf(file, options, from);
  } catch (error) {
    if (!(error instanceof Damaged)) throw error;
    yield [error.damage];
  }
}

function itemsOf({ path, name }: { readonly path: string; readonly name: string }, options: ReadOptions, from: Mark): AsyncGenerator<readonly Item[]> {
  const content = (): AsyncGenerator<Uint8Array> => contentOf(path, name, from.byte);
  const format = options.format === "auto" ? formatOf(name) : options.format;
  switch (format) {
    case "text": return readText(content(), options.separator, from);
    case "jsonl": return readJsonl(content(), options, from);
    case "csv": return readCsv(content(), options, /\.tsv(?:\.gz|\.zst)?$/.test(name) ? "\t" : ",");
    case "parquet": return readParquet(path, options);
  }
}

function formatOf(name: string): Exclude<ReadOptions["format"], "auto"> {
  switch (/\.(jsonl|ndjson|csv|tsv|parquet)(?:\.gz|\.zst)?$/.exec(name)?.[1]) {
    case "jsonl": case "ndjson": return "jsonl";
    case "csv": case "tsv": return "csv";
    case "parquet": return "parquet";
    default: return "text";
  }
}
