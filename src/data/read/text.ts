/** @file Text files: one document each, or many that a separator ends. */
import { textOf, type Item, type Mark } from "./item.ts";
import { piecesOf, withoutMark } from "./pieces.ts";

export async function* readText(chunks: AsyncIterable<Uint8Array>, separator: string | undefined, from: Mark): AsyncGenerator<readonly Item[]> {
  for await (const pieces of piecesOf(chunks, separator ?? "", from.byte)) {
    yield pieces.flatMap(({ bytes, offset, end: byte }): readonly Item[] => {
      const end = { byte, line: 0 };
      const text = textOf(offset === 0 ? withoutMark(bytes) : bytes, (at) => `byte ${offset + at}`);
      if (typeof text !== "string") return [{ ...text, end }];
      // The line ends around a separator are part of it.
      const own = separator === undefined ? text : text.replace(/^(?:\r?\n)+|(?:\r?\n)+$/g, "");
      return own === "" ? [] : [{ kind: "document", text: own, end }];
    });
  }
}
