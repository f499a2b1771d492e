/** @file The documents of a file, by its format, with what could not be read among them. A file is never in memory as a whole, unless it is one document. */
import { contentOf } from "./content.ts";
import { readCsv } from "./csv.ts";
import { Damaged, type Fields, type Item } from "./item.ts";
import { readJsonl } from "./jsonl.ts";
import { readParquet } from "./parquet.ts";
import { readText } from "./text.ts";

export interface ReadOptions extends Fields {
  readonly format: "auto" | "text" | "jsonl" | "csv" | "parquet";
  readonly separator?: string;
}

export async function* readFile(file: { readonly path: string; readonly name: string }, options: ReadOptions): AsyncGenerator<readonly Item[]> {
  try {
    yield* itemsOf(file, options);
  } catch (error) {
    if (!(error instanceof Damaged)) throw error;
    yield [error.damage];
  }
}

function itemsOf({ path, name }: { readonly path: string; readonly name: string }, options: ReadOptions): AsyncGenerator<readonly Item[]> {
  const format = options.format === "auto" ? formatOf(name) : options.format;
  switch (format) {
    case "text": return readText(contentOf(path, name), options.separator);
    case "jsonl": return readJsonl(contentOf(path, name), options);
    case "csv": return readCsv(contentOf(path, name), options, /\.tsv(?:\.gz|\.zst)?$/.test(name) ? "\t" : ",");
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
