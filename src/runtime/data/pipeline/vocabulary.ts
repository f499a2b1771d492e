/** @file Tokens and their ids in a description, looked at before anything is made of them: a file may claim anything. */
import { isId } from "../tokenizer/added-tokens.ts";
import type { Part } from "./part.ts";
/** No token that is looked for in a text is longer, so that looking takes time in proportion to the text. */
export const longestToken = 1024;

/** `{ "token": id }`. */
export function tokenIds(part: Part): ReadonlyMap<string, number> {
  const ids = new Map<string, number>();
  const tokens = new Map<number, string>();
  for (const [token, id] of Object.entries(part.object())) {
    if (!isId(id)) throw part.invalid(`the token ${JSON.stringify(token)} has no id, but ${JSON.stringify(id)}`);
    const other = tokens.get(id);
    if (other !== undefined)
      throw part.invalid(`${JSON.stringify(other)} and ${JSON.stringify(token)} have the same id ${id}`);
    ids.set(token, id);
    tokens.set(id, token);
  }
  requireDense(tokens.keys(), ids.size, part);
  return ids;
}

/** Ids may have holes, but a few tokens with ids of millions are no vocabulary. */
export function requireDense(ids: Iterable<number>, count: number, part: Part): void {
  let highest = -1;
  for (const id of ids) highest = Math.max(highest, id);
  if (highest >= 8 * count + (1 << 16)) throw part.invalid(`of ${count} tokens one has the id ${highest}`);
}
