/** @file Text files: one document each, or many that a separator ends. */
import { documentItem, textOf, type Item, type Mark } from "../stream/item.ts";
import { piecesOf, withoutMark } from "../stream/pieces.ts";

export async function* readText(
  chunks: AsyncIterable<Uint8Array>,
  separator: string | undefined,
  from: Mark,
): AsyncGenerator<readonly Item[]> {
  let any = from.byte > 0;
  for await (const pieces of piecesOf(chunks, separator === undefined ? [] : separatorForms(separator), from.byte)) {
    any = true;
    yield pieces.flatMap(({ bytes, offset, end: byte }): readonly Item[] => {
      const end = { byte, line: 0 };
      const text = textOf(offset === 0 ? withoutMark(bytes) : bytes, (at) => `byte ${offset + at}`);
      if (typeof text !== "string") return [{ ...text, end }];
      // The line ends around a separator are part of it.
      const own = separator === undefined ? text : text.replace(/^(?:\r?\n)+|(?:\r?\n)+$/g, "");
      return own === "" && separator !== undefined ? [] : [{ ...documentItem(own, `byte ${offset}`), end }];
    });
  }
  if (!any) yield [documentItem("", "byte 0")];
}

/** A separator of line ends is there in files of Windows too. */
const separatorForms = (separator: string): readonly string[] =>
  /(?<!\r)\n/.test(separator) ? [separator, separator.replace(/\r?\n/g, "\r\n")] : [separator];
