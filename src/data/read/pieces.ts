/** @file A stream of bytes cut at a separator. */
import { Damaged } from "./item.ts";

export interface Piece {
  readonly bytes: Uint8Array;
  /** Where it begins in the file, and where the next one does. */
  readonly offset: number;
  readonly end: number;
}

/** The longest document: strings hold no more than half a gigabyte. */
export const longestDocument = 2 ** 28;

/** Pieces without the separators, as many at a time as a chunk completes. Nothing after the last separator is no piece; without a separator all is one. The chunks begin at a byte of the file. */
export async function* piecesOf(chunks: AsyncIterable<Uint8Array>, separatorText: string, byte: number): AsyncGenerator<readonly Piece[]> {
  const separator = Buffer.from(separatorText);
  let pending: Uint8Array[] = [];
  /** A separator may begin at the end of what came before. */
  let tail = Buffer.alloc(0);
  let [length, offset] = [0, byte];
  const overlap = separator.length - 1;
  for await (const chunk of chunks) {
    const probe = Buffer.concat([tail, chunk]);
    tail = overlap > 0 ? probe.subarray(-overlap) : tail;
    pending.push(chunk);
    length += chunk.length;
    if (separator.length > 0 && probe.includes(separator)) {
      const all = Buffer.concat(pending);
      const found: Piece[] = [];
      let start = 0;
      for (let end = all.indexOf(separator); end >= 0; end = all.indexOf(separator, start)) {
        const next = end + separator.length;
        found.push({ bytes: all.subarray(start, end), offset: offset + start, end: offset + next });
        start = next;
      }
      pending = [all.subarray(start)];
      tail = overlap > 0 ? all.subarray(start).subarray(-overlap) : tail;
      length -= start;
      offset += start;
      yield found;
    }
    if (length > longestDocument) {
      throw new Damaged({ reason: "too_long", at: `byte ${offset}`, message: "a document of more than 256 MiB", help: "say by `separator` where documents end" });
    }
  }
  if (length > 0) yield [{ bytes: Buffer.concat(pending), offset, end: offset + length }];
}

/** Without the mark that some programs begin files with. */
export const withoutMark = (bytes: Uint8Array): Uint8Array => (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes);
