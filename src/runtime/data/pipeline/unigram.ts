/** @file Unigram: of all ways to cut a word into pieces of the vocabulary, the one whose scores add up to most. */
import { byteTokens, type Model, type Unknown } from "./models.ts";
import type { Part } from "./part.ts";
import { isId } from "../tokenizer/added-tokens.ts";
import { longestToken } from "./vocabulary.ts";

/** A piece that is not known costs this much more than the least likely one. */
const unknownPenalty = 10;

interface Branch {
  readonly next: Map<number, Branch>;
  id?: number;
}

export function unigram(part: Part, unknown: Unknown): Model {
  const ids = new Map<string, number>();
  const scores: number[] = [];
  const vocab = part.at("vocab");
  if (!Array.isArray(vocab.value)) throw vocab.invalid("`model.vocab` is missing or no list");
  vocab.value.forEach((entry: unknown, id) => {
    if (!Array.isArray(entry) || typeof entry[0] !== "string" || typeof entry[1] !== "number")
      throw vocab.invalid(`the entry ${id} is no token with its score`);
    ids.set(entry[0], id);
    scores.push(entry[1]);
  });
  const unmatched = part.at("unmatched");
  const hidden = new Set(unmatched.absent ? [] : unmatched.items().map((item) => item.number()));
  const root = trie(ids, hidden, vocab);
  const unk = part.at("unk_id");
  if (!unk.absent && (!isId(unk.value) || unk.value >= scores.length))
    throw unk.invalid(`\`unk_id\` is ${JSON.stringify(unk.value)}, and there are ${scores.length} tokens`);
  const unkId = unk.absent ? undefined : unk.number();
  const unkScore = scores.reduce((least, score) => Math.min(least, score), Infinity) - unknownPenalty;
  const bytes = part.at("byte_fallback").flag(false) ? byteTokens(ids) : [];
  const encoder = new TextEncoder();
  const pieceIds = (piece: string): readonly number[] => {
    const id = ids.get(piece);
    if (id !== undefined && !hidden.has(id)) return [id];
    const fallback = Array.from(encoder.encode(piece), (byte) => bytes[byte]);
    if (fallback.every((token) => token !== undefined)) return fallback;
    if (unkId === undefined) throw unknown(piece);
    return [unkId];
  };
  return {
    ids,
    encode: (word, out) => {
      for (const piece of best(word, { root, scores, unkScore, unkId })) out.push(...pieceIds(piece));
    },
  };
}

/** `hidden` are tokens that no text becomes, such as those for bytes. */
function trie(ids: ReadonlyMap<string, number>, hidden: ReadonlySet<number>, vocab: Part): Branch {
  const root: Branch = { next: new Map() };
  for (const [token, id] of ids) {
    if (hidden.has(id)) continue;
    if (token.length > longestToken) throw vocab.unsupported(`a token is longer than ${longestToken} characters`);
    let branch = root;
    for (let i = 0; i < token.length; i++) {
      const unit = token.charCodeAt(i);
      const after: Branch = branch.next.get(unit) ?? { next: new Map() };
      branch.next.set(unit, after);
      branch = after;
    }
    if (token !== "") branch.id = id;
  }
  return root;
}

interface Pieces {
  readonly root: Branch;
  readonly scores: readonly number[];
  readonly unkScore: number;
  readonly unkId: number | undefined;
}

/** Pieces that are not known and stand side by side are one. */
function best(word: string, { root, scores, unkScore, unkId }: Pieces): readonly string[] {
  const length = word.length;
  const score = new Float64Array(length + 1);
  const from = new Int32Array(length + 1).fill(-1);
  const token = new Int32Array(length + 1);
  const offer = (start: number, end: number, value: number, id: number): void => {
    if ((from[end] as number) >= 0 && value <= (score[end] as number)) return;
    score[end] = value;
    from[end] = start;
    token[end] = id;
  };
  for (let start = 0; start < length;) {
    const till = score[start] as number;
    const width = (word.codePointAt(start) as number) > 0xffff ? 2 : 1;
    let single = false;
    let branch: Branch | undefined = root;
    for (let end = start; end < length;) {
      branch = branch.next.get(word.charCodeAt(end++));
      if (!branch) break;
      if (branch.id === undefined) continue;
      offer(start, end, (scores[branch.id] as number) + till, branch.id);
      if (end - start === width) single = true;
    }
    if (!single) offer(start, start + width, unkScore + till, unkId ?? -1);
    start += width;
  }
  const pieces: string[] = [];
  let fused = "";
  for (let end = length; end > 0;) {
    const start = from[end] as number;
    const piece = word.slice(start, end);
    if (token[end] === (unkId ?? -1)) fused = piece + fused;
    else {
      if (fused !== "") pieces.push(fused);
      fused = "";
      pieces.push(piece);
    }
    end = start;
  }
  if (fused !== "") pieces.push(fused);
  return pieces.toReversed();
}
