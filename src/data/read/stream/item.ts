/** @file What reading a file gives: documents, records that are left out, and what could not be read, each with its place in the file. */
import { isUtf8 } from "node:buffer";
import { eachCodePoint } from "../../../runtime/data/tokenizer/utf8.ts";
import { didYouMean } from "../../../runtime/util/nearest.ts";

export interface DocumentRead {
  readonly kind: "document";
  readonly id?: string;
  readonly text: string;
  /** The other fields of its row, as a JSON object. */
  readonly metadata?: string;
}
/** A whole record without text. It is counted and is never an error. */
export interface LeftOut {
  readonly kind: "left_out";
  /** `no_text`: a record of a web archive that holds no page, such as a request or an image. */
  readonly reason: "blank" | "no_text";
  readonly at?: string;
  readonly message: string;
}
export interface Damage {
  readonly kind: "damage";
  readonly reason:
    | "truncated"
    | "compression"
    | "encoding"
    | "binary"
    | "other_format"
    | "invalid_json"
    | "invalid_row"
    | "invalid_file"
    | "missing_field"
    | "not_text"
    | "too_long";
  /** `line 3`, `byte 120`; nothing if it is about the file as a whole. */
  readonly at?: string;
  readonly message: string;
  readonly help?: string;
}
export type Item = (DocumentRead | LeftOut | Damage) & {
  /** Where reading can go on after it. */
  readonly end?: Mark;
};

/** A place in what a file holds, unpacked. */
export interface Mark {
  readonly byte: number;
  /** Lines before it. */
  readonly line: number;
}
export const beginning: Mark = { byte: 0, line: 0 };

/** Which fields of a row are wanted: names, or paths such as `meta.text`. */
export interface Fields {
  readonly field: string;
  readonly id?: string;
}

export const wantedOf = ({ field, id }: Fields): readonly string[] => (id === undefined ? [field] : [field, id]);

/** Damage after which a file cannot be read on. */
export class Damaged extends Error {
  override readonly name = "Damaged";
  readonly damage: Damage;
  constructor(damage: Omit<Damage, "kind">) {
    super(damage.message);
    this.damage = { kind: "damage", ...damage };
  }
}

/** The text of bytes, or why they are none. `at` says where in the file an offset in the bytes is. */
export function textOf(bytes: Uint8Array, at: (offset: number) => string): string | Damage {
  const zero = bytes.indexOf(0);
  if (zero >= 0)
    return {
      kind: "damage",
      reason: "binary",
      at: at(zero),
      message: "a zero byte: this is no text",
      help: "leave binary files out of the patterns",
    };
  if (isUtf8(bytes)) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  const invalid = eachCodePoint(bytes, () => undefined);
  const byte = (invalid?.byte ?? 0).toString(16).padStart(2, "0");
  return {
    kind: "damage",
    reason: "encoding",
    at: at(invalid?.offset ?? 0),
    message: `the byte 0x${byte} is no UTF-8`,
    help: "convert the file to UTF-8",
  };
}

/** A text as a document, unless it is blank. */
export function documentItem(text: string, at: string, id?: string, metadata?: string): DocumentRead | LeftOut {
  if (text.trim() === "") return { kind: "left_out", reason: "blank", at, message: "the text is blank" };
  return {
    kind: "document",
    ...(id === undefined ? {} : { id }),
    text,
    ...(metadata === undefined ? {} : { metadata }),
  };
}

/** A row as a document. `asWritten` gives the row with its numbers as they stand in the file, for ids that no number of JavaScript holds. */
export function documentOf(
  row: Readonly<Record<string, unknown>>,
  fields: Fields,
  at: string,
  asWritten?: () => unknown,
  exactly: ExactJson = JSON.stringify,
): Item {
  const { field, id } = fields;
  const text = valueAt(row, field);
  if (text === missing) return missingField(field, Object.keys(row), at);
  if (typeof text !== "string")
    return { kind: "damage", reason: "not_text", at, message: `\`${field}\` is ${kindOf(text)}, not text` };
  if (/\p{Surrogate}/u.test(text))
    return {
      kind: "damage",
      reason: "encoding",
      at,
      message: `\`${field}\` has half of a character (a surrogate alone)`,
    };
  if (id === undefined) return documentItem(text, at, undefined, metadataOf(row, fields, exactly));
  const value = valueAt(row, id);
  if (value === missing) return missingField(id, Object.keys(row), at);
  const name =
    typeof value === "number" && !Number.isSafeInteger(value) && asWritten !== undefined
      ? valueAt(asWritten(), id)
      : value;
  if (typeof name !== "string" && typeof name !== "number" && typeof name !== "bigint") {
    return {
      kind: "damage",
      reason: "not_text",
      at,
      message: `\`${id}\` is ${kindOf(value)}, which names no document`,
    };
  }
  return documentItem(text, at, String(name), metadataOf(row, fields, exactly));
}

/** JSON of a row whose wanted fields are taken out by `others`. */
export type ExactJson = (others: unknown) => string;

/** What a row has besides its text and its id. */
function metadataOf(row: object, fields: Fields, exactly: ExactJson): string | undefined {
  const others = othersOf(row, fields);
  return Object.keys(others).length === 0 ? undefined : exactly(others);
}

export const othersOf = (row: object, fields: Fields): object => wantedOf(fields).reduce(withoutField, row);

/** The row without a field, found as `valueAt` finds it; a struct of which nothing is left goes too. */
function withoutField(row: object, path: string): object {
  const entries = Object.entries(row);
  const key = Object.hasOwn(row, path)
    ? path
    : entries.map(([name]) => name).find((name) => path.startsWith(`${name}.`) && valueAt(row, path) !== missing);
  if (key === undefined) return row;
  return Object.fromEntries(
    entries.flatMap(([name, value]) => {
      if (name !== key) return [[name, value]];
      if (name === path || typeof value !== "object" || value === null) return [];
      const left = withoutField(value, path.slice(name.length + 1));
      return Object.keys(left).length === 0 ? [] : [[name, left]];
    }),
  );
}

/** The value of a field that a row does not have. */
export const missing = Symbol("missing");

/** The value of a field: by its whole name, or else along the dots of a path. */
export function valueAt(row: unknown, path: string): unknown {
  if (typeof row !== "object" || row === null) return missing;
  if (Object.hasOwn(row, path)) return (row as Readonly<Record<string, unknown>>)[path];
  for (let dot = path.indexOf("."); dot > 0; dot = path.indexOf(".", dot + 1)) {
    const outer = path.slice(0, dot);
    if (!Object.hasOwn(row, outer)) continue;
    const value = valueAt((row as Readonly<Record<string, unknown>>)[outer], path.slice(dot + 1));
    if (value !== missing) return value;
  }
  return missing;
}

export function missingField(name: string, known: readonly string[], at?: string): Damage {
  const help = known.length === 0 ? {} : { help: didYouMean(name, known) };
  return {
    kind: "damage",
    reason: "missing_field",
    ...(at === undefined ? {} : { at }),
    message: `there is no \`${name}\``,
    ...help,
  };
}

const kindOf = (value: unknown): string =>
  value === null || value === undefined
    ? "null"
    : Array.isArray(value)
      ? "a list"
      : typeof value === "object"
        ? "an object"
        : `a ${typeof value}`;
