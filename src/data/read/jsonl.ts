/** @file JSON Lines: an object on each line. Blank lines are none. */
import { documentOf, textOf, type Fields, type Item, type Mark } from "./item.ts";
import { piecesOf, withoutMark } from "./pieces.ts";

export async function* readJsonl(chunks: AsyncIterable<Uint8Array>, fields: Fields, from: Mark): AsyncGenerator<readonly Item[]> {
  let { line } = from;
  for await (const pieces of piecesOf(chunks, "\n", from.byte)) {
    yield pieces.flatMap(({ bytes, offset, end: byte }): readonly Item[] => {
      const at = `line ${++line}`;
      const end = { byte, line };
      const text = textOf(offset === 0 ? withoutMark(bytes) : bytes, () => at);
      if (typeof text !== "string") return [{ ...text, end }];
      return text.trim() === "" ? [] : [{ ...itemOf(text, fields, at), end }];
    });
  }
}

function itemOf(line: string, fields: Fields, at: string): Item {
  let row: unknown;
  try {
    row = JSON.parse(line);
  } catch {
    return { kind: "damage", reason: "invalid_json", at, message: `this is no JSON: ${line.length > 60 ? `${line.slice(0, 60)}…` : line.trim()}` };
  }
  if (typeof row !== "object" || row === null || Array.isArray(row)) return { kind: "damage", reason: "invalid_json", at, message: "this is no object with fields" };
  return documentOf({ ...row }, fields, at);
}
