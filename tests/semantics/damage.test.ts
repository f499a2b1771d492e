/** @file Whatever is wrong with a file, checking it ends with messages, never with an exception. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { checkSource } from "../support/check-source.ts";

const folder = new URL("../fixtures/language/", import.meta.url);
const texts = ["sample.llm", "hard-cases.llm"].map((name) => readFileSync(new URL(name, folder), "utf8"));
const pieces = texts.map((text) => text.match(/[A-Za-z_][\w']*|\d[\w.]*%?|"[^"\n]*"|\/\/[^\n]*|\s+|[^\s\w]/g) ?? []);
const words = [...new Set(pieces.flat())].filter((word) => /^[\w(]/.test(word));

test("any word replaced, removed, doubled or swapped", () => {
  const damage = fc.record({
    file: fc.nat(texts.length - 1),
    at: fc.double({ min: 0, max: 0.9999, noNaN: true }),
    how: fc.constantFrom("replace", "remove", "double", "swap"),
    word: fc.constantFrom(...words),
  });
  fc.assert(
    fc.property(fc.array(damage, { minLength: 1, maxLength: 3 }), (damages) => {
      const [first] = damages;
      const parts = [...(pieces[first?.file ?? 0] ?? [])];
      for (const { at, how, word } of damages) {
        const i = Math.floor(at * parts.length);
        const part = parts[i] ?? "";
        if (how === "replace" && part.trim() !== "") parts[i] = word;
        else if (how === "remove") parts[i] = "";
        else if (how === "double") parts[i] = part + part;
        else if (how === "swap") [parts[i], parts[i + 2]] = [parts[i + 2] ?? "", part];
      }
      const found = checkSource({ path: "sample.llm", text: parts.join("") }, [folder.pathname]);
      for (const d of found) expect(d.message).not.toMatch(/undefined|NaN|\[object|internal/);
    }),
    { numRuns: Number(process.env["FUZZ"] ?? 15) },
  );
});
