/**
 * @file Lines or paragraphs that occurred before, in the same document or another, are cut; of each, the first stays (C4; Raffel et al.
 * 2020). They are compared without the white space around them and without capitals. Memory: 16 to 32 bytes a different unit.
 */
import { strip } from "../text/python.ts";
import type { CorpusRule } from "../rules/rule.ts";
import { hashInto, SeenHashes } from "./hash64.ts";

export interface UnitDuplicatesOptions {
  readonly unit: "line" | "paragraph";
  /** Shorter units (in UTF-16 units, without white space around) stay. */
  readonly minLength: number;
}
export const unitDuplicatesDefaults: UnitDuplicatesOptions = { unit: "line", minLength: 1 };

const separators = { line: /\n/g, paragraph: /(?:\r?\n[ \t]*){2,}/g } as const;
/** A unit in a record: hash (zero for one that is left alone), and where it ends, with what separates it from the next. */
const size = 12;

export function unitDuplicates(options: Partial<UnitDuplicatesOptions> = {}): CorpusRule {
  const { unit, minLength } = { ...unitDuplicatesDefaults, ...options };
  return {
    record: (text) => {
      const ends = [...text.matchAll(separators[unit])].map((match) => match.index + match[0].length);
      if (ends.at(-1) !== text.length) ends.push(text.length);
      const record = new Uint8Array(size * ends.length);
      const view = new DataView(record.buffer);
      for (const [i, end] of ends.entries()) {
        const content = strip(text.slice(ends[i - 1] ?? 0, end)).toLowerCase();
        if (content.length >= Math.max(1, minLength)) hashInto(content, record, size * i);
        view.setUint32(size * i + 8, end, true);
      }
      return record;
    },
    decide: async (records) => {
      const seen = new SeenHashes();
      const cuts = new Map<number, Uint32Array | "all">();
      for await (const { index, record } of records) {
        const view = new DataView(record.buffer, record.byteOffset, record.length);
        const ranges: number[] = [];
        let [start, left] = [0, 0];
        for (let at = 0; at < record.length; at += size) {
          const [low, high, end] = [view.getInt32(at, true), view.getInt32(at + 4, true), view.getUint32(at + 8, true)];
          const compared = low !== 0 || high !== 0;
          if (compared && seen.add(low, high, 0) >= 0) {
            if (ranges.at(-1) === start) ranges[ranges.length - 1] = end;
            else ranges.push(start, end);
          } else if (compared || minLength > 1) left++;
          start = end;
        }
        if (ranges.length > 0) cuts.set(index, left === 0 ? "all" : Uint32Array.from(ranges));
      }
      return {
        of: (index) => {
          const ranges = cuts.get(index);
          if (ranges === undefined) return undefined;
          if (ranges === "all") return { kind: "drop", reason: `all_${unit}s_duplicate` };
          return { kind: "cut", reason: `duplicate_${unit}`, ranges: pairs(ranges) };
        },
        clusters: [],
      };
    },
  };
}

/** A flat list of starts and ends as ranges. */
export const pairs = (flat: Uint32Array): readonly (readonly [number, number])[] =>
  Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i] ?? 0, flat[2 * i + 1] ?? 0] as const);
