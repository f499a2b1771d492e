/** Tokenizers in the other files that they are published in, and files that are none. */
import { expect, test } from "vitest";
import { readTokenizer } from "../../../src/data/tokenizer/read-tokenizer.ts";
import { writeTokenizerJson } from "../../../src/data/tokenizer/tokenizer-json.ts";
import {
  createTokenizer,
  decodeTokens,
  encodeText,
  RuntimeFailure,
  type Tokenizer,
} from "../../../src/runtime/index.ts";
import { regexFinder } from "../../../src/runtime/data/regex/match.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const read = (
  name: string,
  content: Uint8Array | string,
  beside: Readonly<Record<string, string>> = {},
  settings = {},
): Tokenizer =>
  createTokenizer(
    readTokenizer(
      { name, bytes: typeof content === "string" ? bytes(content) : content, beside: (file) => beside[file] },
      settings,
    ),
  );
const ids = (tokenizer: Tokenizer, text: string): readonly number[] => Array.from(encodeText(tokenizer, text, "text"));

/** All bytes, then `ab`, `abc` by either way, and a blank before `ab`. */
const ranks = [...Array.from({ length: 256 }, (_, byte) => [byte]), [97, 98], [98, 99], [97, 98, 99], [32, 97, 98]]
  .map((token, rank) => `${Buffer.from(token).toString("base64")} ${rank}\n`)
  .join("");

test("ranks merge what comes first among them, and the published ones are known by name", () => {
  const tokenizer = read("cl100k_base.tiktoken", ranks);
  expect(ids(tokenizer, "abc bc ab")).toEqual([258, 32, 257, 259]);
  expect(tokenizer.specials.get("<|endoftext|>")).toBe(100257);
  expect(() => read("own.tiktoken", ranks)).toThrow("does not say how text is cut");
  expect(
    read("own.tiktoken", ranks, {}, { pattern: "llama3", specials: ["<|begin|>"] }).specials.get("<|begin|>"),
  ).toBe(260);
  expect(() => read("cl100k.tiktoken", `${ranks}AA== 7\n`)).toThrow("there already");
  expect(() => read("cl100k.tiktoken", `${ranks}YWI\n`)).toThrow("cl100k.tiktoken:261");
});

test("a vocabulary and its merges are one tokenizer, whichever of them is named", () => {
  const vocab = JSON.stringify({ a: 0, b: 1, ab: 2, Ġ: 3, Ġab: 4, "<|endoftext|>": 5 });
  const merges = "#version: 0.2\na b\nĠ ab\n";
  for (const tokenizer of [
    read("vocab.json", vocab, { "merges.txt": merges }),
    read("merges.txt", merges, { "vocab.json": vocab }),
  ]) {
    expect(ids(tokenizer, "ab ab ba")).toEqual([2, 4, 3, 1, 0]);
    expect([...tokenizer.specials]).toEqual([["<|endoftext|>", 5]]);
  }
  expect(() => read("merges.txt", merges)).toThrow("no `vocab.json`");
  expect(() => read("vocab.txt", "[PAD]\n[UNK]\n")).toThrow("list of tokens");
});

/** A field of a message: a text or message inside, a number, or a float. */
function field(number: number, value: string | Uint8Array | number, float = false): Uint8Array {
  if (typeof value === "number")
    return Uint8Array.from(
      float
        ? [number * 8 + 5, ...new Uint8Array(Float32Array.of(value).buffer)]
        : [...(number > 15 ? [((number * 8) & 0x7f) | 0x80, number >> 4] : [number * 8]), value],
    );
  const inside = typeof value === "string" ? bytes(value) : value;
  return Uint8Array.from([number * 8 + 2, (inside.length & 0x7f) | 0x80, inside.length >> 7, ...inside]);
}
const message = (...fields: readonly Uint8Array[]): Uint8Array => Uint8Array.from(fields.flatMap((part) => [...part]));
const piece = (text: string, score: number, type = 1): Uint8Array =>
  field(1, message(field(1, text), field(2, score, true), field(3, type)));
const byteNames = Array.from({ length: 256 }, (_, byte) =>
  piece(`<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`, 0, 6),
);
const own = [piece("<unk>", 0, 2), piece("<s>", 0, 3), piece("</s>", 0, 3), piece("<sep>", 0, 4)];
const letters = ["▁", "a", "b", "c"].map((text) => piece(text, -9));

test.each([
  ["unigram", 1, [...own, ...byteNames, ...letters, piece("▁ab", -2), piece("ab", -3), piece("bc", -3.5)]],
  ["byte pairs", 2, [...own, ...byteNames, ...letters, piece("ab", -1), piece("▁ab", -2), piece("bc", -3)]],
] as const)(
  "a model of SentencePiece, %s: blanks are trimmed and marked, bytes stand for what is not known, control tokens are no text",
  (_, type, pieces) => {
    const model = message(
      ...pieces,
      field(2, message(field(3, type), field(35, 1))),
      field(3, message(field(3, 1), field(4, 1))),
    );
    const tokenizer = read("x.model", model);
    const name = (id: number): string => new TextDecoder().decode(tokenizer.bytesOf(id));
    expect(ids(tokenizer, "  ab   ab ").map(name)).toEqual([" ab", " ab"]);
    expect(ids(tokenizer, "abc")).toHaveLength(2);
    expect(ids(tokenizer, "é").slice(1)).toEqual([4 + 0xc3, 4 + 0xa9]);
    expect(ids(tokenizer, "ab<sep>ab").filter((id) => id < 4)).toEqual([3]);
    expect(ids(tokenizer, "</s><s>").some((id) => id < 4)).toBe(false);
    expect(decodeTokens(tokenizer, ids(tokenizer, "ab é<sep>"))).toBe(" ab é<sep>");
    expect(tokenizer.blankFirst).toBe(true);
  },
);

test("damaged models of SentencePiece are refused", () => {
  const model = message(...own, ...letters);
  for (const content of [model.subarray(0, 20), Uint8Array.of(10, 200), new Uint8Array(50).fill(10)])
    expect(() => read("x.model", content)).toThrow(RuntimeFailure);
});

const definition = (model: object, more: object = {}): string =>
  JSON.stringify({
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: null,
    decoder: null,
    model: { type: "BPE", unk_token: "a", vocab: { a: 0, b: 1, ab: 2 }, merges: ["a b"], ...model },
    ...more,
  });

test.each<readonly [string, string, string]>([
  ["an id that another token has", definition({ vocab: { a: 0, b: 0 } }), "have the same id 0"],
  ["a negative id", definition({ vocab: { a: -1 } }), "has no id, but -1"],
  ["an id of no whole number", definition({ vocab: { a: 0.5 } }), "has no id, but 0.5"],
  ["an id of millions", definition({ vocab: { a: 0, b: 9_000_000 } }), "of 2 tokens one has the id 9000000"],
  ["an id beyond any", definition({ vocab: { a: 1e15 } }), "has no id"],
  ["a merge of unknown tokens", definition({ merges: ["a q"] }), 'needs the token "q"'],
  ["a merge that makes an unknown token", definition({ merges: [["b", "a"]] }), 'needs the token "ba"'],
  ["a merge of three", definition({ merges: ["a b a"] }), "does not name two tokens"],
  ["merges that are a text", definition({ merges: "a b" }), "no list"],
  ["a vocabulary that is a list", definition({ vocab: ["a"] }), "`model.vocab` is no object"],
  [
    "an added token without content",
    definition({}, { added_tokens: [{ id: 3 }] }),
    "`added_tokens[0].content` is missing",
  ],
  [
    "an added token of a kilobyte and more",
    definition({}, { added_tokens: [{ id: 3, content: "x".repeat(2000) }] }),
    "longer than 1024",
  ],
  [
    "an expression that is not understood",
    definition({}, { pre_tokenizer: { type: "Split", pattern: { Regex: "(a" }, behavior: "Isolated", invert: false } }),
    "has no `)`",
  ],
  [
    "a count of billions",
    definition(
      {},
      { pre_tokenizer: { type: "Split", pattern: { Regex: "a{1,2000000000}" }, behavior: "Isolated", invert: false } },
    ),
    "more than 1000 times",
  ],
  [
    "counts of counts",
    definition(
      {},
      {
        pre_tokenizer: {
          type: "Split",
          pattern: { Regex: "((a{1000}){1000}){1000}" },
          behavior: "Isolated",
          invert: false,
        },
      },
    ),
    "larger than 20000 steps",
  ],
  [
    "groups without end",
    definition(
      {},
      { pre_tokenizer: { type: "Split", pattern: { Regex: "(".repeat(50_000) }, behavior: "Isolated", invert: false } },
    ),
    "nested deeper",
  ],
  [
    "a table of replacements that is none",
    definition({}, { normalizer: { type: "Precompiled", precompiled_charsmap: "AAEAAA==" } }),
    "is damaged",
  ],
  ["scores that are texts", definition({ type: "Unigram", unk_id: 0, vocab: [["a", "b"]] }), "no token with its score"],
  [
    "an unknown piece that is not there",
    definition({ type: "Unigram", unk_id: 7, vocab: [["a", 0]] }),
    "`unk_id` is 7",
  ],
])("%s is refused with a sentence that names it", (_, text, says) => {
  expect(() => read("f.json", text)).toThrow(RuntimeFailure);
  expect(() => read("f.json", text)).toThrow(says);
});

test("merges that lead back to themselves end", () => {
  expect(
    ids(
      read(
        "f.json",
        definition({ vocab: { a: 0, b: 1, ab: 2, aba: 3, abab: 4 }, merges: ["a b", "ab a", "ab ab", "aba b"] }),
      ),
      "ab".repeat(1000),
    ),
  ).toEqual(Array.from({ length: 500 }, () => 4));
});

test("expressions that take exponential time elsewhere take linear time here", () => {
  const text = "a".repeat(20_000);
  for (const expression of ["(a+)+$", "(a|a)*b", "(?:a*)*c", "(?=(a+)+b)a", String.raw`(a|aa)+\b!`])
    expect(regexFinder(expression)(text)).toEqual(expression === "(a+)+$" ? [0, 20_000] : []);
  // Looking ahead to the end again and again is quadratic: there, a budget ends it with a sentence.
  expect(() => regexFinder("(?=(a+)+$)a")("a".repeat(100_000))).toThrow(
    "takes too long on a text of 100000 characters",
  );
});

test("a pipeline that is written is read again", () => {
  const data = readTokenizer({ name: "f.json", bytes: bytes(definition({})), beside: () => undefined });
  if (data.kind !== "pipeline") throw new Error("another kind");
  expect(
    createTokenizer(
      readTokenizer({ name: "g.json", bytes: bytes(writeTokenizerJson(data)), beside: () => undefined }),
    ).encode(bytes("abba"), "t"),
  ).toEqual(Uint8Array.of(2, 1, 0));
});
