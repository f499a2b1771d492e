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
const kinds = new Uint8Array(0x2100);
const mark = (text: string, kind: number): void => {
  for (let i = 0; i < text.length; i++) kinds[text.charCodeAt(i)] = (kinds[text.charCodeAt(i)] ?? 0) | kind;
};
mark("%=—–…,:;!?()[]{}<>_#*&'\"”“`‘’$", OPENS);
mark(",:;!?()[]{}<>_#*&'\"”“`‘’—–", CLOSES);
mark("0123456789abcdefghijklmnopqrstuvwxyz%+|…,:;!?()[]{}<>_#*&'\"”“`‘’-", BEFORE_PERIOD);
mark("0123456789", DIGIT);
mark("ABCDEFGHIJKLMNOPQRSTUVWXYZ", CAPITAL);
mark("mandtgbzshraBTGMK%+$", ENDS_UNIT);
const is = (text: string, at: number, kind: number): boolean => at >= 0 && ((kinds[text.charCodeAt(at)] ?? 0) & kind) !== 0;
const PERIOD = 0x2e;

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

const unit = /(?<=[0-9])(?:\+|(?:US|C|A)?\$|km|m|dm|cm|mm|ha|nm|yd|in|ft|kg|g|mg|t|lb|oz|m\/s|km\/h|kmh|mph|hPa|Pa|mbar|mb|MB|kb|KB|gb|GB|tb|TB|T|G|M|K|%)$/;

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
  return is(text, last, ENDS_UNIT) ? unit.exec(text)?.[0].length ?? 0 : 0;
}

export const plainInfix = /\.\.+|…|(?<=[0-9])[+*^-](?=[0-9-])|(?<=[a-z'"”“`‘’,])\.(?=[A-Z'"”“`‘’,])|(?<=[A-Za-z]),(?=[A-Za-z])|(?<=[A-Za-z0-9])(?:-{1,3}|–|—{1,2}|~)(?=[A-Za-z])|(?<=[A-Za-z0-9])[:<>=/](?=[A-Za-z])/g;
