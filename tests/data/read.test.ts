/** @file What files are read as: the documents that Python's readers see, or a sentence that says why not. */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cutRow, RowCutter } from "../../src/data/read/formats/csv-rows.ts";
import type { Item } from "../../src/data/read/stream/item.ts";
import { isPlainText, readFile, type ReadOptions } from "../../src/data/read/read.ts";
import { readJsonValues } from "../../src/data/read/formats/json-values.ts";
import { expand } from "../../src/runtime/node/files.ts";
import { temporaryFolder } from "./curate-support.ts";

const fixtures = join(import.meta.dirname, "../fixtures/data/read");

async function itemsIn(path: string, options: Partial<ReadOptions> = {}): Promise<readonly Item[]> {
  const items: Item[] = [];
  for await (const some of readFile({ path, name: path }, { format: "auto", field: "text", ...options }))
    items.push(...some);
  return items;
}
/** A document as its text, with its id before it if it has one; anything else as what is said of it. */
const said = (items: readonly Item[]): readonly string[] =>
  items.map((item) =>
    item.kind === "document"
      ? `${item.id === undefined ? "" : `${item.id} `}${item.text}`
      : `${item.kind}, ${item.at ?? "file"}: ${item.message}`,
  );

interface Expected {
  readonly read: Readonly<
    Record<
      string,
      {
        readonly field: string;
        readonly id: string | null;
        readonly documents: readonly (readonly [string | null, string])[];
      }
    >
  >;
  readonly refused: readonly string[];
}
const { read, refused } = JSON.parse(readFileSync(join(fixtures, "expected.json"), "utf8")) as Expected;

describe("files of all formats", () => {
  test.each(Object.entries(read))(
    "%s has the documents that Python reads in it",
    async (name, { field, id, documents }) => {
      const items = await itemsIn(join(fixtures, name), { field, ...(id === null ? {} : { id }) });
      expect(items.flatMap((item) => (item.kind === "document" ? [[item.id ?? null, item.text]] : []))).toEqual(
        documents,
      );
    },
  );

  test("what cannot be read is named, with what to do", async () => {
    const all = [];
    for (const name of refused) all.push(await itemsIn(join(fixtures, name)));
    expect(
      all
        .map((items) => items.at(-1))
        .map((item) => (item?.kind === "damage" ? `${item.message}; ${item.help ?? ""}` : "read")),
    ).toEqual([
      "this is text in UTF-32, which is not read; convert it to UTF-8, for example with `iconv -f UTF-32 -t UTF-8`",
      "this is packed by xz, which is not read; unpack it with `xz -d`, or pack it with gzip or zstd",
      "this is packed by bzip2, which is not read; unpack it with `bzip2 -d`, or pack it with gzip or zstd",
      "this is packed by lz4, which is not read; unpack it with `lz4 -d`, or pack it with gzip or zstd",
      "the byte 0xe9 is no UTF-8; convert the file to UTF-8",
      "this is a PDF, which is not read; convert it to text first, for example with pdftotext",
      "this is an ORC file, which is not read; write it as Parquet",
      "this is an Arrow file, which is not read; write it as Parquet",
      "the zstd data is damaged: it has another checksum; get the file again",
    ]);
  });

  test("a text of a Parquet file that is no UTF-8 costs its row", async () => {
    const items = await itemsIn(join(fixtures, "bad-row.parquet"));
    expect([items.length, said(items)[9000]]).toEqual([10_000, "damage, row 9001: `text`: the byte 0xe9 is no UTF-8"]);
    expect(items.filter(({ kind }) => kind === "document").length).toBe(9999);
  });
});

const lines = '{"text":"one"}\n{"text":"two"}\n';
const page = "<!DOCTYPE html>\n<html><body><p>one</p><ul><li>two</li></ul></body></html>";
const tea = Buffer.from("id,text\r\n1,tea\r\n");
interface Case {
  readonly what: string;
  readonly name: string;
  readonly content: string | Uint8Array;
  readonly options?: Partial<ReadOptions>;
  readonly says: readonly string[];
}
const cases: readonly Case[] = [
  ...["A.JSONL", "a.json", "a.jl", "a.jsonlines", "a.NDJSON", "a.txt", "a"].map((name) => ({
    what: `JSON Lines called ${name}`,
    name,
    content: lines,
    says: ["one", "two"],
  })),
  {
    what: "JSON Lines in gzip without a name that says so",
    name: "a.data",
    content: gzipSync(lines),
    says: ["one", "two"],
  },
  { what: "plain lines under a name of gzip", name: "a.jsonl.gz", content: lines, says: ["one", "two"] },
  {
    what: "an array under the name of JSON Lines",
    name: "a.jsonl",
    content: '[{"text":"a]}"},\n{"text":"b\\"["}]',
    says: ["a]}", 'b"['],
  },
  {
    what: "an array with a broken element",
    name: "a.json",
    content: '[{"text":"a"},{"text":},{"text":"c"}, 7]',
    says: ["a", 'damage, record 2: this is no JSON: {"text":}', "c", "damage, record 4: this is no object with fields"],
  },
  {
    what: "an array that was cut off",
    name: "a.json",
    content: '[{"text":"a"},{"te',
    says: ["a", "damage, record 2: the JSON ends before its end"],
  },
  {
    what: "one object without the field",
    name: "package.json",
    content: '{\n "name": "x"\n}',
    says: ["damage, record 1: there is no `text`"],
  },
  {
    what: "JSON where text is asked for",
    name: "package.json",
    content: '{\n "name": "x"\n}',
    options: { format: "text" },
    says: ['{\n "name": "x"\n}'],
  },
  {
    what: "code that begins with a bracket",
    name: "a.js",
    content: "{ let x = 1; }\n[1, 2].map(f)\n",
    says: ["{ let x = 1; }\n[1, 2].map(f)\n"],
  },
  {
    what: "numbers that JSON has none of",
    name: "a.jsonl",
    content: '{"text":"NaN of -Infinity","n":NaN}\n{"text":"b","n":[-Infinity,Infinity]}\n',
    says: ["NaN of -Infinity", "b"],
  },
  {
    what: "ids of more digits than a double has",
    name: "a.jsonl",
    content:
      '{"id":12345678901234567890,"text":"a"}\n{"id":12345678901234567891,"text":"b 3"}\n{"id":1.50,"text":"c"}\n',
    options: { id: "id" },
    says: ["12345678901234567890 a", "12345678901234567891 b 3", "1.50 c"],
  },
  {
    what: "fields in fields, and names with dots",
    name: "a.jsonl",
    content: '{"a":{"b.c":{"d":"deep"}}}\n{"a.b.c.d":"whole"}\n{"a":{"b":[{"c":"no"}]}}\n',
    options: { field: "a.b.c.d" },
    says: ["deep", "whole", "damage, line 3: there is no `a.b.c.d`"],
  },
  {
    what: "blank texts",
    name: "a.jsonl",
    content: '{"text":""}\n\n{"text":" \\n"}\n{"text":"a"}',
    says: ["left_out, line 1: the text is blank", "left_out, line 3: the text is blank", "a"],
  },
  { what: "a blank file", name: "a.txt", content: " \n", says: ["left_out, byte 0: the text is blank"] },
  { what: "an empty file", name: "a.txt", content: "", says: ["left_out, byte 0: the text is blank"] },
  {
    what: "lines of Windows around a separator",
    name: "a.txt",
    content: "one\r\n\r\n\r\ntwo\n\n\nthree",
    options: { separator: "\n\n\n" },
    says: ["one", "two", "three"],
  },
  { what: "a page", name: "a.txt", content: page, says: ["one\n\n- two"] },
  {
    what: "a page in Latin-1 that says so",
    name: "a.html",
    content: Buffer.from('<html><meta charset="iso-8859-1"><p>caf\xe9', "latin1"),
    says: ["café"],
  },
  {
    what: "a page that is no UTF-8",
    name: "a.html",
    content: Buffer.from("<html><p>caf\xe9", "latin1"),
    says: ["damage, file: the page has what is no utf-8"],
  },
  {
    what: "UTF-16 by its mark, and in gzip",
    name: "a.txt",
    content: gzipSync(Buffer.from("\ufeffcafé", "utf16le")),
    says: ["café"],
  },
  {
    what: "rows that end otherwise than the names",
    name: "a.csv",
    content: "id,text\n1,a\r\n2,b\r3,c\n",
    says: ["a", "b", "c"],
  },
  { what: "names that end otherwise than the rows", name: "A.CSV", content: "id,text\r\n1,a\n2,b\n", says: ["a", "b"] },
  {
    what: "quotes within fields",
    name: "a.csv",
    content: 'id,text\n1,5" nails and 3" bolts\n2,plain\n',
    says: ['5" nails and 3" bolts', "plain"],
  },
  {
    what: "a quote that is not closed",
    name: "a.csv",
    content: 'id,text\n1,"a\n2,b\n3,c\n',
    says: ["damage, line 2: a quote is not closed", "b", "c"],
  },
  {
    what: "a quote that closes too early",
    name: "a.csv",
    content: 'id,text\n1,"a" b\n2,"b\nb"\n',
    says: ["damage, line 2: quotes are not where they may be", "b\nb"],
  },
  {
    what: "quotes where tabs separate",
    name: "a.tsv",
    content: 'id\ttext\n1\tHe said "hi"\n2\t"unbalanced start\n3\t"whole ""field"""\n',
    says: ['He said "hi"', '"unbalanced start', 'whole "field"'],
  },
  {
    what: "semicolons",
    name: "a.csv",
    content: 'id;text\r\n1;"one\n""two"", ok"\r\n2;\r\n',
    says: ['one\n"two", ok', "left_out, line 4: the text is blank"],
  },
  {
    what: "a separator and quotes that are declared",
    name: "a.csv",
    content: "text:n\n'a:b':1\n",
    options: { delimiter: ":", quoting: "single" },
    says: ["a:b"],
  },
  {
    what: "quotes that quote nothing",
    name: "a.csv",
    content: 'n,text\n1,"a\n',
    options: { quoting: "none" },
    says: ['"a'],
  },
  {
    what: "gzip with something after it",
    name: "a.csv.gz",
    content: Buffer.concat([gzipSync(tea), Buffer.from("tail")]),
    says: ["damage, file: the gzip data is damaged"],
  },
  {
    what: "gzip padded with zeros, of two members",
    name: "a.csv.gz",
    content: Buffer.concat([gzipSync(tea), gzipSync("2,cake\n"), Buffer.alloc(512)]),
    says: ["tea", "cake"],
  },
  {
    what: "gzip with a wrong checksum",
    name: "a.csv.gz",
    content: gzipSync(tea).fill(0, gzipSync(tea).length - 8),
    says: ["damage, file: the gzip data is damaged"],
  },
];

describe("by what a file holds", () => {
  test.each(cases)("$what", async ({ name, content, options, says }) => {
    const path = join(temporaryFolder(), name);
    writeFileSync(path, content);
    expect(said(await itemsIn(path, options))).toEqual(says);
  });

  test("text that is trained on as it stands is told from what must be read", async () => {
    const folder = temporaryFolder();
    const plain = async (name: string, content: string | Uint8Array, separator?: string): Promise<boolean> => {
      writeFileSync(join(folder, name), content);
      return isPlainText({ path: join(folder, name), name }, { format: "auto", separator });
    };
    expect(await plain("a.txt", "some text\n")).toBe(true);
    expect(await plain("a.md", "# ORC and %PDF\n")).toBe(true);
    expect(await plain("a.txt", lines)).toBe(false);
    expect(await plain("a.txt", gzipSync("some text"))).toBe(false);
    expect(await plain("a.txt", Buffer.from("some text", "utf16le"))).toBe(false);
    expect(await plain("a.txt", "%PDF-1.7\n")).toBe(false);
    expect(await plain("a.txt", "a\r\n\r\nb", "\n\n")).toBe(false);
  });

  test("a file that links lead to again and again is read once", async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "d"));
    writeFileSync(join(folder, "d/a.txt"), "a");
    symlinkSync("..", join(folder, "d/loop"));
    symlinkSync("d", join(folder, "e"));
    expect(
      (await expand({ name: "s", files: ["**/*.txt"] }, folder)).map(({ name, path }) => [name, dirname(path)]),
    ).toEqual([["d/a.txt", join(folder, "d")]]);
  });
});

/** A table, as it is written with quotes around some fields. */
const table = fc.array(fc.tuple(fc.stringMatching(/^[ab",;\r\n é]{0,6}$/), fc.boolean()), {
  minLength: 2,
  maxLength: 2,
});

const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;

test("a table that was written by the rules is read back, wherever it is cut into chunks", () => {
  fc.assert(
    fc.property(
      fc.array(table, { maxLength: 5 }),
      fc.constantFrom("\n", "\r\n", "\r"),
      fc.integer({ min: 1, max: 9 }),
      (rows, end, size) => {
        const bytes = Buffer.from(
          rows
            .map(
              (row) =>
                row.map(([text, always]) => (always || /[",\r\n]/.test(text) ? quoted(text) : text)).join(",") + end,
            )
            .join(""),
        );
        const cutter = new RowCutter({ delimiter: 0x2c, quote: 0x22, looseQuotes: false });
        const found = [];
        for (let at = 0; at < bytes.length; at += size)
          found.push(...[...cutter.push(bytes.subarray(at, at + size), false)].flat());
        found.push(...[...cutter.push(Buffer.alloc(0), true)].flat());
        expect(
          found.map((row) =>
            "fields" in row ? row.fields.map((field) => Buffer.from(field).toString()) : row.problem,
          ),
        ).toEqual(rows.map((row) => row.map(([text]) => text)));
      },
    ),
  );
});

test("a row is not taken for whole while it may go on", () => {
  const dialect = { delimiter: 0x2c, quote: 0x22, looseQuotes: false };
  for (const start of ['a,"b', 'a,"b"', "a,b", "a,b\r"])
    expect(cutRow(Buffer.from(start), 0, dialect, false)).toBe("more");
});

test("JSON values are cut out whole, wherever they are cut into chunks", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ text: fc.string({ unit: "binary", minLength: 1 }), more: fc.jsonValue() }), {
        minLength: 1,
        maxLength: 4,
      }),
      fc.boolean(),
      fc.integer({ min: 1, max: 9 }),
      fc.constantFrom(undefined, 1),
      async (values, list, size, indent) => {
        const bytes = Buffer.from(
          list
            ? JSON.stringify(values, undefined, indent)
            : values.map((value) => JSON.stringify(value, undefined, indent)).join("\n"),
        );
        const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
          bytes.subarray(i * size, (i + 1) * size),
        );
        const found: Item[] = [];
        for await (const items of readJsonValues(
          (async function* (): AsyncGenerator<Uint8Array> {
            yield* chunks;
          })(),
          { field: "text" },
        ))
          found.push(...items);
        expect(found.map((item) => (item.kind === "document" ? item.text : item.kind))).toEqual(
          values.map(({ text }) => (/\p{Surrogate}/u.test(text) ? "damage" : text.trim() === "" ? "left_out" : text)),
        );
      },
    ),
  );
});
