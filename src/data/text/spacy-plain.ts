/**
 * @file spaCy's affixes for the characters that nearly all of English is made of: the same as its patterns find, which hold thousands of
 * letters of all scripts, in a small part of the time.
 */

/** What the code below knows: printable ASCII, curly quotes, dashes, the ellipsis. */
const characters = /^[\x21-\x7e‘’“”–—…]*$/;
export const isPlain = (text: string): boolean => characters.test(text);

const OPENS = 1;
const CLOSES = 2;
const BEFORE_PERIOD = 4;
const ENDS_UNIT = 8;
const DIGIT = 16;
const CAPITAL = 32;
const LETTER = 64;
const BEFORE_INNER_PERIOD = 128;
const AFTER_INNER_PERIOD = 256;
const MAY_DIVIDE = 512;
const kinds = new Uint16Array(0x2100);
const mark = (text: string, kind: number): void => {
  for (let i = 0; i < text.length; i++) kinds[text.charCodeAt(i)] = (kinds[text.charCodeAt(i)] ?? 0) | kind;
};
mark("%=—–…,:;!?()[]{}<>_#*&'\"”“`‘’$", OPENS);
mark(",:;!?()[]{}<>_#*&'\"”“`‘’—–", CLOSES);
mark("0123456789abcdefghijklmnopqrstuvwxyz%+|…,:;!?()[]{}<>_#*&'\"”“`‘’-", BEFORE_PERIOD);
mark("0123456789", DIGIT);
mark("ABCDEFGHIJKLMNOPQRSTUVWXYZ", CAPITAL);
mark("mandtgbzshraBTGMK%+$", ENDS_UNIT);
mark("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", LETTER);
mark("abcdefghijklmnopqrstuvwxyz'\"”“`‘’,", BEFORE_INNER_PERIOD);
mark("ABCDEFGHIJKLMNOPQRSTUVWXYZ'\"”“`‘’,", AFTER_INNER_PERIOD);
mark(".…+*^-,–—~:<>=/", MAY_DIVIDE);
const is = (text: string, at: number, kind: number): boolean =>
  at >= 0 && ((kinds[text.charCodeAt(at)] ?? 0) & kind) !== 0;
const PERIOD = 0x2e;
const HYPHEN = 0x2d;

/** What stands between two tokens of a chunk, and is a token itself. */
export interface Infix {
  readonly start: number;
  readonly end: number;
}

export function plainPrefix(text: string): number {
  if (is(text, 0, OPENS)) return 1;
  switch (text[0]) {
    case ".": {
      let end = 1;
      while (text.charCodeAt(end) === PERIOD) end++;
      return end > 1 ? end : 0;
    }
    case "+":
      return is(text, 1, DIGIT) ? 0 : 1;
    case "U":
      return text.startsWith("US$") ? 3 : 0;
    case "A":
    case "C":
      return text[1] === "$" ? 2 : 0;
    default:
      return 0;
  }
}

const unit =
  /(?<=[0-9])(?:\+|(?:US|C|A)?\$|km|m|dm|cm|mm|ha|nm|yd|in|ft|kg|g|mg|t|lb|oz|m\/s|km\/h|kmh|mph|hPa|Pa|mbar|mb|MB|kb|KB|gb|GB|tb|TB|T|G|M|K|%)$/;

export function plainSuffix(text: string): number {
  const last = text.length - 1;
  if (is(text, last, CLOSES)) return 1;
  switch (text[last]) {
    case ".": {
      let start = last;
      while (text.charCodeAt(start - 1) === PERIOD) start--;
      if (start < last) return last - start + 1;
      return is(text, last - 1, BEFORE_PERIOD) || (is(text, last - 1, CAPITAL) && is(text, last - 2, CAPITAL)) ? 1 : 0;
    }
    case "…":
      return text[last - 1] === "…" ? 2 : 1;
    case "s":
    case "S":
      if (text[last - 1] === "'" || text[last - 1] === "’") return 2;
  }
  return is(text, last, ENDS_UNIT) ? (unit.exec(text)?.[0].length ?? 0) : 0;
}

/** The first infix at `from` or after it. */
export function plainInfix(text: string, from: number): Infix | undefined {
  for (let at = from; at < text.length; at++) {
    const length = is(text, at, MAY_DIVIDE) ? infixAt(text, at) : 0;
    if (length > 0) return { start: at, end: at + length };
  }
  return undefined;
}

function infixAt(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  let end = at + 1;
  switch (text[at]) {
    case "…":
      return 1;
    case ".":
      while (text.charCodeAt(end) === PERIOD) end++;
      return end > at + 1 || (is(text, at - 1, BEFORE_INNER_PERIOD) && is(text, end, AFTER_INNER_PERIOD))
        ? end - at
        : 0;
    case ",":
      return is(text, at - 1, LETTER) && is(text, end, LETTER) ? 1 : 0;
    case "-":
    case "—":
      if (unit === HYPHEN && is(text, at - 1, DIGIT) && (is(text, end, DIGIT) || text.charCodeAt(end) === HYPHEN))
        return 1;
      while (text.charCodeAt(end) === unit) end++;
      return end - at <= (unit === HYPHEN ? 3 : 2) && is(text, at - 1, LETTER | DIGIT) && is(text, end, LETTER)
        ? end - at
        : 0;
    case "+":
    case "*":
    case "^":
      return is(text, at - 1, DIGIT) && (is(text, end, DIGIT) || text.charCodeAt(end) === HYPHEN) ? 1 : 0;
    default:
      return is(text, at - 1, LETTER | DIGIT) && is(text, end, LETTER) ? 1 : 0;
  }
}
