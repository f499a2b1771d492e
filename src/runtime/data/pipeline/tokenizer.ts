/**
 * @file Tokenizers as `tokenizer.json` describes them: added tokens are found, the text between them is normalized, cut into words, and each word becomes tokens by a
 * model. Ids are those of Hugging Face's library, without what a post-processor would put around a text.
 */
import { RuntimeFailure } from "../../util/failure.ts";
import { addedTokenFinder, type AddedToken, type FindAdded } from "../tokenizer/added-tokens.ts";
import { type Tokenizer, tokenArray } from "../tokenizer/tokenizer.ts";
import { utf8Decoder } from "../tokenizer/utf8.ts";
import { addedTokens, textUnits, unitsOf } from "./added.ts";
import type { PipelineData } from "../tokenizer/tokenizer.ts";
import { decoderOf } from "./decode.ts";
import { type Model, modelOf } from "./models.ts";
import { type Normalize, normalizerOf } from "./normalize.ts";
import { Part } from "./part.ts";
import { type PreTokenize, preTokenizerOf } from "./pre-tokenize.ts";

/** Large vocabularies take seconds to make, and the one who checks a file is not the one who encodes with it. */
const made = new WeakMap<PipelineData, Tokenizer>();

/** `name` is of the file, for errors. */
export function pipelineTokenizer(data: PipelineData, name = "the tokenizer"): Tokenizer {
  const tokenizer = made.get(data) ?? makeTokenizer(data, name);
  made.set(data, tokenizer);
  return tokenizer;
}

function makeTokenizer(data: PipelineData, name: string): Tokenizer {
  const root = new Part(parsed(data.definition, name), "", name);
  const encoder = new PipelineEncoder(root);
  const { added } = encoder;
  const decode = decoderOf(root.at("decoder"));
  const bytes: Uint8Array[] = [];
  for (const [token, id] of encoder.model.ids) bytes[id] = decode.bytesOf(token);
  // Their texts are no letters for bytes.
  for (const { text, id } of encoder.sought)
    bytes[id] = !decode.letters ? decode.bytesOf(text) : new TextEncoder().encode(text);
  const none = new Uint8Array();
  const bytesOf = (id: number): Uint8Array => bytes[id] ?? none;
  const vocabulary = bytes.length;
  return {
    data,
    vocabulary,
    blankFirst: decode.blankFirst,
    specials: new Map(added.flatMap(({ text, id, plain }) => (plain ? [] : [[text, id] as const]))),
    encode: (given, file, special = false) => {
      const ids = encoder.encode(new TextDecoder("utf-8", { ignoreBOM: true }).decode(given), file, special);
      const tokens = tokenArray(vocabulary, ids.length);
      tokens.set(ids);
      return tokens;
    },
    bytesOf,
    byteLength: (id) => bytesOf(id).length,
    decoder: () => utf8Decoder(bytesOf),
  };
}

function parsed(definition: string, name: string): unknown {
  try {
    return JSON.parse(definition);
  } catch {
    throw new RuntimeFailure(
      "tokenizer/invalid",
      `${name} is damaged: its definition is no JSON`,
      "compile the model again",
    );
  }
}

/** Words remembered at most; then they are forgotten, which only costs time. */
const mostWords = 1 << 17;
/** Longer words hardly come twice. */
const longestWord = 128;

class PipelineEncoder {
  readonly model: Model;
  readonly added: readonly AddedToken[];
  /** The added tokens with their texts as they are looked for. */
  readonly sought: readonly AddedToken[];
  readonly #normalize: Normalize | undefined;
  readonly #cut: PreTokenize;
  readonly #raw: FindAdded;
  readonly #normalized: FindAdded;
  readonly #words = new Map<string, readonly number[]>();
  #file = "";
  #out: number[] = [];

  constructor(root: Part) {
    this.model = modelOf(
      root.at("model"),
      (what) =>
        new RuntimeFailure(
          "data/character",
          `${this.#file} has ${JSON.stringify(what.slice(0, 40))}, for which the tokenizer has no token`,
          "use a tokenizer with a token for what is unknown",
        ),
    );
    this.added = addedTokens(root.at("added_tokens"), this.model.ids);
    const normalize = normalizerOf(root.at("normalizer"));
    this.#normalize = normalize;
    this.#cut = preTokenizerOf(root.at("pre_tokenizer"));
    this.sought = this.added.map((token) =>
      normalize && token.normalized && !token.exact ? { ...token, text: normalize(token.text) } : token,
    );
    this.#raw = addedTokenFinder(
      this.sought.filter(({ normalized }) => !normalized),
      unitsOf,
    );
    this.#normalized = addedTokenFinder(
      this.sought.filter(({ normalized }) => normalized),
      unitsOf,
    );
  }

  encode(text: string, file: string, special: boolean): readonly number[] {
    this.#file = file;
    this.#out = [];
    this.#between(text, this.#raw, special, (piece, first) => {
      const normal = this.#normalize ? this.#normalize(piece) : piece;
      this.#between(normal, this.#normalized, special, (part, isFirst) => {
        for (const { text: word } of this.#cut({ text: part, first: first && isFirst })) this.#word(word);
      });
    });
    const ids = this.#out;
    this.#out = [];
    return ids;
  }

  /** Added tokens become ids, and what stands between them is given on. */
  #between(text: string, find: FindAdded, special: boolean, take: (piece: string, first: boolean) => void): void {
    let from = 0;
    for (const { start, end, id } of find(textUnits(text), 0, text.length, special)) {
      if (start > from) take(text.slice(from, start), from === 0);
      this.#out.push(id);
      from = end;
    }
    if (from < text.length) take(text.slice(from), from === 0);
  }

  #word(word: string): void {
    if (word === "") return;
    let ids = this.#words.get(word);
    if (ids === undefined) {
      const made: number[] = [];
      this.model.encode(word, made);
      ids = made;
      if (this.#words.size >= mostWords) this.#words.clear();
      if (word.length <= longestWord) this.#words.set(word, ids);
    }
    for (const id of ids) this.#out.push(id);
  }
}
