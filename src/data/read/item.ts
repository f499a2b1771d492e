/** @file What reading a file gives: documents, and what could not be read, each with its place in the file. */
import { isUtf8 } from "node:buffer";
import { eachCodePoint } from "../../runtime/data/utf8.ts";
import { didYouMean } from "../../runtime/nearest.ts";

export interface DocumentRead {
  readonly kind: "document";
  readonly id?: string;
  readonly text: string;
}
export interface Damage {
  readonly kind: "damage";
  readonly reason: "truncated" | "compression" | "encoding" | "binary" | "invalid_json" | "invalid_row" | "invalid_file" | "missing_field" | "not_text" | "too_long";
  /** `line 3`, `byte 120`; nothing if it is about the file as a whole. */
  readonly at?: string;
  readonly message: string;
  readonly help?: string;
}
export type Item = (DocumentRead | Damage) & {
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

/** Which fields of a row are wanted. */
export interface Fields {
  readonly field: string;
  readonly id?: string;
}

/** Damage after which a file cannot be read on. */
export class Damaged extends Error {
  override readonly name = "Damaged";
  readonly damage: Damage;
  constructor(damage: Omit<Damage, "kind">) {
    super(damage.message);
    this.damage = { kind: "damage", ...damage };
  }
}

/** The text of bytes, or why they are none. `offset` is where in the file they are. */
export function textOf(bytes: Uint8Array, at: (offset: number) => string): string | Damage {
  const zero = bytes.indexOf(0);
  if (zero >= 0) return { kind: "damage", reason: "binary", at: at(zero), message: "a zero byte: this is no text", help: "leave binary files out of the patterns" };
  if (isUtf8(bytes)) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  const invalid = eachCodePoint(bytes, () => undefined);
  const byte = (invalid?.byte ?? 0).toString(16).padStart(2, "0");
  return { kind: "damage", reason: "encoding", at: at(invalid?.offset ?? 0), message: `the byte 0x${byte} is no UTF-8`, help: "convert the file to UTF-8" };
}

/** A row as a document. */
export function documentOf(row: Readonly<Record<string, unknown>>, { field, id }: Fields, at: string): Item {
  for (const name of id === undefined ? [field] : [field, id]) {
    if (!Object.hasOwn(row, name)) return missingField(name, Object.keys(row), at);
  }
  const text = row[field];
  if (typeof text !== "string") return { kind: "damage", reason: "not_text", at, message: `\`${field}\` is ${kindOf(text)}, not text` };
  if (/\p{Surrogate}/u.test(text)) return { kind: "damage", reason: "encoding", at, message: `\`${field}\` has half of a character (a surrogate alone)` };
  if (id === undefined) return { kind: "document", text };
  const name = row[id];
  if (typeof name !== "string" && typeof name !== "number" && typeof name !== "bigint") {
    return { kind: "damage", reason: "not_text", at, message: `\`${id}\` is ${kindOf(name)}, which names no document` };
  }
  return { kind: "document", id: String(name), text };
}

export function missingField(name: string, known: readonly string[], at?: string): Damage {
  const help = known.length === 0 ? {} : { help: didYouMean(name, known) };
  return { kind: "damage", reason: "missing_field", ...(at === undefined ? {} : { at }), message: `there is no \`${name}\``, ...help };
}

const kindOf = (value: unknown): string => (value === null ? "null" : Array.isArray(value) ? "a list" : typeof value === "object" ? "an object" : `a ${typeof value}`);
