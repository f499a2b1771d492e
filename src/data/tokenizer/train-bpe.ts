/**
 * @file Trains a byte-pair tokenizer: again and again the most frequent pair of neighbours becomes a token. The merges are those of Hugging Face's trainer for
 * the same words: so are the order of ids (special tokens, then bytes by their letters, then merges), the choice between pairs of equal counts, and that a token
 * which two different pairs spell is one.
 */
import { bytesByLetter, letterOfByte } from "../../runtime/data/bpe/byte-letters.ts";
import type { BpeData } from "../../runtime/data/tokenizer/tokenizer.ts";
import type { PatternName } from "../../runtime/data/tokenizer/tokenizer.ts";
import type { WordCounts } from "./count-words.ts";
import { PairCounts } from "./pair-counts.ts";
import { PairQueue } from "./pair-queue.ts";

export interface BpeOptions {
  readonly pattern: PatternName;
  /** Tokens in all: special ones, 256 bytes, and merges for the rest. There are fewer where the text has no more pairs. */
  readonly vocabulary: number;
  readonly specials: readonly string[];
  /** Pairs that occur less often are not merged. */
  readonly minFrequency: number;
}

export function trainBpe(counts: WordCounts, options: BpeOptions): BpeData {
  const specials = options.specials.map((text, id) => ({ text, id }));
  const tokens = [...specials.map(() => ""), ...bytesByLetter.map((byte) => letterOfByte[byte] as string)];
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const words = wordsAsSymbols(counts, (byte) => ids.get(letterOfByte[byte] as string) as number);
  const pairs = countPairs(words);
  const queue = new PairQueue((a, b) => {
    const [left, other] = [pairs.lefts[a] as number, pairs.lefts[b] as number];
    return left !== other ? left < other : (pairs.rights[a] as number) < (pairs.rights[b] as number);
  });
  for (let pair = 0; pair < pairs.size; pair++) queue.push(pair, pairs.counts[pair] as number);
  const merged: number[] = [];
  while (tokens.length < options.vocabulary && queue.size > 0) {
    const pair = queue.take();
    const count = pairs.counts[pair] as number;
    if (queue.count !== count) {
      if (count > 0) queue.push(pair, count);
      continue;
    }
    if (count < Math.max(1, options.minFrequency)) break;
    const token = (tokens[pairs.lefts[pair] as number] as string) + (tokens[pairs.rights[pair] as number] as string);
    let id = ids.get(token);
    if (id === undefined) {
      id = tokens.length;
      tokens.push(token);
      ids.set(token, id);
    }
    merged.push(pair);
    for (const grew of mergeInWords(words, pairs, pair, id))
      if ((pairs.counts[grew] as number) > 0) queue.push(grew, pairs.counts[grew] as number);
  }
  const merges = lastOfEach(merged).map(
    (pair) => `${tokens[pairs.lefts[pair] as number]} ${tokens[pairs.rights[pair] as number]}`,
  );
  return { kind: "bpe", pattern: options.pattern, tokens: tokens.join(" "), merges: merges.join("\n"), specials };
}

/** Words as symbols, which merging makes fewer. */
interface Words {
  readonly symbols: Int32Array;
  readonly starts: Int32Array;
  readonly lengths: Int32Array;
  readonly counts: Float64Array;
}

function wordsAsSymbols({ words, counts }: WordCounts, symbolOf: (byte: number) => number): Words {
  const total = words.starts[words.size] as number;
  const symbols = new Int32Array(total);
  const symbolOfByte = Int32Array.from({ length: 256 }, (_, byte) => symbolOf(byte));
  for (let i = 0; i < total; i++) symbols[i] = symbolOfByte[words.bytes[i] as number] as number;
  const lengths = new Int32Array(words.size);
  for (let word = 0; word < words.size; word++)
    lengths[word] = (words.starts[word + 1] as number) - (words.starts[word] as number);
  return { symbols, starts: words.starts, lengths, counts };
}

function countPairs({ symbols, starts, lengths, counts }: Words): PairCounts {
  const pairs = new PairCounts();
  for (let word = 0; word < lengths.length; word++) {
    const start = starts[word] as number;
    const end = start + (lengths[word] as number);
    for (let i = start; i + 1 < end; i++)
      pairs.add(pairs.pair(symbols[i] as number, symbols[i + 1] as number), word, counts[word] as number);
  }
  return pairs;
}

/** Replaces a pair by a token wherever it occurs, and keeps the counts right. Answers the pairs that occur more often than before. */
function mergeInWords(
  { symbols, starts, lengths, counts }: Words,
  pairs: PairCounts,
  pair: number,
  id: number,
): Iterable<number> {
  const [left, right] = [pairs.lefts[pair] as number, pairs.rights[pair] as number];
  const grew = new Set<number>();
  const more = (a: number, b: number, word: number, count: number): void => {
    const neighbours = pairs.pair(a, b);
    pairs.add(neighbours, word, count);
    grew.add(neighbours);
  };
  pairs.drain(pair, (word) => {
    const start = starts[word] as number;
    const end = start + (lengths[word] as number);
    const count = counts[word] as number;
    let to = start;
    for (let i = start; i < end; i++) {
      const symbol = symbols[i] as number;
      if (symbol !== left || i + 1 >= end || symbols[i + 1] !== right) {
        symbols[to++] = symbol;
        continue;
      }
      if (to > start) {
        const before = symbols[to - 1] as number;
        pairs.remove(pairs.pair(before, left), count);
        more(before, id, word, count);
      }
      if (i + 2 < end) {
        const after = symbols[i + 2] as number;
        pairs.remove(pairs.pair(right, after), count);
        more(id, after, word, count);
      }
      symbols[to++] = id;
      i++;
    }
    lengths[word] = to - start;
  });
  return grew;
}

/** A pair can come again after it was merged, where one of its tokens is made in another way; its rank is that of the last time. */
function lastOfEach(pairs: readonly number[]): readonly number[] {
  const last = new Map(pairs.map((pair, i) => [pair, i]));
  return pairs.filter((pair, i) => last.get(pair) === i);
}
