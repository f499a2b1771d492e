/** @file Tables with a line of column names: commas or tabs between fields, quotes around those that hold them or line ends. */
import { parse, type CsvError } from "csv-parse";
import { Damaged, documentOf, missingField, textOf, type Damage, type Fields, type Item } from "./item.ts";
import { longestDocument, withoutMark } from "./pieces.ts";

interface Row {
  readonly record: readonly Uint8Array[];
  readonly info: { readonly lines: number };
}

export async function* readCsv(chunks: AsyncIterable<Uint8Array>, fields: Fields, delimiter: "," | "\t"): AsyncGenerator<readonly Item[]> {
  const ready: (Row | Damage)[] = [];
  let failure: Error | undefined;
  const parser = parse({
    delimiter, encoding: null, info: true, skip_empty_lines: true, skip_records_with_error: true, max_record_size: longestDocument,
    on_skip: (error) => void ready.push(damageOf(error)),
  });
  const closed = new Promise<void>((resolve) => void parser.once("close", resolve));
  parser.on("data", (row: Row) => void ready.push(row));
  parser.on("error", (error) => (failure = error));
  let columns: readonly string[] | undefined;
  let line = 1;
  const take = (): readonly Item[] => ready.splice(0).map((row): Item => {
    if ("kind" in row) return row;
    const at = `line ${line}`;
    line = row.info.lines + 1;
    if (columns !== undefined) return rowOf(row.record, columns, fields, at);
    columns = row.record.map((name) => Buffer.from(name).toString("utf8"));
    for (const name of [fields.field, fields.id ?? fields.field]) if (!columns.includes(name)) throw new Damaged(missingField(name, columns));
    return header;
  }).filter((item) => item !== header);
  try {
    for await (const chunk of chunks) {
      await Promise.race([closed, new Promise<void>((resolve) => void parser.write(columns === undefined ? withoutMark(chunk) : chunk, () => resolve()))]);
      yield take();
      if (failure !== undefined) throw failure;
    }
    parser.end();
    await closed;
    yield take();
    if (failure !== undefined) throw failure;
  } finally {
    parser.destroy();
  }
}

/** Stands for the line of names until it is left out. */
const header: Item = { kind: "document", text: "" };

function rowOf(record: readonly Uint8Array[], columns: readonly string[], fields: Fields, at: string): Item {
  const row: Record<string, string> = {};
  for (const name of [fields.field, fields.id ?? fields.field]) {
    const text = textOf(record[columns.indexOf(name)] ?? new Uint8Array(0), () => at);
    if (typeof text !== "string") return text;
    row[name] = text;
  }
  return documentOf(row, fields, at);
}

const damageOf = (error: CsvError | undefined): Damage => ({
  kind: "damage",
  reason: "invalid_row",
  at: `line ${String(error?.["lines"] ?? "?")}`,
  message: error?.code === "CSV_QUOTE_NOT_CLOSED" ? "a quote is not closed"
    : error?.code === "CSV_RECORD_INCONSISTENT_FIELDS_LENGTH" ? "the row has more or fewer fields than the first line"
    : "quotes are not where they may be",
  help: "put quotes around fields that hold the separator, quotes or line ends, and double the quotes in them",
});
