/**
 * @file Writes src/runtime/data/unicode/tables.gen.ts: the general category of every code point, and a few sets, as Hugging Face's `tokenizers` sees them. Token
 * ids depend on them, so they are pinned to what that library does instead of following the Unicode that Node was built with:
 * `node scripts/run.mjs scripts/unicode-classes.ts`.
 */
import { writeFileSync } from "node:fs";
import tokenizers from "tokenizers";
import { categoryNames } from "../src/runtime/data/unicode/category-names.ts";

const last = 0x10ffff;
const isSurrogate = (c: number): boolean => c >= 0xd800 && c <= 0xdfff;

function tokenizer(parts: {
  readonly pre_tokenizer?: object;
  readonly normalizer?: object;
}): InstanceType<typeof tokenizers.Tokenizer> {
  return tokenizers.Tokenizer.fromString(
    JSON.stringify({
      version: "1.0",
      truncation: null,
      padding: null,
      added_tokens: [],
      normalizer: null,
      pre_tokenizer: null,
      post_processor: null,
      decoder: null,
      model: { type: "WordLevel", vocab: { any: 0 }, unk_token: "any" },
      ...parts,
    }),
  );
}

/** Every code point that the pre-tokenizer removes: the offsets of what is left tell the others. */
async function removed(definition: object): Promise<Uint8Array> {
  const found = new Uint8Array(last + 1).fill(1);
  const probe = tokenizer({ pre_tokenizer: definition });
  const piece = 1 << 16;
  for (let from = 0; from <= last; from += piece) {
    const codePoints = Array.from({ length: piece }, (_, i) => from + i).filter((c) => !isSurrogate(c));
    const text = codePoints.map((c) => String.fromCodePoint(c)).join("");
    for (const [start = 0, end = 0] of (await probe.encode(text, null, { addSpecialTokens: false })).getOffsets()) {
      for (let i = start; i < end; i++) found[codePoints[i] ?? 0] = 0;
    }
  }
  return found.fill(0, 0xd800, 0xe000);
}

const matched = (regex: string): Promise<Uint8Array> =>
  removed({ type: "Split", pattern: { Regex: regex }, behavior: "Removed", invert: false });

/** Every code point that the normalizer takes away from between two letters. */
function dropped(definition: object): Uint8Array {
  const normalizer = tokenizer({ normalizer: definition }).getNormalizer();
  return Uint8Array.from({ length: last + 1 }, (_, c) =>
    !isSurrogate(c) && normalizer?.normalizeString(`a${String.fromCodePoint(c)}b`) === "ab" ? 1 : 0,
  );
}

/** Runs of equal values: how many, in base 36, and a letter for each. */
function runs(letterOf: (codePoint: number) => string): string {
  let table = "";
  for (let c = 0, from = 0; c <= last; c++) {
    if (c < last && letterOf(c + 1) === letterOf(c)) continue;
    table += (c + 1 - from).toString(36) + letterOf(c);
    from = c + 1;
  }
  return (table.match(/.{1,140}/g) ?? []).map((line) => `  "${line}"`).join(" +\n");
}

const category = new Uint8Array(last + 1).fill(categoryNames.indexOf("Cn"));
for (const [i, name] of categoryNames.entries())
  (await matched(`\\p{${name}}`)).forEach((is, c) => is && (category[c] = i));
const bert = {
  type: "BertNormalizer",
  clean_text: false,
  handle_chinese_chars: false,
  strip_accents: false,
  lowercase: false,
};
const sets: Readonly<Record<string, Uint8Array>> = {
  word: await matched("\\w"),
  punctuation: await removed({ type: "Punctuation", behavior: "Removed" }),
  combining: dropped({ type: "StripAccents" }),
  accents: dropped({ ...bert, strip_accents: true }),
  controls: dropped({ ...bert, clean_text: true }),
};
writeFileSync(
  "src/runtime/data/unicode/tables.gen.ts",
  `/**
 * @file Runs over all code points from 0 on: how many follow, in base 36, and what they are. For \`categories\` a character from ? on is the place in \`categoryNames\`; in the sets Y is in and N is not.
 * As Hugging Face's \`tokenizers\` 0.23 has them (Unicode 16 for categories). Made by scripts/unicode-classes.ts.
 */
export const categories =
${runs((c) => String.fromCharCode(63 + (category[c] ?? 0)))};

/** \`\\w\` of regular expressions, what \`Punctuation\` splits, what \`StripAccents\` and \`BertNormalizer\` take away: they follow different versions of Unicode. */
export const sets = {
${Object.entries(sets)
  .map(([name, is]) => `  ${name}:\n${runs((c) => (is[c] === 1 ? "Y" : "N")).replaceAll(/^/gm, "  ")},`)
  .join("\n")}
};
`,
);
