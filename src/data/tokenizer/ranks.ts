/** @file Rank files of tiktoken: a token in base 64 and its rank a line. They say neither how words are cut nor which special tokens there are; the published ones are known by name. */
import { tokenOfBytes } from "../../runtime/data/bpe/byte-letters.ts";
import { type BpeData } from "../../runtime/data/tokenizer/tokenizer.ts";
import { bpeParts } from "../../runtime/data/bpe/data.ts";
import type { PatternName } from "../../runtime/data/tokenizer/tokenizer.ts";
import { isId } from "../../runtime/data/tokenizer/added-tokens.ts";
import { RuntimeFailure } from "../../runtime/util/failure.ts";

export interface RankSettings {
  readonly pattern?: PatternName;
  readonly specials?: readonly string[];
}

type Specials = Readonly<Record<string, number>>;

const end = "<|endoftext|>";
const middle = { "<|fim_prefix|>": 100258, "<|fim_middle|>": 100259, "<|fim_suffix|>": 100260 };
const published: readonly (readonly [RegExp, PatternName, Specials])[] = [
  [/cl100k/, "gpt4", { [end]: 100257, ...middle, "<|endofprompt|>": 100276 }],
  [/o200k/, "o200k", { [end]: 199999, "<|endofprompt|>": 200018 }],
  [/r50k|p50k|gpt-?2/, "gpt2", { [end]: 50256 }],
];

export function isRankFile(start: string): boolean {
  return /^[A-Za-z0-9+/]+={0,2} \d+\r?\n/.test(start);
}

export function readRanks(text: string, name: string, { pattern, specials }: RankSettings): BpeData {
  const [, usual, marks] = published.find(([file]) => file.test(name.split(/[\\/]/).at(-1) ?? "")) ?? [];
  const cut = pattern ?? usual;
  if (cut === undefined) {
    throw new RuntimeFailure(
      "tokenizer/unsupported",
      `${name} has ranks, and does not say how text is cut into words`,
      'declare it: `tokenizer Words { file: "…", pattern: llama3, specials: ["<|endoftext|>"] }`',
    );
  }
  const tokens: string[] = [];
  const ids = new Map<string, number>();
  text.split("\n").forEach((line, i) => {
    if (line.trim() === "") return;
    const [, letters, digits] = /^([A-Za-z0-9+/]+={0,2}) (\d+)\r?$/.exec(line) ?? [];
    const id = Number(digits);
    const token = letters === undefined ? undefined : tokenOf(letters);
    if (token === undefined || !isId(id)) throw invalid(`${name}:${i + 1} is no token in base 64 with its rank`);
    if (tokens[id] !== undefined || ids.has(token))
      throw invalid(`${name}:${i + 1} has a token or a rank that is there already`);
    tokens[id] = token;
    ids.set(token, id);
  });
  if (tokens.length > 8 * ids.size + (1 << 16))
    throw invalid(`${name} has ${ids.size} tokens, and ranks up to ${tokens.length - 1}`);
  const merges: { readonly line: string; readonly rank: number }[] = [];
  for (const [token, rank] of ids) {
    for (let at = 1; at < token.length && token.length <= longestToken; at++) {
      const [left, right] = [token.slice(0, at), token.slice(at)];
      if (ids.has(left) && ids.has(right)) merges.push({ line: `${left} ${right}`, rank });
    }
  }
  const special = specials
    ? Object.entries(Object.fromEntries(specials.map((mark, i) => [mark, tokens.length + i])))
    : Object.entries(marks ?? {});
  const data: BpeData = {
    kind: "bpe",
    pattern: cut,
    tokens: Array.from(tokens, (token) => token ?? "").join(" "),
    merges: merges
      .toSorted((a, b) => a.rank - b.rank)
      .map(({ line }) => line)
      .join("\n"),
    specials: special.map(([mark, id]) => ({ text: mark, id })).toSorted((a, b) => a.id - b.id),
    wholeWords: true,
  };
  bpeParts(data);
  return data;
}

/** Of longer tokens, hardly any, only whole words are looked for: cutting them everywhere would take long. */
const longestToken = 256;

function tokenOf(letters: string): string | undefined {
  try {
    return tokenOfBytes(Array.from(atob(letters), (letter) => letter.charCodeAt(0)));
  } catch {
    return undefined;
  }
}

function invalid(problem: string): RuntimeFailure {
  return new RuntimeFailure("tokenizer/invalid", problem, "get the file again");
}
