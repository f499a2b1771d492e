/** @file JSON Lines: an object on each line. Blank lines are none. */
import { documentOf, textOf, type Fields, type Item } from "./item.ts";
import { piecesOf, withoutMark } from "./pieces.ts";

export async function* readJsonl(chunks: AsyncIterable<Uint8Array>, fields: Fields): AsyncGenerator<readonly Item[]> {
  let line = 0;
  for await (const pieces of piecesOf(chunks, "\n")) {
    yield pieces.flatMap(({ bytes, offset }): readonly Item[] => {
      const at = `line ${++line}`;
      const text = textOf(offset === 0 ? withoutMark(bytes) : bytes, () => at);
      if (typeof text !== "string") return [text];
      return text.trim() === "" ? [] : [itemOf(text, fields, at)];
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
