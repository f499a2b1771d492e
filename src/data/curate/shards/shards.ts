/**
 * @file Shards: files of documents, one JSON object a line, each with a file beside it of what was counted. That file is written last: where it is, the
 * shard is done.
 */
import { join } from "node:path";
import { contentOf, put, stored } from "./store.ts";
import { count, type Tally } from "./tally.ts";

export interface Document {
  readonly id: string;
  readonly text: string;
  /** The other fields of its row as JSON: kept as text, so that no pass reads them and no digit of a number is lost. */
  readonly metadata?: string;
}

/** A shard has so many characters of JSON, or one document more. */
export const shardBytes = 4 * 2 ** 20;

export const shardPath = (folder: string, number: number): string =>
  join(folder, `${String(number).padStart(5, "0")}.jsonl`);
export const tallyPath = (shard: string): string => shard.replace(/jsonl$/, "json");
/** What a pass did to the documents of a shard: a line for each that was dropped or edited. */
export const changesPath = (shard: string): string => shard.replace(/jsonl$/, "changes.jsonl");

export const tallyOf = <T extends Tally = Tally>(shard: string): Promise<T | undefined> => stored<T>(tallyPath(shard));

/** A pass's doing to a document that it got as number `index`: which steps edited it, with the text if a later one changed it again, and which dropped it. */
export interface Change {
  readonly index: number;
  readonly edits: readonly { readonly step: number; readonly text?: string }[];
  readonly dropped?: Dropped;
  /** How many times the document is there after the pass, where that is not once. */
  readonly copies?: number;
}
export interface Dropped {
  readonly step: number;
  readonly reason: string;
  readonly detail?: string;
  /** The document that it repeats, by its number among all that went into the pass. */
  readonly of?: number;
}

/** The lines of a file, with their ends. */
async function* bytesOf(path: string): AsyncGenerator<Buffer> {
  const bytes = await contentOf(path);
  for (let start = 0, end: number; start < bytes.length; start = end) {
    end = bytes.indexOf(0x0a, start) + 1;
    yield bytes.subarray(start, end);
  }
}
/** What the lines of a file hold. */
export async function* linesOf<T>(path: string): AsyncGenerator<T> {
  for await (const line of bytesOf(path)) yield JSON.parse(line.toString()) as T;
}
/** With the line that holds it, so that what is not changed is not written anew. */
export interface StoredDocument extends Document {
  readonly line: Uint8Array;
}
export async function* documentsOf(shard: string): AsyncGenerator<StoredDocument> {
  for await (const line of bytesOf(shard)) yield { ...(JSON.parse(line.toString()) as Document), line };
}

const blockBytes = 2 ** 20;

/** Lines kept as bytes, in pieces. */
export class Lines {
  /** Characters of the lines that were added as values. */
  size = 0;
  private readonly pieces: Uint8Array[] = [];
  private block = Buffer.allocUnsafe(blockBytes);
  private end = 0;

  add(value: unknown): void {
    const line = `${JSON.stringify(value)}\n`;
    this.makeRoom(3 * line.length);
    this.end += this.block.write(line, this.end);
    this.size += line.length;
  }
  addLine(line: Uint8Array): void {
    this.makeRoom(line.length);
    this.block.set(line, this.end);
    this.end += line.length;
  }
  private makeRoom(bytes: number): void {
    if (this.end + bytes <= this.block.length) return;
    this.pieces.push(this.block.subarray(0, this.end));
    [this.block, this.end] = [Buffer.allocUnsafe(Math.max(blockBytes, bytes)), 0];
  }
  all(): readonly Uint8Array[] {
    return [...this.pieces, this.block.subarray(0, this.end)];
  }
}

/** The documents of a shard while they are collected. */
export class ShardWriter {
  private readonly lines = new Lines();
  private readonly lengths: number[] = [];
  documents = 0;
  bytes = 0;

  get full(): boolean {
    return this.lines.size >= shardBytes;
  }

  add({ id, text, metadata }: Document, bytes: number): void {
    this.lines.add({ id, text, metadata });
    this.count(bytes);
  }
  /** As it was stored. */
  keep({ line }: StoredDocument, bytes: number): void {
    this.lines.addLine(line);
    this.count(bytes);
  }
  private count(bytes: number): void {
    count(this.lengths, bytes);
    this.documents++;
    this.bytes += bytes;
  }

  async write<T extends object>(
    temporary: string,
    path: string,
    more: T,
  ): Promise<T & Pick<Tally, "documents" | "bytes" | "lengths">> {
    const tally = { documents: this.documents, bytes: this.bytes, lengths: this.lengths, ...more };
    await put(temporary, path, this.lines.all());
    await put(temporary, tallyPath(path), JSON.stringify(tally));
    return tally;
  }
}
