/**
 * @file Near-duplicates by locality-sensitive hashing of MinHash signatures (Broder 1997; FineWeb's parameters): documents that agree
 * in all hashes of some bucket are joined, and one of each set stays. The sets are datatrove's; so is, with `keep: "datatrove"`, the one.
 *
 * Memory: twelve bytes a document, and what comparing takes.
 */
import type { DuplicateDocumentsRule } from "../rules/rule.ts";
import { decisionsOf, noneKept } from "./decisions.ts";
import { minHashDefaults, minHasher, type MinHashOptions } from "./minhash.ts";
import { eachRepeat } from "./repeats.ts";
import { createUnion } from "./union.ts";

export interface NearDuplicatesOptions extends MinHashOptions {
  /** Which document of a set stays: the first, or the one that datatrove's order of joining makes the root. */
  readonly keep: "first" | "datatrove";
}
export const nearDuplicatesDefaults: NearDuplicatesOptions = { ...minHashDefaults, keep: "first" };

/** Documents that agree in a bucket, and the hashes that they agree in. */
interface Group {
  readonly key: Uint32Array;
  readonly members: number[];
}

export function nearDuplicates(options: Partial<NearDuplicatesOptions> = {}): DuplicateDocumentsRule {
  const settings = { ...nearDuplicatesDefaults, ...options };
  const { buckets, hashesPerBucket, keep } = settings;
  const signature = minHasher(settings);
  return {
    // Each bucket's hashes are compared; datatrove joins in their order, and parts follow it.
    shape: { bytes: 8 * hashesPerBucket, lanes: buckets, parts: 4 * 30, partOf: magnitude },
    keys: (text) => {
      const hashes = signature(text);
      return hashes.length > 0 ? hashes : new Uint8Array(8 * hashesPerBucket * buckets);
    },
    decide: async (keys) => {
      const documents = keys.count / buckets;
      const union = createUnion(documents);
      /** Of a part, by the first document. */
      const groups = new Map<number, Group>();
      await eachRepeat(
        keys,
        (number, before, words, at) => {
          const [index, first] = [Math.floor(number / buckets), Math.floor(before / buckets)];
          const group = groups.get(first);
          if (group) group.members.push(index);
          else groups.set(first, { key: words.slice(at, at + 2 * hashesPerBucket), members: [index] });
        },
        () => {
          for (const [first, { members }] of [...groups].toSorted(([, x], [, y]) => compare(x.key, y.key))) {
            for (const member of members) union.join(first, member);
          }
          groups.clear();
        },
      );
      const kept = noneKept(documents);
      /** The first document of the set of each root. */
      const firsts = noneKept(documents);
      for (let index = 0; index < documents; index++) {
        const root = union.root(index);
        if (root < 0) continue;
        if ((firsts[root] ?? -1) < 0) firsts[root] = index;
        kept[index] = keep === "datatrove" ? root : (firsts[root] ?? root);
      }
      return decisionsOf(kept, "near_duplicate");
    },
  };
}

/** Four parts an octave of the first hash's high word: least hashes crowd where they are small, and are below 2^61. */
function magnitude(words: Uint32Array, at: number): number {
  const high = words[at + 1] ?? 0;
  const octave = 32 - Math.clz32(high);
  return 4 * octave + (octave < 3 ? 0 : (high >>> (octave - 3)) & 3);
}

/** Hashes are little-endian. */
function compare(a: Uint32Array, b: Uint32Array): number {
  for (let i = 0; i < a.length; i += 2) {
    const order = (a[i + 1] ?? 0) - (b[i + 1] ?? 0) || (a[i] ?? 0) - (b[i] ?? 0);
    if (order !== 0) return order;
  }
  return 0;
}
