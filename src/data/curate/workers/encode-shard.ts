/** @file The tokens of a shard for another trainer: those of its documents for training, then those for validation, one file a shard. */
import { dealt, type Split } from "../../../runtime/data/corpus.ts";
import type { TokenArray, Tokenizer } from "../../../runtime/data/tokenizer/tokenizer.ts";
import { documentsOf } from "../shards/shards.ts";
import { put } from "../shards/store.ts";

/** How documents become tokens, and where each goes. Plain data, sent to a worker. */
export interface Encoding {
  readonly bytesPerToken: 2 | 4;
  readonly split: Split;
  /** What training puts behind a document of this source: it decides to which part of the split the document goes. */
  readonly separator: string;
  /** The token that tells documents apart, before or after each; without one the text of the separator does. */
  readonly mark?: { readonly id: number; readonly at: "start" | "end" };
}

/** Tokens of each part in a file of `encodeShard`, in this order. */
export interface PieceTally {
  readonly train: number;
  readonly validation: number;
}
export const piecePath = (tally: string): string => tally.replace(/json$/, "bin");

/** Writes the tokens, and their counts to `output` after them. */
export async function encodeShard(
  { temporary, input, output }: { readonly temporary: string; readonly input: string; readonly output: string },
  tokenizer: Tokenizer,
  encoding: Encoding,
): Promise<void> {
  const { split, separator, mark, bytesPerToken } = encoding;
  const encoder = new TextEncoder();
  const parts = { train: new TokenBytes(bytesPerToken), validation: new TokenBytes(bytesPerToken) };
  for await (const { id, text } of documentsOf(input)) {
    const whole = encoder.encode(text + separator);
    const tokens = tokenizer.encode(mark === undefined ? whole : encoder.encode(text), id);
    const { train, validation } = dealt(tokens, whole, split);
    parts.train.add(train, mark);
    parts.validation.add(validation, mark);
  }
  await put(temporary, piecePath(output), [parts.train.bytes, parts.validation.bytes]);
  await put(
    temporary,
    output,
    JSON.stringify({ train: parts.train.count, validation: parts.validation.count } satisfies PieceTally),
  );
}

/** Little-endian tokens of two or four bytes, as they are collected. */
class TokenBytes {
  private readonly width: 2 | 4;
  private buffer = Buffer.alloc(2 ** 16);
  count = 0;

  constructor(width: 2 | 4) {
    this.width = width;
  }
  add(tokens: TokenArray, mark: Encoding["mark"]): void {
    if (tokens.length === 0) return;
    this.makeRoom(tokens.length + 1);
    if (mark?.at === "start") this.put(mark.id);
    for (const token of tokens) this.put(token);
    if (mark?.at === "end") this.put(mark.id);
  }
  private put(token: number): void {
    const at = this.width * this.count++;
    if (this.width === 2) this.buffer.writeUInt16LE(token, at);
    else this.buffer.writeUInt32LE(token, at);
  }
  private makeRoom(tokens: number): void {
    const needed = this.width * (this.count + tokens);
    if (needed > this.buffer.length)
      this.buffer = Buffer.concat([this.bytes], Math.max(needed, 2 * this.buffer.length));
  }
  get bytes(): Buffer {
    return this.buffer.subarray(0, this.width * this.count);
  }
}
