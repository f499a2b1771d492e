/** @file How much of a document repeats itself: whole lines or paragraphs, and runs of words. */
import { mix } from "../../runtime/random.ts";
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

/**
 * The runs of n words of a document, for n = 1, 2, …: `grow` goes to the next n. Each run has a hash of its characters, which takes
 * one multiplication to extend, and every equality of hashes is checked, so the answers are exact.
 */
export class Runs {
  private readonly words: readonly string[];
  /** Characters, hash and power of the base of each word; hash of the run that starts at each word. */
  private readonly lengths: Int32Array;
  private readonly hashes: Int32Array;
  private readonly powers: Int32Array;
  private readonly runs: Int32Array;
  /** Open addressing: where a run was first seen, and how often. */
  private readonly first: Int32Array;
  private readonly counts: Int32Array;
  private n = 1;

  constructor(words: readonly string[]) {
    this.words = words;
    this.lengths = new Int32Array(words.length);
    this.hashes = new Int32Array(words.length);
    this.powers = new Int32Array(words.length);
    for (let i = 0; i < words.length; i++) {
      const word = words[i] ?? "";
      let hash = 0;
      let power = 1;
      let halves = 0;
      for (let k = 0; k < word.length; k++) {
        const unit = word.charCodeAt(k);
        hash = (Math.imul(hash, base) + unit + 1) | 0;
        power = Math.imul(power, base);
        halves += (unit & 0xf800) === 0xd800 ? 1 : 0;
      }
      this.lengths[i] = halves === 0 ? word.length : codePoints(word);
      this.hashes[i] = hash;
      this.powers[i] = power;
    }
    this.runs = this.hashes.slice();
    const size = 1 << Math.max(4, 33 - Math.clz32(words.length));
    this.first = new Int32Array(size);
    this.counts = new Int32Array(size);
  }

  private get total(): number {
    return this.words.length - this.n + 1;
  }

  grow(): void {
    const { runs, hashes, powers, n } = this;
    for (let i = 0; i + n < runs.length; i++) runs[i] = (Math.imul(runs[i] ?? 0, powers[i + n] ?? 0) + (hashes[i + n] ?? 0)) | 0;
    this.n++;
  }

  private characters(start: number): number {
    let sum = 0;
    for (let i = start; i < start + this.n; i++) sum += this.lengths[i] ?? 0;
    return sum;
  }

  private sameWords(a: number, b: number): boolean {
    for (let i = 0; i < this.n; i++) if (this.words[a + i] !== this.words[b + i]) return false;
    return true;
  }

  private sameCharacters(a: number, b: number): boolean {
    return this.sameWords(a, b) || this.words.slice(a, a + this.n).join("") === this.words.slice(b, b + this.n).join("");
  }

  /** Characters (joined by spaces, times occurrences) of the run that occurs most often; of several, the first. Zero if there is no run. */
  top(): number {
    const { first, counts, runs } = this;
    const bits = first.length - 1;
    first.fill(-1);
    counts.fill(0);
    let best = -1;
    for (let i = 0; i < this.total; i++) {
      let slot = mix(runs[i] ?? 0) & bits;
      for (let at = first[slot] ?? -1; at >= 0 && !(runs[at] === runs[i] && this.sameWords(at, i)); at = first[slot] ?? -1) slot = (slot + 1) & bits;
      if (first[slot] === -1) first[slot] = i;
      counts[slot] = (counts[slot] ?? 0) + 1;
    }
    let most = 0;
    for (let slot = 0; slot < first.length; slot++) {
      const [at, count] = [first[slot] ?? -1, counts[slot] ?? 0];
      if (count > most || (count === most && count > 0 && at < best)) [best, most] = [at, count];
    }
    return best < 0 ? 0 : (this.characters(best) + this.n - 1) * most;
  }

  /** Characters in runs that occurred before, taken from left to right without overlap. Runs are equal when their characters are. */
  duplicated(): number {
    const { first, runs } = this;
    const bits = first.length - 1;
    first.fill(-1);
    let sum = 0;
    for (let i = 0; i < this.total;) {
      let slot = mix(runs[i] ?? 0) & bits;
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
