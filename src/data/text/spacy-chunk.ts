/**
 * @file How spaCy's English tokenizer cuts a chunk (a run of text without white space) into tokens: special cases, then prefixes and
 * suffixes taken off one at a time, then what is left by infixes. The patterns and special cases are spaCy's own (spacy-en.gen.ts).
 */
import { isPlain, plainInfix, plainPrefix, plainSuffix, type Infix } from "./spacy-plain.ts";
import { patterns, splitSpecials, wholeSpecials } from "./spacy-en.gen.ts";

/** Special cases: text -> its tokens. */
export const specials: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ...wholeSpecials.map((text) => [text, [text]] as const),
  ...splitSpecials.map((tokens) => [tokens.replaceAll(" ", ""), tokens.split(" ")] as const),
]);

interface Affixes {
  /** Length of what is taken off a text's beginning or end, or zero. */
  readonly prefix: (text: string) => number;
  readonly suffix: (text: string) => number;
  /** The first infix at `from` or after it. */
  readonly infix: (text: string, from: number) => Infix | undefined;
}
const length = (pattern: RegExp) => (text: string): number => pattern.exec(text)?.[0].length ?? 0;
const infix = new RegExp(patterns.infix, "gu");
function wholeInfix(text: string, from: number): Infix | undefined {
  infix.lastIndex = from;
  const match = infix.exec(text);
  return match === null ? undefined : { start: match.index, end: match.index + match[0].length };
}
const whole: Affixes = { prefix: length(new RegExp(patterns.prefix, "u")), suffix: length(new RegExp(patterns.suffix, "u")), infix: wholeInfix };
const plain: Affixes = { prefix: plainPrefix, suffix: plainSuffix, infix: plainInfix };

/** The parts of the address pattern that need a certain sign are left out where that sign is absent: searching for them takes quadratic time. */
const scheme = "(?:(?:[\\p{L}\\p{N}_\\+\\-\\.]{2,})://)?";
const account = "(?:[^]+(?::[^]*)?@)?";
const url = new RegExp(patterns.url, "u");
const bareUrl = new RegExp(patterns.url.replace(scheme, "").replace(account, ""), "u");
const isUrl = (text: string): boolean => text.includes(".") && (text.includes("@") || text.includes("://") ? url : bareUrl).test(text);

/** Whether an affix of some kind is in the text: such special cases are looked for across tokens, too. */
export const hasAffix = (text: string): boolean => whole.prefix(text) > 0 || whole.suffix(text) > 0 || whole.infix(text, 0) !== undefined;

const none: ReadonlyMap<string, readonly string[]> = new Map();

/** The tokens of a chunk. `withSpecials` is off where special cases themselves are taken apart. */
export function tokensOf(chunk: string, withSpecials = true): readonly string[] {
  const known = withSpecials ? specials : none;
  return known.get(chunk) ?? split(chunk, known, isPlain(chunk) ? plain : whole);
}

/** The tokens of a chunk by spaCy's own patterns, whatever its characters. */
export const tokensByWholePatterns = (chunk: string): readonly string[] => specials.get(chunk) ?? split(chunk, specials, whole);

function split(chunk: string, known: ReadonlyMap<string, readonly string[]>, affixes: Affixes): readonly string[] {
  const before: string[] = [];
  const after: string[] = [];
  let rest = chunk;
  for (let last = -1; rest !== "" && rest.length !== last && !known.has(rest);) {
    last = rest.length;
    const pre = affixes.prefix(rest);
    if (pre > 0 && known.has(rest.slice(pre))) {
      before.push(rest.slice(0, pre));
      rest = rest.slice(pre);
      break;
    }
    const suf = affixes.suffix(rest.slice(pre));
    if (suf > 0 && known.has(rest.slice(0, -suf))) {
      after.push(rest.slice(-suf));
      rest = rest.slice(0, -suf);
      break;
    }
    if (pre > 0) before.push(rest.slice(0, pre));
    if (suf > 0) after.push(rest.slice(rest.length - suf));
    rest = rest.slice(pre, rest.length - suf);
  }
  return [...before, ...(rest === "" ? [] : known.get(rest) ?? middle(rest, affixes.infix)), ...after.toReversed()];
}

function middle(rest: string, infix: Affixes["infix"]): readonly string[] {
  let found = infix(rest, 0);
  if (found === undefined || isUrl(rest)) return [rest];
  const tokens: string[] = [];
  let start = 0;
  for (; found !== undefined; found = infix(rest, found.end)) {
    if (found.start === 0) continue;
    if (found.start !== start) tokens.push(rest.slice(start, found.start));
    tokens.push(rest.slice(found.start, found.end));
    start = found.end;
  }
  if (start < rest.length) tokens.push(rest.slice(start));
  return tokens;
}
