/**
 * @file Lines or paragraphs that occurred before, in the same document or another, are cut; of each, the first stays (C4; Raffel et al.
 * 2020). They are compared without the white space around them and without capitals. Memory: a bit a unit, and what comparing takes.
 */
import { strip } from "../text/python.ts";
import type { DuplicateUnitsRule } from "../rules/rule.ts";
import { createHasher } from "./hash64.ts";
import { hashShape } from "../rules/keys.ts";

export interface UnitDuplicatesOptions {
  readonly unit: "line" | "paragraph";
  /** Shorter units (in UTF-16 units, without white space around) stay. */
  readonly minLength: number;
}
export const unitDuplicatesDefaults: UnitDuplicatesOptions = { unit: "line", minLength: 1 };

const separators = { line: /\n/g, paragraph: /(?:\r?\n[ \t]*){2,}/g } as const;

/** Where units end, each with what separates it from the next. */
function endsIn(text: string, unit: UnitDuplicatesOptions["unit"]): readonly number[] {
  const ends = Array.from(text.matchAll(separators[unit]), (match) => match.index + match[0].length);
  if (ends.at(-1) !== text.length) ends.push(text.length);
  return ends;
}

export function unitDuplicates(options: Partial<UnitDuplicatesOptions> = {}): DuplicateUnitsRule {
  const { unit, minLength } = { ...unitDuplicatesDefaults, ...options };
  const { hashInto } = createHasher();
  const keys = (text: string): Uint8Array => {
    const ends = endsIn(text, unit);
    const hashes = new Uint8Array(8 * ends.length);
    for (const [i, end] of ends.entries()) {
      const content = strip(text.slice(ends[i - 1] ?? 0, end)).toLowerCase();
      if (content.length >= Math.max(1, minLength)) hashInto(content, hashes, 8 * i);
    }
    return hashes;
  };
  return {
    shape: hashShape,
    rounds: [{ finds: "later", keys }],
    cut: (text, [occurred]) => {
      const ends = endsIn(text, unit);
      const ranges: [number, number][] = [];
      /** Whether anything stays but blank units. */
      let left = false;
      for (const [i, end] of ends.entries()) {
        const start = ends[i - 1] ?? 0;
        const last = ranges.at(-1);
        if (occurred?.() !== true) left ||= minLength > 1 || strip(text.slice(start, end)) !== "";
        else if (last?.[1] === start) last[1] = end;
        else ranges.push([start, end]);
      }
      if (ranges.length === 0) return undefined;
      return left
        ? { kind: "cut", reason: `duplicate_${unit}`, ranges }
        : { kind: "drop", reason: `all_${unit}s_duplicate` };
    },
  };
}
