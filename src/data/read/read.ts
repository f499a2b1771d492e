/** @file The documents of a file, by what it is, with what could not be read among them. A file is never in memory as a whole, unless it is one document. */
import { contentOf, type Content, type FileOnDisk } from "./stream/content.ts";
import { readCsv, type Quoting } from "./formats/csv.ts";
import { readHtml } from "./formats/html.ts";
import { beginning, Damaged, type Fields, type Item, type Mark } from "./stream/item.ts";
import { readJsonValues } from "./formats/json-values.ts";
import { readJsonl } from "./formats/jsonl.ts";
import { readParquet } from "./formats/parquet.ts";
import { formatOf, type Format } from "./stream/sniff.ts";
import { readText } from "./formats/text.ts";

export interface ReadOptions extends Fields {
  readonly format: "auto" | Format;
  readonly separator?: string;
  /** Of tables. */
  readonly delimiter?: string;
  readonly quoting?: Quoting;
}

/** Of text and JSON Lines, what is after a mark. */
export async function* readFile(
  file: FileOnDisk,
  options: ReadOptions,
  from: Mark = beginning,
): AsyncGenerator<readonly Item[]> {
  let content: Content | undefined;
  try {
    content = await contentOf(file);
    yield* itemsOf(file, content, options, from);
  } catch (error) {
    if (!(error instanceof Damaged)) throw error;
    yield [error.damage];
  } finally {
    await content?.close();
  }
}

async function* itemsOf(
  file: FileOnDisk,
  content: Content,
  options: ReadOptions,
  from: Mark,
): AsyncGenerator<readonly Item[]> {
  const format = options.format === "auto" ? formatOf(file.name, content.head, content.whole) : options.format;
  const chunks = (): AsyncGenerator<Uint8Array> => content.from(from.byte);
  switch (format) {
    case "text":
      return yield* readText(chunks(), options.separator, from);
    case "jsonl":
      return yield* readJsonl(chunks(), options, from);
    case "json":
      return yield* readJsonValues(chunks(), options);
    case "csv":
      return yield* readCsv(chunks(), options, file.name);
    case "html":
      return yield* readHtml(chunks(), options);
    case "warc": {
      const { readWarc } = await import("./formats/warc.ts");
      return yield* readWarc(chunks(), options);
    }
    case "parquet":
      if (content.packing !== undefined)
        throw new Damaged({
          reason: "other_format",
          message: `this is a Parquet file in ${content.packing}, which is not read`,
          help: "unpack it",
        });
      return yield* readParquet(file, options);
  }
}

/** Whether a file is text that can be trained on byte by byte as it stands, by how it begins. */
export async function isPlainText(
  file: FileOnDisk,
  { format, separator }: { readonly format: ReadOptions["format"]; readonly separator?: string | undefined },
): Promise<boolean> {
  let content: Content;
  try {
    content = await contentOf(file);
  } catch (error) {
    if (error instanceof Damaged) return false;
    throw error;
  }
  try {
    if (content.packing !== undefined || content.encoding !== undefined) return false;
    // Lines of Windows end otherwise than a separator says.
    if (separator?.includes("\n") === true && Buffer.from(content.head).includes("\r\n")) return false;
    return format === "text" || formatOf(file.name, content.head, content.whole) === "text";
  } finally {
    await content.close();
  }
}
