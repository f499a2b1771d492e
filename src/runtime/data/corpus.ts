/**
 * @file A source of text as two token streams, training and validation. Files are cut into documents, documents are dealt to one of the streams by a hash of their
 * content (equal documents stay together) or each gives its last part to validation. Streams are held in memory.
 */
import { RuntimeFailure, messageOf } from "../util/failure.ts";
import { mix } from "../../abi/random.ts";
import type { Weight } from "./mixture.ts";
import type { TokenArray, Tokenizer } from "./tokenizer/tokenizer.ts";
import { tokenArray } from "./tokenizer/tokenizer.ts";

export interface TextFile {
  /** As shown in errors. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface SourceSpec {
  readonly name: string;
  /** Paths and glob patterns; `npm:package/path` names files inside an installed package. */
  readonly files: readonly string[];
  readonly weight: Weight;
  /** Text that ends each document in a file. Without it a file is one document. */
  readonly separator?: string;
  /** `jsonl`: a document a line, in the field `text`; the separator is put behind each. Otherwise files are text. */
  readonly format?: "jsonl";
  /** How often it may be passed over in a run. */
  readonly epochs?: number;
}

export interface Split {
  /** `document`: whole documents go to validation; `tail`: the end of each document does. */
  readonly by: "document" | "tail";
  /** Share of the documents or of each document, in [0, 1). */
  readonly validation: number;
}

export interface Corpus {
  readonly name: string;
  readonly train: TokenArray;
  readonly validation: TokenArray;
}

/** Reads the files one after the other, so that only one is held besides its tokens. */
export async function buildCorpus(
  source: SourceSpec,
  files: AsyncIterable<TextFile> | Iterable<TextFile>,
  tokenizer: Tokenizer,
  split: Split,
): Promise<Corpus> {
  const train: TokenArray[] = [];
  const validation: TokenArray[] = [];
  // A separator that is a special token becomes that one; any other is text.
  const ending = source.separator === undefined ? undefined : tokenizer.specials.get(source.separator);
  let count = 0;
  const names: string[] = [];
  for await (const file of files) {
    names.push(file.name);
    for (const { body, whole } of documentsOf(file, source)) {
      count++;
      const tokens =
        ending === undefined || body.length === whole.length
          ? tokenizer.encode(whole, file.name)
          : ended(tokenizer.encode(body, file.name), ending);
      const parts = dealt(tokens, whole, split);
      if (parts.train.length > 0) train.push(parts.train);
      if (parts.validation.length > 0) validation.push(parts.validation);
    }
  }
  const corpus = { name: source.name, train: joined(train, tokenizer), validation: joined(validation, tokenizer) };
  requireTokens(corpus, split, count, names);
  return corpus;
}

/** What of a document's tokens is for training and what for validation. `whole` is its text with the separator, whose content decides where whole documents go. */
export function dealt(
  tokens: TokenArray,
  whole: Uint8Array,
  { by, validation }: Split,
): { readonly train: TokenArray; readonly validation: TokenArray } {
  const cut =
    by === "tail"
      ? tokens.length - Math.round(tokens.length * validation)
      : contentHash(whole) < validation * 2 ** 32
        ? 0
        : tokens.length;
  return { train: tokens.subarray(0, cut), validation: tokens.subarray(cut) };
}

function requireTokens(corpus: Corpus, split: Split, documentCount: number, names: readonly string[]): void {
  const { name, train, validation } = corpus;
  const files = names.length > 3 ? `${names.slice(0, 3).join(", ")} and ${names.length - 3} more` : names.join(", ");
  if (train.length + validation.length === 0)
    throw new RuntimeFailure("data/empty", `source \`${name}\` is empty: ${files || "no files"}`);
  const empty =
    train.length === 0 ? "training" : validation.length === 0 && split.validation > 0 ? "validation" : undefined;
  if (empty === undefined) return;
  throw new RuntimeFailure(
    "data/empty",
    `source \`${name}\` has nothing for ${empty}: none of its ${documentCount} document${documentCount === 1 ? "" : "s"} (${files}) fell there`,
    "cut each document near its end with `split { by: position }`, or say where documents end with `separator: …` in the source",
  );
}

function ended(tokens: TokenArray, ending: number): TokenArray {
  const more = new (tokens.constructor as new (length: number) => TokenArray)(tokens.length + 1);
  more.set(tokens);
  more[tokens.length] = ending;
  return more;
}

/** A document with the separator that ends it, and without. */
export interface Document {
  readonly whole: Uint8Array;
  readonly body: Uint8Array;
}

/** The documents of a file. */
export function documentsOf(
  file: TextFile,
  { format, separator }: Pick<SourceSpec, "format" | "separator">,
): Generator<Document> {
  const ending = separator === undefined ? new Uint8Array() : new TextEncoder().encode(separator);
  return format === "jsonl" ? records(file, ending) : parts(file, ending);
}

/** The parts of a text that end with the separator; what follows the last one is a document too. */
function* parts({ bytes }: TextFile, separator: Uint8Array): Generator<Document> {
  let from = 0;
  if (separator.length > 0) {
    for (let at = find(bytes, separator, 0); at >= 0; at = find(bytes, separator, from)) {
      yield { whole: bytes.subarray(from, at + separator.length), body: bytes.subarray(from, at) };
      from = at + separator.length;
    }
  }
  if (from < bytes.length) yield { whole: bytes.subarray(from), body: bytes.subarray(from) };
}

const lineEnd = 10;

function* records({ name, bytes }: TextFile, separator: Uint8Array): Generator<Document> {
  const [encoder, decoder] = [new TextEncoder(), new TextDecoder()];
  let number = 0;
  for (let from = 0; from < bytes.length;) {
    const end = bytes.indexOf(lineEnd, from);
    const line = bytes.subarray(from, end < 0 ? bytes.length : end);
    from += line.length + 1;
    number++;
    if (line.length === 0) continue;
    const body = encoder.encode(textIn(decoder.decode(line), `${name}:${number}`));
    const whole = new Uint8Array(body.length + separator.length);
    whole.set(body);
    whole.set(separator, body.length);
    yield { whole, body: whole.subarray(0, body.length) };
  }
}

function textIn(line: string, place: string): string {
  let record: unknown;
  try {
    record = JSON.parse(line);
  } catch (error) {
    throw new RuntimeFailure("data/unreadable", `${place} is not JSON: ${messageOf(error)}`);
  }
  if (typeof record === "object" && record !== null && "text" in record && typeof record.text === "string")
    return record.text;
  throw new RuntimeFailure("data/unreadable", `${place} has no field \`text\``);
}

function find(bytes: Uint8Array, pattern: Uint8Array, from: number): number {
  const first = pattern[0] as number;
  for (
    let at = bytes.indexOf(first, from);
    at >= 0 && at + pattern.length <= bytes.length;
    at = bytes.indexOf(first, at + 1)
  ) {
    if (pattern.every((byte, i) => bytes[at + i] === byte)) return at;
  }
  return -1;
}

/** FNV-1a, mixed: 32 bits that depend on the content alone, so the split survives renaming and moving files. */
function contentHash(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
  return mix(hash >>> 0);
}

function joined(parts: readonly TokenArray[], tokenizer: Tokenizer): TokenArray {
  const all = tokenArray(
    tokenizer.vocabulary,
    parts.reduce((sum, part) => sum + part.length, 0),
  );
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
