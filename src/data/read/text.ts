/** @file Text files: one document each, or many that a separator ends. */
import { textOf, type Item } from "./item.ts";
import { piecesOf, withoutMark } from "./pieces.ts";

export async function* readText(chunks: AsyncIterable<Uint8Array>, separator: string | undefined): AsyncGenerator<readonly Item[]> {
  for await (const pieces of piecesOf(chunks, separator ?? "")) {
    yield pieces.flatMap(({ bytes, offset }): readonly Item[] => {
      const text = textOf(offset === 0 ? withoutMark(bytes) : bytes, (at) => `byte ${offset + at}`);
      if (typeof text !== "string") return [text];
      // The line ends around a separator are part of it.
      const own = separator === undefined ? text : text.replace(/^(?:\r?\n)+|(?:\r?\n)+$/g, "");
      return own === "" ? [] : [{ kind: "document", text: own }];
    });
  }
}
