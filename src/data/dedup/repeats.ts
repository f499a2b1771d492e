/**
 * @file Keys that occurred before, of a corpus of any size in bounded memory: as many parts as fit are compared at a time. Within a part keys come in the
 * order of documents, so the result does not depend on how many that are.
 */
import { mix } from "../../runtime/random.ts";
import { SeenHashes } from "./hash64.ts";
import { headBytes, wordsOf, type Keys } from "./keys.ts";

/** The key of this number occurred before; `first` is where it did first. `words` are valid until the next call. */
export type Repeat = (number: number, first: number, words: Uint32Array) => void;

/** Bytes of keys that are compared at a time: six million hashes of eight bytes, with a table of 100 MB. */
const roundBytes = 72 * 2 ** 20;

/** Calls `repeat` for every key that occurred before, and `done` after each round. Keys of eight bytes are hashes; longer ones are hashed. */
export async function eachRepeat({ shape, shards }: Keys, repeat: Repeat, done: () => void = () => undefined, budget = roundBytes): Promise<void> {
  const size = shape.bytes / 4;
  const entry = shape.bytes + 4;
  const bytesOf = (part: number): number => entry * shards.reduce((sum, { parts }) => sum + (parts[part + 1] ?? 0) - (parts[part] ?? 0), 0);
  for (let part = 0, end: number; part < shape.lanes * shape.parts; part = end) {
    let bytes = bytesOf(part);
    for (end = part + 1; end % shape.parts !== 0 && bytes + bytesOf(end) <= budget; end++) bytes += bytesOf(end);
    const seen = new SeenHashes();
    for (const { packed, parts, first } of shards) {
      const [from, to] = [parts[part] ?? 0, parts[end] ?? 0];
      if (from === to) continue;
      const words = wordsOf(await packed(headBytes(shape) + entry * from, headBytes(shape) + entry * to));
      for (let at = 0; at < words.length; at += size + 1) {
        let [low, high] = [words[at] ?? 0, words[at + 1] ?? 0];
        if (size > 2) [low, high] = hashed(words, at, size);
        const number = first + (words[at + size] ?? 0);
        const before = seen.add(low | 0, high | 0, number);
        if (before >= 0) repeat(number, before, words.subarray(at, at + size));
      }
    }
    done();
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
