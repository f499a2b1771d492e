/** @file How much of a document repeats itself: whole lines or paragraphs, and runs of words. */
import { codePoints } from "../text/python.ts";

/** Elements that occurred before, and how many characters they hold. */
export function repeated(elements: readonly string[]): { readonly count: number; readonly characters: number } {
  const seen = new Set<string>();
  let count = 0;
  let characters = 0;
  for (const element of elements) {
    if (seen.size === seen.add(element).size) {
      count++;
      characters += codePoints(element);
    }
  }
  return { count, characters };
}

const base = 0x01000193;
const golden = 0x9e3779b1;

/** Room that every document uses again. Open addressing wants a table at least twice as large as what it holds. */
let room = { words: 0, ids: new Int32Array(), lengths: new Int32Array(), hashes: new Int32Array(), powers: new Int32Array(), runs: new Int32Array(), first: new Int32Array(), counts: new Int32Array() };
function roomFor(words: number): typeof room {
  if (words > room.words) {
    const size = 1 << Math.max(10, 32 - Math.clz32(words - 1));
    const array = (): Int32Array<ArrayBuffer> => new Int32Array(size);
    room = { words: size, ids: array(), lengths: array(), hashes: array(), powers: array(), runs: array(), first: new Int32Array(2 * size), counts: new Int32Array(2 * size) };
  }
  return room;
}

/**
 * The runs of n words of a document, for n = 1, 2, …: `grow` goes to the next n. Each run has a hash of its characters, which takes one
 * multiplication to extend, and every equality of hashes is checked, so the answers are exact. One document at a time: the next one's
 * runs take the same room.
 */
export class Runs {
  private readonly words: readonly string[];
  private readonly room: typeof room;
  /** Bits of the table that are used. */
  private readonly shift: number;
  private readonly size: number;
  private n = 1;

  constructor(words: readonly string[]) {
    this.words = words;
    this.room = roomFor(words.length);
    this.shift = Math.min(27, Math.clz32(words.length) - 1);
    this.size = 1 << (32 - this.shift);
    const { ids, lengths, hashes, powers, runs, first } = this.room;
    first.fill(-1, 0, this.size);
    for (let i = 0; i < words.length; i++) {
      const word = words[i] ?? "";
      let hash = 0;
      let power = 1;
      let halves = 0;
      for (let k = 0; k < word.length; k++) {
        const unit = word.charCodeAt(k);
        hash = (Math.imul(hash, base) + unit + 1) | 0;
        power = Math.imul(power, base);
        halves |= unit & 0xf800 ^ 0xd800 ? 0 : 1;
      }
      lengths[i] = halves === 0 ? word.length : codePoints(word);
      hashes[i] = hash;
      powers[i] = power;
      runs[i] = hash;
      // Equal words have the number of the first of them.
      let slot = Math.imul(hash, golden) >>> this.shift;
      for (let at = first[slot] ?? -1; at >= 0 && !(hashes[at] === hash && words[at] === word); at = first[slot] ?? -1) slot = slot + 1 & this.size - 1;
      if (first[slot] === -1) first[slot] = i;
      ids[i] = first[slot] ?? i;
    }
  }

  private get total(): number {
    return this.words.length - this.n + 1;
  }

  grow(): void {
    const { runs, hashes, powers } = this.room;
    const { n } = this;
    for (let i = 0; i + n < this.words.length; i++) runs[i] = (Math.imul(runs[i] ?? 0, powers[i + n] ?? 0) + (hashes[i + n] ?? 0)) | 0;
    this.n++;
  }

  private characters(start: number): number {
    let sum = 0;
    for (let i = start; i < start + this.n; i++) sum += this.room.lengths[i] ?? 0;
    return sum;
  }

  private sameWords(a: number, b: number): boolean {
    const { ids } = this.room;
    for (let i = 0; i < this.n; i++) if (ids[a + i] !== ids[b + i]) return false;
    return true;
  }

  private sameCharacters(a: number, b: number): boolean {
    return this.sameWords(a, b) || this.words.slice(a, a + this.n).join("") === this.words.slice(b, b + this.n).join("");
  }

  /** Characters (joined by spaces, times occurrences) of the run that occurs most often; of several, the first. Zero if there is no run. */
  top(): number {
    const { first, counts, runs } = this.room;
    const bits = this.size - 1;
    first.fill(-1, 0, this.size);
    counts.fill(0, 0, this.size);
    let best = -1;
    let most = 0;
    for (let i = 0; i < this.total; i++) {
      let slot = Math.imul(runs[i] ?? 0, golden) >>> this.shift;
      for (let at = first[slot] ?? -1; at >= 0 && !(runs[at] === runs[i] && this.sameWords(at, i)); at = first[slot] ?? -1) slot = (slot + 1) & bits;
      if (first[slot] === -1) first[slot] = i;
      const count = (counts[slot] ?? 0) + 1;
      counts[slot] = count;
      const at = first[slot] ?? 0;
      if (count > most || (count === most && at < best)) [best, most] = [at, count];
    }
    return best < 0 ? 0 : (this.characters(best) + this.n - 1) * most;
  }

  /** Characters in runs that occurred before, taken from left to right without overlap. Runs are equal when their characters are. */
  duplicated(): number {
    const { first, runs } = this.room;
    const bits = this.size - 1;
    first.fill(-1, 0, this.size);
    let sum = 0;
    for (let i = 0; i < this.total;) {
      let slot = Math.imul(runs[i] ?? 0, golden) >>> this.shift;
      for (let at = first[slot] ?? -1; at >= 0 && !(runs[at] === runs[i] && this.sameCharacters(at, i)); at = first[slot] ?? -1) slot = (slot + 1) & bits;
      if (first[slot] === -1) {
        first[slot] = i;
        i++;
      } else {
        sum += this.characters(i);
        i += this.n;
      }
    }
    return sum;
  }
}
