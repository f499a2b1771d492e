/**
 * @file Keys that occurred before, of a corpus of any size in bounded memory: as many parts as fit are read at a time. They are compared part by part, so
 * that the table of a part's keys stays in the processor's cache; within a part keys come in the order of documents. A part that alone is larger, as of
 * a line that is everywhere, is read shard by shard.
 */
import { mix } from "../../abi/random.ts";
import { SeenHashes } from "./hash64.ts";
import { headBytes, wordsOf, type Keys } from "../rules/keys.ts";

/** The key of this number occurred before; `first` is where it did first. Its words are there until the next call. */
export type Repeat = (number: number, first: number, words: Uint32Array, at: number) => void;

/** Bytes of keys that are read at a time. */
const roundBytes = 64 * 2 ** 20;

/** Calls `repeat` for every key that occurred before, and `done` after each part. Keys of eight bytes are hashes; longer ones are hashed. */
export async function eachRepeat(
  { shape, shards }: Keys,
  repeat: Repeat,
  done: () => void = () => undefined,
  budget = roundBytes,
): Promise<void> {
  const size = shape.bytes / 4;
  const entry = shape.bytes + 4;
  const keysIn = (part: number): number =>
    shards.reduce((sum, { parts }) => sum + (parts[part + 1] ?? 0) - (parts[part] ?? 0), 0);
  for (let begin = 0, end: number; begin < shape.lanes * shape.parts; begin = end) {
    let keys = keysIn(begin);
    for (end = begin + 1; end < shape.lanes * shape.parts && entry * (keys + keysIn(end)) <= budget; end++)
      keys += keysIn(end);
    const read = async ({ packed, parts }: Keys["shards"][number]): Promise<Uint32Array> => {
      const [from, to] = [parts[begin] ?? 0, parts[end] ?? 0];
      return from === to
        ? new Uint32Array()
        : wordsOf(await packed(headBytes(shape) + entry * from, headBytes(shape) + entry * to));
    };
    const held: Uint32Array[] = [];
    if (entry * keys <= budget) for (const shard of shards) held.push(await read(shard));
    for (let part = begin; part < end; part++) {
      const seen = new SeenHashes(Math.min(keysIn(part), budget / entry));
      for (const [i, shard] of shards.entries()) {
        const { parts, first } = shard;
        const words = held[i] ?? (await read(shard));
        const start = parts[begin] ?? 0;
        const last = (size + 1) * ((parts[part + 1] ?? 0) - start);
        for (let at = (size + 1) * ((parts[part] ?? 0) - start); at < last; at += size + 1) {
          let [low, high] = [words[at] ?? 0, words[at + 1] ?? 0];
          if (size > 2) [low, high] = hashed(words, at, size);
          const number = first + (words[at + size] ?? 0);
          const before = seen.add(low | 0, high | 0, number);
          if (before >= 0) repeat(number, before, words, at);
        }
      }
      done();
    }
  }
}

function hashed(words: Uint32Array, from: number, size: number): [number, number] {
  let [low, high] = [0, 0];
  for (let i = from; i < from + size; i++) {
    const word = words[i] ?? 0;
    low = mix(low ^ word);
    high = mix((high + Math.imul(word, 0x9e3779b1)) | 0);
  }
  return [low, high];
}
