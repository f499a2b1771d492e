/** @file Text of others cannot drive the terminal that shows it. */
import fc from "fast-check";
import { createColors } from "picocolors";
import { expect, test } from "vitest";
import { liveLine, terminalText } from "../../src/runtime/util/terminal-text.ts";

test.each([
  ["clears the screen", "\x1b[2J", "\\u{1b}[2J"],
  ["sets the title", "\x1b]0;mine\x07", "\\u{1b}]0;mine\\u{7}"],
  ["moves back over the line", "rm -rf\rls", "rm -rf\\u{d}ls"],
  ["rubs out", "ab\b\b", "ab\\u{8}\\u{8}"],
  ["shows text backwards", "txt\u202eexe", "txt\\u{202e}exe"],
  ["is a single control character of eight bits", "\u009b2J", "\\u{9b}2J"],
])("what %s is shown by its code", (_, text, shown) => {
  expect(terminalText(text)).toBe(shown);
});

test("letters of every script, tabs, line ends, colours and the live line go through", () => {
  const colors = createColors(true);
  const text = `naïve 日本語 👩‍👩‍👧 עברית\tx\n\r\n${colors.bold(colors.red("error"))}${colors.dim("x")}${liveLine("step 1/2 ▁▂", 80)}`;
  expect(terminalText(text)).toBe(text);
});

test("nothing that a terminal obeys is left of any text", () => {
  const piece = fc.constantFrom(
    "\x1b",
    "[",
    "]",
    "0",
    "1",
    ";",
    "m",
    "J",
    "K",
    "\r",
    "\n",
    "\x07",
    "\x90",
    "a",
    "\u2066",
    "\0",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      const shown = terminalText(pieces.join(""));
      const left = shown.replace(new RegExp(String.raw`\x1b\[\d{1,3}m|\r\x1b\[K|\r\n|[\n\t]`, "g"), "");
      expect(
        [...left].filter(
          (c) => /\p{Cc}/u.test(c) || (c >= "\u202a" && c <= "\u202e") || (c >= "\u2066" && c <= "\u2069"),
        ),
      ).toEqual([]);
    }),
    { numRuns: 1000 },
  );
});

test("a live line is cut to the terminal's width", () => {
  expect(liveLine("x".repeat(100), 40)).toBe(`\r\x1b[K${"x".repeat(39)}`);
  expect(liveLine("short", undefined)).toBe("\r\x1b[Kshort");
});
