/** @file `llmc data --out --format`: files of other programs, read by those programs' own readers or by the rules of their sources. */
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import tokenizers from "tokenizers";
import { expect, test } from "vitest";
import { parquetBytes, type ParquetRow } from "../../src/data/write/parquet.ts";
import { ColumnTypes } from "../../src/data/write/columns.ts";
import { llmc, workspace, type Finished } from "./setup/run-llmc.ts";

interface Written {
  readonly id: string;
  readonly text: string;
  readonly metadata?: unknown;
}

interface Corpus {
  readonly cwd: string;
  readonly run: (...args: readonly string[]) => Promise<Finished>;
  readonly documents: () => Promise<readonly Written[]>;
}

/** Paragraphs of a book in two sources, and the documents that curation leaves of them. */
function corpus(tokenizer: string, split = "split { val: 20% }"): Corpus {
  const cwd = workspace();
  const run = (...args: readonly string[]): Promise<Finished> =>
    llmc(args, { cwd, env: { XDG_CACHE_HOME: join(cwd, "cache") } });
  const paragraphs = readFileSync(join(cwd, "emma.txt"), "utf8")
    .split(/\n\n+/)
    .filter((text) => text.trim() !== "");
  writeFileSync(
    join(cwd, "pages.jsonl"),
    paragraphs
      .slice(0, 14)
      .map(
        (text, i) =>
          `${JSON.stringify({ text, n: i, score: i / 8, tags: ["a", i], odd: i % 2 === 0 ? "x" : 7, none: null })}\n`,
      )
      .join(""),
  );
  mkdirSync(join(cwd, "books"));
  writeFileSync(join(cwd, "books/emma.txt"), paragraphs.slice(14).join("\n\n\n"));
  writeFileSync(
    join(cwd, "web.llm"),
    `data Web {\n  tokenizer: ${tokenizer}\n  source pages { files: "pages.jsonl" }\n  source books { files: "books/*.txt", separator: "\\n\\n\\n" }\n  curate: [exact_duplicates]\n  ${split}\n}\n`,
  );
  const documents = async (): Promise<readonly Written[]> => {
    expect(await run("data", "web.llm", "--out", "lines")).toMatchObject({ code: 0 });
    return ["pages", "books"].flatMap((source) =>
      readFileSync(join(cwd, `lines/${source}-00000.jsonl`), "utf8")
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as Written),
    );
  };
  return { cwd, run, documents };
}

async function rowsOf(sql: string): Promise<readonly unknown[]> {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  try {
    return (await connection.runAndReadAll(sql)).getRowObjectsJson();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

test("Parquet has a typed column for each field of the rows; DuckDB and llmc itself read the same documents", async () => {
  const { cwd, run, documents } = corpus("bytes");
  const left = await documents();
  expect(await run("data", "web.llm", "--out", "out", "--format", "parquet")).toMatchObject({
    code: 0,
    stderr: expect.stringContaining("wrote out: 4 files, "),
  });
  expect(readdirSync(join(cwd, "out")).toSorted()).toEqual([
    "books-00000.parquet",
    "dropped.jsonl",
    "llmc.json",
    "manifest.json",
    "pages-00000.parquet",
  ]);
  // Brackets in the folder's name are no pattern.
  const files = `'${join(cwd, "out").replaceAll("[", "[[]")}/*.parquet'`;
  expect(
    await rowsOf(
      `SELECT id, text FROM ${files.replace("/*", "/pages-*")} UNION ALL SELECT id, text FROM ${files.replace("/*", "/books-*")}`,
    ),
  ).toEqual(left.map(({ id, text }) => ({ id, text })));
  expect(await rowsOf(`SELECT DISTINCT typeof(metadata) AS type FROM ${files}`)).toEqual([
    { type: 'STRUCT(n BIGINT, score DOUBLE, tags VARCHAR, odd VARCHAR, "none" VARCHAR)' },
  ]);
  expect(
    await rowsOf(
      `SELECT source, count(*) AS n, sum(metadata.score) AS score, max(metadata.tags) AS tags, max(metadata.odd) AS odd FROM ${files} GROUP BY source ORDER BY source`,
    ),
  ).toEqual([
    { source: "books", n: "8", score: null, tags: null, odd: null },
    { source: "pages", n: "14", score: 11.375, tags: '["a",9]', odd: "7" },
  ]);

  writeFileSync(
    join(cwd, "again.llm"),
    'data Again { tokenizer: bytes  source all { files: "out/*.parquet", id: "id" } }\n',
  );
  expect((await run("data", "again.llm", "--out", "again")).code).toBe(0);
  const again = readFileSync(join(cwd, "again/all-00000.jsonl"), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Written);
  // The books come first by name.
  expect(again.map(({ id, text }) => ({ id, text }))).toEqual(
    [...left.slice(14), ...left.slice(0, 14)].map(({ id, text }) => ({ id, text })),
  );
  expect(again[8 + 3]?.metadata).toEqual({
    source: "pages",
    metadata: { n: 3, score: 0.375, tags: '["a",3]', odd: "7" },
  });
});

test("no digit of a field is lost in Parquet, whatever it is called, and a file is written group by group", async () => {
  const cwd = workspace();
  const metadata = [
    '{"big":12345678901234567,"huge":98765432109876543210,"constructor":"c","__proto__":1.5,"deep":{"n":12345678901234567890}}',
    '{"big":-1,"yes":true,"__proto__":2}',
    undefined,
  ];
  const types = new ColumnTypes();
  for (const fields of metadata) if (fields !== undefined) types.add(fields);
  async function* batches(): AsyncGenerator<readonly ParquetRow[]> {
    for (const batch of ["a", "b"])
      yield metadata.map((fields, i): ParquetRow => ({
        id: `${batch}${i}`,
        text: "Grüße\u0000 \u{1f600}\n".repeat(100_000),
        source: "s",
        ...(fields === undefined ? {} : { metadata: fields }),
      }));
  }
  const pieces: Uint8Array[] = [];
  for await (const piece of parquetBytes(batches(), types.columns)) pieces.push(piece);
  expect(pieces).toHaveLength(3);
  const path = join(cwd, "a.parquet");
  writeFileSync(path, Buffer.concat(pieces));
  const metadataRow = {
    big: "12345678901234567",
    huge: "98765432109876543210",
    constructor: "c",
    deep: '{"n":12345678901234567890}',
    yes: null,
  };
  expect(
    await rowsOf(
      `SELECT id, length(text) AS n, text = repeat('Grüße' || chr(0) || ' ' || chr(128512) || chr(10), 100000) AS same, metadata FROM '${path}' WHERE id LIKE '%0'`,
    ),
  ).toEqual(["a0", "b0"].map((id) => ({ id, n: "900000", same: true, metadata: metadataRow })));
  expect(await rowsOf(`SELECT metadata['__proto__'] AS p, metadata IS NULL AS none FROM '${path}' LIMIT 3`)).toEqual([
    { p: 1.5, none: false },
    { p: 2, none: false },
    { p: null, none: true },
  ]);
  // Names that differ in nothing but capitals, which databases do not tell apart.
  const alike = new ColumnTypes();
  alike.add('{"url":"a","URL":"b"}');
  expect(alike.columns).toEqual({ kind: "json" });
});

/** The texts between tokens of the end of text, as Hugging Face's library decodes them. */
function textsOf(tokens: ReadonlyArray<number>, end: number, decode: (ids: number[]) => string): readonly string[] {
  const texts: number[][] = [[]];
  for (const token of tokens) {
    if (token === end) texts.push([]);
    else texts.at(-1)?.push(token);
  }
  return texts.filter((ids) => ids.length > 0).map(decode);
}

test("nanoGPT's and llm.c's files have every document once, in the part that training has it in, and come with the tokenizer", async () => {
  const { cwd, run, documents } = corpus('bpe(vocab: 280, specials: ["<|endoftext|>"])');
  const left = (await documents()).map(({ text }) => text);
  const said = await run("data", "web.llm", "--out", "nano", "--format", "nanogpt");
  expect(said).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/tokens for training, [\d,]+ for validation\nwrote nano: 6 files/),
  });
  expect(readdirSync(join(cwd, "nano")).toSorted()).toEqual([
    "dropped.jsonl",
    "llmc.json",
    "manifest.json",
    "meta.pkl",
    "tokenizer.json",
    "train.bin",
    "val.bin",
  ]);
  const tokenizer = tokenizers.Tokenizer.fromFile(join(cwd, "nano/tokenizer.json"));
  const end = tokenizer.tokenToId("<|endoftext|>") as number;
  const decoded = await Promise.all(
    ["train", "val"].map(async (part) => {
      const { buffer, byteOffset, byteLength } = readFileSync(join(cwd, `nano/${part}.bin`));
      const tokens = [...new Uint16Array(buffer.slice(byteOffset, byteOffset + byteLength))];
      expect(tokens.at(-1)).toBe(end);
      const texts: string[] = [];
      const parts: number[][] = [];
      textsOf(tokens, end, (ids) => String(parts.push(ids)));
      for (const ids of parts) texts.push(await tokenizer.decode(ids, false));
      return texts;
    }),
  );
  const [train = [], validation = []] = decoded;
  expect(validation.length).toBeGreaterThan(0);
  expect(left.filter((text) => !validation.includes(text))).toEqual(train);
  expect(left.filter((text) => validation.includes(text))).toEqual(validation);

  expect((await run("data", "web.llm", "--out", "c", "--format", "llm.c")).code).toBe(0);
  for (const part of ["train", "val"]) {
    const file = readFileSync(join(cwd, `c/${part}_000000.bin`));
    const tokens = readFileSync(join(cwd, `nano/${part}.bin`));
    const head = Array.from({ length: 256 }, (_, i) => file.readInt32LE(4 * i));
    expect(head).toEqual([20240520, 1, tokens.length / 2, ...Array.from({ length: 253 }, () => 0)]);
    // The same tokens, with the end of text before each document: `fineweb.py` begins with it.
    expect(file.readUInt16LE(1024)).toBe(end);
    expect(Buffer.concat([file.subarray(1026), file.subarray(1024, 1026)])).toEqual(tokens);
  }
});

test("tokens beyond 16 bits go to llm.c's wider form, and nanoGPT's is refused before anything is read", async () => {
  const { cwd, run, documents } = corpus("Wide", "split { val: 20%, by: position }");
  const words = new Set(["[UNK]", ...(readFileSync(join(cwd, "emma.txt"), "utf8").match(/\w+|[^\w\s]+/g) ?? [])]);
  const fill = Array.from({ length: 70_000 }, (_, i) => `filler${i}`);
  const vocab = Object.fromEntries([...fill, ...words].map((word, id) => [word, id]));
  writeFileSync(
    join(cwd, "wide.json"),
    JSON.stringify({
      version: "1.0",
      truncation: null,
      padding: null,
      added_tokens: [],
      normalizer: null,
      pre_tokenizer: { type: "Whitespace" },
      post_processor: null,
      decoder: null,
      model: { type: "WordLevel", vocab, unk_token: "[UNK]" },
    }),
  );
  writeFileSync(
    join(cwd, "web.llm"),
    `tokenizer Wide { file: "wide.json" }\n${readFileSync(join(cwd, "web.llm"), "utf8")}`,
  );
  expect(await run("data", "web.llm", "--out", "nano", "--format", "nanogpt")).toMatchObject({
    code: 2,
    stdout: "",
    stderr: expect.stringMatching(
      /^error\[usage\]: the tokenizer of `Web` has 7\d,\d+ tokens, and nanoGPT reads tokens of 16 bits, 65,536 at most\n {2}help: `--format llm\.c`/,
    ),
  });
  expect(readdirSync(cwd)).not.toContain("nano");

  expect(await run("data", "web.llm", "--out", "c", "--format", "llm.c")).toMatchObject({
    code: 0,
    stderr: expect.stringContaining("has no token that ends a text"),
  });
  const [train, validation] = ["train", "val"].map((part) => {
    const file = readFileSync(join(cwd, `c/${part}_000000.bin`));
    expect([0, 1, 2].map((i) => file.readInt32LE(4 * i))).toEqual([20240801, 7, (file.length - 1024) / 4]);
    return Array.from({ length: (file.length - 1024) / 4 }, (_, i) => file.readUInt32LE(1024 + 4 * i));
  });
  const known = [...fill, ...words];
  const first = (await documents())[0]?.text.match(/\w+|[^\w\s]+/g) ?? [];
  const kept = first.length - Math.round(first.length * 0.2);
  expect(train?.slice(0, kept).map((id) => known[id])).toEqual(first.slice(0, kept));
  expect(validation?.slice(0, first.length - kept).map((id) => known[id])).toEqual(first.slice(kept));
});

test("nanoGPT gets its table of the tokens, and mistakes are told before anything is curated", async () => {
  const { cwd, run } = corpus("characters");
  expect((await run("data", "web.llm", "--out", "nano", "--format", "nanogpt")).code).toBe(0);
  // Read by Python's pickle when this was written: {"vocab_size": …, "itos": {0: "\n", …}, "stoi": {"\n": 0, …}}.
  const meta = readFileSync(join(cwd, "nano/meta.pkl")).toString("latin1");
  for (const part of [
    "\u0080\u0002}(X\n\0\0\0vocab_sizeJ",
    "X\u0004\0\0\0itos}(J\0\0\0\0X\u0001\0\0\0\nJ\u0001\0\0\0X\u0001\0\0\0 J",
    "uX\u0004\0\0\0stoi}(X\u0001\0\0\0\nJ\0\0\0\0X\u0001\0\0\0 J\u0001\0\0\0X",
  ])
    expect(meta).toContain(part);
  expect(meta.endsWith("uu.")).toBe(true);

  const mistakes: readonly (readonly [readonly string[], string])[] = [
    [
      ["--out", "x", "--format", "nanogtp"],
      "error[usage]: `nanogtp` is not a format of `--format`; did you mean `nanogpt`?\n  help: the formats are jsonl, parquet, nanogpt, llm.c\n",
    ],
    [["--format", "parquet"], "`--format` says how documents are written, and `--out DIR` where: give both\n"],
  ];
  for (const [args, stderr] of mistakes)
    expect(await run("data", "absent.llm", ...args)).toMatchObject({ code: 2, stdout: "", stderr });
  writeFileSync(join(cwd, "web.llm"), readFileSync(join(cwd, "web.llm"), "utf8").replace("val: 20%", "val: 0%"));
  expect(await run("data", "web.llm", "--out", "x", "--format", "nanogpt")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("`Web` keeps nothing for validation"),
  });
  expect(readdirSync(cwd)).not.toContain("x");
});
