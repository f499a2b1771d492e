/** @file The sets of characters that the rules share. */

/** Characters that make no word, and become spaces before near-duplicates are looked for (datatrove, utils/text.py). */
const written = "!/—”:％１〈&(、━\\【#%「」，】；+^]~“《„';’{|∶´[=-`*．（–？！：$～«〉,><》)?）。…@_.\"}►»";
const ranges = (...all: readonly (readonly [number, number])[]): string =>
  all.map(([from, to]) => String.fromCodePoint(...Array.from({ length: to - from }, (_, i) => from + i))).join("");
export const punctuation = written + ranges([0, 9], [11, 13], [13, 32], [127, 160]);

/** Characters that end a sentence in any script (the same file). */
export const terminalPunctuation =
  "᪩？⁈𑩂．꩞𑅃﹗𑂾\u1b7d፧𑅂꡶꘎⁉࠾᪨𑊩𑱂᱿𖩮᥅\u{11f43}\u{11f44}﹒𑈹𑈸።܂؞꛳\u{10f88}𑗍𐩖𑙂\u061d꩟᠉\u1b7e𑗗᰼𑻸؟𑪜꧉𑗉𐽙𖫵𖬷܀꓿᜵𑗏𑁇𑗓𑥄៖𑥆𑗑𑗒꯫۔𐩗\u{10f86}꡷\u2e54｡៕߹⸮.𑇅࠹𛲟꫰꤯𐽗᭞𑜼፨𑃁꣏𑇟𖬸𑪛𑜾࠷𝪈?𑃀𑗃！։꣎॥𑗖᭛᠃!၊𖺘⁇𑗌𑑋𖭄᭟𑅁𑙁⸼꩝𑗋。꧈꫱𑜽𐽖𑂿᙮។꛷\u{10f89}៚᥄𑗕𑗎᪪᭚࠽𑇞𑗊𐽘\u2e53𑗔𖩯𑇍𑻷𐽕𑩃।𑗂𑇆𑁈။᱾𑱁꘏܁᜶‼𑈻‽᪫﹖𑑌𑈼\u{10f87}𑗐៙᰻";
export const terminals: ReadonlySet<string> = new Set(terminalPunctuation);
export const endsWithTerminal = (line: string, ends: ReadonlySet<string>): boolean =>
  ends.has(line.slice(-1)) || (line.length > 1 && ends.has(line.slice(-2)));

/** Per UTF-16 unit, whether it is punctuation, alphabetic, or half of a character beyond it. */
const PUNCTUATION = 1;
const ALPHABETIC = 2;
const SURROGATE = 4;
const symbols: ReadonlySet<string> = new Set(punctuation + terminalPunctuation);
const letter = /\p{L}/u;

const classify = (character: string): number =>
  (symbols.has(character) ? PUNCTUATION : 0) | (letter.test(character) ? ALPHABETIC : 0);
let table: Uint8Array | undefined;
function classes(): Uint8Array {
  if (table === undefined) {
    table = new Uint8Array(65536);
    for (let unit = 0; unit < 65536; unit++)
      table[unit] = unit >= 0xd800 && unit < 0xe000 ? SURROGATE : classify(String.fromCharCode(unit));
  }
  return table;
}

/** What kinds of characters a word holds: bit 1, one that is no punctuation; bit 2, one that is alphabetic. */
export function kindsIn(word: string): number {
  const of = classes();
  let kinds = 0;
  for (let i = 0; i < word.length && kinds !== 3; i++) {
    let kind = of[word.charCodeAt(i)] ?? 0;
    if (kind === SURROGATE) {
      const character = String.fromCodePoint(word.codePointAt(i) ?? 0);
      kind = classify(character);
      i += character.length - 1;
    }
    kinds |= (kind & ALPHABETIC) | (kind & PUNCTUATION ? 0 : 1);
  }
  return kinds;
}
