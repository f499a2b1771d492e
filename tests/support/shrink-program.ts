/** @file A smaller program that fails all the same: lines left out and parts of expressions replaced by numbers, as long as what is left is wrong. */

/** `isWrong` is asked of each candidate, at most `most` times. */
export async function shrink(text: string, isWrong: (text: string) => Promise<boolean>, most = 400): Promise<string> {
  let best = text;
  let asked = 0;
  for (let changed = true; changed;) {
    changed = false;
    for (const candidate of smaller(best)) {
      if (asked++ >= most) return best;
      if (!(await isWrong(candidate))) continue;
      best = candidate;
      changed = true;
      break;
    }
  }
  return best;
}

/** Candidates, the smallest first. */
function smaller(text: string): readonly string[] {
  const lines = text.split("\n");
  const without = lines.flatMap((line, i) =>
    /^ {2}(?!logits)/.test(line) ? [lines.filter((_, j) => j !== i).join("\n")] : [],
  );
  const replaced = parts(text).flatMap(([from, to]) =>
    ["1", "0.5"]
      .map((by) => text.slice(0, from) + by + text.slice(to))
      .filter((candidate) => candidate.length < text.length),
  );
  return [...without, ...replaced.toSorted((a, b) => a.length - b.length)];
}

/** Spans of expressions: what stands in round brackets with the function before it, reads, and factors and terms behind an operator. */
function parts(text: string): readonly (readonly [number, number])[] {
  const start = text.indexOf("{\n");
  const found: (readonly [number, number])[] = [];
  for (const open of text.slice(start).matchAll(/(?<![\w'])(?:[a-z]\w*(?:\[[^\]]*\])?)?[([]/g)) {
    const from = start + open.index;
    if (
      /^\s*\w+$/.test(text.slice(text.lastIndexOf("\n", from), from)) ||
      /^learn|^ {2}\w+$/.test(text.slice(text.lastIndexOf("\n", from) + 1, from + open[0].length - 1))
    )
      continue;
    let depth = 0;
    for (let at = from + open[0].length - 1; at < text.length; at++) {
      if ("([".includes(text[at] ?? "")) depth++;
      if (")]".includes(text[at] ?? "") && --depth === 0) {
        found.push([from, at + 1]);
        break;
      }
    }
  }
  for (const term of text.slice(start).matchAll(/ [+*/-] [\w.]+(?![\w([])/g))
    found.push([start + term.index, start + term.index + term[0].length]);
  return found;
}
