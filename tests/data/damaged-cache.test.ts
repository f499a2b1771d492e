/** A cache in which bits flip: each is noticed, what it was part of is made again, and every result is as before. */
import { rmSync, unlinkSync, writeFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { curate } from "../../src/data/curate/curate.ts";
import { cacheToFlip } from "../support/flip-cache.ts";
import { filesToRead, options, planOf, temporaryFolder, contentsOf } from "./curate-support.ts";
import { madeUpText } from "../support/made-up-text.ts";

test("flipped bits of text, memos, tokenizers and libraries are noticed", async () => {
  const folder = temporaryFolder();
  vi.stubEnv("XDG_CACHE_HOME", join(folder, "cache"));
  const cache = await cacheToFlip(folder);
  for (let seed = 1; seed <= 20; seed++) expect(await cache.flip(seed)).toBeUndefined();
});

test("a shard that is damaged or gone while a later step needs it is made again, and this is said", async () => {
  const folder = temporaryFolder();
  writeFileSync(
    join(folder, "a.jsonl"),
    Array.from({ length: 60 }, (_, i) => JSON.stringify({ text: madeUpText(i) })).join("\n"),
  );
  const plan = planOf(filesToRead(["a.jsonl"]), [
    { name: "copies", kind: "exact_duplicates" },
    { name: "personal", kind: "redact", options: {} },
  ]);
  const said: string[] = [];
  const notice = (text: string): void => void said.push(text);
  const good = await curate(plan, options(folder, { notice }));
  const contents = contentsOf(good.folder);
  const stages = join(folder, "cache/stages");
  for (const damage of [
    (path: string) => writeFileSync(path, '{"id":"x","text":"another"}\n'),
    (path: string) => writeFileSync(path, ""),
    unlinkSync,
  ]) {
    for (const stage of readdirSync(stages)) {
      damage(join(stages, stage, "00000.jsonl"));
      // All that was made of it, so that it is read.
      for (const other of readdirSync(stages)) if (other !== stage) rmSync(join(stages, other), { recursive: true });
      rmSync(join(folder, "cache/curated"), { recursive: true });
      said.length = 0;
      const again = contentsOf((await curate(plan, options(folder, { notice }))).folder);
      expect(Object.keys(again).filter((name) => again[name] !== contents[name])).toEqual([]);
      expect(said).toEqual([expect.stringMatching(/00000\.jsonl was damaged; it is made again$/)]);
    }
  }
});
