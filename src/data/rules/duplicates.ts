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
const shortPowers = Int32Array.from({ length: 64 }, (_, exponent) => longPower(exponent));
/** The base to the power of a word's length. */
const power = (exponent: number): number => (exponent < 64 ? shortPowers[exponent] ?? 1 : longPower(exponent));
function longPower(exponent: number): number {
  let result = 1;
  for (let i = 0; i < exponent; i++) result = Math.imul(result, base);
  return result;
}

/** Room that every document uses again. Open addressing wants a table at least twice as large as what it holds. */
function createRoom(words: number, units: number) {
  const array = (): Int32Array<ArrayBuffer> => new Int32Array(words);
  return {
    words,
    /** The characters of all words in a row, and where each word begins. */
    units: new Uint16Array(units),
    starts: new Int32Array(words + 1),
    /** Per word: the number of the first equal one, characters, hash and power of the base; per place: hash of the run there. */
    ids: array(), lengths: array(), hashes: array(), powers: array(), runs: array(),
    /** Places that are looked at, and their slots. */
    places: array(), slots: array(),
    first: new Int32Array(2 * words), counts: new Int32Array(2 * words),
  };
}
let room = createRoom(0, 0);
const upTo = (n: number): number => 1 << Math.max(10, 32 - Math.clz32(n));
function roomFor(words: number, units: number): typeof room {
  if (words > room.words || units > room.units.length) room = createRoom(Math.max(room.words, upTo(words)), Math.max(room.units.length, upTo(units)));
  return room;
}

/** Two runs of so many characters or more are equal only if so many at their beginning are. */
const prefixUnits = 10;

/**
 * The runs of n words of a document, for n = 1, 2, …: `grow` goes to the next n. Each run has a hash of its characters, which takes one
 * multiplication a word to extend, and every equality of hashes is checked, so the answers are exact. Runs that cannot be equal to another are
 * not looked at. One document at a time: the next one's runs take the same room.
 */
export class Runs {
  private readonly count: number;
  private readonly room: typeof room;
  /** The table takes the highest bits of a hash: all but `shift`. */
  private readonly shift: number;
  private readonly size: number;
  private n = 1;
  /** How many words of a run its hash is of, at the places that are looked at. */
  private hashed = 1;
  /** How many places may have a run that occurs twice. */
  private repeating: number;
  /** For which n the places of runs that may be duplicates were found. */
  private from = 0;
  private duplicates = 0;

  constructor(words: readonly string[]) {
    this.count = words.length;
    let total = 0;
    for (const word of words) total += word.length;
    this.room = roomFor(words.length, total + prefixUnits);
    this.shift = Math.min(27, Math.clz32(words.length) - 1);
    this.size = 1 << (32 - this.shift);
    const { units, starts, ids, lengths, hashes, powers, runs, places, first } = this.room;
    const bits = this.size - 1;
    first.fill(-1, 0, this.size);
    let end = 0;
    for (let i = 0; i < words.length; i++) {
      const word = words[i] ?? "";
      let [hash, pairs] = [0, 0];
      starts[i] = end;
      for (let k = 0; k < word.length; k++) {
        const unit = word.charCodeAt(k);
        units[end++] = unit;
        hash = (Math.imul(hash, base) + unit + 1) | 0;
        if ((unit & 0xfc00) === 0xdc00 && k > 0 && (word.charCodeAt(k - 1) & 0xfc00) === 0xd800) pairs++;
      }
      lengths[i] = word.length - pairs;
      hashes[i] = hash;
      powers[i] = power(word.length);
      runs[i] = hash;
      places[i] = i;
      let slot = Math.imul(hash, golden) >>> this.shift;
      for (let at = first[slot] ?? -1; at >= 0 && !(hashes[at] === hash && words[at] === word); at = first[slot] ?? -1) slot = (slot + 1) & bits;
      if (first[slot] === -1) first[slot] = i;
      ids[i] = first[slot] ?? i;
    }
    starts[words.length] = end;
    units.fill(0, end, end + prefixUnits);
    this.repeating = words.length;
  }

  /** Runs at places below this have n words. */
  private get total(): number {
    return this.count - this.n + 1;
  }

  grow(): void {
    this.n++;
  }

  /** Extends the hashes of the runs at the first so many places to n words. */
  private hashRuns(placed: number): void {
    const { runs, hashes, powers, places } = this.room;
    const { n, total, hashed } = this;
    for (let p = 0; p < placed; p++) {
      const i = places[p] ?? 0;
      if (i >= total) break;
      let hash = runs[i] ?? 0;
      for (let at = i + hashed; at < i + n; at++) hash = (Math.imul(hash, powers[at] ?? 0) + (hashes[at] ?? 0)) | 0;
      runs[i] = hash;
    }
    this.hashed = n;
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
    const { units, starts } = this.room;
    const [from, other] = [starts[a] ?? 0, starts[b] ?? 0];
    const length = (starts[a + this.n] ?? 0) - from;
    if (length !== (starts[b + this.n] ?? 0) - other) return false;
    for (let i = 0; i < length; i++) if (units[from + i] !== units[other + i]) return false;
    return true;
  }

  /** Characters (joined by spaces, times occurrences) of the run that occurs most often; of several, the first. Zero if there is no run. */
  top(): number {
    const { first, counts, runs, places, slots } = this.room;
    const { total, shift } = this;
    if (total <= 0) return 0;
    this.hashRuns(this.repeating);
    const bits = this.size - 1;
    first.fill(-1, 0, this.size);
    counts.fill(0, 0, this.size);
    let [best, most] = [0, 1];
    for (let p = 0; p < this.repeating; p++) {
      const i = places[p] ?? 0;
      if (i >= total) {
        this.repeating = p;
        break;
      }
      let slot = Math.imul(runs[i] ?? 0, golden) >>> shift;
      for (let at = first[slot] ?? -1; at >= 0 && !(runs[at] === runs[i] && this.sameWords(at, i)); at = first[slot] ?? -1) slot = (slot + 1) & bits;
      if (first[slot] === -1) first[slot] = i;
      slots[p] = slot;
      const count = (counts[slot] ?? 0) + 1;
      counts[slot] = count;
      const at = first[slot] ?? 0;
      if (count > most || (count === most && at < best)) [best, most] = [at, count];
    }
    // A longer run occurs twice only where this one does.
    let kept = 0;
    for (let p = 0; p < this.repeating; p++) if ((counts[slots[p] ?? 0] ?? 0) > 1) places[kept++] = places[p] ?? 0;
    this.repeating = kept;
    return (this.characters(best) + this.n - 1) * most;
  }

  /** Characters in runs that occurred before, taken from left to right without overlap. Runs are equal when their characters are. */
  duplicated(): number {
    if (this.from === 0) this.findPlaces();
    const { first, runs, places } = this.room;
    const { total, shift } = this;
    const bits = this.size - 1;
    if (this.duplicates === 0) return 0;
    this.hashRuns(this.duplicates);
    first.fill(-1, 0, this.size);
    let [sum, next] = [0, 0];
    for (let p = 0; p < this.duplicates; p++) {
      const i = places[p] ?? 0;
      if (i >= total) break;
      if (i < next) continue;
      let slot = Math.imul(runs[i] ?? 0, golden) >>> shift;
      for (let at = first[slot] ?? -1; at >= 0 && !(runs[at] === runs[i] && this.sameCharacters(at, i)); at = first[slot] ?? -1) slot = (slot + 1) & bits;
      if (first[slot] === -1) first[slot] = i;
      else {
        sum += this.characters(i);
        next = i + this.n;
      }
    }
    return sum;
  }

  /**
   * The places whose run of n words or more may be equal to another: those whose next characters are those of another place, or that are
   * shorter than so many characters. They are found once; the places that `top` keeps are not needed from then on.
   */
  private findPlaces(): void {
    const { first, slots, places, units, starts, counts, runs, hashes } = this.room;
    const { total, n, shift } = this;
    const bits = this.size - 1;
    first.fill(-1, 0, this.size);
    counts.fill(0, 0, this.size);
    for (let i = 0; i < total; i++) {
      const start = starts[i] ?? 0;
      let hash = 0;
      for (let k = start; k < start + prefixUnits; k++) hash = (Math.imul(hash, base) + (units[k] ?? 0)) | 0;
      let slot = Math.imul(hash, golden) >>> shift;
      for (let other = first[slot] ?? -1; other >= 0 && !samePrefix(units, starts[other] ?? 0, start); other = first[slot] ?? -1) slot = (slot + 1) & bits;
      if (first[slot] === -1) first[slot] = i;
      slots[i] = slot;
      counts[slot] = (counts[slot] ?? 0) + 1;
    }
    let found = 0;
    for (let i = 0; i < total; i++) {
      if ((counts[slots[i] ?? 0] ?? 0) > 1 || (starts[i + n] ?? 0) - (starts[i] ?? 0) < prefixUnits) places[found++] = i;
    }
    runs.set(hashes.subarray(0, this.count));
    this.hashed = 1;
    this.from = n;
    this.duplicates = found;
    this.repeating = 0;
  }
}

function samePrefix(units: Uint16Array, a: number, b: number): boolean {
  for (let i = 0; i < prefixUnits; i++) if (units[a + i] !== units[b + i]) return false;
  return true;
}
