/** @file The close look at a run: documents are followed through passes that drop, edit, cut and copy them, and the sample depends on nothing but the documents. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { curate } from "../../src/data/curate/curate.ts";
import { surveyOf } from "../../src/data/survey/survey.ts";
import { filesToRead, options, planOf, temporaryFolder } from "./curate-support.ts";

test("a survey follows documents through all passes, of several shards and with any number of workers", async () => {
  const folder = temporaryFolder();
  const filler = "These words are here to make the document long enough for several shards. ".repeat(60);
  // Every third weighs two, so that it is there twice; a line is in all, and every tenth has an address.
  const rows = Array.from({ length: 1500 }, (_, i) => ({
    key: `d${i}`,
    text: `Document ${i}: ${filler}\nThis line stands in every one of them.\nEnd ${i}${i % 10 === 0 ? " for ann@nowhere.org" : ""}`,
    weight: i % 3 === 0 ? 2 : 1,
    lang: i % 5 === 0 ? "de" : "en",
  }));
  const short = { key: "short", text: "too short", weight: 1, lang: "de" };
  writeFileSync(join(folder, "a.jsonl"), [...rows, short].map((row) => JSON.stringify(row)).join("\n"));
  const plan = planOf(filesToRead(["a.jsonl"], { id: "key" }), [
    { name: "signals", kind: "signals", bounds: [{ signal: "words", min: 5 }], words: "whitespace" },
    { name: "duplicate_lines", kind: "duplicate_lines", options: {} },
    { name: "resample", kind: "resample", options: { by: "weight" } },
    { name: "redact", kind: "redact", options: { kinds: ["email"] } },
  ]);
  const surveyBy = async (cache: string, workers: number): Promise<Awaited<ReturnType<typeof surveyOf>>> => {
    const settings = options(folder, { cache: join(folder, cache), workers });
    return surveyOf(await curate(plan, settings), settings);
  };
  const survey = await surveyBy("one", 1);
  expect(await surveyBy("two", 3)).toEqual(survey);

  expect(survey).toMatchObject({ documents: 1501, of: 1501 });
  expect(survey.steps.map(({ sources }) => [sources[0]?.in.documents, sources[0]?.out.documents])).toEqual([
    [1501, 1500],
    [1500, 1500],
    [1500, 2000],
    [2000, 2000],
  ]);
  const [signals, lines, , redact] = survey.steps;
  expect(signals?.dropped).toEqual([
    { source: "files", id: "short", text: "too short", reason: "words_below", detail: "2 < 5" },
  ]);
  expect(signals?.measures).toMatchObject([{ name: "words", min: 5 }]);
  for (const { pieces } of lines?.edited ?? []) {
    expect(
      pieces
        .filter(({ kind }) => kind === "removed")
        .map(({ text }) => text)
        .join(""),
    ).toContain("This line stands in every one of them.");
  }
  expect(redact?.edited).toHaveLength(2);
  for (const { pieces } of redact?.edited ?? []) {
    expect(pieces.filter(({ kind }) => kind === "removed")).toEqual([
      { kind: "removed", text: "[email of 15 characters]" },
    ]);
    expect(pieces.filter(({ kind }) => kind === "added")).toMatchObject([
      { text: expect.stringMatching(/@example\./) },
    ]);
  }
  // Only some documents are measured, and copies count.
  const [english, german] = survey.languages ?? [];
  expect([english?.language, german?.language]).toEqual(["en", "de"]);
  for (const row of survey.languages ?? []) expect(row.left[2]).toBeGreaterThan(row.left[1] ?? 0);
  expect(english?.left[3]).toBe(english?.left[2]);
});
