/**
 * @file Shards: files of documents, one JSON object a line, each with a file beside it of what was counted. That file is written last: where it is, the
 * shard is done.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { put, stored } from "./store.ts";
import { count, type Tally } from "./tally.ts";

export interface Document {
  readonly id: string;
  readonly text: string;
}

/** A shard has so many characters of JSON, or one document more. */
export const shardBytes = 4 * 2 ** 20;

export const shardPath = (folder: string, number: number): string => join(folder, `${String(number).padStart(5, "0")}.jsonl`);
export const tallyPath = (shard: string): string => shard.replace(/jsonl$/, "json");
/** What a pass did to the documents of a shard: a line for each that was dropped or edited. */
export const changesPath = (shard: string): string => shard.replace(/jsonl$/, "changes.jsonl");

export const tallyOf = <T extends Tally = Tally>(shard: string): Promise<T | undefined> => stored<T>(tallyPath(shard));

/** A pass's doing to a document that it got as number `index`: which steps edited it, with the text if a later one changed it again, and which dropped it. */
export interface Change {
  readonly index: number;
  readonly edits: readonly { readonly step: number; readonly text?: string }[];
  readonly dropped?: number;
}

/** What the lines of a file hold. */
export async function* linesOf<T>(path: string): AsyncGenerator<T> {
  const bytes = await readFile(path);
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(0x0a, start);
    yield JSON.parse(bytes.toString("utf8", start, end)) as T;
    start = end + 1;
  }
}
export const documentsOf = (shard: string): AsyncGenerator<Document> => linesOf<Document>(shard);

/** Lines kept as bytes, in pieces. */
export class Lines {
  readonly pieces: Uint8Array[] = [];
  /** Characters of all lines. */
  size = 0;
  private text: string[] = [];
  private length = 0;
  add(value: unknown): void {
    const line = `${JSON.stringify(value)}\n`;
    this.text.push(line);
    this.length += line.length;
    this.size += line.length;
    if (this.length > 2 ** 20) this.flush();
  }
  flush(): readonly Uint8Array[] {
    if (this.length > 0) this.pieces.push(Buffer.from(this.text.join("")));
    [this.text, this.length] = [[], 0];
    return this.pieces;
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

  add(document: Document, bytes: number): void {
    this.lines.add({ id: document.id, text: document.text });
    count(this.lengths, bytes);
    this.documents++;
    this.bytes += bytes;
  }

  async write<T extends object>(temporary: string, path: string, more: T): Promise<T & Pick<Tally, "documents" | "bytes" | "lengths">> {
    const tally = { documents: this.documents, bytes: this.bytes, lengths: this.lengths, ...more };
    await put(temporary, path, this.lines.flush());
    await put(temporary, tallyPath(path), JSON.stringify(tally));
    return tally;
  }
}
