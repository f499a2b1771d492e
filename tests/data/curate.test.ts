/** @file Curation: the same result however it came about, and only what is needed is done again. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { countTokens } from "../../src/data/curate/count-tokens.ts";
import { curate } from "../../src/data/curate/curate.ts";
import type { Manifest } from "../../src/data/curate/shards/manifest.ts";
import type { CurationPlan, Step } from "../../src/data/steps/plan.ts";
import { contentsOf, documentsIn, filesToRead, options, planOf, temporaryFolder } from "./curate-support.ts";
import { madeUpText } from "../support/made-up-text.ts";

const redact: Step = { name: "personal", kind: "redact", options: {} };
const quality: Step = { name: "words", kind: "gopher_quality", options: { words: "whitespace" } };
const steps: readonly Step[] = [
  { name: "copies", kind: "exact_duplicates" },
  quality,
  redact,
  { name: "likes", kind: "near_duplicates", options: {} },
  { name: "lines", kind: "duplicate_lines", options: {} },
  { name: "repeats", kind: "gopher_repetition", options: { words: "whitespace" } },
];

/** A corpus of several shards: documents of about 100 kB, some of which are repeated. */
function writeCorpus(folder: string, megabytes: number): CurationPlan {
  const lines: string[] = [];
  for (let i = 0; i < megabytes * 10; i++)
    lines.push(
      JSON.stringify({
        text: Array.from({ length: 120 }, (_, k) => madeUpText((i % 9 === 8 ? i - 8 : i) * 1000 + k)).join("\n"),
      }),
    );
  writeFileSync(join(folder, "a.jsonl"), `${lines.slice(0, lines.length / 2).join("\n")}\n`);
  writeFileSync(
    join(folder, "b.jsonl.gz"),
    gzipSync(`${lines.slice(lines.length / 2).join("\n")}\nbroken`, { level: 1 }),
  );
  return { ...planOf(filesToRead(["a.jsonl", "b.jsonl.gz"], { damaged: "skip" }), steps), name: "made-up" };
}

test("the number of workers changes nothing, to the byte, and no sum is left open", async () => {
  const folder = temporaryFolder();
  const plan = writeCorpus(folder, 40);
  const one = await curate(plan, options(folder, { workers: 1, cache: join(folder, "one") }));
  const three = await curate(plan, options(folder, { workers: 3, cache: join(folder, "three") }));
  expect(hashes(three.folder)).toEqual(hashes(one.folder));
  expect(Object.keys(hashes(one.folder)).length).toBeGreaterThan(2);
  sumsHold(one.manifest);
  expect(one.manifest.steps.map(({ name, dropped }) => [name, Object.keys(dropped)])).toEqual([
    ["copies", ["exact_duplicate"]],
    ["words", []],
    ["personal", []],
    ["likes", []],
    ["lines", []],
    ["repeats", []],
  ]);
  expect(one.manifest.sources[0]?.skipped["invalid_json"]?.count).toBe(1);
  const documents = documentsIn(one.files("files"));
  expect(documents.length).toBe(one.manifest.out.documents);
  expect(new Set(documents.map(({ id }) => id)).size).toBe(documents.length);
});

/** What goes into a step came out of the one before, and what is not kept is dropped for some reason. */
function sumsHold({ sources, steps: ran, out }: Manifest): void {
  let before = {
    documents: sources.reduce((sum, source) => sum + source.in.documents, 0),
    bytes: sources.reduce((sum, source) => sum + source.in.bytes, 0),
  };
  for (const step of ran) {
    expect(step.in).toEqual(before);
    expect(step.out.documents).toBe(
      step.in.documents - Object.values(step.dropped).reduce((sum, { count }) => sum + count, 0),
    );
    before = step.out;
  }
  expect(out).toEqual(before);
}

const hashes = (folder: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(contentsOf(folder)).map(([name, text]) => [name, createHash("sha256").update(text).digest("hex")]),
  );

test(
  "a run that is killed at any moment goes on where it was, and gives the same bytes",
  { timeout: 120_000 },
  async () => {
    const folder = temporaryFolder();
    const plan = writeCorpus(folder, 40);
    writeFileSync(join(folder, "plan.json"), JSON.stringify(plan));
    const whole = hashes((await curate(plan, options(folder, { cache: join(folder, "whole") }))).folder);
    const program = "node_modules/.curate-worker/curate-child.js";
    const cache = join(folder, "killed");
    let kills = 0;
    let said = "";
    const progress: string[] = [];
    // Later every time, so that kills fall into all stages.
    for (let wait = 250; !said.includes("result "); wait *= 1.25) {
      const child = spawn(process.execPath, [program, folder, cache], { stdio: ["ignore", "pipe", "inherit"] });
      said = "";
      child.stdout.on("data", (piece: Buffer) => (said += piece.toString()));
      const timer = setTimeout(() => child.kill("SIGKILL"), wait);
      const killed = await new Promise<boolean>(
        (resolve) => void child.once("close", (_, signal) => resolve(signal !== null)),
      );
      clearTimeout(timer);
      if (killed) kills++;
      else expect(said).toContain("result ");
      progress.push(...said.split("\n").filter((line) => line !== "" && !line.startsWith("result ")));
    }
    const [made = ""] = readdirSync(join(cache, "curated"));
    expect(kills).toBeGreaterThan(2);
    expect(hashes(join(cache, "curated", made))).toEqual(whole);
    expect(readdirSync(join(cache, "temporary"))).toEqual([]);
    // Work that was finished is not repeated: no more shards were done than there are.
    const shards = readdirSync(join(cache, "stages")).flatMap((stage) =>
      readdirSync(join(cache, "stages", stage)).filter((name) => /^\d+\.jsonl$/.test(name)),
    );
    const records = readdirSync(join(cache, "stages")).flatMap((stage) =>
      existsSync(join(cache, "stages", stage, "records")) ? readdirSync(join(cache, "stages", stage, "records")) : [],
    );
    expect(progress.length).toBeLessThanOrEqual(shards.length + records.length);
  },
);

test("nothing is done again when nothing changed; a changed step is done again from its pass on", async () => {
  const folder = temporaryFolder();
  const plan = writeCorpus(folder, 1);
  const work = async (of: CurationPlan): Promise<readonly string[]> => {
    const done: string[] = [];
    await curate(of, options(folder, { progress: ({ step, unit }) => unit === undefined && void done.push(step) }));
    return done;
  };
  const all = [
    "files",
    "copies: looking",
    "copies",
    "words, personal",
    "likes: looking",
    "likes",
    "lines: looking",
    "lines",
    "repeats",
  ];
  expect(await work(plan)).toEqual(all);
  expect(await work(plan)).toEqual([]);
  const changed = (kind: Step["kind"], step: Step): CurationPlan => ({
    ...plan,
    steps: plan.steps.map((one) => (one.kind === kind ? step : one)),
  });
  expect(
    await work(changed("near_duplicates", { name: "likes", kind: "near_duplicates", options: { ngram: 7 } })),
  ).toEqual(all.slice(4));
  expect(await work(changed("exact_duplicates", { name: "renamed", kind: "exact_duplicates" }))).toEqual([]);
  expect(await work({ ...plan, steps: plan.steps.slice(0, 4) })).toEqual([]);
  writeFileSync(join(folder, "a.jsonl"), readFileSync(join(folder, "a.jsonl"), "utf8") + line(77));
  expect(await work(plan)).toEqual(all);
});

test("two runs at once on one cache, and one that was stopped, leave the same result", async () => {
  const folder = temporaryFolder();
  const plan = writeCorpus(folder, 20);
  const stop = new AbortController();
  const stopped = curate(
    plan,
    options(folder, {
      signal: stop.signal,
      progress: ({ step }) => step.startsWith("words") && stop.abort(new Error("enough")),
    }),
  );
  await expect(stopped).rejects.toThrow("enough");
  const [one, two] = await Promise.all([curate(plan, options(folder)), curate(plan, options(folder))]);
  expect(two.manifest).toEqual(one.manifest);
  const alone = await curate(plan, options(folder, { cache: join(folder, "alone") }));
  expect(hashes(one.folder)).toEqual(hashes(alone.folder));
});

test("tokens are counted as if every document were encoded at every step", async () => {
  const folder = temporaryFolder();
  const inner = writeCorpus(folder, 3);
  const plan: CurationPlan = {
    name: "outer",
    sources: [{ name: "inner", kind: "curated", from: { ...inner, steps: [quality, redact] } }],
    steps: [
      { name: "lines", kind: "duplicate_lines", options: {} },
      { name: "c4", kind: "c4", options: {} },
      { name: "again", kind: "redact", options: { replacement: "tag" } },
    ],
  };
  const curated = await curate(plan, options(folder));
  const counted = await countTokens(curated, { kind: "bytes" }, options(folder));
  const amounts = [counted, counted.sources[0]?.from].flatMap((manifest) =>
    manifest === undefined
      ? []
      : [
          manifest.out,
          ...manifest.sources.flatMap((s) => [s.in, s.out]),
          ...manifest.steps.flatMap((s) => [s.in, s.out]),
        ],
  );
  expect(amounts.length).toBe(16);
  // A byte is a token, and only passes that change bytes change both.
  expect(amounts.map(({ tokens }) => tokens)).toEqual(amounts.map(({ bytes }) => bytes));
  expect(counted.steps.map((step) => step.in.bytes === step.out.bytes)).toContain(false);
  expect(counted.lengths.tokens).toEqual(counted.lengths.bytes);
});

const line = (i: number): string => `${JSON.stringify({ text: madeUpText(i) })}\n`;

test("documents are compared with those of all sources before, and stay with their source", async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "a.jsonl"), line(0) + line(1));
  writeFileSync(join(folder, "b.jsonl"), line(1) + line(2));
  const { files, manifest } = await curate(
    {
      name: "two",
      sources: [
        { name: "one", licence: "CC0", kind: "files", files: filesToRead(["a.jsonl"]) },
        { name: "other/one", kind: "files", files: filesToRead(["b.jsonl"]) },
      ],
      steps: [{ name: "copies", kind: "exact_duplicates" }],
    },
    options(folder),
  );
  expect(documentsIn(files("one"))).toEqual([
    { id: "a.jsonl#0", text: madeUpText(0) },
    { id: "a.jsonl#1", text: madeUpText(1) },
  ]);
  expect(documentsIn(files("other/one"))).toEqual([{ id: "b.jsonl#1", text: madeUpText(2) }]);
  expect(manifest.sources.map(({ name, licence, out }) => [name, licence, out.documents])).toEqual([
    ["one", "CC0", 2],
    ["other/one", undefined, 1],
  ]);
  expect(manifest.steps[0]?.dropped["exact_duplicate"]?.examples[0]).toMatchObject({
    id: "b.jsonl#0",
    detail: "a.jsonl#1",
  });
  expect(manifest.steps[0]?.clusters[0]).toMatchObject({
    size: 2,
    documents: [{ id: "a.jsonl#1" }, { id: "b.jsonl#0" }],
  });
});

test("a list from a file is as good as one in the source, and its content decides", async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "a.jsonl"), line(0) + line(1) + line(5));
  const file = filesToRead(["lists/bad.txt"], { format: "text", separator: "\n" });
  const run = (step: Step) => curate(planOf(filesToRead(["a.jsonl"]), [step]), options(folder));
  const listed: Step = { name: "bad", kind: "banned_phrases", options: { whole: true }, file };
  mkdirSync(join(folder, "lists"));
  writeFileSync(join(folder, "lists", "bad.txt"), "\ufeffno such phrase\r\n\n  Someone@mail.example.edu \r\nnor this");
  const { folder: first, manifest } = await run(listed);
  expect(manifest.steps[0]?.dropped["banned_phrase"]).toMatchObject({
    count: 2,
    examples: [{ detail: "someone@mail.example.edu" }, {}],
  });
  expect(
    (
      await run({
        name: "bad",
        kind: "banned_phrases",
        options: { whole: true, phrases: ["no such phrase", "Someone@mail.example.edu", "nor this"] },
      })
    ).folder,
  ).toBe(first);
  writeFileSync(join(folder, "lists", "bad.txt"), "no such phrase\n");
  expect((await run(listed)).manifest.out.documents).toBe(3);
  writeFileSync(join(folder, "lists", "bad.txt"), " \n\n");
  await expect(run(listed)).rejects.toMatchObject({
    code: "data/empty",
    message: "step `bad`: there is nothing in lists/bad.txt",
    help: "write one word or phrase a line",
  });
  await expect(run({ ...listed, file: { ...file, patterns: ["lists/bat.txt"] } })).rejects.toMatchObject({
    code: "data/missing",
    message: "there is no file lists/bat.txt",
    help: "did you mean `lists/bad.txt`?",
  });
});

const shout = (i: number): string =>
  `BUY NOW ${i} cheap offers click here win prizes today ${Math.imul(i, 7919)} free money offers`;

test("quality is trained on curated declarations and measured; evaluations are kept out", async () => {
  const folder = temporaryFolder();
  const write = (name: string, count: number, text: (i: number) => string): CurationPlan => {
    writeFileSync(
      join(folder, name),
      Array.from({ length: count }, (_, i) => `${JSON.stringify({ text: text(i) })}\n`).join(""),
    );
    return planOf(filesToRead([name]));
  };
  const good = write("good.jsonl", 60, madeUpText);
  const bad = write("bad.jsonl", 60, shout);
  const mixed = write("mixed.jsonl", 40, (i) => (i % 2 === 0 ? madeUpText(1000 + i) : shout(1000 + i)));
  const riddle = madeUpText(1004).split(" ").slice(20, 40).join(" ");
  write("eval.jsonl", 1, () => riddle);
  const { manifest, files } = await curate(
    {
      ...mixed,
      steps: [
        { name: "good", kind: "quality", good, bad, training: {}, keep: { kind: "above", threshold: 0.5 } },
        {
          name: "tests",
          kind: "decontaminate",
          against: [{ name: "riddles", files: filesToRead(["eval.jsonl"]) }],
          options: {},
        },
      ],
    },
    options(folder),
  );
  expect(manifest.steps[0]).toMatchObject({
    facts: { accuracy: 1, heldOutGood: 6, heldOutBad: 6, heldOutRight: 12 },
    dropped: { low_quality: { count: 20 } },
  });
  expect(manifest.steps[1]).toMatchObject({
    facts: { "riddles, looked for": 1 },
    dropped: {
      contaminated: { count: 1, examples: [{ detail: expect.stringContaining("with text 1 of riddles: “") }] },
    },
  });
  expect(documentsIn(files("files")).some(({ text }) => text.includes(riddle))).toBe(false);
});
