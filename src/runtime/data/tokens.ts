/**
 * @file Tokenizers: bytes (any file, 256 ids), characters (the code points that occur in a corpus, sorted), byte pairs (see bpe/), and what else a
 * `tokenizer.json` describes (see pipeline/). A tokenizer is described
 * by plain data, which programs and checkpoints carry.
 */
import { type TokenArray, type Tokenizer, type TokenizerData, tokenArray } from "./tokenizer/tokenizer.ts";
import { RuntimeFailure } from "../util/failure.ts";
import { bpeData } from "./bpe/data.ts";
import { bpeTokenizer } from "./bpe/tokenizer.ts";
import { pipelineData } from "./pipeline/data.ts";
import { pipelineTokenizer } from "./pipeline/tokenizer.ts";
import { eachCodePoint, utf8Decoder, utf8Length } from "./tokenizer/utf8.ts";

export function createTokenizer(data: TokenizerData): Tokenizer {
  switch (data.kind) {
    case "bytes":
      return bytesTokenizer;
    case "characters":
      return characterTokenizer(data.characters);
    case "bpe":
      return bpeTokenizer(data);
    case "pipeline":
      return pipelineTokenizer(data);
  }
}

/** The description of a tokenizer in what was read from a file, if it is one. */
export function tokenizerData(value: unknown): TokenizerData | undefined {
  if (typeof value !== "object" || value === null || !("kind" in value)) return undefined;
  switch (value.kind) {
    case "bytes":
      return { kind: "bytes" };
    case "characters":
      return "characters" in value && typeof value.characters === "string"
        ? { kind: "characters", characters: value.characters }
        : undefined;
    case "bpe":
      return bpeData({ ...value });
    case "pipeline":
      return pipelineData({ ...value });
    default:
      return undefined;
  }
}

export function encodeText(tokenizer: Tokenizer, text: string, name: string): TokenArray {
  return tokenizer.encode(new TextEncoder().encode(text), name);
}

export function decodeTokens(tokenizer: Tokenizer, ids: Iterable<number>): string {
  const decoder = tokenizer.decoder();
  let text = "";
  for (const id of ids) text += decoder.push(id);
  return text + decoder.end();
}

const none: ReadonlyMap<string, number> = new Map();

const bytesTokenizer: Tokenizer = {
  data: { kind: "bytes" },
  vocabulary: 256,
  specials: none,
  encode: (bytes) => bytes,
  bytesOf: (id) => Uint8Array.of(id),
  byteLength: () => 1,
  decoder: () => utf8Decoder((id) => Uint8Array.of(id)),
};

interface NamedBytes {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The vocabulary of a corpus: every character that occurs in it. Fails at the first byte that is not UTF-8. */
export async function characterVocabulary(
  files: AsyncIterable<NamedBytes> | Iterable<NamedBytes>,
): Promise<TokenizerData> {
  const seen = new Set<number>();
  for await (const file of files) requireUtf8(file.bytes, file.name, (codePoint) => void seen.add(codePoint));
  const characters = [...seen].toSorted((a, b) => a - b).map((codePoint) => String.fromCodePoint(codePoint));
  return { kind: "characters", characters: characters.join("") };
}

function characterTokenizer(characters: string): Tokenizer {
  const codePoints = Array.from(characters, (character) => character.codePointAt(0) as number);
  const highest = codePoints.at(-1) ?? 0;
  const ids = new Int32Array(highest + 1).fill(-1);
  codePoints.forEach((codePoint, id) => (ids[codePoint] = id));
  return {
    data: { kind: "characters", characters },
    vocabulary: codePoints.length,
    specials: none,
    encode: (bytes, name) => {
      const tokens = tokenArray(codePoints.length, bytes.length);
      let count = 0;
      requireUtf8(bytes, name, (codePoint, offset) => {
        const id = ids[codePoint] ?? -1;
        if (id < 0) throw unknownCharacter(codePoint, offset, name);
        tokens[count++] = id;
      });
      return tokens.slice(0, count);
    },
    bytesOf: (id) => new TextEncoder().encode(String.fromCodePoint(codePoints[id] ?? 0xfffd)),
    byteLength: (id) => utf8Length(codePoints[id] ?? 0),
    decoder: () => ({ push: (id) => String.fromCodePoint(codePoints[id] ?? 0xfffd), end: () => "" }),
  };
}

function requireUtf8(bytes: Uint8Array, name: string, take: (codePoint: number, offset: number) => void): void {
  const invalid = eachCodePoint(bytes, take);
  if (invalid === undefined) return;
  throw new RuntimeFailure(
    "data/encoding",
    `${name} is not UTF-8: byte 0x${invalid.byte.toString(16).padStart(2, "0")} at offset ${invalid.offset}`,
    "convert the file to UTF-8",
  );
}

function unknownCharacter(codePoint: number, offset: number, name: string): RuntimeFailure {
  const shown = `U+${codePoint.toString(16).toUpperCase().padStart(4, "0")} (${JSON.stringify(String.fromCodePoint(codePoint))})`;
  return new RuntimeFailure(
    "data/character",
    `${name} has the character ${shown} at byte ${offset}, which the vocabulary lacks`,
    "compile the model again if the corpus has changed",
  );
}
