/** @file Parquet files, a page of a column at a time: what is in memory is a page of each wanted column, its dictionary, and a few megabytes of documents. */
import { open, type FileHandle } from "node:fs/promises";
import {
  parquetMetadataAsync,
  parquetSchema,
  type ColumnMetaData,
  type FileMetaData,
  type SchemaTree,
} from "hyparquet";
import { messageOf, RuntimeFailure, systemCode } from "../../../runtime/util/failure.ts";
import { Damaged, documentOf, missingField, textOf, wantedOf, type Fields, type Item } from "../stream/item.ts";
import { bytesAt, columnValues, type Values } from "./parquet-pages.ts";

export async function* readParquet(
  { path, name }: { readonly path: string; readonly name: string },
  fields: Fields,
): AsyncGenerator<readonly Item[]> {
  const file = await open(path).catch((error: unknown) => {
    throw new RuntimeFailure("data/unreadable", `cannot read ${name}: ${messageOf(error)}`);
  });
  try {
    yield* rowsOf(file, fields);
  } catch (error) {
    if (error instanceof Damaged || error instanceof RuntimeFailure) throw error;
    // Node's own errors, such as those of brotli, have an underscore: they are of the content.
    if (/^E[A-Z0-9]+$/.test(systemCode(error) ?? ""))
      throw new RuntimeFailure("data/unreadable", `cannot read ${name}: ${messageOf(error)}`);
    // A page that the machine has no memory for is not damaged.
    if (error instanceof RangeError && /allocation|buffer length/i.test(error.message))
      throw new RuntimeFailure(
        "data/too-large",
        `there is not enough memory for a page of ${name}: ${messageOf(error)}`,
        "write the file again with smaller pages",
      );
    throw broken(messageOf(error).split("\n")[0] ?? "");
  } finally {
    await file.close();
  }
}

const broken = (why: string): Damaged =>
  new Damaged({ reason: "invalid_file", message: `this is no whole Parquet file: ${why}`, help: "get the file again" });

async function metadataOf(file: FileHandle): Promise<FileMetaData> {
  const { size } = await file.stat();
  const magic = Buffer.from(await bytesAt(file, 0, 4)).toString("latin1");
  if (magic === "PARE")
    throw new Damaged({
      reason: "other_format",
      message: "this is an encrypted Parquet file, which is not read",
      help: "write it again without encryption",
    });
  if (magic !== "PAR1") throw broken("it does not begin with PAR1");
  return parquetMetadataAsync(
    { byteLength: size, slice: (from, to) => bytesAt(file, from < 0 ? size + from : from, to ?? size) },
    { geoparquet: false },
  );
}

async function* rowsOf(file: FileHandle, fields: Fields): AsyncGenerator<readonly Item[]> {
  const metadata = await metadataOf(file);
  const tree = parquetSchema(metadata);
  const wanted = wantedOf(fields).map((name) => columnOf(name, tree));
  const columns = [
    ...wanted,
    ...plainColumns(tree).filter(({ path }) => !wanted.some((one) => one.path.join("\0") === path.join("\0"))),
  ];
  let row = 0;
  for (const group of metadata.row_groups) {
    const values = columns.map(({ path, schema }) => {
      const chunk = group.columns.find(({ meta_data: meta }) => meta?.path_in_schema.join("\0") === path.join("\0"))
        ?.meta_data as ColumnMetaData;
      return columnValues(file, chunk, schema, Number(group.num_rows));
    });
    const readers = values.map((pages) => new PageReader(pages));
    let [items, bytes]: [Item[], number] = [[], 0];
    for (let i = 0; i < Number(group.num_rows); i++) {
      const at = `row ${++row}`;
      const record: Record<string, unknown> = {};
      for (const [c, { path }] of columns.entries()) {
        const reader = readers[c] as PageReader;
        const value = reader.has ? reader.next() : await reader.nextPage();
        const name = wantedOf(fields)[c];
        if (name === undefined)
          setAt(record, path, value instanceof Uint8Array ? Buffer.from(value).toString("utf8") : value);
        else record[name] = value;
      }
      const text = record[fields.field];
      items.push(itemOf(record, fields, at));
      bytes += text instanceof Uint8Array ? text.length : 0;
      if (bytes < batchBytes) continue;
      yield items;
      [items, bytes] = [[], 0];
    }
    yield items;
  }
}

/** What documents are given on at a time. */
const batchBytes = 2 ** 20;

/** A row; bytes become text one by one, so that a text that is no UTF-8 costs its own row. */
function itemOf(record: Record<string, unknown>, fields: Fields, at: string): Item {
  for (const [name, value] of Object.entries(record)) {
    if (!(value instanceof Uint8Array)) continue;
    const text = textOf(value, () => at);
    if (typeof text !== "string")
      return text.reason === "encoding"
        ? { ...text, message: `\`${name}\`: ${text.message}`, help: "write the row again in UTF-8" }
        : text;
    record[name] = text;
  }
  return documentOf(record, fields, at, undefined, jsonOfValues);
}

/** Puts a value where its path in the schema says. */
function setAt(record: Record<string, unknown>, path: readonly string[], value: unknown): void {
  if (value === undefined || value === null) return;
  let at = record;
  for (const name of path.slice(0, -1)) at = (at[name] ??= {}) as Record<string, unknown>;
  at[path.at(-1) as string] = value;
}

/** Whole numbers of 64 bits as they are; times as ISO 8601 has them. */
function jsonOfValues(value: unknown): string {
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object" || value === null || value instanceof Date) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([name, inner]) => `${JSON.stringify(name)}:${jsonOfValues(inner)}`)
    .join(",")}}`;
}

class PageReader {
  private readonly pages: AsyncGenerator<Values>;
  private page: Values = [];
  private at = 0;

  constructor(pages: AsyncGenerator<Values>) {
    this.pages = pages;
  }
  get has(): boolean {
    return this.at < this.page.length;
  }
  next(): unknown {
    return this.page[this.at++];
  }
  async nextPage(): Promise<unknown> {
    while (!this.has) {
      const next = await this.pages.next();
      if (next.done === true) throw broken("a column has fewer rows than its file");
      [this.page, this.at] = [next.value, 0];
    }
    return this.next();
  }
}

/** The column of a field: by its whole name, or a field of a struct by a path. */
function columnOf(
  field: string,
  tree: SchemaTree,
): { readonly path: readonly string[]; readonly schema: SchemaTree[] } {
  const found = find(field, [tree]);
  if (found === undefined) throw new Damaged(missingField(field, namesIn(tree)));
  const leaf = found.at(-1) as SchemaTree;
  const isList = found.some(({ element }) => element.repetition_type === "REPEATED");
  if (isList || leaf.children.length > 0) {
    const kind =
      isList || leaf.element.converted_type === "LIST"
        ? "a list"
        : leaf.element.converted_type === "MAP"
          ? "a map"
          : `a struct: name one of its fields, such as \`${field}.${leaf.children[0]?.element.name ?? ""}\``;
    throw new Damaged({ reason: "not_text", message: `\`${field}\` is ${kind}, not text` });
  }
  return { path: leaf.path, schema: found };
}

/** The columns with one value a row that is text, a number, a time or yes or no. Lists and bytes, such as images, are none. */
function plainColumns(
  tree: SchemaTree,
  above: readonly SchemaTree[] = [tree],
): readonly { readonly path: readonly string[]; readonly schema: SchemaTree[] }[] {
  return tree.children.flatMap((child) => {
    const { repetition_type: repetition, type, converted_type: converted, logical_type: logical } = child.element;
    const schema = [...above, child];
    if (repetition === "REPEATED" || converted === "LIST" || converted === "MAP") return [];
    if (child.children.length > 0) return plainColumns(child, schema);
    const isBytes = type === "BYTE_ARRAY" || type === "FIXED_LEN_BYTE_ARRAY" || type === "INT96";
    return isBytes && converted !== "UTF8" && logical?.type !== "STRING" ? [] : [{ path: child.path, schema }];
  });
}

function find(field: string, path: SchemaTree[]): SchemaTree[] | undefined {
  const { children } = path.at(-1) as SchemaTree;
  const whole = children.find(({ element }) => element.name === field);
  if (whole !== undefined) return [...path, whole];
  for (const child of children) {
    if (!field.startsWith(`${child.element.name}.`)) continue;
    const found = find(field.slice(child.element.name.length + 1), [...path, child]);
    if (found !== undefined) return found;
  }
  return undefined;
}

function namesIn(tree: SchemaTree): readonly string[] {
  return tree.children.flatMap(({ element: { name }, children }) =>
    children.length > 0 && children.every((child) => child.element.repetition_type !== "REPEATED")
      ? children.map((child) => `${name}.${child.element.name}`)
      : [name],
  );
}
