/** @file Bytes cut at separators: what is between them, where it is, and how many came before, however the bytes arrive. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { piecesOf } from "../../src/data/read/stream/pieces.ts";

async function* inChunks(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

test("pieces are those of a plain split, empty ones left out and counted", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom("a", "\n", "\n\n", "\r\n", "b\r", "c\n"), { maxLength: 30 }),
      fc.integer({ min: 1, max: 9 }),
      async (parts, size) => {
        const text = parts.join("");
        const found: (readonly [string, number, number])[] = [];
        for await (const pieces of piecesOf(inChunks(text, size), ["\n"], 0))
          found.push(...pieces.map((p) => [Buffer.from(p.bytes).toString(), p.offset, p.before] as const));
        const all = text.split("\n");
        let offset = 0;
        const expected = all.flatMap((piece, i) => {
          const at = offset;
          offset += piece.length + 1;
          return piece === "" ? [] : [[piece, at, i] as const];
        });
        expect(found).toEqual(expected);
      },
    ),
    { numRuns: 300 },
  );
});
