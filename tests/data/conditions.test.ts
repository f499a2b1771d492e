/** @file Documents kept, dropped and drawn by their other fields, as files of several formats have them. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Condition } from "../../grammar/schema/condition.ts";
import { checkFields } from "../../grammar/schema/fields.ts";
import { parseFile } from "../../grammar/parse.ts";
import { schemas } from "../../grammar/schema.ts";
import type { Section } from "../../grammar/syntax/ast.ts";
import { countTokens } from "../../src/data/curate/count-tokens.ts";
import { curate, type Curated } from "../../src/data/curate/curate.ts";
import type { CurationPlan, FilesToRead, Step } from "../../src/data/steps/plan.ts";
import { dropWhere, keepWhere } from "../../src/data/rules/condition.ts";
import type { DocumentRule } from "../../src/data/rules/rule.ts";
import { documentsIn, duckdb, filesToRead, options, planOf, temporaryFolder } from "./curate-support.ts";

/** A condition as it is written. */
function where(text: string): Condition {
  const { file } = parseFile({
    path: "d.llm",
    text: `data D {\n  source a { files: "*" }\n  curate: [keep(${text})]\n}\n`,
  });
  const [step] = checkFields(file.declarations[0] as Section, schemas.data).value?.curate ?? [];
  if (step?.kind !== "keep") throw new Error(`${text} is no condition`);
  return step.options.where;
}
const keep = (text: string, missing?: "keep" | "drop"): Step => ({
  name: "keep",
  kind: "keep",
  options: { where: where(text), ...(missing && { missing }) },
});

const rows = [
  { language: "en", language_score: 0.9, int_score: 4, clean: true, meta: { stars: 12 } },
  { language: "en", language_score: 0.6, int_score: 4, clean: true, meta: { stars: 3 } },
  { language: "de", language_score: 0.9, int_score: 5, clean: true, meta: { stars: 40 } },
  { language: "en", language_score: 0.8, int_score: 2, clean: false, meta: { stars: 11 } },
  { language: "en", language_score: 0.7, clean: false, meta: {} },
  { language: "en", language_score: 0.8, int_score: 3, clean: true, meta: { stars: 11 } },
].map((row, i) => ({ id: `d${i}`, text: `text ${i}`, ...row }));

const lines = rows.map((row) => `${JSON.stringify(row)}\n`).join("");

/** The rows as files; tables have all values as text. */
async function written(folder: string, format: string): Promise<FilesToRead> {
  const name = join(folder, `rows.${format}`);
  switch (format) {
    case "jsonl":
      writeFileSync(name, lines);
      break;
    case "json":
      writeFileSync(name, JSON.stringify(rows, undefined, 2));
      break;
    case "csv": {
      const columns = ["id", "text", "language", "language_score", "int_score", "clean", "meta.stars"];
      const cells = rows.map(({ id, text, language, language_score: score, int_score: int, clean, meta }) =>
        [id, text, language, score, int ?? "", clean ? "True" : "False", "stars" in meta ? meta.stars : ""].join(","),
      );
      writeFileSync(name, `${[columns.join(","), ...cells].join("\n")}\n`);
      break;
    }
    default:
      writeFileSync(join(folder, "rows.jsonl"), lines);
      await duckdb(
        `COPY (SELECT * FROM read_json_auto('${join(folder, "rows.jsonl")}')) TO '${name}' (FORMAT parquet)`,
      );
  }
  return filesToRead([name], { id: "id" });
}

test.each(["jsonl", "json", "csv", "parquet"])(
  "documents of %s files are kept by text, numbers, yes and no, and fields in fields, and those without a field are counted",
  async (format) => {
    const folder = temporaryFolder();
    const condition = 'int_score >= 3 and language == "en" and language_score > 0.65 and clean and meta.stars > 10';
    const { manifest, files } = await curate(planOf(await written(folder, format), [keep(condition)]), options(folder));
    expect(documentsIn(files("files")).map(({ id }) => id)).toEqual(["d0", "d5"]);
    const dropped = Object.fromEntries(
      Object.entries(manifest.steps[0]?.dropped ?? {}).map(([reason, { examples }]) => [
        reason,
        examples.map(({ id }) => id),
      ]),
    );
    expect(dropped).toEqual({
      "int_score < 3": ["d3"],
      'language != "en"': ["d2"],
      "language_score <= 0.65": ["d1"],
      "clean != true": ["d4"],
    });
  },
);

const fields = JSON.stringify({
  score: "0.7",
  empty: "",
  word: "n/a",
  list: ["a", 3],
  none: null,
  when: "2024-05-01",
  "a-b": 1,
  on: "TRUE",
});

/** Whether a document stays, or why nothing can be said of it. */
function verdict(rule: DocumentRule): boolean | string {
  const given = rule("text", "id", fields);
  return given.kind === "keep"
    ? true
    : given.reason === "missing_field" || given.reason === "wrong_type"
      ? given.reason
      : false;
}

test.each([
  ["score >= 0.65", true],
  ["score >= 70%", true],
  ["0.65 > score", false],
  ['score == "0.7"', true],
  ["empty > 1", "missing_field"],
  ["none > 1", "missing_field"],
  ['gone == "x"', "missing_field"],
  ["word > 1", "wrong_type"],
  ['list == "a"', "wrong_type"],
  ['contains(list, "a") and contains(list, 3) and not contains(list, "b")', true],
  ['contains(when, "2024")', true],
  ['when >= "2024-01-01" and when < "2025-01-01"', true],
  ['field("a-b") == 1', true],
  ["on", true],
  ["not on", false],
  ["exists(score) and not exists(none)", true],
  ['one_of(when, ["x", "2024-05-01"])', true],
  ["one_of(score, [0.5, 0.7])", true],
  ["gone > 1 or on", true],
  ["gone > 1 and not on", false],
  ["not gone > 1", "missing_field"],
] as const)("%s is %s", (text, expected) => {
  expect(verdict(keepWhere({ where: where(text) }))).toBe(expected);
  expect(verdict(keepWhere({ where: where(text), missing: "keep" }))).toBe(expected !== false);
  // Of what the condition says nothing, `drop` keeps, unless told otherwise.
  expect(verdict(dropWhere({ where: where(text) }))).toBe(expected !== true);
});

test("a field that no document has, or that is always of another type, is an error that names what is there", async () => {
  const folder = temporaryFolder();
  const files = await written(folder, "jsonl");
  writeFileSync(join(folder, "plain.txt"), "a text");
  const failure = (step: Step, of = files): Promise<unknown> =>
    curate(planOf(of, [step]), options(folder)).catch((error: unknown) => error);
  expect(await failure(keep("int_scor >= 3", "keep"))).toMatchObject({
    code: "data/field",
    message: "step `keep`: no document has the field `int_scor`",
    help: expect.stringContaining("did you mean `int_score`?"),
  });
  expect(await failure(keep("stars > 3"))).toMatchObject({
    help: expect.stringContaining("did you mean `meta.stars`?"),
  });
  expect(await failure(keep("language > 3"))).toMatchObject({
    message: "step `keep`: `language` is compared with a number, and no document has one there",
  });
  expect(await failure(keep('id == "d0"'))).toMatchObject({
    message: expect.stringContaining("it is the id of a document"),
  });
  expect(await failure(keep("int_score >= 3"), filesToRead([join(folder, "plain.txt")]))).toMatchObject({
    message: expect.stringContaining("they have none besides their text"),
  });
  const both = {
    name: "corpus",
    sources: [
      { name: "web", kind: "files" as const, files },
      { name: "books", kind: "files" as const, files: filesToRead([join(folder, "plain.txt")]) },
    ],
  };
  await expect(curate({ ...both, steps: [keep("int_score >= 3")] }, options(folder))).rejects.toMatchObject({
    message: expect.stringContaining("no document of source `books` has the field `int_score`"),
  });
  const kept = await curate({ ...both, steps: [keep("int_score >= 3", "keep")] }, options(folder));
  expect(kept.manifest.sources.map(({ out }) => out.documents)).toEqual([5, 1]);
});

const drawn = (missing: "keep" | "drop"): CurationPlan =>
  planOf(filesToRead(["a.jsonl"], { id: "id" }), [
    { name: "redact", kind: "redact", options: { kinds: ["email"] } },
    { name: "resample", kind: "resample", options: { by: "w", times: 2, missing } },
    { name: "redact 2", kind: "redact", options: { kinds: ["phone"] } },
  ]);

test("documents are drawn as often as a field says, the same on any number of workers, and tokens count every copy", async () => {
  const folder = temporaryFolder();
  const weights = [0, 0.5, 1, 1.15, 100, -1, null, "1.5", "much"];
  const numbers = Array.from({ length: 9000 }, (_, i) => i);
  const written = numbers.map(
    (i) => `${JSON.stringify({ id: `d${i}`, text: `mail me@site${i}.org`, w: weights[i % 9] })}\n`,
  );
  writeFileSync(join(folder, "a.jsonl"), written.join(""));
  const run = (workers: number, missing: "keep" | "drop" = "keep"): Promise<Curated> =>
    curate(drawn(missing), options(folder, { workers, cache: join(folder, `cache${workers}`) }));
  const one = await run(1);
  const documents = documentsIn(one.files("files"));
  const copies = new Map<string, string[]>();
  for (const { id, text } of documents) copies.set(id, [...(copies.get(id) ?? []), text]);
  const mean = (weight: number): number =>
    numbers.reduce((sum, i) => sum + (i % 9 === weight ? (copies.get(`d${i}`)?.length ?? 0) : 0), 0) / 1000;
  expect([0, 1, 2, 4, 5, 6, 7, 8].map(mean)).toEqual([0, 1, 2, 4, 0, 1, 3, 1]);
  expect(mean(3)).toBeCloseTo(2.3, 1);
  // Copies are equal to the letter, so that all fall to one part of the split.
  expect([...copies.values()].every((texts) => new Set(texts).size === 1)).toBe(true);
  expect(one.manifest.steps[1]).toMatchObject({
    out: { documents: documents.length },
    dropped: { not_drawn: { count: 1000 }, negative_weight: { count: 1000 } },
    edits: { copies: documents.length - copies.size, "without a weight": 2000 },
  });
  expect(documentsIn((await run(2)).files("files"))).toEqual(documents);
  const { out, steps } = await countTokens(one, { kind: "bytes" }, options(folder, { cache: join(folder, "cache1") }));
  expect(out.tokens).toBe(out.bytes);
  expect(steps.map(({ in: into }) => into.tokens)).toEqual(steps.map(({ in: into }) => into.bytes));
  const { dropped } = (await run(2, "drop")).manifest.steps[1] ?? {};
  expect(dropped).toMatchObject({ missing_field: { count: 1000 }, wrong_type: { count: 1000 } });
});
