/** @file Reading: the same documents from every format, and what is said of files that are damaged. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { curate } from "../../src/data/curate/curate.ts";
import type { FilesToRead } from "../../src/data/steps/plan.ts";
import type { Item, Mark } from "../../src/data/read/stream/item.ts";
import { readFile } from "../../src/data/read/read.ts";
import { renderFailure, type RuntimeFailure } from "../../src/runtime/util/failure.ts";
import { documentsIn, duckdb, filesToRead, options, planOf, temporaryFolder } from "./curate-support.ts";

/** What is hard for some format: quotes, commas, tabs, line ends, characters of two to four bytes. */
const texts = [
  "plain",
  'a "quoted", one',
  "two\nlines\tand a tab",
  "naïve 日本 🦜",
  "x".repeat(300_000),
  ...Array.from({ length: 5000 }, (_, i) => `document ${i}`),
];

/** Compressed with DuckDB, which takes text by the line. */
async function zstd(from: string, to: string): Promise<void> {
  const csv = "delim = '\\x01', quote = '', escape = '', header = false";
  await duckdb(
    `COPY (SELECT * FROM read_csv('${from}', columns = {'line': 'VARCHAR'}, ${csv.replaceAll("\\x01", "\u0001")}, auto_detect = false, max_line_size = 10000000, parallel = false)) TO '${to}' (FORMAT csv, DELIMITER '\u0001', QUOTE '', ESCAPE '', HEADER false, COMPRESSION zstd)`,
  );
}

const quoted = (text: string, separator: string): string =>
  /["\n]/.test(text) || text.includes(separator) ? `"${text.replaceAll('"', '""')}"` : text;

test("reading goes on after any document as if those before had been read", async () => {
  const folder = temporaryFolder();
  const lines = `\ufeff${texts
    .slice(0, 40)
    .map((text) => `${JSON.stringify({ text })}\n\n`)
    .join("")}broken\n`;
  const written: Readonly<Record<string, string | Uint8Array>> = {
    "a.txt": texts.slice(0, 40).join("\n<end>\n"),
    "b.jsonl": lines,
    "c.jsonl.gz": gzipSync(lines),
  };
  for (const [name, content] of Object.entries(written)) {
    writeFileSync(join(folder, name), content);
    const read = async (from?: Mark): Promise<readonly Item[]> => {
      const items: Item[] = [];
      for await (const some of readFile(
        { path: join(folder, name), name },
        { format: "auto", field: "text", separator: "<end>" },
        from,
      ))
        items.push(...some);
      return items;
    };
    const all = await read();
    expect(all.length).toBeGreaterThanOrEqual(40);
    for (const [i, { end }] of all.entries()) expect(await read(end)).toEqual(all.slice(i + 1));
  }
});

test("the same documents come out of every format and every compression", { timeout: 120_000 }, async () => {
  const folder = temporaryFolder();
  const plain: Readonly<Record<string, string>> = {
    "a.txt": texts.join("\n<end>\n"),
    "a.jsonl": texts.map((text, i) => `${JSON.stringify({ number: i, text })}\n`).join(""),
    "a.csv": `number,text\n${texts.map((text, i) => `${i},${quoted(text, ",")}\n`).join("")}`,
    "a.tsv": `\ufeffnumber\ttext\r\n${texts.map((text, i) => `${i}\t${quoted(text, "\t")}\r\n`).join("")}`,
  };
  const made: string[] = [];
  for (const [name, content] of Object.entries(plain)) {
    const path = join(folder, name);
    writeFileSync(path, content);
    writeFileSync(`${path}.gz`, gzipSync(content));
    // Two members are one file.
    if (name === "a.jsonl")
      writeFileSync(`${path}.gz`, Buffer.concat([gzipSync(content.slice(0, 1000)), gzipSync(content.slice(1000))]));
    writeFileSync(join(folder, "lines"), content.replaceAll("\r", ""));
    await zstd(join(folder, "lines"), `${path}.zst`);
    made.push(name, `${name}.gz`, `${name}.zst`);
  }
  for (const codec of ["uncompressed", "gzip", "zstd"]) {
    made.push(`${codec}.parquet`);
    await duckdb(
      `COPY (SELECT * FROM read_json('${join(folder, "a.jsonl")}', columns = {'number': 'INTEGER', 'text': 'VARCHAR'}, format = 'newline_delimited', maximum_object_size = 10000000)) TO '${join(folder, `${codec}.parquet`)}' (FORMAT parquet, COMPRESSION ${codec}, ROW_GROUP_SIZE 2048)`,
    );
  }
  for (const name of made) {
    const { files, manifest } = await curate(planOf(filesToRead([name], { separator: "<end>" })), options(folder));
    const documents = documentsIn(files("files"));
    expect([name, documents.length]).toEqual([name, texts.length]);
    expect(
      documents.every(({ text }, i) => text === texts[i]),
      name,
    ).toBe(true);
    expect(documents[3]?.id).toBe(`${name}#3`);
    expect(manifest.out.bytes).toBe(texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0));
  }
  const named = await curate(planOf(filesToRead(["zstd.parquet"], { id: "number" })), options(folder));
  expect(documentsIn(named.files("files"))[17]?.id).toBe("17");
});

const rows = '{"text":"one"}\n{"text":"two"}\n{"text":"three"}\n';
const big = Array.from({ length: 40_000 }, (_, i) =>
  JSON.stringify({ text: `row ${i} ${Math.imul(i, 2654435761)}` }),
).join("\n");
interface Damaged {
  readonly what: string;
  readonly file: string;
  readonly content: Uint8Array | string;
  readonly reading?: Partial<FilesToRead>;
  readonly says: string;
  readonly reason: string;
  /** Documents that are left when it is skipped. */
  readonly left: number | ((documents: number) => boolean);
}
const cutOff = "or skip what is damaged: `damaged: skip`";
const damages: readonly Damaged[] = [
  {
    what: "a line that is no JSON",
    file: "a.jsonl",
    content: `${rows}{"text": \n${rows}`,
    reason: "invalid_json",
    left: 6,
    says: 'a.jsonl, line 4: this is no JSON: {"text":\n  help: skip what is damaged: `damaged: skip`',
  },
  {
    what: "a line that is a list",
    file: "a.jsonl",
    content: `${rows}[1]\n`,
    reason: "invalid_json",
    left: 3,
    says: "a.jsonl, line 4: this is no object with fields\n  help: skip what is damaged: `damaged: skip`",
  },
  {
    what: "a row without the field",
    file: "a.jsonl",
    content: `${rows}{"txt":"four","url":"x"}\n`,
    reason: "missing_field",
    left: 3,
    says: `a.jsonl, line 4: there is no \`text\`\n  help: did you mean \`txt\`? (known are \`txt\`, \`url\`); ${cutOff}`,
  },
  {
    what: "a field that is no text",
    file: "a.jsonl",
    content: `{"text":null}\n${rows}`,
    reason: "not_text",
    left: 3,
    says: "a.jsonl, line 1: `text` is null, not text\n  help: skip what is damaged: `damaged: skip`",
  },
  {
    what: "half a character",
    file: "a.jsonl",
    content: `${rows}{"text":"\\ud83d"}\n`,
    reason: "encoding",
    left: 3,
    says: "a.jsonl, line 4: `text` has half of a character (a surrogate alone)\n  help: skip what is damaged: `damaged: skip`",
  },
  {
    what: "a line that is no UTF-8",
    file: "a.jsonl",
    content: Buffer.from(`${rows}{"text":"caf\xe9"}\n`, "latin1"),
    reason: "encoding",
    left: 3,
    says: `a.jsonl, line 4: the byte 0xe9 is no UTF-8\n  help: convert the file to UTF-8; ${cutOff}`,
  },
  {
    what: "a text that is no UTF-8",
    file: "a.txt",
    content: Buffer.from("one--caf\xe9--three", "latin1"),
    reading: { separator: "--" },
    reason: "encoding",
    left: 2,
    says: `a.txt, byte 8: the byte 0xe9 is no UTF-8\n  help: convert the file to UTF-8; ${cutOff}`,
  },
  {
    what: "a binary file",
    file: "a.txt",
    content: "one--\u0000\u0001--three",
    reading: { separator: "--" },
    reason: "binary",
    left: 2,
    says: `a.txt, byte 5: a zero byte: this is no text\n  help: leave binary files out of the patterns; ${cutOff}`,
  },
  {
    what: "a row with a field too many",
    file: "a.csv",
    content: "n,text\n1,one\n2,two,and\n3,three\n",
    reason: "invalid_row",
    left: 2,
    says: `a.csv, line 3: the row has more or fewer fields than the first line\n  help: put quotes around fields that hold the separator, quotes or line ends, and double the quotes in them; say by \`quoting\` and \`delimiter\` if the file has others; ${cutOff}`,
  },
  {
    what: "a quote that is not closed",
    file: "a.csv",
    content: 'n,text\n1,one\n2,"two\n3,three\n',
    reason: "invalid_row",
    left: 2,
    says: `a.csv, line 3: a quote is not closed\n  help: put quotes around fields that hold the separator, quotes or line ends, and double the quotes in them; say by \`quoting\` and \`delimiter\` if the file has others; ${cutOff}`,
  },
  {
    what: "a gzip file that was cut off",
    file: "a.jsonl.gz",
    content: gzipSync(big).subarray(0, 200_000),
    reason: "truncated",
    left: (n) => n > 5_000 && n < 40_000,
    says: `a.jsonl.gz: the gzip data ends before its end\n  help: get the file again; ${cutOff}`,
  },
  {
    what: "a gzip file with a wrong byte",
    file: "a.jsonl.gz",
    content: gzipSync(big).fill(0xff, 200_000, 200_020),
    reason: "compression",
    left: (n) => n > 5_000 && n < 40_000,
    says: `a.jsonl.gz: the gzip data is damaged\n  help: get the file again; ${cutOff}`,
  },
  {
    what: "a file that is no gzip at all",
    file: "a.jsonl.gz",
    content: `\u0001${rows}`,
    reason: "compression",
    left: 0,
    says: `a.jsonl.gz: the gzip data is damaged\n  help: get the file again; ${cutOff}`,
  },
  {
    what: "a file that is no zstd at all",
    file: "a.jsonl.zst",
    content: `\u0001${rows}`,
    reason: "compression",
    left: 0,
    says: `a.jsonl.zst: the zstd data is damaged\n  help: get the file again; ${cutOff}`,
  },
];

describe("damaged files", () => {
  test.each(damages)(
    "$what is an error with its place, or skipped and counted",
    async ({ file, content, reading, says, reason, left }) => {
      const folder = temporaryFolder();
      writeFileSync(join(folder, file), content);
      writeFileSync(join(folder, "whole.jsonl"), '{"text":"whole"}\n');
      expect(await failureOf(curate(planOf(filesToRead([file], reading)), options(folder)))).toBe(
        `error[data/damaged]: ${says}`,
      );
      const { files, manifest } = await curate(
        planOf(filesToRead([file, "whole.jsonl"], { ...reading, damaged: "skip" })),
        options(folder),
      );
      const documents = documentsIn(files("files")).length - 1;
      if (typeof left === "number") expect(documents).toBe(left);
      else expect([documents, left(documents)]).toEqual([documents, true]);
      expect(manifest.sources[0]?.skipped).toEqual({ [reason]: { count: 1, examples: [says.split("\n")[0]] } });
    },
  );

  test("zstd that was cut off gives the documents before the cut", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "big.jsonl"), big);
    await zstd(join(folder, "big.jsonl"), join(folder, "a.jsonl.zst"));
    writeFileSync(join(folder, "a.jsonl.zst"), readFileSync(join(folder, "a.jsonl.zst")).subarray(0, -1000));
    expect(await failureOf(curate(planOf(filesToRead(["a.jsonl.zst"])), options(folder)))).toContain(
      "a.jsonl.zst: the zstd data ends before its end",
    );
    const { files, manifest } = await curate(
      planOf(filesToRead(["a.jsonl.zst"], { damaged: "skip" })),
      options(folder),
    );
    expect(documentsIn(files("files")).at(-1)?.text).toMatch(/^row \d+ -?\d+$/);
    expect(documentsIn(files("files")).length).toBeGreaterThan(5_000);
    expect(manifest.sources[0]?.skipped["truncated"]?.count).toBe(1);
  });

  test("Parquet without the column, or cut off, is said to be so", async () => {
    const folder = temporaryFolder();
    await duckdb(`COPY (SELECT 'x' AS content, 1 AS n) TO '${join(folder, "a.parquet")}' (FORMAT parquet)`);
    expect(await failureOf(curate(planOf(filesToRead(["a.parquet"], { field: "contents" })), options(folder)))).toBe(
      "error[data/damaged]: a.parquet: there is no `contents`\n  help: did you mean `content`? (known are `content`, `n`); or skip what is damaged: `damaged: skip`",
    );
    expect(await failureOf(curate(planOf(filesToRead(["a.parquet"], { field: "n" })), options(folder)))).toContain(
      "a.parquet, row 1: `n` is a number, not text",
    );
    writeFileSync(join(folder, "b.parquet"), readFileSync(join(folder, "a.parquet")).subarray(0, -8));
    expect(await failureOf(curate(planOf(filesToRead(["b.parquet"])), options(folder)))).toContain(
      "b.parquet: this is no whole Parquet file: ",
    );
  });

  test("sources without files, without documents, or of which nothing is left, fail", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "a.jsonl"), rows);
    writeFileSync(join(folder, "empty.txt"), "");
    expect(await failureOf(curate(planOf(filesToRead(["*.csv"])), options(folder)))).toContain(
      "source `files`: no file matches *.csv",
    );
    expect(await failureOf(curate(planOf(filesToRead(["b.jsonl"])), options(folder)))).toContain(
      "there is no file b.jsonl\n  help: did you mean `a.jsonl`?",
    );
    expect(await failureOf(curate(planOf(filesToRead(["empty.txt"])), options(folder)))).toBe(
      "error[data/empty]: source `files`: there are no documents in empty.txt",
    );
    expect(
      await failureOf(
        curate(
          planOf(filesToRead(["a.jsonl"]), [{ name: "long", kind: "gopher_quality", options: {} }]),
          options(folder),
        ),
      ),
    ).toBe(
      "error[data/empty]: source `files`: the steps leave no document; `long` drops 3 of 3\n  help: loosen the step, or leave the source out",
    );
    expect(existsSync(join(folder, "cache", "curated"))).toBe(false);
  });
});

test("what files held is known again from one log, which may be torn; a changed file is read again", async () => {
  const folder = temporaryFolder();
  for (let i = 0; i < 300; i++) writeFileSync(join(folder, `${i}.txt`), `text ${i}`);
  const run = async (): Promise<readonly string[]> => {
    const counted = new Set<string>();
    const { files } = await curate(
      planOf(filesToRead(["*.txt"])),
      options(folder, { progress: ({ step, unit = "documents" }) => void counted.add(`${step} ${unit}`) }),
    );
    expect(counted.has("files files")).toBe(true);
    return documentsIn(files("files")).map(({ text }) => text);
  };
  const sorted = Array.from({ length: 300 }, (_, i) => `${i}.txt`)
    .toSorted()
    .map((name) => `text ${name.slice(0, -4)}`);
  expect(await run()).toEqual(sorted);
  const [log = ""] = readdirSync(join(folder, "cache/files"));
  expect(readdirSync(join(folder, "cache/files"))).toHaveLength(1);
  const known = readFileSync(join(folder, "cache/files", log), "utf8");
  writeFileSync(join(folder, "cache/files", log), known.slice(0, -50));
  writeFileSync(join(folder, "7.txt"), "another");
  expect(await run()).toEqual(sorted.map((text) => (text === "text 7" ? "another" : text)));
  const seen = readFileSync(join(folder, "cache/files", log), "utf8");
  expect(await run()).toHaveLength(300);
  expect(readFileSync(join(folder, "cache/files", log), "utf8")).toBe(seen);
});

async function failureOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (e: unknown) => e,
  );
  return error instanceof Error && error.name === "RuntimeFailure"
    ? renderFailure(error as RuntimeFailure)
    : `no failure but ${String(error instanceof Error ? error.stack : error)}`;
}
