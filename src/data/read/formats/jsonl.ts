/** @file JSON Lines: an object on each line. Blank lines are none. */
import { textOf, type Fields, type Item, type Mark } from "../stream/item.ts";
import { itemOfJson } from "../stream/json.ts";
import { piecesOf, withoutMark } from "../stream/pieces.ts";

export async function* readJsonl(
  chunks: AsyncIterable<Uint8Array>,
  fields: Fields,
  from: Mark,
): AsyncGenerator<readonly Item[]> {
  for await (const pieces of piecesOf(chunks, ["\n", "\r\n"], from.byte)) {
    yield pieces.flatMap(({ bytes, offset, end: byte, before }): readonly Item[] => {
      const line = from.line + before + 1;
      const at = `line ${line}`;
      const end = { byte, line };
      const text = textOf(offset === 0 ? withoutMark(bytes) : bytes, () => at);
      if (typeof text !== "string") return [{ ...text, end }];
      return text.trim() === "" ? [] : [{ ...itemOfJson(text, fields, at), end }];
    });
  }
}
