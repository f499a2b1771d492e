/** @file Where the texts of special tokens stand in bytes: from left to right, the longest at each place. */
import type { SpecialToken } from "./data.ts";

export interface FoundSpecial {
  readonly start: number;
  readonly end: number;
  readonly id: number;
}

export function findSpecials(specials: readonly SpecialToken[]): (bytes: Uint8Array) => Generator<FoundSpecial> {
  const encoder = new TextEncoder();
  const byFirst = new Map<number, { readonly bytes: Uint8Array; readonly id: number }[]>();
  for (const { text, id } of specials.toSorted((a, b) => b.text.length - a.text.length)) {
    const bytes = encoder.encode(text);
    const first = bytes[0];
    if (first !== undefined) byFirst.set(first, [...(byFirst.get(first) ?? []), { bytes, id }]);
  }
  return function* (bytes) {
    for (let at = 0; at < bytes.length; at++) {
      const found = byFirst.get(bytes[at] as number)?.find((special) => special.bytes.every((byte, i) => bytes[at + i] === byte));
      if (!found) continue;
      yield { start: at, end: at + found.bytes.length, id: found.id };
      at += found.bytes.length - 1;
    }
  };
}
