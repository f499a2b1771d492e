/**
 * @file Writes src/runtime/data/bpe/unicode-classes.gen.ts: the classes of characters that pre-tokenizers tell apart, as Hugging Face's `tokenizers`
 * sees them. Token ids depend on these classes, so they are pinned to one version of Unicode instead of following the one that Node was built with:
 * `node scripts/run.mjs scripts/unicode-classes.ts`.
 */
import { writeFileSync } from "node:fs";
import tokenizers from "tokenizers";

/** The letter of each class in the table, and the regular expression that decides it. */
const classes = { U: "[\\p{Lu}\\p{Lt}]", L: "\\p{Ll}", B: "[\\p{Lm}\\p{Lo}]", M: "\\p{M}", N: "\\p{N}", S: "\\s" } as const;
const last = 0x10ffff;

/** Every code point that the expression matches: it is removed by the pre-tokenizer, and the offsets of what is left tell the others. */
async function matched(regex: string): Promise<Uint8Array> {
  const tokenizer = tokenizers.Tokenizer.fromString(JSON.stringify({
    version: "1.0", truncation: null, padding: null, added_tokens: [], normalizer: null, post_processor: null, decoder: null,
    pre_tokenizer: { type: "Split", pattern: { Regex: regex }, behavior: "Removed", invert: false },
    model: { type: "WordLevel", vocab: { any: 0 }, unk_token: "any" },
  }));
  const found = new Uint8Array(last + 1).fill(1);
  const piece = 1 << 16;
  for (let from = 0; from <= last; from += piece) {
    const codePoints = Array.from({ length: piece }, (_, i) => from + i).filter((c) => c < 0xd800 || c > 0xdfff);
    const text = codePoints.map((c) => String.fromCodePoint(c)).join("");
    for (const [start = 0, end = 0] of (await tokenizer.encode(text, null, { addSpecialTokens: false })).getOffsets()) {
      for (let i = start; i < end; i++) found[codePoints[i] ?? 0] = 0;
    }
  }
  return found.fill(0, 0xd800, 0xe000);
}

const letters = Array.from({ length: last + 1 }, () => "O");
for (const [letter, regex] of Object.entries(classes)) (await matched(regex)).forEach((is, c) => is && (letters[c] = letter));
let table = "";
for (let c = 0, from = 0; c <= last; c++) {
  if (c < last && letters[c + 1] === letters[c]) continue;
  table += (c + 1 - from).toString(36) + letters[c];
  from = c + 1;
}
writeFileSync("src/runtime/data/bpe/unicode-classes.gen.ts", `/**
 * @file Classes of all code points, from 0 on: how many of a class follow, in base 36, and the class. U upper and title case, L lower case, B letters
 * without case, M marks, N numbers, S white space, O others. Unicode 16. Made by scripts/unicode-classes.ts.
 */
export const unicodeClasses =
${(table.match(/.{1,140}/g) ?? []).map((line) => `  "${line}"`).join(" +\n")};
`);
