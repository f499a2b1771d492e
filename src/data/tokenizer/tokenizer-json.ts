/**
 * @file `tokenizer.json`, the file of Hugging Face's `tokenizers`: written for any byte-pair tokenizer, and read. Byte-level byte pairs with a published expression are
 * read into our own form, which is encoded fastest; everything else goes through the pipeline that the file describes.
 */
import type { AddedToken } from "../../runtime/data/tokenizer/added-tokens.ts";
import { bytesOfToken, letterOfByte } from "../../runtime/data/bpe/byte-letters.ts";
import { type BpeData } from "../../runtime/data/tokenizer/tokenizer.ts";
import { bpeParts } from "../../runtime/data/bpe/data.ts";
import { regexes } from "../../runtime/data/bpe/patterns.ts";
import { type PatternName, patternNames } from "../../runtime/data/tokenizer/tokenizer.ts";
import { addedTokens } from "../../runtime/data/pipeline/added.ts";
import type { PipelineData } from "../../runtime/data/tokenizer/tokenizer.ts";
import { membersOf, Part } from "../../runtime/data/pipeline/part.ts";
import { pipelineTokenizer } from "../../runtime/data/pipeline/tokenizer.ts";
import { tokenIds } from "../../runtime/data/pipeline/vocabulary.ts";
import { RuntimeFailure } from "../../runtime/util/failure.ts";

const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true };

/** The text of the file. */
export function writeTokenizerJson(data: BpeData | PipelineData): string {
  if (data.kind === "pipeline")
    return `${JSON.stringify({ version: "1.0", truncation: null, padding: null, post_processor: null, ...(JSON.parse(data.definition) as object) }, undefined, 1)}\n`;
  const tokens = data.tokens.split(" ");
  const added = data.specials.map(({ id, text, plain, lstrip = false, rstrip = false, normalized = false }) => ({
    id,
    content: text,
    single_word: false,
    lstrip,
    rstrip,
    normalized,
    special: plain !== true,
  }));
  const split = { type: "Split", pattern: { Regex: regexes[data.pattern] }, behavior: "Isolated", invert: false };
  const vocab = Object.fromEntries(
    [
      ...tokens.flatMap((token, id) => (token === "" ? [] : [[token, id] as const])),
      ...data.specials.map(({ text, id }) => [text, id] as const),
    ].toSorted((a, b) => a[1] - b[1]),
  );
  return `${JSON.stringify(
    {
      version: "1.0",
      truncation: null,
      padding: null,
      added_tokens: added,
      normalizer: data.normalize === undefined ? null : { type: data.normalize },
      pre_tokenizer:
        data.pattern === "gpt2"
          ? byteLevel
          : { type: "Sequence", pretokenizers: [split, { ...byteLevel, use_regex: false }] },
      post_processor: { ...byteLevel, trim_offsets: false },
      decoder: byteLevel,
      model: {
        type: "BPE",
        dropout: null,
        unk_token: null,
        continuing_subword_prefix: null,
        end_of_word_suffix: null,
        fuse_unk: false,
        byte_fallback: false,
        ignore_merges: data.wholeWords === true,
        vocab,
        merges: data.merges === "" ? [] : data.merges.split("\n").map((line) => line.split(" ")),
      },
    },
    undefined,
    1,
  )}\n`;
}

/** Reads the text of a file; `name` is for errors, which name the part that is wrong or not known. */
export function readTokenizerJson(text: string, name: string): BpeData | PipelineData {
  const root = new Part(parse(text, name), "", name);
  root.object();
  const bytePairs = bytePairsOf(root);
  if (bytePairs) {
    bpeParts(bytePairs);
    return bytePairs;
  }
  const definition = Object.fromEntries(
    ["added_tokens", "normalizer", "pre_tokenizer", "decoder", "model"].map((part) => [
      part,
      root.at(part).value ?? null,
    ]),
  );
  const data = { kind: "pipeline", definition: JSON.stringify(definition) } as const;
  pipelineTokenizer(data, name);
  return data;
}

function parse(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new RuntimeFailure(
      "tokenizer/invalid",
      `${name} is not JSON: ${error instanceof Error ? error.message : String(error)}`,
      "name the `tokenizer.json` of a model",
    );
  }
}

/** Nothing where the file is of another kind, or asks for something that only the pipeline knows. */
function bytePairsOf(root: Part): BpeData | undefined {
  const model = root.at("model");
  if (model.at("type").value !== "BPE" && !(model.at("type").absent && !model.at("merges").absent)) return undefined;
  const isPlain = (
    [
      ["dropout", 0],
      ["continuing_subword_prefix", ""],
      ["end_of_word_suffix", ""],
      ["byte_fallback", false],
    ] as const
  ).every(([part, plain]) => (model.at(part).value ?? plain) === plain);
  const normalizers = membersOf(root.at("normalizer"), "normalizers");
  const pattern = patternOf(root.at("pre_tokenizer"));
  const isByteLevel = membersOf(root.at("decoder"), "decoders").every((part) => part.type() === "ByteLevel");
  if (!isPlain || pattern === undefined || !isByteLevel || normalizers.some((part) => part.type() !== "NFC"))
    return undefined;
  const ids = tokenIds(model.at("vocab"));
  // What is not known is a token of its own, where there is one; without all bytes, there is something not known.
  if (!model.at("unk_token").absent && !letterOfByte.every((letter) => ids.has(letter))) return undefined;
  const specials = addedTokens(root.at("added_tokens"), ids);
  const merges = mergesOf(model.at("merges"));
  if (specials.some(({ singleWord }) => singleWord) || merges === undefined || isMerged(specials, merges, ids))
    return undefined;
  const tokens = tokensOf(ids, new Set(specials.map(({ id }) => id)));
  return tokens === undefined
    ? undefined
    : {
        kind: "bpe",
        pattern,
        tokens,
        merges: merges.join("\n"),
        specials,
        ...(model.at("ignore_merges").flag(false) && { wholeWords: true }),
        ...(normalizers.length > 0 && { normalize: "NFC" }),
      };
}

/** The published expression that words are cut by, where it is the only one. */
function patternOf(part: Part): PatternName | undefined {
  const all = membersOf(part, "pretokenizers");
  const [split] = all;
  const level = all.at(-1);
  if (split === undefined || level?.type() !== "ByteLevel" || level.at("add_prefix_space").flag(true)) return undefined;
  if (all.length === 1) return level.at("use_regex").flag(true) ? "gpt2" : undefined;
  if (all.length !== 2 || split.type() !== "Split" || level.at("use_regex").flag(true)) return undefined;
  const isolates = split.at("behavior").value === "Isolated" && !split.at("invert").flag(false);
  // `Removed`, inverted, keeps what the expression matches: the same where it matches everything, as these do.
  const keeps = split.at("behavior").value === "Removed" && split.at("invert").flag(false);
  const { Regex: regex } = split.at("pattern").object();
  return isolates || keeps ? patternNames.find((name) => regexes[name] === regex) : undefined;
}

/** Whether an added token is one that merges make or take, or a single byte: then it is in words, too. */
function isMerged(
  specials: readonly AddedToken[],
  merges: readonly string[],
  ids: ReadonlyMap<string, number>,
): boolean {
  const texts = new Set(specials.map(({ text }) => text).filter((text) => ids.has(text)));
  if (texts.size === 0) return false;
  return (
    [...texts].some((text) => text.length === 1) ||
    merges.some((line) => {
      const [left = "", right = ""] = line.split(" ");
      return texts.has(left) || texts.has(right) || texts.has(left + right);
    })
  );
}

function tokensOf(ids: ReadonlyMap<string, number>, special: ReadonlySet<number>): string | undefined {
  const tokens: string[] = [];
  for (const [token, id] of ids) {
    if (special.has(id)) continue;
    if (token === "" || bytesOfToken(token) === undefined) return undefined;
    tokens[id] = token;
  }
  return Array.from(tokens, (token) => token ?? "").join(" ");
}

/** Nothing where a merge is none of two tokens: the pipeline says which. */
function mergesOf(part: Part): readonly string[] | undefined {
  // A pair that is there twice has its last rank.
  const last = new Map<string, number>();
  if (!Array.isArray(part.value)) return undefined;
  for (const [rank, entry] of (part.value as readonly unknown[]).entries()) {
    const line =
      Array.isArray(entry) && entry.every((token) => typeof token === "string" && !token.includes(" "))
        ? entry.join(" ")
        : entry;
    if (typeof line !== "string" || line.split(" ").length !== 2) return undefined;
    last.set(line, rank);
  }
  return [...last].toSorted((a, b) => a[1] - b[1]).map(([line]) => line);
}
