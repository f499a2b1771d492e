/**
 * @file Long substrings that occurred before are cut (Lee et al. 2022, ExactSubstr: a hundred bytes, found by a suffix array); the first
 * occurrence stays. All texts of a shard are in memory: about fifteen bytes a byte of text, so the default shard takes half a gigabyte.
 * Repetitions between shards are not seen; a larger shard sees more and takes more.
 */
import type { CorpusRule } from "../rules/rule.ts";
import { suffixArray } from "./suffix-array.ts";

export interface SubstringOptions {
  /** Bytes of UTF-8. */
  readonly minBytes: number;
  /** Bytes of text that are compared with each other. */
  readonly shard: number;
}
export const substringDefaults: SubstringOptions = { minBytes: 100, shard: 32 * 2 ** 20 };

/** Never in UTF-8, so no repetition reaches from one document into the next. */
const separator = 0xff;

export function repeatedSubstrings(options: Partial<SubstringOptions> = {}): CorpusRule {
  const { minBytes, shard } = { ...substringDefaults, ...options };
  const encoder = new TextEncoder();
  return {
    record: (text) => encoder.encode(text),
    decide: async (records) => {
      const cuts = new Map<number, Uint32Array>();
      let held: { readonly index: number; readonly record: Uint8Array }[] = [];
      let bytes = 0;
      const finish = (): void => {
        for (const [index, ranges] of repetitions(held, bytes, minBytes)) cuts.set(index, ranges);
        [held, bytes] = [[], 0];
      };
      for await (const { index, record } of records) {
        if (bytes > 0 && bytes + record.length + 1 > shard) finish();
        held.push({ index, record: record.slice() });
        bytes += record.length + 1;
      }
      finish();
      return {
        of: (index) => {
          const ranges = cuts.get(index);
          return ranges === undefined ? undefined : { kind: "cut", reason: "repeated_substring", ranges: pairs(ranges) };
        },
        clusters: [],
      };
    },
  };
}

function repetitions(documents: readonly { readonly index: number; readonly record: Uint8Array }[], bytes: number, length: number): readonly (readonly [number, Uint32Array])[] {
  const text = new Uint8Array(bytes).fill(separator);
  let end = 0;
  const starts = documents.map(({ record }) => {
    const start = end;
    text.set(record, start);
    end += record.length + 1;
    return start;
  });
  const again = repeatedStarts(text, length);
  return documents.flatMap(({ index, record }, i) => {
    const ranges = cutRanges(record, (at) => again[(starts[i] ?? 0) + at] === 1, length);
    return ranges.length === 0 ? [] : [[index, Uint32Array.from(ranges)] as const];
  });
}

/** For each place, whether the `length` bytes from there occur earlier, too. Suffixes with a prefix in common are neighbours. */
function repeatedStarts(text: Uint8Array, length: number): Uint8Array {
  const order = suffixArray(text);
  const again = new Uint8Array(text.length);
  const agree = (a: number, b: number): boolean => {
    for (let i = 0; i < length; i++) if (text[a + i] !== text[b + i] || text[a + i] === separator || a + i >= text.length) return false;
    return true;
  };
  for (let i = 0; i < order.length;) {
    let first = order[i] ?? 0;
    let next = i + 1;
    while (next < order.length && agree(order[next - 1] ?? 0, order[next] ?? 0)) first = Math.min(first, order[next++] ?? 0);
    for (let k = i; k < next; k++) if (next > i + 1 && order[k] !== first) again[order[k] ?? 0] = 1;
    i = next;
  }
  return again;
}

/** The union of the repeated stretches, as flat starts and ends in UTF-16 units, drawn in to whole characters. */
function cutRanges(record: Uint8Array, repeatedAt: (at: number) => boolean, length: number): readonly number[] {
  const ranges: number[] = [];
  let units = 0;
  let cutTo = -1;
  let open = -1;
  let lastStart = 0;
  for (let at = 0; at <= record.length; at++) {
    const byte = record[at];
    const starts = byte === undefined || (byte & 0xc0) !== 0x80;
    // Where a cut ends inside a character, that character stays.
    if (open >= 0 && cutTo <= at && !(at < record.length && repeatedAt(at))) {
      ranges.push(open, starts ? units : lastStart);
      open = -1;
    }
    if (byte === undefined) break;
    if (repeatedAt(at)) cutTo = at + length;
    if (starts) {
      if (open < 0 && cutTo > at) open = units;
      lastStart = units;
      units += byte >= 0xf0 ? 2 : 1;
    }
  }
  return ranges;
}

/** A flat list of starts and ends as ranges. */
const pairs = (flat: Uint32Array): readonly (readonly [number, number])[] =>
  Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i] ?? 0, flat[2 * i + 1] ?? 0] as const);
