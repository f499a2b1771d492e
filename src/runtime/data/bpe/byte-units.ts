/** @file A text as UTF-8 bytes, for the search of added tokens. Only white space is asked for: tokens that stand between words are another tokenizer's. */
import type { Units } from "../tokenizer/added-tokens.ts";
import { classAt, space, width } from "./classes.ts";

export function byteUnits(bytes: Uint8Array): Units {
  return {
    at: bytes,
    spaceBefore: (at, start) => {
      for (let length = 1; length <= 3 && at - length >= start; length++) {
        if (classAt(bytes, at - length, at) === space && width === length) return length;
      }
      return 0;
    },
    spaceAfter: (at, end) => (at < end && classAt(bytes, at, end) === space ? width : 0),
    isWordBefore: () => false,
    isWordAfter: () => false,
  };
}
