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

/** A filter before the look-up of a text among the special cases: by its first unit, its last and its length. */
const filterSlot = (first: number, last: number, length: number): number =>
  ((first & 127) << 11) | ((last & 127) << 4) | (length & 15);
const filter = new Uint8Array(1 << 18);
for (const text of specials.keys())
  filter[filterSlot(text.charCodeAt(0), text.charCodeAt(text.length - 1), text.length)] = 1;
export const maybeSpecial = (first: number, last: number, length: number): boolean =>
  filter[filterSlot(first, last, length)] === 1;

/** The tokens of a text if it is known to be a special case. */
type SpecialCase = (text: string) => readonly string[] | undefined;
const special: SpecialCase = (text) =>
  maybeSpecial(text.charCodeAt(0), text.charCodeAt(text.length - 1), text.length) ? specials.get(text) : undefined;
const none: SpecialCase = () => undefined;

interface Affixes {
  /** Length of what is taken off a text's beginning or end, or zero. */
  readonly prefix: (text: string) => number;
  readonly suffix: (text: string) => number;
  /** The first infix at `from` or after it. */
  readonly infix: (text: string, from: number) => Infix | undefined;
}
const length =
  (pattern: RegExp) =>
  (text: string): number =>
    pattern.exec(text)?.[0].length ?? 0;
const infix = new RegExp(patterns.infix, "gu");
function wholeInfix(text: string, from: number): Infix | undefined {
  infix.lastIndex = from;
  const match = infix.exec(text);
  return match === null ? undefined : { start: match.index, end: match.index + match[0].length };
}
const whole: Affixes = {
  prefix: length(new RegExp(patterns.prefix, "u")),
  suffix: length(new RegExp(patterns.suffix, "u")),
  infix: wholeInfix,
};
const plain: Affixes = { prefix: plainPrefix, suffix: plainSuffix, infix: plainInfix };

/** The parts of the address pattern that need a certain sign are left out where that sign is absent: searching for them takes quadratic time. */
const scheme = "(?:(?:[\\p{L}\\p{N}_\\+\\-\\.]{2,})://)?";
const account = "(?:[^]+(?::[^]*)?@)?";
const url = new RegExp(patterns.url, "u");
const bareUrl = new RegExp(patterns.url.replace(scheme, "").replace(account, ""), "u");
const isUrl = (text: string): boolean =>
  text.includes(".") && (text.includes("@") || text.includes("://") ? url : bareUrl).test(text);

/** Whether an affix of some kind is in the text: such special cases are looked for across tokens, too. */
export const hasAffix = (text: string): boolean =>
  whole.prefix(text) > 0 || whole.suffix(text) > 0 || whole.infix(text, 0) !== undefined;

/** The tokens of a chunk. `withSpecials` is off where special cases themselves are taken apart. */
export function tokensOf(chunk: string, withSpecials = true): readonly string[] {
  return split(chunk, withSpecials ? special : none, isPlain(chunk) ? plain : whole);
}

/** The tokens of a chunk by spaCy's own patterns, whatever its characters. */
export const tokensByWholePatterns = (chunk: string): readonly string[] => split(chunk, special, whole);

function split(chunk: string, known: SpecialCase, affixes: Affixes): readonly string[] {
  const tokens: string[] = [];
  const after: string[] = [];
  let rest = chunk;
  for (let last = -1; rest !== "" && rest.length !== last && known(rest) === undefined;) {
    last = rest.length;
    const pre = affixes.prefix(rest);
    if (pre > 0 && known(rest.slice(pre)) !== undefined) {
      tokens.push(rest.slice(0, pre));
      rest = rest.slice(pre);
      break;
    }
    const suf = affixes.suffix(rest.slice(pre));
    if (suf > 0 && known(rest.slice(0, -suf)) !== undefined) {
      after.push(rest.slice(-suf));
      rest = rest.slice(0, -suf);
      break;
    }
    if (pre > 0) tokens.push(rest.slice(0, pre));
    if (suf > 0) after.push(rest.slice(rest.length - suf));
    rest = rest.slice(pre, rest.length - suf);
  }
  if (rest !== "") tokens.push(...(known(rest) ?? middle(rest, affixes.infix)));
  if (after.length > 0) tokens.push(...after.toReversed());
  return tokens;
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
