/** Every part of a tokenizer.json that is read, against Hugging Face's own library: the same ids for 700 strings made to be hard to cut. */
import tokenizers from "tokenizers";
import { expect, test } from "vitest";
import { WordCounts } from "../../../src/data/tokenizer/count-words.ts";
import { readTokenizerJson, writeTokenizerJson } from "../../../src/data/tokenizer/tokenizer-json.ts";
import { trainBpe } from "../../../src/data/tokenizer/train-bpe.ts";
import { createTokenizer, decodeTokens } from "../../../src/runtime/data/tokens.ts";
import { books, fuzzedStrings } from "./support.ts";

type Json = Readonly<Record<string, unknown>>;

const encoder = new TextEncoder();
const text = books().subarray(0, 300_000);
const words = new WordCounts("gpt4");
words.add(text);
const pairs = JSON.parse(
  writeTokenizerJson(
    trainBpe(words, { pattern: "gpt4", vocabulary: 2000, specials: ["<|endoftext|>"], minFrequency: 1 }),
  ),
) as Json & { readonly model: Json };

const added = (content: string, more: Json = {}): Json => ({
  id: 0,
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
  ...more,
});
/** Ids behind the vocabulary, in the order given. */
const numbered = (first: number, tokens: readonly Json[]): readonly Json[] =>
  tokens.map((token, i) => ({ ...token, id: first + i }));

const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false };
const split = (Regex: string, behavior = "Isolated", invert = false): Json => ({
  type: "Split",
  pattern: { Regex },
  behavior,
  invert,
});
const cut = (...pretokenizers: readonly Json[]): Json => ({
  ...pairs,
  pre_tokenizer: { type: "Sequence", pretokenizers: [...pretokenizers, byteLevel] },
});
const cutAlone = (pretokenizer: Json): Json => cut(pretokenizer);
const normalize = (normalizer: Json, more: Json = {}): Json => ({ ...pairs, normalizer, ...more });

/** Pieces of letters that stand in the text, for models that know no bytes. */
const characters = [...new Set(text.toString())].filter((c) => c > " ");
const common = [
  ...new Set(
    text
      .toString()
      .slice(0, 40_000)
      .split(/[^a-z]+/),
  ),
].filter((word) => word.length > 1 && word.length < 9);
const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`);
const metaspace = { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true };
const pieces = [
  "▁",
  ...characters,
  ...common.flatMap((word) => [`▁${word}`, word.slice(1)]),
  "ing",
  "ed",
  "▁▁",
  "▁▁▁▁",
];
const unigram = (more: Json = {}, fallback = false): Json => {
  const vocab = ["<unk>", "</s>", ...(fallback ? bytes : []), ...new Set(pieces)].map((piece, i) => [
    piece,
    -(i % 37) / 7 - (i > 2 ? 14 / piece.length : 0),
  ]);
  return {
    version: "1.0",
    added_tokens: [
      { ...added("<unk>"), id: 0 },
      { ...added("</s>"), id: 1 },
    ],
    normalizer: null,
    pre_tokenizer: metaspace,
    post_processor: null,
    decoder: metaspace,
    model: { type: "Unigram", unk_id: 0, vocab, byte_fallback: fallback },
    ...more,
  };
};
const wordPiece = (more: Json = {}): Json => {
  const tokens = [
    "[PAD]",
    "[UNK]",
    "[MASK]",
    ...new Set([
      ...characters,
      ...characters.map((c) => `##${c}`),
      ...common,
      ...common.map((word) => `##${word.slice(1)}`),
    ]),
  ];
  const vocab = Object.fromEntries(tokens.map((token, id) => [token, id]));
  return {
    version: "1.0",
    added_tokens: ["[PAD]", "[UNK]", "[MASK]"].map((content, id) => ({ ...added(content), id })),
    normalizer: {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: null,
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab,
    },
    ...more,
  };
};
/** Merged characters of words, as SentencePiece writes them. */
const merged = (model: Json, more: Json = {}, marks: readonly string[] = []): Json => {
  const letters = [
    ...new Set([
      "▁",
      ...characters,
      ...marks,
      ...characters.map((c) => `${c}</w>`),
      ...characters.map((c) => `@@${c}`),
    ]),
  ];
  const merges = [
    "t h",
    "th e",
    "i n",
    "in g",
    "▁ the",
    "a n",
    "an d",
    "o f",
    "▁ ▁",
    "▁▁ ▁▁",
    "e r",
    "o n",
    "d </w>",
  ].slice(0, -1);
  const tokens = [...new Set(["<unk>", "<s>", ...bytes, ...letters, ...merges.map((merge) => merge.replace(" ", ""))])];
  return {
    version: "1.0",
    added_tokens: [
      { ...added("<unk>"), id: 0 },
      { ...added("<s>"), id: 1 },
    ],
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: null,
    model: {
      type: "BPE",
      dropout: null,
      unk_token: "<unk>",
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: true,
      byte_fallback: true,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges,
      ...model,
    },
    ...more,
  };
};
const llama = {
  type: "Sequence",
  normalizers: [
    { type: "Prepend", prepend: "▁" },
    { type: "Replace", pattern: { String: " " }, content: "▁" },
  ],
};
const spaces = Array.from({ length: 20 }, (_, i) => added(" ".repeat(21 - i), { special: false, normalized: true }));

const gpt4 = String.raw`'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+`;
const nanochat = String.raw`'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,2}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+`;
const kimi = String.raw`[\p{Han}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;
const deepSeek =
  String.raw`[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_` +
  "`" +
  String.raw`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;

const files: readonly (readonly [string, Json])[] = [
  [
    "runs of blanks that are tokens",
    {
      ...pairs,
      added_tokens: [...(pairs["added_tokens"] as Json[]), ...numbered(2000, spaces)],
      normalizer: { type: "NFC" },
    },
  ],
  [
    "tokens that take the white space beside them",
    {
      ...pairs,
      added_tokens: [
        ...(pairs["added_tokens"] as Json[]),
        ...numbered(2000, [
          added("word", { lstrip: true }),
          added("Hello", { rstrip: true, special: false }),
          added("23", { lstrip: true, rstrip: true }),
          added("abc"),
        ]),
      ],
    },
  ],
  [
    "tokens that stand alone",
    {
      ...pairs,
      added_tokens: [
        ...(pairs["added_tokens"] as Json[]),
        ...numbered(2000, [
          added("word", { single_word: true }),
          added("a", { single_word: true, special: false }),
          added("я", { single_word: true, lstrip: true }),
        ]),
      ],
    },
  ],
  [
    "tokens that begin alike, of which the longest counts",
    {
      ...pairs,
      added_tokens: [
        ...(pairs["added_tokens"] as Json[]),
        ...numbered(
          2000,
          ["a", "ab", "abc", "bc", "  ", "   ", "\n\n"].map((content) => added(content, { special: false })),
        ),
      ],
    },
  ],
  [
    "tokens in the normalized text",
    normalize(
      { type: "Lowercase" },
      {
        added_tokens: [
          ...(pairs["added_tokens"] as Json[]),
          ...numbered(2000, [
            added("Hello", { normalized: true, special: false }),
            added("XMLHttp", { special: false }),
          ]),
        ],
      },
    ),
  ],
  ["the expression of GPT-4, with possessive quantifiers", cut(split(gpt4))],
  ["two digits at a time", cut(split(nanochat))],
  ["classes that intersect, and scripts", cut(split(kimi, "Removed", true))],
  ["several expressions", cut(split(String.raw`\p{N}{1,3}`), split("[一-龥぀-ゟ゠-ヿ]+"), split(deepSeek))],
  [
    "atomic groups, lazy counts and places",
    cut(split(String.raw`(?>a+)b|\w+?\b|^\s|\s$|(?<=\d)[a-z]|(?<!x)y{2,}?|[[:punct:]&&[^.]]|\h{2}|(?i)ß`)),
  ],
  ["counts behind counts", cut(split(String.raw`\p{N}{1,3}+|(?:ab){2}?|\p{^L}{,3}|[^\]a-z-]|[a-c\d-]`))],
  ["empty matches", cut(split("x*|(?=a)"))],
  ...["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"].flatMap((behavior) =>
    [false, true].map(
      (invert) =>
        [
          `${behavior}, ${invert ? "inverted" : "as it is"}`,
          cut(split(String.raw`\s|\d\d`, behavior, invert)),
        ] as const,
    ),
  ),
  ["a text that splits", cut({ type: "Split", pattern: { String: ", " }, behavior: "MergedWithNext", invert: false })],
  [
    "single digits before the expression of GPT-2",
    cut({ type: "Digits", individual_digits: true }, { ...byteLevel, use_regex: true }),
  ],
  ["runs of digits", cut({ type: "Digits", individual_digits: false })],
  ["words and punctuation", cutAlone({ type: "Whitespace" })],
  ["punctuation, contiguous", cut({ type: "Punctuation", behavior: "Contiguous" })],
  ["white space", cutAlone({ type: "WhitespaceSplit" })],
  ["a delimiter", cutAlone({ type: "CharDelimiterSplit", delimiter: "e" })],
  ["a blank before each text", { ...pairs, pre_tokenizer: { ...byteLevel, add_prefix_space: true, use_regex: true } }],
  ...["NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Nmt"].map(
    (type) => [type, normalize({ type })] as const,
  ),
  [
    "StripAccents after NFD",
    normalize({
      type: "Sequence",
      normalizers: [{ type: "NFD" }, { type: "StripAccents" }, { type: "Strip", strip_left: true, strip_right: true }],
    }),
  ],
  ["Replace by an expression", normalize({ type: "Replace", pattern: { Regex: " {2,}|[’ʼ]" }, content: "·" })],
  [
    "byte pairs with byte fallback, as Llama 2 has them",
    merged(
      {},
      {
        normalizer: llama,
        decoder: {
          type: "Sequence",
          decoders: [
            { type: "Replace", pattern: { String: "▁" }, content: " " },
            { type: "ByteFallback" },
            { type: "Fuse" },
            { type: "Strip", content: " ", start: 1, stop: 0 },
          ],
        },
      },
    ),
  ],
  [
    "byte pairs with unknown characters, one by one",
    merged({ byte_fallback: false, fuse_unk: false }, { pre_tokenizer: { ...metaspace, prepend_scheme: "first" } }),
  ],
  [
    "byte pairs with unknown characters in one",
    merged({ byte_fallback: false }, { pre_tokenizer: { ...metaspace, split: false } }),
  ],
  [
    "byte pairs with an end of words",
    merged(
      { byte_fallback: false, end_of_word_suffix: "</w>" },
      {
        pre_tokenizer: { type: "BertPreTokenizer" },
        normalizer: {
          type: "BertNormalizer",
          clean_text: false,
          handle_chinese_chars: false,
          strip_accents: false,
          lowercase: true,
        },
      },
    ),
  ],
  [
    "byte pairs with a mark inside of words",
    merged(
      { byte_fallback: false, continuing_subword_prefix: "@@", merges: [] },
      { pre_tokenizer: { type: "Whitespace" } },
    ),
  ],
  ["unigram", unigram()],
  [
    "unigram with byte fallback",
    unigram({ normalizer: { type: "Replace", pattern: { Regex: " {2,}" }, content: " " } }, true),
  ],
  ["word pieces", wordPiece()],
  [
    "word pieces with capitals and accents",
    wordPiece({
      normalizer: {
        type: "BertNormalizer",
        clean_text: true,
        handle_chinese_chars: false,
        strip_accents: false,
        lowercase: false,
      },
    }),
  ],
  [
    "whole words",
    {
      ...wordPiece(),
      model: {
        type: "WordLevel",
        unk_token: "[UNK]",
        vocab: Object.fromEntries(["[PAD]", "[UNK]", "[MASK]", ...common].map((word, id) => [word, id])),
      },
    },
  ],
];

test.each(files)("%s: the ids, and the text they stand for, are those of Hugging Face's library", async (_, file) => {
  const json = JSON.stringify(file);
  const [mine, theirs] = [createTokenizer(readTokenizerJson(json, "file")), tokenizers.Tokenizer.fromString(json)];
  const strings = ["", " ", "x        y", ...fuzzedStrings(700)];
  const wanted = (await theirs.encodeBatch([...strings], { addSpecialTokens: false })).map((encoding) =>
    encoding.getIds().join(" "),
  );
  const found = strings.map((string) => mine.encode(encoder.encode(string), "text", true).join(" "));
  expect(
    strings
      .flatMap((string, i) => (found[i] === wanted[i] ? [] : [{ string, found: found[i], wanted: wanted[i] }]))
      .slice(0, 3),
  ).toEqual([]);
  const numbers = wanted.map((line) =>
    line
      .split(" ")
      .filter((id) => id !== "")
      .map(Number),
  );
  const texts = numbers
    .map((each) => decodeTokens(mine, each))
    .map((whole) => (mine.blankFirst === true && whole.startsWith(" ") ? whole.slice(1) : whole));
  const theirTexts = await theirs.decodeBatch(numbers, false);
  expect(
    texts.flatMap((whole, i) => (whole === theirTexts[i] ? [] : [{ found: whole, wanted: theirTexts[i] }])).slice(0, 3),
  ).toEqual([]);
});
