/** @file "Did you mean": the nearest known name by Damerau-Levenshtein distance, with a cutoff that keeps silly guesses away. */

/** Edits (insert, delete, replace, swap neighbours) between two words; stops counting above `limit`. */
function editDistance(a: string, b: string, limit = Infinity): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let best = Math.min(replace, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, (beforeLast[j - 2] ?? 0) + 1);
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}

/** Nobody means a name this long by another. */
const longestWord = 64;

/** Which letters a word has, regardless of case, as bits. */
function lettersOf(word: string): number {
  let set = 0;
  for (let i = 0; i < word.length; i++) set |= 1 << (word.charCodeAt(i) & 31);
  return set;
}

function bits(set: number): number {
  let count = 0;
  for (let rest = set; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/**
 * Known names near to `word`, nearest first, at most three. A third of the letters may differ (at least one in
 * words of two letters and more); names that differ only in case, or that `word` begins, count as near.
 */
export function suggestions(word: string, known: Iterable<string>): readonly string[] {
  if (word.length > longestWord) return [];
  const limit = word.length < 2 ? 0 : Math.max(1, Math.floor(word.length / 3));
  const scored: { name: string; distance: number }[] = [];
  const letters = lettersOf(word);
  for (const name of known) {
    if (name === word || name === "" || name.length > longestWord) continue;
    // Each edit adds or removes at most two letters: most names are passed over without measuring them.
    if (
      !name.startsWith(word) &&
      (Math.abs(name.length - word.length) > limit || bits(lettersOf(name) ^ letters) > 2 * limit)
    )
      continue;
    if (scored.some((entry) => entry.name === name)) continue;
    const sameLetters = name.toLowerCase() === word.toLowerCase();
    const distance = sameLetters ? 0.5 : editDistance(word, name, limit);
    if (distance <= limit || sameLetters) scored.push({ name, distance });
    else if (word.length >= 3 && name.startsWith(word)) scored.push({ name, distance: limit + 0.5 });
  }
  scored.sort((x, y) => x.distance - y.distance || (x.name < y.name ? -1 : 1));
  return scored.slice(0, 3).map((entry) => entry.name);
}

/** The nearest known name, if any is near enough. */
export function suggest(word: string, known: Iterable<string>): string | undefined {
  return suggestions(word, known)[0];
}
