/** @file The nearest of a few known names, for "did you mean". The compiler has its own, finer one; the runtime imports nothing of it. */

/** The known name with the fewest edits to `word`, if at most half of the word's letters would change. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 2)) + 1;
  for (const name of known) {
    const distance = edits(word.toLowerCase(), name.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [name, distance];
  }
  return best;
}

/** Inserted, deleted and replaced letters between two words. */
function edits(a: string, b: string): number {
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(replace, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    last = row;
  }
  return last[b.length] ?? 0;
}

/** A help sentence: the nearest name, else all of them. */
export function didYouMean(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  const all = `known are ${known.map((name) => `\`${name}\``).join(", ")}`;
  return near === undefined ? all : `did you mean \`${near}\`? (${all})`;
}
