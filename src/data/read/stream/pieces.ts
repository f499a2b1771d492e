/** @file A stream of bytes cut at separators. */
import { Damaged } from "./item.ts";

export interface StreamPiece {
  readonly bytes: Uint8Array;
  /** Where it begins in the file, and where the next one does. */
  readonly offset: number;
  readonly end: number;
  /** How many pieces came before it, empty ones among them. */
  readonly before: number;
}

/** The longest document: strings hold no more than half a gigabyte. */
export const longestDocument = 2 ** 28;

/**
 * Pieces without the separators, as many at a time as a chunk completes. Empty ones are left out: a file may be gigabytes of line ends. Nothing after the
 * last separator is no piece; without separators all is one. Where several separators could be, the one that begins first is. The chunks begin at a
 * byte of the file.
 */
export async function* piecesOf(
  chunks: AsyncIterable<Uint8Array>,
  separatorTexts: readonly string[],
  byte: number,
): AsyncGenerator<readonly StreamPiece[]> {
  const separators = separatorTexts.filter((text) => text !== "").map((text) => Buffer.from(text));
  let pending: Uint8Array[] = [];
  /** A separator may begin at the end of what came before. */
  let tail = Buffer.alloc(0);
  let [length, offset, before] = [0, byte, 0];
  const overlap = Math.max(0, ...separators.map((separator) => separator.length - 1));
  for await (const chunk of chunks) {
    const probe = Buffer.concat([tail, chunk]);
    tail = overlap > 0 ? probe.subarray(-overlap) : tail;
    pending.push(chunk);
    length += chunk.length;
    if (separators.some((separator) => probe.includes(separator))) {
      const all = Buffer.concat(pending);
      const found: StreamPiece[] = [];
      let start = 0;
      for (let [end, of] = firstOf(all, separators, 0); end >= 0; [end, of] = firstOf(all, separators, start)) {
        const next = end + of;
        if (end > start)
          found.push({ bytes: all.subarray(start, end), offset: offset + start, end: offset + next, before });
        before++;
        [start, before] = pastSeparators(all, separators, next, before);
      }
      pending = [all.subarray(start)];
      tail = overlap > 0 ? all.subarray(start).subarray(-overlap) : tail;
      length -= start;
      offset += start;
      yield found;
    }
    if (length > longestDocument) {
      throw new Damaged({
        reason: "too_long",
        at: `byte ${offset}`,
        message: "a document of more than 256 MiB",
        help: "say by `separator` where documents end",
      });
    }
  }
  if (length > 0) yield [{ bytes: Buffer.concat(pending), offset, end: offset + length, before }];
}

/** Where the next piece that is not empty begins, and how many are before it. */
function pastSeparators(
  bytes: Buffer,
  separators: readonly Buffer[],
  from: number,
  before: number,
): readonly [number, number] {
  let at = from;
  let count = before;
  for (let length = lengthAt(bytes, separators, at); length > 0; length = lengthAt(bytes, separators, at)) {
    at += length;
    count++;
  }
  return [at, count];
}

/** The length of the separator that stands at a place, or 0. */
function lengthAt(bytes: Buffer, separators: readonly Buffer[], at: number): number {
  for (const separator of separators) {
    let i = 0;
    while (i < separator.length && bytes[at + i] === separator[i]) i++;
    if (i === separator.length) return i;
  }
  return 0;
}

/** Where the first separator is, and how long it is. */
function firstOf(bytes: Buffer, separators: readonly Buffer[], from: number): readonly [number, number] {
  let first: readonly [number, number] = [-1, 0];
  for (const separator of separators) {
    // What comes after the first one found so far need not be looked at.
    const within = first[0] < 0 ? bytes : bytes.subarray(0, first[0] + separator.length - 1);
    const at = within.indexOf(separator, from);
    if (at >= 0) first = [at, separator.length];
  }
  return first;
}

/** Without the mark that some programs begin files with. */
export const withoutMark = (bytes: Uint8Array): Uint8Array =>
  bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
