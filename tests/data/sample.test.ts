/** @file Random samples of a corpus, to try the steps on. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { curate } from "../../src/data/curate/curate.ts";
import type { CurationPlan, PlannedSource } from "../../src/data/steps/plan.ts";
import { documentsIn, filesToRead, options, temporaryFolder } from "./curate-support.ts";

const rows = (from: number, to: number, more = ""): string =>
  Array.from(
    { length: to - from },
    (_, i) => `${JSON.stringify({ id: `d${from + i}`, text: `text ${from + i}${more}` })}\n`,
  ).join("");
const source = (name: string, pattern: string): PlannedSource => ({
  name,
  kind: "files",
  files: filesToRead([pattern], { id: "id" }),
});

const plan = (sample?: number): CurationPlan => ({
  name: "corpus",
  sources: [
    source("few", "few.csv.gz"),
    { name: "web", kind: "curated", from: { name: "pages", sources: [source("all", "web-*.jsonl")], steps: [] } },
  ],
  steps: [{ name: "exact_duplicates", kind: "exact_duplicates" }],
  ...(sample === undefined ? {} : { sample }),
});

test("a sample is drawn from all sources and files by their documents, the same in every run, and is never taken for the whole", async () => {
  const folder = temporaryFolder();
  for (let file = 0; file < 4; file++)
    writeFileSync(join(folder, `web-${file}.jsonl`), rows(1000 * file, 1000 * file + 1000));
  writeFileSync(
    join(folder, "few.csv.gz"),
    gzipSync(`id,text\n${Array.from({ length: 40 }, (_, i) => `f${i},few ${i}`).join("\n")}\n`),
  );
  const run = async (
    sample?: number,
    more = {},
  ): Promise<{ hash: string; ids: readonly string[]; sample: unknown }> => {
    const { manifest, files } = await curate(plan(sample), options(folder, more));
    return {
      hash: manifest.hash,
      ids: ["few", "web"].flatMap((name) => documentsIn(files(name)).map(({ id }) => id)),
      sample: manifest.sample,
    };
  };
  const drawn = await run(400);
  expect(drawn.sample).toEqual({ asked: 400, of: 4040, estimated: false });
  // Ten at least of each source, and about a hundred of each thousand.
  expect(drawn.ids.filter((id) => id.startsWith("f"))).toHaveLength(10);
  for (let file = 0; file < 4; file++) {
    const count = drawn.ids.filter(
      (id) => id.startsWith("d") && Math.floor(Number(id.slice(1)) / 1000) === file,
    ).length;
    expect(count).toBeGreaterThan(70);
    expect(count).toBeLessThan(130);
  }
  expect(new Set(drawn.ids).size).toBe(drawn.ids.length);
  expect(await run(400, { cache: join(folder, "other"), workers: 1 })).toEqual(drawn);
  const whole = await run();
  expect([whole.ids.length, whole.sample]).toEqual([4040, undefined]);
  expect(whole.hash).not.toBe(drawn.hash);
  expect(await run(400)).toEqual(drawn);
  expect((await run(100_000)).ids).toEqual(whole.ids);
  // A file that changed is drawn from anew.
  writeFileSync(join(folder, "web-0.jsonl"), rows(5000, 6500));
  expect((await run(400)).sample).toMatchObject({ of: 4540 });
});

test("large JSON Lines are read at places alone, and how many documents they have is estimated", async () => {
  const folder = temporaryFolder();
  const padding = " and so on".repeat(80);
  writeFileSync(
    join(folder, "large.jsonl"),
    `${rows(0, 20_000, padding)}\n{"id": "broken\n${rows(20_000, 40_000, padding.slice(400))}`,
  );
  const plan = { name: "corpus", sources: [source("web", "large.jsonl")], steps: [], sample: 500 };
  const { manifest, files } = await curate(plan, options(folder));
  const { of = 0 } = manifest.sample ?? {};
  expect(manifest.sample).toMatchObject({ estimated: true });
  expect(Math.abs(of - 40_000)).toBeLessThan(6000);
  const numbers = documentsIn(files("web")).map(({ id, text }) => {
    expect(text.startsWith(`text ${id.slice(1)} and so on`)).toBe(true);
    return Number(id.slice(1));
  });
  expect(Math.abs(numbers.length - 500)).toBeLessThan(20);
  expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
  // Long lines are drawn as often as short ones.
  const first = numbers.filter((number) => number < 20_000).length;
  expect(Math.abs(first - 250)).toBeLessThan(50);
});
