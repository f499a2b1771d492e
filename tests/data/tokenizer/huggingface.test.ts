/** Byte pairs against Hugging Face's own `tokenizers`: the same merges from the same text, and the same ids for any text. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import tokenizers from "tokenizers";
import { afterAll, expect, test } from "vitest";
import { WordCounts } from "../../../src/data/tokenizer/count-words.ts";
import { readTokenizerJson, writeTokenizerJson } from "../../../src/data/tokenizer/tokenizer-json.ts";
import { trainBpe } from "../../../src/data/tokenizer/train-bpe.ts";
import { tokenOfBytes } from "../../../src/runtime/data/bpe/byte-letters.ts";
import { type BpeData } from "../../../src/runtime/data/tokenizer/tokenizer.ts";
import { bpeParts } from "../../../src/runtime/data/bpe/data.ts";
import { scanners } from "../../../src/runtime/data/bpe/patterns.ts";
import { type PatternName, patternNames } from "../../../src/runtime/data/tokenizer/tokenizer.ts";
import { createTokenizer } from "../../../src/runtime/data/tokens.ts";
import { books, fuzzedStrings, randomNumbers } from "./support.ts";

const folder = mkdtempSync(join(tmpdir(), "llmc-tokenizer-"));
afterAll(() => rmSync(folder, { recursive: true }));

const text = books();
const encoder = new TextEncoder();

/** Lines with their ends, as Hugging Face reads files to train on. */
function countLines(bytes: Buffer, pattern: PatternName): WordCounts {
  const counts = new WordCounts(pattern);
  for (let from = 0; from < bytes.length;) {
    const at = bytes.indexOf(0x0a, from);
    const to = at < 0 ? bytes.length : at + 1;
    counts.add(bytes.subarray(from, to));
    from = to;
  }
  return counts;
}

/** Hugging Face's trainer on the same lines: its defaults are 30,000 tokens, none of them special, and bytes that the text lacks have none. */
function trainedByHuggingFace(bytes: Buffer, pattern: PatternName): string {
  const empty = writeTokenizerJson({ kind: "bpe", pattern, tokens: "", merges: "", specials: [] });
  const tokenizer = tokenizers.Tokenizer.fromString(empty);
  const path = join(folder, `${pattern}.txt`);
  writeFileSync(path, bytes);
  tokenizer.train([path]);
  tokenizer.save(join(folder, `${pattern}.json`));
  return readFileSync(join(folder, `${pattern}.json`), "utf8");
}

function mergesOf(file: string): readonly string[] {
  const data = readTokenizerJson(file, "theirs");
  if (data.kind !== "bpe") throw new Error("not byte pairs of ours");
  return data.merges.split("\n");
}

const theirs = trainedByHuggingFace(text, "gpt2");
const counts = countLines(text, "gpt2");
const train = (vocabulary: number, words = counts, pattern: PatternName = "gpt2"): BpeData =>
  trainBpe(words, { pattern, vocabulary, specials: [], minFrequency: 1 });
const unseen = (bytes: Buffer): number => 256 - new Set(bytes).size;
const ours = train(30_000 + unseen(text));

test("training on 11.8 MB gives the same merges, for 30,000 tokens and for 8,192", () => {
  const merges = mergesOf(theirs);
  expect(text.length).toBeGreaterThan(11e6);
  expect(merges.length).toBeGreaterThan(29_000);
  expect(ours.merges.split("\n")).toEqual(merges);
  const small = train(8192).merges.split("\n");
  expect(small.length).toBeGreaterThan(7900);
  expect(small).toEqual(merges.slice(0, small.length));
});

test.each(["gpt4", "o200k"] as const)("training with the words of %s gives the same merges", (pattern) => {
  const part = text.subarray(0, text.indexOf(0x0a, 1_500_000) + 1);
  const merges = mergesOf(trainedByHuggingFace(part, pattern));
  expect(merges.length).toBeGreaterThan(18_000);
  expect(train(30_000 + unseen(part), countLines(part, pattern), pattern).merges.split("\n")).toEqual(merges);
});

test("8 MB of books become the same ids by the same file", { timeout: 300_000 }, async () => {
  const mine = createTokenizer(readTokenizerJson(theirs, "theirs"));
  const other = tokenizers.Tokenizer.fromString(theirs);
  const lines = text
    .subarray(0, 8_400_000)
    .toString()
    .split(/(?<=\n)/);
  const documents = Array.from({ length: Math.ceil(lines.length / 50) }, (_, i) =>
    lines.slice(50 * i, 50 * i + 50).join(""),
  );
  expect(encoder.encode(documents.join("")).length).toBeGreaterThan(8_390_000);
  let differing = 0;
  for (let i = 0; i < documents.length; i += 200) {
    const some = documents.slice(i, i + 200);
    const encoded = await other.encodeBatch(some, { addSpecialTokens: false });
    encoded.forEach(
      (wanted, k) => (differing += differences(mine.encode(encoder.encode(some[k]), "book"), wanted.getIds())),
    );
  }
  expect(differing).toBe(0);
});

/** How many ids are not the same. */
function differences(found: ArrayLike<number>, wanted: readonly number[]): number {
  let count = Math.abs(found.length - wanted.length);
  wanted.forEach((id, i) => i < found.length && found[i] !== id && count++);
  return count;
}

test.each(patternNames)(
  "10,000 fuzzed strings become the same ids with the words of %s, and come back whole",
  async (pattern) => {
    const specials = [{ text: "<|endoftext|>", id: ours.tokens.split(" ").length }];
    const data: BpeData = { ...ours, pattern, specials, ...(pattern === "qwen2" ? { normalize: "NFC" as const } : {}) };
    const [mine, other] = [createTokenizer(data), tokenizers.Tokenizer.fromString(writeTokenizerJson(data))];
    const strings = fuzzedStrings(10_000);
    const encoded = await other.encodeBatch([...strings], { addSpecialTokens: false });
    const wrong = strings.filter(
      (string, i) => differences(mine.encode(encoder.encode(string), "fuzz", true), encoded[i]?.getIds() ?? []) > 0,
    );
    expect(wrong).toEqual([]);
    const lost = strings.filter((string) => {
      const ids = Array.from(mine.encode(encoder.encode(string), "fuzz"));
      const back = new TextDecoder("utf-8", { ignoreBOM: true }).decode(
        Buffer.concat(ids.map((id) => mine.bytesOf(id))),
      );
      return (
        back !== (data.normalize === undefined ? string : string.normalize("NFC")) ||
        ids.includes(specials[0]?.id ?? -1)
      );
    });
    expect(lost).toEqual([]);
  },
);

test("bytes that are not UTF-8 come back as they were, each word in the tokens that Hugging Face's merges make of its bytes", async () => {
  const random = randomNumbers(11);
  const mine = createTokenizer(ours);
  // Without a pre-tokenizer, the library takes a word in letters for bytes as it is.
  const model = tokenizers.Tokenizer.fromString(
    JSON.stringify({ ...(JSON.parse(writeTokenizerJson(ours)) as object), pre_tokenizer: null, post_processor: null }),
  );
  const words: Uint8Array[] = [];
  for (let i = 0; i < 2000; i++) {
    const start = random(text.length);
    const bytes = Uint8Array.from(text.subarray(start, start + 1 + random(40)), (byte) =>
      random(8) === 0 ? random(256) : byte,
    );
    expect(Buffer.concat(Array.from(mine.encode(bytes, "bytes"), (id) => mine.bytesOf(id))).equals(bytes)).toBe(true);
    for (let at = 0; at < bytes.length;) {
      const after = scanners.gpt2(bytes, at, bytes.length);
      words.push(bytes.subarray(at, after));
      at = after;
    }
  }
  const encoded = await model.encodeBatch(words.map(tokenOfBytes), { addSpecialTokens: false });
  expect(words.filter((word, i) => differences(mine.encode(word, "word"), encoded[i]?.getIds() ?? []) > 0)).toEqual([]);
});

test("Hugging Face's library loads the file that is written, and what it decodes is the text", async () => {
  const data: BpeData = {
    ...trainBpe(countLines(text.subarray(0, 200_000), "gpt4"), {
      pattern: "gpt4",
      vocabulary: 1000,
      specials: ["<|endoftext|>", "<|pad|>"],
      minFrequency: 2,
    }),
  };
  const file = writeTokenizerJson(data);
  expect(readTokenizerJson(file, "file")).toEqual(data);
  const loaded = tokenizers.Tokenizer.fromString(file);
  const sentence = "Emma Woodhouse, handsome — naïve 😀\n\n1234<|endoftext|>x";
  const ids = Array.from(createTokenizer(data).encode(encoder.encode(sentence), "sentence", true));
  expect((await loaded.encode(sentence, null, { addSpecialTokens: false })).getIds()).toEqual(ids);
  expect(await loaded.decode(ids, false)).toBe(sentence);
  expect(loaded.getVocabSize(true)).toBe(1000);
  expect(bpeParts(data).bytes).toHaveLength(1000);
});
