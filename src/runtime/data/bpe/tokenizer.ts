/**
 * @file Byte-level byte-pair encoding. Text is cut into words by the pattern, and each word's bytes are merged to tokens; the tokens of words seen before are
 * remembered. Any bytes can be encoded, and come back as they were: what is not UTF-8 is symbols of one byte.
 */
import { RuntimeFailure } from "../../util/failure.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import { type BpeData, tokenArray } from "../tokenizer/tokenizer.ts";
import { type BpeParts, bpeParts } from "./data.ts";
import { tokenOfBytes } from "./byte-letters.ts";
import { grown } from "./grown.ts";
import { WordMerger } from "./merge.ts";
import { type Scanner, scanners } from "./patterns.ts";
import { addedTokenFinder, type FindAdded } from "../tokenizer/added-tokens.ts";
import { utf8Decoder } from "../tokenizer/utf8.ts";
import { byteUnits } from "./byte-units.ts";
import { WordTable } from "./word-table.ts";

export function bpeTokenizer(data: BpeData): Tokenizer {
  const parts = bpeParts(data);
  const vocabulary = parts.bytes.length;
  const encoder = new BpeEncoder(data, parts);
  const bytesOf = (id: number): Uint8Array => parts.bytes[id] ?? new Uint8Array();
  return {
    data,
    vocabulary,
    specials: new Map(data.specials.flatMap(({ text, id, plain }) => (plain ? [] : [[text, id] as const]))),
    encode: (bytes, name, special = false) => {
      encoder.begin(name, bytes.length);
      encoder.text(bytes, special);
      return encoder.end(vocabulary);
    },
    bytesOf,
    byteLength: (id) => bytesOf(id).length,
    decoder: () => utf8Decoder(bytesOf),
  };
}

/** Words remembered at most; then they are forgotten, which only costs time. */
const mostWords = 1 << 18;
/** Longer words hardly come twice. */
const longestWord = 256;

class BpeEncoder {
  readonly #data: BpeData;
  readonly #parts: BpeParts;
  readonly #scan: Scanner;
  readonly #merger: WordMerger;
  readonly #words = new WordTable();
  /** Tokens of the remembered words, one word's after the other's. */
  #remembered = new Int32Array(1 << 12);
  /** Where the tokens of each word start. */
  #starts = new Int32Array(1 << 12);
  /** Added tokens that are looked for in the text as it stands, and in what normalizing makes of it. */
  readonly #raw: FindAdded;
  readonly #normalized: FindAdded;
  #out = new Int32Array(0);
  #count = 0;
  #name = "";

  constructor(data: BpeData, parts: BpeParts) {
    this.#data = data;
    this.#parts = parts;
    this.#scan = scanners[data.pattern];
    this.#merger = new WordMerger(parts.merges);
    const encoder = new TextEncoder();
    const finder = (late: boolean): FindAdded =>
      addedTokenFinder(
        data.specials.filter(({ normalized }) => (normalized === true) === late),
        (text) => encoder.encode(late && data.normalize ? text.normalize(data.normalize) : text),
      );
    this.#raw = finder(false);
    this.#normalized = finder(true);
  }

  begin(name: string, length: number): void {
    this.#name = name;
    this.#count = 0;
    this.#out = new Int32Array(16 + (length >> 1));
  }

  end(vocabulary: number): ReturnType<typeof tokenArray> {
    const tokens = tokenArray(vocabulary, this.#count);
    tokens.set(this.#out.subarray(0, this.#count));
    this.#out = new Int32Array(0);
    return tokens;
  }

  text(bytes: Uint8Array, special: boolean): void {
    this.#between(bytes, 0, bytes.length, this.#raw, special, (start, stop) => {
      const form = this.#data.normalize;
      const text = form === undefined ? bytes : normalized(bytes.subarray(start, stop), form);
      const [from, to] = form === undefined ? [start, stop] : [0, text.length];
      this.#between(text, from, to, this.#normalized, special, (at, end) => this.#plain(text, at, end));
    });
  }

  /** Added tokens become ids, and what stands between them is given on. */
  #between(
    bytes: Uint8Array,
    start: number,
    stop: number,
    find: FindAdded,
    special: boolean,
    take: (start: number, end: number) => void,
  ): void {
    let from = start;
    for (const found of find(byteUnits(bytes), start, stop, special)) {
      if (found.start > from) take(from, found.start);
      this.#token(found.id);
      from = found.end;
    }
    if (from < stop) take(from, stop);
  }

  #token(id: number): void {
    this.#out = grown(this.#out, this.#count + 1);
    this.#out[this.#count++] = id;
  }

  #plain(bytes: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end;) {
      const after = this.#scan(bytes, at, end);
      if (after - at > longestWord) this.#longWord(bytes, at, after);
      else this.#word(bytes, at, after);
      at = after;
    }
  }

  #word(bytes: Uint8Array, from: number, to: number): void {
    const known = this.#words.size;
    const word = this.#words.add(bytes, from, to);
    if (word === known) this.#remember(word, bytes, from, to);
    const start = this.#starts[word] as number;
    const end = this.#starts[word + 1] as number;
    this.#out = grown(this.#out, this.#count + end - start);
    for (let i = start; i < end; i++) this.#out[this.#count++] = this.#remembered[i] as number;
    if (this.#words.size >= mostWords) this.#words.clear();
  }

  #remember(word: number, bytes: Uint8Array, from: number, to: number): void {
    const count = this.#tokensOf(bytes, from, to);
    const start = this.#starts[word] as number;
    this.#starts = grown(this.#starts, word + 2);
    this.#starts[word + 1] = start + count;
    this.#remembered = grown(this.#remembered, start + count);
    this.#remembered.set(this.#merger.symbols.subarray(0, count), start);
  }

  #longWord(bytes: Uint8Array, from: number, to: number): void {
    const count = this.#tokensOf(bytes, from, to);
    this.#out = grown(this.#out, this.#count + count);
    this.#out.set(this.#merger.symbols.subarray(0, count), this.#count);
    this.#count += count;
  }

  /** Leaves the tokens of a word in the merger's symbols, and answers how many they are. */
  #tokensOf(bytes: Uint8Array, from: number, to: number): number {
    const { byteIds, ids } = this.#parts;
    this.#merger.reserve(to - from);
    const { symbols } = this.#merger;
    const whole = this.#data.wholeWords === true ? ids.get(tokenOfBytes(bytes.subarray(from, to))) : undefined;
    if (whole !== undefined) {
      symbols[0] = whole;
      return 1;
    }
    for (let i = from; i < to; i++) {
      const id = byteIds[bytes[i] as number] as number;
      if (id < 0) throw this.#unknownByte(bytes[i] as number);
      symbols[i - from] = id;
    }
    return this.#merger.merge(to - from);
  }

  #unknownByte(byte: number): RuntimeFailure {
    this.#words.clear();
    return new RuntimeFailure(
      "data/character",
      `${this.#name} has the byte 0x${byte.toString(16).padStart(2, "0")}, for which the tokenizer has no token`,
      "use a tokenizer whose vocabulary has all 256 bytes",
    );
  }
}

/** Bytes that are not UTF-8 stay as they are: there is no text to normalise. */
function normalized(bytes: Uint8Array, form: "NFC"): Uint8Array {
  if (bytes.every((byte) => byte < 0x80)) return bytes;
  try {
    return new TextEncoder().encode(
      new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes).normalize(form),
    );
  } catch {
    return bytes;
  }
}
