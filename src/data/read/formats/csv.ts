/** @file Tables with a line of column names. What separates their fields is told by that line: it is what cuts the wanted column out of it. */
import { cutRow, RowCutter, type Dialect, type Row } from "./csv-rows.ts";
import { Damaged, documentOf, missingField, textOf, wantedOf, type Fields, type Item } from "../stream/item.ts";
import { withoutMark } from "../stream/pieces.ts";

export interface TableOptions extends Fields {
  /** What separates fields; otherwise the line of names tells. */
  readonly delimiter?: string;
  readonly quoting?: Quoting;
}
export type Quoting = "double" | "single" | "none";

const tab = "\t";
const likely = [",", tab, ";", "|"];

export async function* readCsv(
  chunks: AsyncIterable<Uint8Array>,
  options: TableOptions,
  name: string,
): AsyncGenerator<readonly Item[]> {
  let cutter: RowCutter | undefined;
  let columns: readonly string[] | undefined;
  let before: Uint8Array[] = [];
  const itemsOf = (rows: readonly Row[]): readonly Item[] =>
    rows.flatMap((row): readonly Item[] => {
      if (columns === undefined) {
        columns = "fields" in row ? row.fields.map(nameOf) : [];
        for (const wanted of wantedOf(options))
          if (!columns.includes(wanted)) throw new Damaged(missingField(wanted, columns));
        return [];
      }
      return [rowOf(row, columns, options)];
    });
  for await (const chunk of chunks) {
    if (cutter !== undefined) {
      for (const rows of cutter.push(chunk, false)) yield itemsOf(rows);
      continue;
    }
    before.push(chunk);
    const start = Buffer.from(withoutMark(Buffer.concat(before)));
    const dialect = dialectOf(start, options, name, false);
    if (dialect === undefined) continue;
    cutter = new RowCutter(dialect);
    before = [];
    for (const rows of cutter.push(start, false)) yield itemsOf(rows);
  }
  const start = Buffer.from(withoutMark(Buffer.concat(before)));
  cutter ??= new RowCutter(dialectOf(start, options, name, true) ?? dialectFor(","));
  for (const rows of cutter.push(start, true)) yield itemsOf(rows);
}

const nameOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("utf8");
const quoteBytes: Readonly<Record<Quoting, number | undefined>> = { double: 0x22, single: 0x27, none: undefined };

function dialectFor(delimiter: string, quoting: Quoting = "double"): Dialect {
  return { delimiter: delimiter.charCodeAt(0), quote: quoteBytes[quoting], looseQuotes: delimiter === tab };
}

/** The first likely separator that gives the wanted columns; of none, the one that gives most. Nothing if the line of names is not there as a whole. */
function dialectOf(start: Buffer, options: TableOptions, name: string, final: boolean): Dialect | undefined {
  if (options.delimiter !== undefined) return dialectFor(options.delimiter, options.quoting);
  const byName = /\.(?:tsv|tab)\b/i.test(name) ? tab : /\.psv\b/i.test(name) ? "|" : ",";
  let [best, most]: [Dialect | undefined, number] = [undefined, 0];
  for (const delimiter of [byName, ...likely.filter((one) => one !== byName)]) {
    const dialect = dialectFor(delimiter, options.quoting);
    const row = cutRow(start, 0, dialect, final);
    if (row === "more") return undefined;
    if ("problem" in row) continue;
    const columns = row.fields.map(nameOf);
    if (wantedOf(options).every((wanted) => columns.includes(wanted))) return dialect;
    if (columns.length > most) [best, most] = [dialect, columns.length];
  }
  return best ?? dialectFor(byName, options.quoting);
}

function rowOf(row: Row, columns: readonly string[], options: TableOptions): Item {
  const at = `line ${row.line}`;
  if ("problem" in row) return { kind: "damage", reason: "invalid_row", at, message: row.problem, help: quotesHelp };
  if (row.fields.length !== columns.length)
    return {
      kind: "damage",
      reason: "invalid_row",
      at,
      message: "the row has more or fewer fields than the first line",
      help: quotesHelp,
    };
  const values: Record<string, string> = {};
  for (const name of wantedOf(options)) {
    const text = textOf(row.fields[columns.indexOf(name)] ?? new Uint8Array(0), () => at);
    if (typeof text !== "string") return text;
    values[name] = text;
  }
  for (const [i, name] of columns.entries())
    if (!Object.hasOwn(values, name)) values[name] = nameOf(row.fields[i] ?? new Uint8Array(0));
  return documentOf(values, options, at);
}

const quotesHelp =
  "put quotes around fields that hold the separator, quotes or line ends, and double the quotes in them; say by `quoting` and `delimiter` if the file has others";
