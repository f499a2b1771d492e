/** @file How many columns of a terminal a text takes: tabs become spaces, East Asian and emoji characters take two columns, marks none. */

const tabWidth = 4;

/** Ranges of code points that terminals draw two columns wide (Unicode East Asian Width W and F, and emoji). */
const wide: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x231a, 0x231b],
  [0x2329, 0x232a],
  [0x23e9, 0x23ec],
  [0x25fd, 0x25fe],
  [0x2614, 0x2615],
  [0x2648, 0x2653],
  [0x26aa, 0x26ab],
  [0x26bd, 0x26be],
  [0x26c4, 0x26c5],
  [0x2705, 0x2705],
  [0x270a, 0x270b],
  [0x274c, 0x274c],
  [0x2753, 0x2755],
  [0x2795, 0x2797],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xa000, 0xa4cf],
  [0xa960, 0xa97c],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1f64f],
  [0x1f680, 0x1f6ff],
  [0x1f900, 0x1f9ff],
  [0x20000, 0x3fffd],
];

/** Characters that a terminal obeys instead of drawing them: controls, marks that turn the direction of text, ends of lines, halves of pairs. */
const obeyed = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/gu;

/** The text with a picture in place of each character that a terminal would obey: no source can move the cursor or recolour what follows. */
export function visible(text: string): string {
  return text.replace(obeyed, (character) => {
    const code = character.charCodeAt(0);
    if (character === "\t") return character;
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : code === 0x7f ? "\u2421" : "\ufffd";
  });
}

function characterWidth(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x300) return 1;
  if (/^[\p{M}\u200b-\u200f]/u.test(character)) return 0;
  return wide.some(([first, last]) => code >= first && code <= last) ? 2 : 1;
}

/** Columns that `text` takes when it begins in column 0. */
export function textWidth(text: string): number {
  let width = 0;
  for (const character of visible(text))
    width += character === "\t" ? tabWidth - (width % tabWidth) : characterWidth(character);
  return width;
}

/** The text as it is drawn: tabs as spaces, so that marks below it stand where they should. */
export function expandTabs(text: string): string {
  let out = "";
  for (const [i, part] of visible(text).split("\t").entries())
    out += i === 0 ? part : " ".repeat(tabWidth - (textWidth(out) % tabWidth)) + part;
  return out;
}
