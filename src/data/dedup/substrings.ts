/**
 * @file Long substrings that occurred before, in the same document or another, are cut; the first occurrence stays (Lee et al. 2022, ExactSubstr: a hundred
 * bytes). What is equal is found by hashes in two rounds: only windows whose anchors occur again are compared themselves.
 *
 * Memory: a bit an anchor (one in 26 bytes) and a bit a window with a shared one, and what comparing takes.
 */
import type { DuplicateUnitsRule, WasFound } from "../rules/rule.ts";
import { createHasher } from "./hash64.ts";
import { hashShape } from "../rules/keys.ts";
import { eachWindow } from "./windows.ts";

export interface SubstringOptions {
  /** Bytes of UTF-8. */
  readonly minBytes: number;
}
export const substringDefaults: SubstringOptions = { minBytes: 100 };

const none: WasFound = () => false;

export function repeatedSubstrings(options: Partial<SubstringOptions> = {}): DuplicateUnitsRule {
  const { minBytes } = { ...substringDefaults, ...options };
  const part = Math.max(1, minBytes >>> 1);
  const encoder = new TextEncoder();
  const hasher = createHasher();

  /** Windows whose anchors occur more than once. */
  const eachShared = (bytes: Uint8Array, shared: WasFound, visit: (start: number) => void): void => {
    let [last, again] = [-1, false];
    eachWindow(bytes, minBytes, part, (start, anchor) => {
      if (anchor !== last) [last, again] = [anchor, shared()];
      if (again) visit(start);
    });
  };
  return {
    shape: hashShape,
    rounds: [
      {
        finds: "all",
        keys: (text) =>
          hasher.hashesIn(encoder.encode(text), part, (bytes, add) => {
            let last = -1;
            eachWindow(bytes, minBytes, part, (_, anchor) => {
              if (anchor !== last) add((last = anchor));
            });
          }),
      },
      {
        finds: "later",
        keys: (text, [shared = none]) =>
          hasher.hashesIn(encoder.encode(text), minBytes, (bytes, add) => eachShared(bytes, shared, add)),
      },
    ],
    cut: (text, [shared = none, occurred = none]) => {
      const bytes = encoder.encode(text);
      const again = new Uint8Array(bytes.length);
      let any = false;
      eachShared(bytes, shared, (start) => {
        if (occurred()) any = (again[start] = 1) === 1;
      });
      const ranges = any ? cutRanges(bytes, again, minBytes) : [];
      return ranges.length === 0 ? undefined : { kind: "cut", reason: "repeated_substring", ranges };
    },
  };
}

/** The union of the repeated stretches, in UTF-16 units, drawn in to whole characters. `again` says where a window begins that occurred before. */
function cutRanges(bytes: Uint8Array, again: Uint8Array, length: number): readonly (readonly [number, number])[] {
  const ranges: [number, number][] = [];
  let units = 0;
  let cutTo = -1;
  let open = -1;
  let lastStart = 0;
  for (let at = 0; at <= bytes.length; at++) {
    const byte = bytes[at];
    const starts = byte === undefined || (byte & 0xc0) !== 0x80;
    // Where a cut ends inside a character, that character stays.
    if (open >= 0 && cutTo <= at && again[at] !== 1) {
      ranges.push([open, starts ? units : lastStart]);
      open = -1;
    }
    if (byte === undefined) break;
    if (again[at] === 1) cutTo = at + length;
    if (starts) {
      if (open < 0 && cutTo > at) open = units;
      lastStart = units;
      units += byte >= 0xf0 ? 2 : 1;
    }
  }
  return ranges;
}
