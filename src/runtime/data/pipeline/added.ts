/** @file The `added_tokens` of a description, with the ids that Hugging Face's library gives them: those of the vocabulary, or the next ones behind it. */
import type { AddedToken, Units } from "../tokenizer/added-tokens.ts";
import { contains, whiteSpace, wordCharacters } from "../unicode/sets.ts";
import type { Part } from "./part.ts";
import { isId } from "../tokenizer/added-tokens.ts";
import { longestToken, requireDense } from "./vocabulary.ts";

export function addedTokens(part: Part, ids: ReadonlyMap<string, number>): readonly AddedToken[] {
  if (part.absent) return [];
  const byText = new Map<string, AddedToken>();
  let highest = -1;
  for (const entry of part.items()) {
    const text = entry.at("content").text();
    const given = entry.at("id").value;
    if (!isId(given)) throw entry.invalid(`an added token has no id, but ${JSON.stringify(given)}`);
    if (text === "") throw entry.invalid("an added token is empty");
    if (text.length > longestToken) throw entry.unsupported(`an added token is longer than ${longestToken} characters`);
    const id =
      ids.get(text) ?? byText.get(text)?.id ?? (highest >= ids.size || ids.size === 0 ? highest + 1 : ids.size);
    const special = entry.at("special").flag(false);
    const flag = (name: string, otherwise = false): boolean => entry.at(name).flag(otherwise);
    const token: AddedToken = {
      text,
      id,
      ...(!special && { plain: true }),
      ...(flag("lstrip") && { lstrip: true }),
      ...(flag("rstrip") && { rstrip: true }),
      ...(flag("normalized", !special) && { normalized: true }),
      ...(flag("exact") && { exact: true }),
      ...(flag("single_word") && { singleWord: true }),
    };
    byText.set(text, token);
    highest = Math.max(highest, id);
  }
  const all = [...byText.values()].toSorted((a, b) => a.id - b.id);
  requireDense(
    all.map(({ id }) => id),
    ids.size + all.length,
    part,
  );
  return all;
}

export function unitsOf(text: string): Uint16Array {
  return Uint16Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
}

/** All white space is one unit long. */
export function textUnits(text: string): Units {
  const isSpace = (at: number): number => (contains(whiteSpace, text.charCodeAt(at)) ? 1 : 0);
  const isWord = (at: number): boolean => contains(wordCharacters(), text.codePointAt(at) ?? 0);
  return {
    at: unitsOf(text),
    spaceBefore: (at, start) => (at > start ? isSpace(at - 1) : 0),
    spaceAfter: (at, end) => (at < end ? isSpace(at) : 0),
    isWordBefore: (at, start) =>
      at > start && isWord(at - start > 1 && (text.codePointAt(at - 2) ?? 0) > 0xffff ? at - 2 : at - 1),
    isWordAfter: (at, end) => at < end && isWord(at),
  };
}
