/**
 * @file Near-duplicates by locality-sensitive hashing of MinHash signatures (Broder 1997; FineWeb's parameters): documents that agree
 * in all hashes of some bucket are joined, and one of each set stays. The sets are datatrove's; so is, with `keep: "datatrove"`, the one.
 *
 * Memory: 16 to 32 bytes a bucket and document; a few hundred a bucket in which documents agree.
 */
import { mix } from "../../runtime/random.ts";
import type { CorpusRule } from "../rules/rule.ts";
import { decisionsOf } from "./decisions.ts";
import { SeenHashes } from "./hash64.ts";
import { minHashDefaults, minHasher, type MinHashOptions } from "./minhash.ts";
import { createUnion } from "./union.ts";

export interface NearDuplicatesOptions extends MinHashOptions {
  /** Which document of a set stays: the first, or the one that datatrove's order of joining makes the root. */
  readonly keep: "first" | "datatrove";
}
export const nearDuplicatesDefaults: NearDuplicatesOptions = { ...minHashDefaults, keep: "first" };

/** Documents that agree in a bucket, and where the hashes are kept that they agree in: the order of joining is by them. */
interface Group {
  readonly at: number;
  readonly members: number[];
}

export function nearDuplicates(options: Partial<NearDuplicatesOptions> = {}): CorpusRule {
  const settings = { ...nearDuplicatesDefaults, ...options };
  const { buckets, hashesPerBucket, keep } = settings;
  const size = 8 * hashesPerBucket;
  return {
    record: minHasher(settings),
    decide: async (records) => {
      const seen = Array.from({ length: buckets }, () => new SeenHashes());
      const groups = seen.map(() => new Map<number, Group>());
      let hashes = new BigUint64Array(1024);
      let kept = 0;
      const keepHashes = (found: BigUint64Array): number => {
        if (kept + found.length > hashes.length) {
          const grown = new BigUint64Array(2 * hashes.length + found.length);
          grown.set(hashes);
          hashes = grown;
        }
        hashes.set(found, kept);
        kept += found.length;
        return kept - found.length;
      };
      for await (const { index, record } of records) {
        if (record.length === 0) continue;
        const copy = record.slice();
        const words = new Int32Array(copy.buffer);
        for (let b = 0; b < buckets; b++) {
          let [low, high] = [0, 0];
          for (let i = (b * size) / 4; i < ((b + 1) * size) / 4; i++) {
            const word = words[i] ?? 0;
            low = mix(low ^ word);
            high = mix((high + Math.imul(word, 0x9e3779b1)) | 0);
          }
          const first = seen[b]?.add(low | 0, high | 0, index) ?? -1;
          if (first < 0) continue;
          const group = groups[b]?.get(first);
          if (group) group.members.push(index);
          else groups[b]?.set(first, { at: keepHashes(new BigUint64Array(copy.buffer, b * size, hashesPerBucket)), members: [first, index] });
        }
      }
      const union = createUnion();
      for (const found of groups) {
        for (const { members } of [...found.values()].toSorted((x, y) => compare(hashes, x.at, y.at, hashesPerBucket))) {
          for (const [i, member] of members.slice(1).entries()) union.join(members[i] ?? 0, member);
        }
      }
      const sets = [...union.sets()].map(([root, members]) => ({ kept: keep === "datatrove" ? root : members[0] ?? root, members }));
      return decisionsOf(sets, "near_duplicate");
    },
  };
}

function compare(hashes: BigUint64Array, a: number, b: number, count: number): number {
  for (let i = 0; i < count; i++) {
    const [x, y] = [hashes[a + i] ?? 0n, hashes[b + i] ?? 0n];
    if (x !== y) return x < y ? -1 : 1;
  }
  return 0;
}
