/** @file What the quality classifier sees of a text: which words and pairs of words are in it, hashed into a fixed number of places. */
import { mix } from "../../abi/random.ts";
import { isSpace } from "../text/python.ts";

const mark = /[\p{P}\p{S}]/u;
const SPACE = 1;
const MARK = 2;
let kinds: Uint8Array | undefined;
const table = (): Uint8Array =>
  (kinds ??= Uint8Array.from({ length: 65536 }, (_, unit) =>
    isSpace(unit) ? SPACE : mark.test(String.fromCharCode(unit)) ? MARK : 0,
  ));

/** Distinct features of a text, ascending, at most `limit` of its beginning. A word is a run without space and marks; each mark is one. `places` is a power of two. */
export function featuresOf(text: string, places: number, limit: number): Int32Array {
  const of = table();
  const found = new Set<number>();
  const lower = text.toLowerCase();
  let previous = 0;
  let word = 0;
  const finish = (): void => {
    const unigram = mix(word >>> 0);
    found.add(unigram & (places - 1));
    if (previous !== 0) found.add(mix((Math.imul(previous, 0x01000193) + unigram) >>> 0) & (places - 1));
    previous = unigram;
    word = 0;
  };
  for (let at = 0; at < lower.length && found.size < limit; at++) {
    const unit = lower.charCodeAt(at);
    const kind = of[unit];
    if (kind !== 0 && word !== 0) finish();
    if (kind === SPACE) continue;
    word = Math.imul(word ^ unit, 0x01000193) + 1;
    if (kind === MARK) finish();
  }
  if (word !== 0) finish();
  return Int32Array.from(found).toSorted();
}
