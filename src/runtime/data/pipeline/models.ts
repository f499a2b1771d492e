/** @file What makes tokens of a word: merged pairs, the likeliest pieces, the longest pieces, or the word itself. */
import { PairTable } from "../bpe/pair-table.ts";
import { type Merges, WordMerger } from "../bpe/merge.ts";
import type { Part } from "./part.ts";
import { longestToken, tokenIds } from "./vocabulary.ts";
import { unigram } from "./unigram.ts";

export interface Model {
  readonly ids: ReadonlyMap<string, number>;
  /** Appends the ids of a word. */
  readonly encode: (word: string, ids: number[]) => void;
}

/** Says that a word cannot be written. */
export type Unknown = (what: string) => Error;

export function modelOf(part: Part, unknown: Unknown): Model {
  // Older files do not say what they are.
  const type = part.at("type").absent ? (part.at("merges").absent ? "WordPiece" : "BPE") : part.type();
  switch (type) {
    case "BPE":
      return pairs(part, unknown);
    case "Unigram":
      return unigram(part, unknown);
    case "WordPiece":
      return wordPiece(part, unknown);
    case "WordLevel":
      return wordLevel(part, unknown);
    default:
      throw part.unknownType("model");
  }
}

/** The id of the token that stands for what is not known; nothing where there is none. */
function unknownId(part: Part, ids: ReadonlyMap<string, number>): number | undefined {
  const token = part.at("unk_token");
  if (token.absent) return undefined;
  return ids.get(token.text());
}

export function byteTokens(ids: ReadonlyMap<string, number>): readonly (number | undefined)[] {
  return Array.from({ length: 256 }, (_, byte) => ids.get(`<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`));
}

const encoder = new TextEncoder();

function pairs(part: Part, unknown: Unknown): Model {
  const ids = tokenIds(part.at("vocab"));
  if (part.at("dropout").number(0) !== 0)
    throw part.at("dropout").unsupported("`dropout` makes other tokens each time");
  const [prefix, suffix] = [part.at("continuing_subword_prefix").text(""), part.at("end_of_word_suffix").text("")];
  const [fuses, fallsBack, keepsWords] = [
    part.at("fuse_unk").flag(false),
    part.at("byte_fallback").flag(false),
    part.at("ignore_merges").flag(false),
  ];
  const merger = new WordMerger(mergesOf(part.at("merges"), ids, prefix));
  const unk = unknownId(part, ids);
  const bytes = byteTokens(ids);
  return {
    ids,
    encode: (word, out) => {
      const whole = keepsWords ? ids.get(word) : undefined;
      if (whole !== undefined) return void out.push(whole);
      const symbols: number[] = [];
      // What is not known waits until something known follows: several may be one.
      let waiting = false;
      const add = (id: number): void => void symbols.push(id);
      for (let at = 0; at < word.length;) {
        const after = at + ((word.codePointAt(at) as number) > 0xffff ? 2 : 1);
        const symbol = `${at > 0 ? prefix : ""}${word.slice(at, after)}${after === word.length ? suffix : ""}`;
        at = after;
        const id = ids.get(symbol);
        if (id !== undefined) {
          if (waiting) add(unk as number);
          waiting = false;
          add(id);
          continue;
        }
        const fallback = fallsBack ? Array.from(encoder.encode(symbol), (byte) => bytes[byte]) : [undefined];
        if (fallback.every((token) => token !== undefined)) fallback.forEach(add);
        else if (unk === undefined) throw unknown(word.slice(after - symbol.length, after) || symbol);
        else {
          if (waiting && !fuses) add(unk);
          waiting = true;
        }
      }
      if (waiting) add(unk as number);
      merger.reserve(symbols.length);
      merger.symbols.set(symbols);
      const count = merger.merge(symbols.length);
      for (let i = 0; i < count; i++) out.push(merger.symbols[i] as number);
    },
  };
}

function mergesOf(part: Part, ids: ReadonlyMap<string, number>, prefix: string): Merges {
  if (!Array.isArray(part.value)) throw part.invalid("`model.merges` is missing or no list");
  const lines: readonly unknown[] = part.value;
  // A pair that is there twice has its last rank: seen from the end, it counts once.
  const backwards = new PairTable(lines.length);
  const [left, right, made] = [
    new Int32Array(lines.length),
    new Int32Array(lines.length),
    new Int32Array(lines.length),
  ];
  for (let rank = lines.length - 1; rank >= 0; rank--) {
    const entry = lines[rank];
    const pair: unknown = typeof entry === "string" ? entry.split(" ") : entry;
    if (!isPair(pair)) throw part.invalid(`the merge ${rank}, ${JSON.stringify(entry)}, does not name two tokens`);
    const of = [pair[0], pair[1], pair[0] + pair[1].slice(prefix.length)].map((token) => {
      const id = ids.get(token);
      if (id === undefined)
        throw part.invalid(
          `the merge ${rank}, ${JSON.stringify(pair.join(" "))}, needs the token ${JSON.stringify(token)}, which \`model.vocab\` lacks`,
        );
      return id;
    });
    const [l = 0, r = 0, m = 0] = of;
    const number = backwards.size;
    if (backwards.add(l, r) === number) [left[number], right[number], made[number]] = [l, r, m];
  }
  const count = backwards.size;
  const ranks = new PairTable(count);
  for (let i = count - 1; i >= 0; i--) ranks.add(left[i] as number, right[i] as number);
  return { ranks, results: made.slice(0, count).toReversed() };
}

function isPair(value: unknown): value is readonly [string, string] {
  return Array.isArray(value) && value.length === 2 && typeof value[0] === "string" && typeof value[1] === "string";
}

function wordPiece(part: Part, unknown: Unknown): Model {
  const ids = tokenIds(part.at("vocab"));
  const prefix = part.at("continuing_subword_prefix").text("##");
  const most = part.at("max_input_chars_per_word").number(100);
  const unk = unknownId(part, ids);
  let longest = 1;
  for (const token of ids.keys()) longest = Math.max(longest, token.length);
  longest = Math.min(longest, longestToken);
  const pieces = (word: string): readonly number[] | undefined => {
    if ([...word].length > most) return undefined;
    const found: number[] = [];
    for (let from = 0; from < word.length;) {
      let to = Math.min(word.length, from + longest);
      let id = ids.get((from > 0 ? prefix : "") + word.slice(from, to));
      while (id === undefined && to > from + 1) id = ids.get((from > 0 ? prefix : "") + word.slice(from, --to));
      if (id === undefined) return undefined;
      found.push(id);
      from = to;
    }
    return found;
  };
  return {
    ids,
    encode: (word, out) => {
      const found = pieces(word) ?? (unk === undefined ? undefined : [unk]);
      if (!found) throw unknown(word);
      out.push(...found);
    },
  };
}

function wordLevel(part: Part, unknown: Unknown): Model {
  const ids = tokenIds(part.at("vocab"));
  const unk = unknownId(part, ids);
  return {
    ids,
    encode: (word, out) => {
      const id = ids.get(word) ?? unk;
      if (id === undefined) throw unknown(word);
      out.push(id);
    },
  };
}
