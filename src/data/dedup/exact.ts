/** @file Documents whose text occurred before: by xxHash64 of the text, as datatrove's exact deduplication. Memory: 16 to 32 bytes a document. */
import type { CorpusRule } from "../rules/rule.ts";
import { decisionsOf } from "./decisions.ts";
import { hashInto, SeenHashes } from "./hash64.ts";

export function exactDuplicates(): CorpusRule {
  return {
    record: (text) => {
      const record = new Uint8Array(8);
      hashInto(text, record, 0);
      return record;
    },
    decide: async (records) => {
      const seen = new SeenHashes();
      const sets = new Map<number, number[]>();
      for await (const { index, record } of records) {
        const view = new DataView(record.buffer, record.byteOffset, 8);
        const first = seen.add(view.getInt32(0, true), view.getInt32(4, true), index);
        if (first < 0) continue;
        const members = sets.get(first);
        if (members) members.push(index);
        else sets.set(first, [first, index]);
      }
      return decisionsOf([...sets].map(([kept, members]) => ({ kept, members })), "exact_duplicate");
    },
  };
}
