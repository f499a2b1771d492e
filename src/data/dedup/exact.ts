/** @file Documents whose text occurred before: by xxHash64 of the text, as datatrove's exact deduplication. Memory: four bytes a document, and what comparing takes. */
import type { DuplicateDocumentsRule } from "../rules/rule.ts";
import { decisionsOf, noneKept } from "./decisions.ts";
import { createHasher } from "./hash64.ts";
import { hashShape } from "../rules/keys.ts";
import { eachRepeat } from "./repeats.ts";

export function exactDuplicates(): DuplicateDocumentsRule {
  const { hashInto } = createHasher();
  return {
    shape: hashShape,
    keys: (text) => {
      const key = new Uint8Array(8);
      hashInto(text, key, 0);
      return key;
    },
    decide: async (keys) => {
      const kept = noneKept(keys.count);
      await eachRepeat(keys, (index, first) => (kept[index] = kept[first] = first));
      return decisionsOf(kept, "exact_duplicate");
    },
  };
}
