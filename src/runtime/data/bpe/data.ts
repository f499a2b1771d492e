/** @file What programs and checkpoints carry of a byte-pair tokenizer, and its parts made from that. */
import { type BpeData, patternNames } from "../tokenizer/tokenizer.ts";
import { RuntimeFailure } from "../../util/failure.ts";
import type { AddedToken } from "../tokenizer/added-tokens.ts";
import { isId } from "../tokenizer/added-tokens.ts";
import { bytesOfToken } from "./byte-letters.ts";
import type { Merges } from "./merge.ts";
import { PairTable } from "./pair-table.ts";

export interface BpeParts {
  readonly merges: Merges;
  /** Bytes of each id; none where the id is nobody's. */
  readonly bytes: readonly Uint8Array[];
  /** The id of each byte, -1 where the vocabulary lacks it. */
  readonly byteIds: Int32Array;
  /** Ids by token, in letters. */
  readonly ids: ReadonlyMap<string, number>;
}

export function bpeParts(data: BpeData): BpeParts {
  const ids = new Map<string, number>();
  const bytes = data.tokens.split(" ").map((token, id) => {
    if (token !== "") ids.set(token, id);
    return required(bytesOfToken(token), `the token \`${token}\` has a letter that stands for no byte`);
  });
  for (const { text, id } of data.specials) bytes[id] = new TextEncoder().encode(text);
  const byteIds = new Int32Array(256).fill(-1);
  const added = new Set(data.specials.map(({ id }) => id));
  bytes.forEach((token, id) => token.length === 1 && !added.has(id) && (byteIds[token[0] as number] = id));
  return {
    merges: mergesOf(data.merges, ids),
    bytes: Array.from(bytes, (token) => token ?? new Uint8Array()),
    byteIds,
    ids,
  };
}

function mergesOf(text: string, ids: ReadonlyMap<string, number>): Merges {
  const lines = text === "" ? [] : text.split("\n");
  const ranks = new PairTable(lines.length);
  const results = new Int32Array(lines.length);
  lines.forEach((line, rank) => {
    const [left = "", right = ""] = line.split(" ");
    const id = (token: string): number =>
      required(ids.get(token), `the merge \`${line}\` needs the token \`${token}\`, which it lacks`);
    if (ranks.add(id(left), id(right)) !== rank) throw invalid(`the merge \`${line}\` is there twice`);
    results[rank] = id(left + right);
  });
  return { ranks, results };
}

/** The data if it is what it says; what was read from a file may be anything. */
export function bpeData(value: Readonly<Record<string, unknown>>): BpeData | undefined {
  const { tokens, merges, specials, wholeWords, normalize } = value;
  const pattern = patternNames.find((name) => name === value["pattern"]);
  if (pattern === undefined || typeof tokens !== "string" || typeof merges !== "string" || !Array.isArray(specials))
    return undefined;
  if (!specials.every(isSpecial)) return undefined;
  return {
    kind: "bpe",
    pattern,
    tokens,
    merges,
    specials: specials.map(addedToken),
    ...(wholeWords === true ? { wholeWords } : {}),
    ...(normalize === "NFC" ? { normalize } : {}),
  };
}

function addedToken({ text, id, ...flags }: AddedToken): AddedToken {
  const { plain, lstrip, rstrip, normalized } = flags;
  return {
    text,
    id,
    ...(plain && { plain }),
    ...(lstrip && { lstrip }),
    ...(rstrip && { rstrip }),
    ...(normalized && { normalized }),
  };
}

function isSpecial(item: unknown): item is AddedToken {
  return (
    typeof item === "object" &&
    item !== null &&
    "text" in item &&
    typeof item.text === "string" &&
    "id" in item &&
    isId(item.id)
  );
}

function required<T>(value: T | undefined, problem: string): T {
  if (value === undefined) throw invalid(problem);
  return value;
}

function invalid(problem: string): RuntimeFailure {
  return new RuntimeFailure(
    "tokenizer/invalid",
    `the tokenizer is damaged: ${problem}`,
    "compile the model again, or mend the tokenizer's file",
  );
}
