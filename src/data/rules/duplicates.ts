/** @file How much of a document repeats itself: whole lines or paragraphs, and runs of words. */
import { codePoints } from "../text/python.ts";
import { createUnitRoom } from "../text/units.ts";

/** Elements that occurred before, and how many characters they hold. */
export function repeated(
  elements: readonly string[],
  lengthOf: (element: string) => number = codePoints,
): { readonly count: number; readonly characters: number } {
  const seen = new Set<string>();
  let count = 0;
  let characters = 0;
  for (const element of elements) {
    if (seen.size === seen.add(element).size) {
      count++;
      characters += lengthOf(element);
    }
  }
  return { count, characters };
}

const base = 0x01000193;
const golden = 0x9e3779b1;

const array = (length: number): Int32Array<ArrayBuffer> => new Int32Array(length);
/** Room that every document uses again. Open addressing wants a table at least twice as large as what it holds. */
function createRoom(words: number, units: number) {
  const powers = array(units + 1);
  powers[0] = 1;
  for (let i = 1; i <= units; i++) powers[i] = Math.imul(powers[i - 1] ?? 0, base);
  return {
    words,
    units,
    /** Per unit: the hash of all before it, and the base to the power of its place. */
    hashes: array(units + 1),
    powers,
    /** Per word: where it begins; the hash of the run there; places that are looked at, and their slots. */
    starts: array(words + 1),
    runs: array(words),
    places: array(words),
    slots: array(words),
    first: array(4 * words),
    counts: array(4 * words),
  };
}
let room = createRoom(0, 0);
const upTo = (n: number): number => 1 << Math.max(10, 32 - Math.clz32(n));
function roomFor(words: number, units: number): typeof room {
  if (words > room.words || units > room.units)
    room = createRoom(Math.max(room.words, upTo(words)), Math.max(room.units, upTo(units)));
  return room;
}
const unitsOf = createUnitRoom();

/** Two runs of so many units or more are equal only if so many at their beginning are. */
const prefixUnits = 12;

/**
 * The runs of n words of a document, for n = 1, 2, …: `grow` goes to the next n. All words lie in a row, and hashes of what is before each
 * unit give the hash of any run with one multiplication. Every equality of hashes is checked, so the answers are exact. Runs that cannot
 * be equal to another are not looked at. One document at a time: the next one's runs take the same room.
 */
export class Runs {
  private readonly count: number;
  private readonly units: Uint16Array;
  private readonly room: typeof room;
  /** The table takes the highest bits of a hash: all but `shift`. */
  private readonly shift: number;
  private n = 1;
  /** How many places may have a run that occurs twice. */
  private repeating: number;
  /** How many places may have a run that is a duplicate, once they are known. */
  private duplicates: number | undefined;

  constructor(words: readonly string[]) {
    const all = words.join("");
    this.count = words.length;
    this.units = unitsOf(all);
    this.room = roomFor(words.length, all.length);
    this.shift = Math.min(27, Math.clz32(words.length) - 1);
    const { starts, hashes, places } = this.room;
    let hash = 0;
    for (let at = 0; at < all.length; at++)
      hashes[at + 1] = hash = (Math.imul(hash, base) + (this.units[at] ?? 0) + 1) | 0;
    let start = 0;
    for (let i = 0; i < words.length; i++) {
      places[i] = i;
      starts[i] = start;
      start += words[i]?.length ?? 0;
    }
    starts[words.length] = start;
    this.repeating = words.length;
  }

  /** Runs at places below this have n words. */
  private get total(): number {
    return this.count - this.n + 1;
  }

  private get size(): number {
    return 1 << (32 - this.shift);
  }

  grow(): void {
    this.n++;
  }

  private hashBetween(from: number, to: number): number {
    const { hashes, powers } = this.room;
    return ((hashes[to] ?? 0) - Math.imul(hashes[from] ?? 0, powers[to - from] ?? 0)) | 0;
  }

  private characters(start: number): number {
    const { units, n } = this;
    const { starts } = this.room;
    let pairs = 0;
    for (let i = start; i < start + n; i++) {
      for (let at = (starts[i] ?? 0) + 1; at < (starts[i + 1] ?? 0); at++) {
        if (((units[at] ?? 0) & 0xfc00) === 0xdc00 && ((units[at - 1] ?? 0) & 0xfc00) === 0xd800) pairs++;
      }
    }
    return (starts[start + n] ?? 0) - (starts[start] ?? 0) - pairs;
  }

  private sameWords(a: number, b: number): boolean {
    const { starts } = this.room;
    const apart = (starts[b] ?? 0) - (starts[a] ?? 0);
    for (let i = 1; i <= this.n; i++) if ((starts[b + i] ?? 0) - (starts[a + i] ?? 0) !== apart) return false;
    return this.sameCharacters(a, b);
  }

  private sameCharacters(a: number, b: number): boolean {
    const { units } = this;
    const { starts } = this.room;
    const [from, other] = [starts[a] ?? 0, starts[b] ?? 0];
    const length = (starts[a + this.n] ?? 0) - from;
    if (length !== (starts[b + this.n] ?? 0) - other) return false;
    for (let i = 0; i < length; i++) if (units[from + i] !== units[other + i]) return false;
    return true;
  }

  /** Characters (joined by spaces, times occurrences) of the run that occurs most often; of several, the first. Zero if there is no run. */
  top(): number {
    const { first, counts, runs, places, slots, starts } = this.room;
    const { total, shift, n } = this;
    if (total <= 0) return 0;
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
      const hash = this.hashBetween(starts[i] ?? 0, starts[i + n] ?? 0);
      runs[i] = hash;
      let slot = Math.imul(hash, golden) >>> shift;
      for (let at = first[slot] ?? -1; at >= 0 && !(runs[at] === hash && this.sameWords(at, i)); at = first[slot] ?? -1)
        slot = (slot + 1) & bits;
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
    return (this.characters(best) + n - 1) * most;
  }

  /** Characters in runs that occurred before, taken from left to right without overlap. Runs are equal when their characters are. */
  duplicated(): number {
    this.duplicates ??= this.findPlaces();
    const { first, runs, places, starts } = this.room;
    const { total, shift, n } = this;
    const bits = this.size - 1;
    if (this.duplicates === 0) return 0;
    first.fill(-1, 0, this.size);
    let [sum, next] = [0, 0];
    for (let p = 0; p < this.duplicates; p++) {
      const i = places[p] ?? 0;
      if (i >= total) break;
      if (i < next) continue;
      const hash = this.hashBetween(starts[i] ?? 0, starts[i + n] ?? 0);
      runs[i] = hash;
      let slot = Math.imul(hash, golden) >>> shift;
      for (
        let at = first[slot] ?? -1;
        at >= 0 && !(runs[at] === hash && this.sameCharacters(at, i));
        at = first[slot] ?? -1
      )
        slot = (slot + 1) & bits;
      if (first[slot] === -1) first[slot] = i;
      else {
        sum += this.characters(i);
        next = i + n;
      }
    }
    return sum;
  }

  /**
   * The places whose run of n words or more may be equal to another: those whose next units have the hash of another place's, or that are
   * shorter than so many units. The places that `top` keeps are not needed from then on.
   */
  private findPlaces(): number {
    const { first, slots, places, starts, counts, runs } = this.room;
    const { total, n, shift } = this;
    const bits = this.size - 1;
    const end = starts[this.count] ?? 0;
    first.fill(-1, 0, this.size);
    counts.fill(0, 0, this.size);
    for (let i = 0; i < total; i++) {
      const start = starts[i] ?? 0;
      const hash = this.hashBetween(start, Math.min(start + prefixUnits, end));
      runs[i] = hash;
      let slot = Math.imul(hash, golden) >>> shift;
      for (let at = first[slot] ?? -1; at >= 0 && runs[at] !== hash; at = first[slot] ?? -1) slot = (slot + 1) & bits;
      if (first[slot] === -1) first[slot] = i;
      slots[i] = slot;
      counts[slot] = (counts[slot] ?? 0) + 1;
    }
    let found = 0;
    for (let i = 0; i < total; i++) {
      if ((counts[slots[i] ?? 0] ?? 0) > 1 || (starts[i + n] ?? 0) - (starts[i] ?? 0) < prefixUnits)
        places[found++] = i;
    }
    this.repeating = 0;
    return found;
  }
}
