/** Byte pairs by themselves: what is carried, what is refused, what becomes of separators and of words of any length. */
import { describe, expect, test } from "vitest";
import { WordCounts } from "../../../src/data/tokenizer/count-words.ts";
import { readTokenizerJson, writeTokenizerJson } from "../../../src/data/tokenizer/tokenizer-json.ts";
import { trainBpe } from "../../../src/data/tokenizer/train-bpe.ts";
import { type BpeData, RuntimeFailure, createTokenizer, decodeTokens, encodeText } from "../../../src/runtime/index.ts";
import { buildCorpus } from "../../../src/runtime/data/corpus.ts";
import { tokenizerData } from "../../../src/runtime/data/tokens.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function trained(text: string, vocabulary: number, specials: readonly string[] = [], minFrequency = 1): BpeData {
  const words = new WordCounts("gpt2");
  words.add(bytes(text));
  return trainBpe(words, { pattern: "gpt2", vocabulary, specials, minFrequency });
}

test("the most frequent pair is merged first, of equal ones that of the lower ids, and rare ones are left", () => {
  expect(trained("aab aab cab", 260).merges).toBe("a b\na ab\nc ab\nĠ aab");
  expect(trained("aab aab cab", 300, [], 2).merges).toBe("a b\na ab");
  expect(trained("", 300).merges).toBe("");
});

test("a word of a million letters takes a moment", () => {
  const tokenizer = createTokenizer(trained("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 261));
  const ids = tokenizer.encode(new Uint8Array(1e6).fill(0x61), "word");
  expect(ids).toHaveLength(1e6 / 32);
  expect(ids.every((id) => tokenizer.byteLength(id) === 32)).toBe(true);
});

test("a separator that is a special token becomes that one, and the same text elsewhere does not", async () => {
  const tokenizer = createTokenizer(trained("one two", 258, ["<|end|>"]));
  const source = { name: "s", files: [], weight: "rest", separator: "<|end|>" } as const;
  const { train } = await buildCorpus(source, [{ name: "f", bytes: bytes("one<|end|>two") }], tokenizer, {
    by: "document",
    validation: 0,
  });
  expect(decodeTokens(tokenizer, train)).toBe("one<|end|>two");
  expect(Array.from(train).filter((id) => id === 0)).toHaveLength(1);
  expect(Array.from(encodeText(tokenizer, "one<|end|>two", "text"))).not.toContain(0);
});

test("text appears with the last byte of each character, and every id knows its bytes", () => {
  const tokenizer = createTokenizer(trained("x", 257, ["<s>"]));
  const text = "\ufeffaé😀<s>";
  const decoder = tokenizer.decoder();
  const ids = Array.from(tokenizer.encode(bytes(text), "text", true));
  expect(ids.map((id) => decoder.push(id))).toEqual(["", "", "\ufeff", "a", "", "é", "", "", "", "😀", "<s>"]);
  expect(decoder.end()).toBe("");
  expect(ids.reduce((sum, id) => sum + tokenizer.byteLength(id), 0)).toBe(bytes(text).length);
});

test("what a checkpoint carries is the tokenizer again, and anything else is none", () => {
  const data = trained("one two one two", 265, ["<s>"]);
  expect(tokenizerData(JSON.parse(JSON.stringify(data)))).toEqual(data);
  for (const value of [
    null,
    {},
    { kind: "bpe" },
    { ...data, pattern: "gpt9" },
    { ...data, specials: [{ text: "a", id: -1 }] },
    { ...data, tokens: 3 },
  ])
    expect(tokenizerData(value)).toBeUndefined();
  expect(() => createTokenizer({ ...data, merges: "q z" })).toThrow("needs the token");
});

describe("a tokenizer.json", () => {
  const file = JSON.parse(writeTokenizerJson(trained("one two one two", 265, ["<s>"]))) as Readonly<
    Record<string, unknown>
  > & { readonly model: object };
  const gpt2 = {
    ...file,
    post_processor: { type: "ByteLevel", trim_offsets: false },
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true },
  };

  test("in its older form, merges as texts and no word of regular expressions, is the same tokenizer", () => {
    const merges = (file.model as { readonly merges: readonly (readonly string[])[] }).merges.map((merge) =>
      merge.join(" "),
    );
    expect(
      readTokenizerJson(
        JSON.stringify({
          ...gpt2,
          model: { ...file.model, merges, continuing_subword_prefix: "", end_of_word_suffix: "" },
        }),
        "f",
      ),
    ).toEqual(readTokenizerJson(JSON.stringify(file), "f"));
  });

  test("with a template that adds tokens around a text is read: they are the caller's to add", () => {
    const post = {
      type: "Sequence",
      processors: [{ type: "ByteLevel" }, { type: "TemplateProcessing", single: [], pair: [], special_tokens: {} }],
    };
    expect(
      readTokenizerJson(
        JSON.stringify({ ...file, post_processor: post, model: { ...file.model, ignore_merges: true } }),
        "f",
      ),
    ).toMatchObject({ wholeWords: true });
  });

  test.each([
    ["model", { model: { type: "Morphemes" } }],
    ["model.dropout", { model: { ...file.model, dropout: 0.1 } }],
    [
      "normalizer.normalizers[1]",
      { normalizer: { type: "Sequence", normalizers: [{ type: "NFC" }, { type: "Rot13" }] } },
    ],
    [
      "pre_tokenizer.pretokenizers[1]",
      {
        pre_tokenizer: {
          type: "Sequence",
          pretokenizers: [{ type: "Digits", individual_digits: true }, { type: "Syllables" }],
        },
      },
    ],
    [
      "pre_tokenizer.pattern",
      { pre_tokenizer: { type: "Split", pattern: { Regex: String.raw`(a)\1` }, behavior: "Isolated", invert: false } },
    ],
    ["decoder", { decoder: { type: "CTC" } }],
  ])("that asks for what is not known is refused by the name of the part: %s", (part, change) => {
    const read = (): unknown => readTokenizerJson(JSON.stringify({ ...file, ...change }), "f.json");
    expect(read).toThrow(RuntimeFailure);
    expect(read).toThrow(`(\`${part}\`)`);
  });

  test.each([
    ["not JSON", "{", "f.json is not JSON"],
    ["a list", "[]", "`the file` is no object"],
    [
      "without merges",
      JSON.stringify({ ...file, model: { ...file.model, merges: undefined } }),
      "`model.merges` is missing or no list",
    ],
    [
      "with a merge of nothing",
      JSON.stringify({ ...file, model: { ...file.model, merges: [["q", "zz"]] } }),
      "needs the token",
    ],
    [
      "with an id twice",
      JSON.stringify({ ...file, added_tokens: [], model: { type: "BPE", vocab: { a: 1, b: 1 }, merges: [] } }),
      "have the same id 1",
    ],
  ])("that is damaged is refused: %s", (_, text, says) => {
    expect(() => readTokenizerJson(text, "f.json")).toThrow(says);
  });
});
